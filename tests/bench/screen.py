"""Screening names against a list, and how many of those that are there are found.

The list is entities as governments write them, from a file where one is given, and made-up
companies to fill it up. The names that are asked for are on it, each written in another way, or on
no list. The peer compares every name with every one, which finds what can be found, slowly.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time

from rapidfuzz import fuzz, process

from events.companies import Description
from projections.names import read
from projections.screening import Holding, Index, Known
from tests.bench.harness import Bench, Contender, Figures, Options, ratio

_FIRST = ("Northern", "Golden", "Pacific", "Silk", "Jade", "Falcon", "Amber", "Delta", "Caspian")
_LAST = (
    *("Shipping", "Petrochemical", "Trading", "Electronics", "Aviation", "Holding", "Bank"),
    *("Steel", "Research", "Logistics", "Energy", "Industries", "Telecom", "Engineering"),
)
_FORMS = ("Co., Ltd.", "LLC", "GmbH", "OOO", "S.A.", "Limited", "")
_SYLLABLES = (
    *("ba", "ka", "ro", "shi", "ta", "mel", "zor", "an", "dri", "kor"),
    *("vu", "li", "pen", "tar", "gos", "nim", "sel", "rak", "ju", "fo"),
)
_CYRILLIC = dict(zip("abvgdezijklmnoprstufh", "абвгдезийклмнопрстуфх", strict=True))


def _made(random: Random) -> str:
    own = "".join(random.choices(_SYLLABLES, k=random.randint(2, 4))).capitalize()
    return " ".join(filter(None, (own, random.choice(_FIRST), random.choice(_LAST))))


def listed(source: str | None, count: int) -> list[str]:
    """So many names, each once: those of entities in a file of OFAC's first."""
    random = Random(20)
    found: dict[str, None] = {}
    if source:
        with Path(source).open(encoding="latin-1", newline="") as file:
            rows = (row for row in csv.reader(file) if len(row) > 2)
            found = dict.fromkeys(row[1] for row in rows if row[2].strip() == "-0-")
    while len(found) < count:
        found[f"{_made(random)} {random.choice(_FORMS)}".strip()] = None
    return list(found)[:count]


def _misspelt(name: str, random: Random) -> str:
    """One letter of the longest word is another, or changed places with the next."""
    word = max(name.split(), key=len)
    at = name.index(word) + random.randrange(1, max(2, len(word) - 1))
    if random.random() < 0.5:
        return name[:at] + random.choice("aeioulnrst") + name[at + 1 :]
    return name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :]


def _transliterated(name: str, _: Random) -> str:
    """In Cyrillic letters, as far as there is one for each."""
    return "".join(_CYRILLIC.get(letter, letter) for letter in name.lower())


def _turned(name: str, random: Random) -> str:
    """Without its legal form, and its words in another order."""
    words = list(read(name).words) or name.split()
    random.shuffle(words)
    return " ".join(words).upper()


def _otherwise(name: str, random: Random) -> str:
    """With another legal form."""
    return f"{' '.join(read(name).words) or name} {random.choice(_FORMS[:-1])}"


WAYS: dict[str, Callable[[str, Random], str]] = {
    "exact": lambda name, _: name,
    "transliterated": _transliterated,
    "misspelt": _misspelt,
    "turned": _turned,
    "form": _otherwise,
}


def _asked(names: list[str], count: int) -> list[tuple[str, int | None, str]]:
    """Names, what each is meant for, and in which way it is written; a sixth is on no list."""
    random = Random(21)
    ways = [*WAYS, "absent"]
    found: list[tuple[str, int | None, str]] = []
    for number in range(count):
        way = ways[number % len(ways)]
        if way == "absent":
            found.append((f"{_made(random)} {_made(random)}", None, way))
            continue
        meant = random.randrange(len(names))
        found.append((WAYS[way](names[meant], random), meant, way))
    return found


def _figures(asked: list[tuple[str, int | None, str]], found: list[bool], spent: float) -> Figures:
    of = {
        way: [hit for hit, one in zip(found, asked, strict=True) if one[2] == way]
        for way in [*WAYS, "absent"]
    }
    shares = {way: sum(hits) / max(1, len(hits)) for way, hits in of.items()}
    return {"rate": len(asked) / spent, "seconds": spent, **shares}


def standing(folder: Path, options: Options) -> Figures:
    """`Index.find`. Of `absent`, the share with which something was taken for strong."""
    names = listed(options["source"], options["listed"])
    began = process_time()
    index = Index(Known(str(n), Description(name=name).shown()) for n, name in enumerate(names))
    built = process_time() - began
    asked = _asked(names, options["asked"])
    began = process_time()
    answers = [index.find(Holding(name=text)) for text, _, _ in asked]
    spent = process_time() - began
    found = [
        any(one.how == "strong" for one in some)
        if meant is None
        else str(meant) in [one.company for one in some]
        for (_, meant, _), some in zip(asked, answers, strict=True)
    ]
    return {**_figures(asked, found, spent), "built": built}


def peer(folder: Path, options: Options) -> Figures:
    """rapidfuzz over all names in lower case, `WRatio` from 86 on, as its users do."""
    names = listed(options["source"], options["listed"])
    lower = [name.lower() for name in names]
    asked = _asked(names, options["asked"])[: options["few"]]
    began = process_time()
    answers = [
        process.extract(text.lower(), lower, scorer=fuzz.WRatio, score_cutoff=86, limit=10)
        for text, _, _ in asked
    ]
    spent = process_time() - began
    found = [
        bool(some) if meant is None else meant in [number for *_, number in some]
        for (_, meant, _), some in zip(asked, answers, strict=True)
    ]
    return _figures(asked, found, spent)


def measure(bench: Bench) -> None:
    """Both, by turns."""
    args = bench.args
    options: Options = {
        "source": str(args.names) if args.names else None,
        "listed": args.listed,
        "asked": args.asked,
        "few": args.few,
    }
    base = Contender("rapidfuzz, every name with every one", "tests.bench.screen:peer", options)
    mine = Contender("standing", "tests.bench.screen:standing", options)
    bench.interleave([base, mine])
    print(f"\nscreening {args.asked:,} names against {args.listed:,}, per second of processor time")
    print("  target: at least 1,000 a second, and each way found no less often than by the peer")
    ways = [*WAYS, "absent"]
    print(f"  {'':38}{'names/s':>9}{'ratio':>8}" + "".join(f"{way:>15}" for way in ways))
    for one in (base, mine):
        shares = "".join(f"{one.of(way):>14.1%} " for way in ways)
        print(f"  {one.name:38}{one.of():>9,.0f}{ratio(one, base):>7.0f}x{shares}")
    print(f"  the index is built in {mine.of('built'):.1f} s; peak {mine.of('peak'):,.0f} MiB")
    print("  absent: taken for strong (standing), or for a match at all (the peer)")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.screen", __doc__)
    bench.option("listed", 20_000, "names on the list")
    bench.option("asked", 10_000, "names that are asked for")
    bench.option("few", 120, "of which the peer is asked for so many")
    bench.path("names", "a SDN.CSV of OFAC's, whose entities are on the list")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
