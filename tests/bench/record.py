"""Recording a file of JSON Lines, against the peer's single durable appends."""

import asyncio
from pathlib import Path

from events.sqlite_log import SqliteEventLog
from service.recording import record
from tests.bench.generate import write_lines
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, table
from tests.bench.logs import now


def lines(folder: Path, options: Options) -> Figures:
    """Write the file to record."""
    write_lines(folder / "events.jsonl", options["events"], options["companies"])
    return {}


def standing(folder: Path, options: Options) -> Figures:
    """What `standing record` does: parse, admit and append, durably (synchronous=FULL)."""
    log = SqliteEventLog(folder / "log.db", now)
    with Stopwatch() as watch:
        tally = asyncio.run(record(log, [Path(options["data"]) / "events.jsonl"]))
    assert tally.recorded == options["events"] == log.end() + 1
    log.close()
    return rate(options["events"], watch)


def measure(bench: Bench) -> None:
    """One file, recorded several times."""
    number = bench.args.events
    single: Options = {
        "events": min(number, 5_000),
        "companies": 500,
        "synchronous": "FULL",
        "writers": 1,
    }
    found = [
        Contender("eventsourcing, recorder, one per call", "tests.bench.peer:recorder", single),
        Contender("eventsourcing, application, one per save", "tests.bench.peer:save", single),
        Contender("standing, JSON Lines", "tests.bench.record:standing", {"events": number}),
    ]
    with bench.folder() as folder:
        companies = max(1, number // 10)
        bench.prepare("tests.bench.record:lines", Path(folder), events=number, companies=companies)
        bench.interleave(found, Path(folder))
    print(f"\nrecord {number:,} events from JSON Lines, synchronous=FULL")
    table(found, found[0], "events", ">= 10x the peer's single append")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.record", __doc__)
    bench.option("events", 200_000, "events in the file")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
