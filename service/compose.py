"""The composition root: the one place that knows which form of each port is in use.

Embedded, where `STANDING_KAFKA` is not set; else a replica of the log on Kafka.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from events.codec import Sent, read_file
from events.dates import Instant
from events.errors import Refused
from events.log import EventLog
from service.embedded import MANY, Embedded
from service.settings import Settings
from service.standing import Clock, Standing, made

__all__ = [
    "MANY",
    "Clock",
    "Embedded",
    "Standing",
    "log_in_use",
    "made",
    "opened",
    "opened_embedded",
    "shipped_history",
    "system_clock",
]


def system_clock() -> Instant:
    """Now, in microseconds UTC."""
    return time.time_ns() // 1_000


@contextmanager
def opened(
    settings: Settings,
    clock: Clock = system_clock,
    *,
    serving: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Standing]:
    """A standing for the length of a command. Where the log is on Kafka, its files are filled up
    to the ends first, unless it is opened for `serving`, which fills them as it goes. `tell` hears
    how that goes."""
    standing: Standing
    if settings.kafka is None:
        standing = Embedded(settings, clock)
    else:
        from service.replica import Replica  # noqa: PLC0415 - only those who use it wait for it

        standing = Replica(settings, settings.kafka, clock, tell)
        if not serving:
            standing.catch_up()
    try:
        yield standing
    finally:
        standing.close()


@contextmanager
def opened_embedded(settings: Settings, clock: Clock = system_clock) -> Iterator[Embedded]:
    """The standing on the log in the home folder. Raises `Refused` where the log is on Kafka: what
    stands in the home folder would be another."""
    if settings.kafka is not None:
        raise Refused.field("STANDING_KAFKA", "is set, and this works on the embedded log alone")
    standing = Embedded(settings, clock)
    try:
        yield standing
    finally:
        standing.close()


@asynccontextmanager
async def log_in_use(
    settings: Settings, tell: Callable[[str], None], clock: Clock = system_clock
) -> AsyncIterator[EventLog]:
    """The log that the settings name, to be appended to and read in order. `tell` hears of what
    stands in it and is no event."""
    if settings.kafka is None:
        with opened_embedded(settings, clock) as standing:
            yield standing.log
        return
    from events.kafka.log import KafkaEventLog  # noqa: PLC0415 - only those who use it wait for it

    log = KafkaEventLog(
        settings.kafka, tell=lambda one: tell(f"{one.position}: no event: {one.problem}")
    )
    try:
        yield log
    finally:
        await log.close()


def shipped_history() -> Iterator[Sent]:
    """The history that ships, file by file in the order of their names."""
    with as_file(files("events").joinpath("shipped/history")) as folder:
        for path in sorted(Path(folder).glob("*.yaml")):
            yield from read_file(path)
