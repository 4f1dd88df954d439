"""One durable event per call, awaited one by one and by fifty writers at once."""

import asyncio
from pathlib import Path
from typing import cast

from events.admitted import Admitted
from events.door import admit
from events.lists import load_registry
from events.sqlite_log import SqliteEventLog
from events.sqlite_store import Synchronous
from tests.bench.generate import events
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, table
from tests.bench.logs import now

_WRITERS = 50
_COMPANIES = 500


def standing(folder: Path, options: Options) -> Figures:
    """`EventLog.append` of one event per call; with `door`, admission is measured, too."""
    registry = load_registry()
    raw = list(events(options["events"], options["companies"]))
    ready = [] if options["door"] else [admit(one, registry) for one in raw]
    writers = options["writers"]
    synchronous = cast("Synchronous", options["synchronous"])
    log = SqliteEventLog(folder / "log.db", now, synchronous=synchronous)

    async def write(mine: list[Admitted]) -> None:
        for one in mine:
            await log.append([one])

    async def measured() -> Figures:
        await log.append([admit({**raw[0], "subject": "warm-up"}, registry)])
        with Stopwatch() as watch:
            if options["door"]:
                for one in raw:
                    await log.append([admit(one, registry)])
            else:
                async with asyncio.TaskGroup() as group:
                    for number in range(writers):
                        group.create_task(write(ready[number::writers]))
        return rate(len(raw), watch)

    figures = asyncio.run(measured())
    assert log.end() == len(raw)
    log.close()
    return figures


def measure(bench: Bench) -> None:
    """Both settings of SQLite, alone and crowded."""
    for synchronous in ("FULL", "NORMAL"):
        for writers in (1, _WRITERS):
            common: Options = {
                "events": bench.args.events,
                "companies": _COMPANIES,
                "synchronous": synchronous,
                "writers": writers,
            }
            ready = {**common, "door": False}
            found = [
                Contender("eventsourcing, recorder", "tests.bench.peer:recorder", common),
                Contender("standing, log", "tests.bench.append:standing", ready),
            ]
            if writers == 1:
                raw = {**common, "door": True}
                found.append(
                    Contender("eventsourcing, application", "tests.bench.peer:save", common)
                )
                found.append(
                    Contender("standing, door and log", "tests.bench.append:standing", raw)
                )
            bench.interleave(found)
            crowd = "one writer" if writers == 1 else f"{writers} writers at once"
            print(f"\nappend, one event per call, {crowd}, synchronous={synchronous}")
            table(found[:2], found[0], "events", ">= 1x")
            if writers == 1:
                table(found[2:], found[2], "events", ">= 1x, from a dictionary to the disk")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.append", __doc__)
    bench.option("events", 5_000, "events per round")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
