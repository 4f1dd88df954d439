"""Searching as one types: a company's name letter by letter, its words, identifiers and ids.

Each company has a name and an alias or two, some in another script; one in four is listed. The peer
is the index that one would make first, SQLite's trigrams with its own ranking, which is asked for
the same texts and has no company's standing to tell.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from time import perf_counter_ns, thread_time_ns
from urllib.parse import urlencode

from events import vocabulary as words
from projections.rows import searched
from service.api.asking import Asking
from tests.bench.generate import Event, company_id
from tests.bench.harness import Bench, Contender, Figures, Options, peak_mib, spread
from tests.bench.load import ask, get
from tests.bench.logs import at, fill
from tests.bench.over_http import cpu_seconds, free_port, serving
from tests.bench.screen import listed

_NAMES_EACH = 2.5
_SHOWN = 10
_FEW = 100
"""Searches of the peer: some take a second."""
_CYRILLIC = str.maketrans("abvgdezijklmnoprstufh", "абвгдезийклмнопрстуфх")


def told(companies: int) -> Iterator[Event]:
    """Who the companies are, and that some are listed."""
    random = Random(30)
    names = listed(None, 2 * companies)
    random.shuffle(names)
    for number in range(companies):
        name, alias = names[2 * number : 2 * number + 2]
        aliases = [alias]
        if number % 4 == 0:
            aliases.append(name.lower().translate(_CYRILLIC))
        elif number % 4 == 1:
            aliases.append("".join(chr(random.randrange(0x4E00, 0x5800)) for _ in range(8)))
        data: Event = {
            "name": name,
            "aliases": aliases,
            "identifiers": [{"scheme": "isin", "value": f"CNE{random.randrange(10**9):09d}"}],
        }
        yield {"type": words.DESCRIBED, "subject": company_id(number), "data": data}
        if number % 4 == 0:
            data = {"list": "us-bis-entity-list", "effective": "2021-06-01"}
            yield {"type": words.DESIGNATION_ISSUED, "subject": company_id(number), "data": data}


def build(folder: Path, options: Options) -> Figures:
    """A house with so many names, projected."""
    companies = int(options["names"] / _NAMES_EACH)
    fill(folder, told(companies), companies * 5 // 4)
    standing = at(folder)
    with closing(standing.store()) as store:
        standing.fold(0, store.stores[0], lambda _: None)
    standing.close()
    with closing(sqlite3.connect(folder / "peer.db")) as db, closing(at(folder)) as standing:
        db.execute("CREATE VIRTUAL TABLE names USING fts5 (company, text, tokenize = 'trigram')")
        with closing(standing.store()) as store:
            db.executemany(
                "INSERT INTO names VALUES (?, ?)",
                ((one, searched(one, described)) for one, described in store.descriptions()),
            )
        db.commit()
    return {}


def _asked(folder: Path, searches: int) -> list[str]:
    """What people type: most, the beginnings of names, letter by letter; words from the middle,
    identifiers, pieces of words, and what nobody is called."""
    random = Random(31)
    with closing(sqlite3.connect(folder / "peer.db")) as db:
        most = db.execute("SELECT max(rowid) FROM names").fetchone()[0]
        some = [
            db.execute("SELECT text FROM names WHERE rowid = ?", (random.randint(1, most),))
            for _ in range(searches)
        ]
        return [_typed(random.choice(one.fetchone()[0].split("\n")), random) for one in some]


def _typed(line: str, random: Random) -> str:
    way = random.random()
    if way < 0.6:
        return line[: random.randint(1, len(line))]
    if way < 0.75:
        return random.choice(line.split())
    if way < 0.9:
        begins = random.randrange(len(line))
        return line[begins : begins + random.randint(2, 8)].strip() or line
    return f"{line[:3]}qz{line[3:6]}"


def standing(folder: Path, options: Options) -> Figures:
    """What the box asks `standing serve` while one types: ten companies with what matched and
    their standing today."""
    data = Path(options["data"])
    port = free_port()
    command = [str(Path(sys.executable).with_name("standing")), "serve", "--port", str(port)]
    with serving(command, port, {"STANDING_HOME": str(data)}) as pid:
        return _measured(data, port, pid, options)


def in_process(folder: Path, options: Options) -> Figures:
    """The same without HTTP, in processor time: what others do at the same time counts less."""
    data = Path(options["data"])

    async def search() -> list[int]:
        taken = []
        with closing(at(data)) as there:
            async with there.running() as service:
                asking = Asking(service, 30.0)
                for text in _asked(data, options["searches"]):
                    before = thread_time_ns()
                    asking.search(text, _SHOWN)
                    taken.append(thread_time_ns() - before)
        return taken

    return {**spread(asyncio.run(search())), "busy": 0, "peak_of_server": 0}


def empty(folder: Path, options: Options) -> Figures:
    """A bare Starlette route on uvicorn, asked the same."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.empty_page:app", "--port", str(port)]
    with serving([*command, "--no-access-log", "--log-level", "warning"], port, {}) as pid:
        return _measured(Path(options["data"]), port, pid, options)


def _measured(data: Path, port: int, pid: int, options: Options) -> Figures:
    asked = _asked(data, options["searches"])
    requests = [
        get(f"/search.json?{urlencode({'q': text, 'limit': _SHOWN})}", port) for text in asked
    ]
    asyncio.run(ask(port, requests[:20], 1))
    busy = cpu_seconds(pid)
    taken = asyncio.run(ask(port, requests, 1))
    spent = (cpu_seconds(pid) - busy) / len(requests)
    return {**spread(taken), "busy": 1e3 * spent, "peak_of_server": peak_mib(pid)}


def ranked(folder: Path, options: Options) -> Figures:
    """Ten rows of the trigram index by its rank, in process."""
    data = Path(options["data"])
    taken = []
    with closing(sqlite3.connect(data / "peer.db")) as db:
        for text in _asked(data, _FEW):
            phrase = '"' + text.replace('"', '""') + '"'
            before = perf_counter_ns()
            db.execute(
                "SELECT company FROM names WHERE text MATCH ? ORDER BY rank LIMIT ?",
                (phrase, _SHOWN),
            ).fetchall()
            taken.append(perf_counter_ns() - before)
    return {**spread(taken), "busy": 0, "peak_of_server": 0}


def measure(bench: Bench) -> None:
    """All of them, by turns."""
    args = bench.args
    common: Options = {"searches": args.searches}
    found = [
        Contender("a bare Starlette route, over HTTP", "tests.bench.searching:empty", common),
        Contender("standing, over HTTP", "tests.bench.searching:standing", common),
        Contender("standing, in process, CPU", "tests.bench.searching:in_process", common),
        Contender("SQLite's trigrams by rank, in process", "tests.bench.searching:ranked", common),
    ]
    with bench.folder() as folder:
        data = Path(folder)
        bench.prepare("tests.bench.searching:build", data, names=args.names)
        bench.interleave(found, data)
    print(f"\nsearch as one types over {args.names:,} names, {args.searches:,} searches")
    print("  target: p99 < 20 ms")
    print(f"  {'':42}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'server MiB':>12}")
    for one in found:
        print(
            f"  {one.name:42}{one.of('p50') / 1e3:>9.2f}{one.of('p99') / 1e3:>9.2f}"
            f"{one.of('busy'):>9.2f}{one.of('peak_of_server'):>12,.0f}"
        )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.searching", __doc__)
    bench.option("names", 50_000, "names")
    bench.option("searches", 2_000, "searches per round")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
