"""Logs to measure on, each in a home folder of its own, as a user's would be."""

import asyncio
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from time import time_ns

from events.admitted import Admitted
from events.dates import DAY, Instant, start
from events.door import admit
from events.lists import load_registry
from events.sqlite_log import SqliteEventLog
from service.compose import Embedded
from service.settings import load_settings
from tests.bench.generate import DAYS, FIRST, Event, events
from tests.bench.harness import Figures, Options

BEGAN = start(FIRST.isoformat())
_BATCH = 5_000


def now() -> Instant:
    """This moment, in microseconds since the epoch."""
    return time_ns() // 1_000


def home_of(data: Path, number: int) -> Path:
    """The home of the log with so many events."""
    return data / f"{number}-events"


def at(home: Path) -> Embedded:
    """The standing that lives there."""
    return Embedded(load_settings({"STANDING_HOME": str(home)}), now)


def build(folder: Path, options: Options) -> Figures:
    """A log of generated events."""
    home = home_of(folder, options["events"])
    if home.exists():
        return {}  # another contender wanted the same
    home.mkdir()
    fill(home, events(options["events"], options["companies"]), options["events"])
    return {}


def build_projected(folder: Path, options: Options) -> Figures:
    """A log of generated events, and its projection."""
    build(folder, options)
    standing = at(home_of(folder, options["events"]))
    (store,) = standing.store().stores
    standing.fold(0, store, lambda _: None)
    store.close()
    standing.close()
    return {}


def fill(home: Path, told: Iterable[Event], number: int, batch: int = _BATCH) -> None:
    """Write a log whose clock runs through the years of its events, as if it had grown then."""
    registry = load_registry()
    moment = BEGAN
    log = SqliteEventLog(home / "log.db", lambda: moment, synchronous="OFF")
    ready = (admit(one, registry) for one in told)

    async def write() -> None:
        nonlocal moment
        done = 0
        while some := list[Admitted](islice(ready, batch)):
            moment = BEGAN + DAYS * DAY * done // number
            await log.append(some)
            done += len(some)

    asyncio.run(write())
    log.close()
