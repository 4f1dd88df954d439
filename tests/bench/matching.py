"""Who wants a change, among many subscriptions: the index, beside asking each of them.

Subscriptions name 1 to 50 companies each, drawn alike or, in the skewed case, as the world does:
the few that everybody has heard of much more often. A third of them says more than that (lists,
kinds, what is gained). The peer asks `wants` of each, at a size at which that ends. Time is the
processor's, of each call by itself.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from random import Random
from time import process_time, thread_time_ns

from alerts.index import Index
from alerts.matching import Who, wants
from alerts.subscriptions import Filter
from projections.changes import Change
from tests.bench.harness import Bench, Contender, Figures, Options, spread
from tests.contract.alert_twins import change

_SAY_MORE: list[dict[str, list[str]]] = [
    {},
    {},
    {},
    {},
    {"lists": ["us-ofac-sdn", "us-dod-1260h"]},
    {"gained": ["investment.purchase"], "kinds": ["changed", "corrected"]},
]
_MOST = 50


def _filters(random: Random, options: Options) -> Iterator[Filter]:
    names = [f"company-{number}" for number in range(options["companies"])]
    skewed = options["skewed"]
    heights = list(accumulate(1 / (number + 20) for number in range(len(names))))
    for _ in range(options["subscriptions"]):
        drawn = random.choices(
            names, cum_weights=heights if skewed else None, k=random.randint(1, _MOST)
        )
        yield Filter.model_construct(companies=drawn, **random.choice(_SAY_MORE))


def _changes(random: Random, options: Options) -> Iterator[Change]:
    for _ in range(options["changes"]):
        yield change(f"company-{random.randrange(options['companies'])}")


def standing(folder: Path, options: Options) -> Figures:
    """The index."""
    began = process_time()
    index = Index()
    for number, asked in enumerate(_filters(Random(1), options)):
        index.put(f"sub_{number:024x}", asked)
    built = process_time() - began
    figures = _asked(index.wanting, options)
    some = [
        (f"sub_{number:024x}", one)
        for number, one in zip(range(2_000), _filters(Random(9), options), strict=False)
    ]
    began = process_time()
    for ident, one in some:
        index.put(ident, one)
    renewed = (process_time() - began) / len(some) * 1e6
    return {**figures, "built": built, "renewed": renewed}


def peer(folder: Path, options: Options) -> Figures:
    """Each of them, one after the other."""
    kept = [(f"sub_{number:024x}", one) for number, one in enumerate(_filters(Random(1), options))]

    def wanting(one: Change, who: Who) -> list[str]:
        return [ident for ident, asked in kept if wants(asked, one, who)]

    return _asked(wanting, options)


def _asked(wanting: Callable[[Change, Who], list[str]], options: Options) -> Figures:
    taken, found, who = [], 0, Who("CN")
    for one in _changes(Random(2), options):
        began = thread_time_ns()
        some = wanting(one, who)
        taken.append(thread_time_ns() - began)
        found += len(some)
    return {**spread(taken), "found": found / len(taken)}


def measure(bench: Bench) -> None:
    """The peer at its size, the index at the same and at its own."""
    args = bench.args
    few: Options = {
        "subscriptions": args.few,
        "companies": args.companies,
        "changes": 200,
        "skewed": False,
    }
    many: Options = {**few, "subscriptions": args.subscriptions, "changes": args.changes}
    own = "tests.bench.matching:standing"
    contenders = [
        Contender(f"asking each of {args.few:,}", "tests.bench.matching:peer", few),
        Contender(f"index of {args.few:,}", own, few),
        Contender(f"index of {args.subscriptions:,}", own, many),
        Contender(f"index of {args.subscriptions:,}, skewed", own, {**many, "skewed": True}),
    ]
    bench.interleave(contenders)
    base, same = contenders[:2]
    if base.of("found") != same.of("found"):
        raise AssertionError("the index does not find whom asking each finds")
    print(f"\nmatching one change, 1 to {_MOST} of {args.companies:,} companies each")
    print("  target: under 1 ms of p99 and under 1,536 MiB, of 1,000,000")
    print(f"  {'':34}{'p50 µs':>10}{'p99 µs':>10}{'found':>9}{'peak MiB':>10}{'built s':>9}")
    for one in contenders:
        figures = (one.of("p50"), one.of("p99"), one.of("found"), one.of("peak"))
        built = f"{one.of('built'):>9,.1f}" if one is not base else ""
        print("  {:34}{:>10,.0f}{:>10,.0f}{:>9,.0f}{:>10,.0f}".format(one.name, *figures) + built)
    renewed = contenders[2].of("renewed")
    print(f"  one of {args.subscriptions:,} is asked for otherwise in {renewed:,.0f} µs")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.matching", __doc__, rounds=1)
    bench.option("subscriptions", 1_000_000, "subscriptions")
    bench.option("companies", 20_000, "companies that are named")
    bench.option("changes", 5_000, "changes")
    bench.option("few", 20_000, "subscriptions, where each is asked")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
