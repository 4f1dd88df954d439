"""Folding a whole log again, and whether the work grows as the log does."""

from pathlib import Path

from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, ratio, table
from tests.bench.logs import at, home_of

_PEER: Options = {"events": 20_000, "companies": 2_000}


def standing(folder: Path, options: Options) -> Figures:
    """Statuses, changes, descriptions and the search index anew, in a store of their own, up to
    the moment when they are in use."""
    (folder / "log.db").symlink_to(home_of(Path(options["data"]), options["events"]) / "log.db")
    there = at(folder)
    (store,) = there.store().stores
    with Stopwatch() as watch:
        there.fold(0, store, lambda _: None)
    assert store.counts()["companies"] == options["companies"]
    assert not store.parked()
    store.close()
    there.close()
    return rate(options["events"], watch)


def again(folder: Path, options: Options) -> Figures:
    """Every status anew beside those in use, and taken into use; what was told stays told."""
    (folder / "log.db").symlink_to(home_of(Path(options["data"]), options["events"]) / "log.db")
    there = at(folder)
    (store,) = there.store().stores
    there.fold(0, store, lambda _: None)
    changes = store.counts()["changes"]
    with Stopwatch() as watch:
        there.fold(0, store, lambda _: None)
    assert store.counts() == {**store.counts(), "changes": changes}
    store.close()
    there.close()
    return rate(options["events"], watch)


def measure(bench: Bench) -> None:
    """A hundredth, a tenth and the whole, in turns."""
    number = bench.args.events
    sizes = sorted({max(number // 100, 10_000), max(number // 10, 10_000), number})
    found = [
        Contender(
            f"standing, {size:,} events",
            "tests.bench.rebuild:standing",
            {"events": size, "companies": size // 10},
        )
        for size in sizes
    ]
    found += [
        Contender(
            f"standing, {size:,} events, statuses again",
            "tests.bench.rebuild:again",
            {"events": size, "companies": size // 10},
        )
        for size in sizes[1:]
    ]
    base = Contender(
        f"eventsourcing, {_PEER['events']:,} events, states only", "tests.bench.peer:states", _PEER
    )
    with bench.folder() as folder:
        data = Path(folder)
        bench.prepare("tests.bench.peer:build", data, **_PEER)
        for one in found:
            bench.prepare("tests.bench.logs:build", data, **one.options)
        bench.interleave([base, *found], data)
    print("\nrebuild, ten events per company")
    table([base, *found], base, "events", ">= 100,000 events/s; linear within 10 %")
    least, most = found[-2], found[-1]
    print(
        f"  statuses again, time per event at {sizes[-2]:,} : {sizes[-1]:,} "
        f"= 1 : {ratio(least, most):.2f}"
    )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.rebuild", __doc__)
    bench.option("events", 100_000, "events of the largest log")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
