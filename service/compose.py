"""The composition root: the one place that knows which form of each port is in use.

Embedded: everything in the files of one home folder. `log.db` is the truth, `alerts.db` has who is
told, and the projection may be thrown away.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from events.admitted import Admitted
from events.codec import Sent, read_file
from events.dates import Instant
from events.errors import Refused, StoreError
from events.lists import load_registry
from events.log import EventLog
from events.sqlite_log import SqliteEventLog
from projections.draft import clear
from projections.projector import Projector
from projections.reader import Reader
from projections.rebuild import Progress, rebuild
from projections.store import ProjectionStore
from projections.turn import Taken, only_one
from service.settings import Settings

Clock = Callable[[], Instant]
MANY: Final = 20_000
"""From so many events on, a projection that starts anew is rebuilt rather than followed."""
_PATIENCE_S: Final = 30
"""How long a command waits for a service in another process to fold what was recorded."""


def system_clock() -> Instant:
    """Now, in microseconds UTC."""
    return time.time_ns() // 1_000


def made(folder: Path) -> Path:
    """A folder, made where it is missing. Raises `StoreError` where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: {error.strerror}; set STANDING_HOME to a folder of yours"
        ) from error
    return folder


class Standing:
    """An embedded standing: its log, its lists and the answers from them."""

    def __init__(self, settings: Settings, clock: Clock = system_clock) -> None:
        self.settings = settings
        self.clock = clock
        self.registry = load_registry(settings.lists)
        self.log = SqliteEventLog(made(settings.home) / "log.db", clock)
        self.reader = Reader(self.log, self.registry, clock)

    def close(self) -> None:
        """Let go of the log."""
        self.log.close()

    def admit(self, raw: object) -> Admitted:
        """An event through the door, with the lists of this standing."""
        from events.door import admit  # noqa: PLC0415 - its models are slow, and readers need none

        return admit(raw, self.registry)

    def store(self) -> ProjectionStore:
        """The projection in use, as far as it has come."""
        return ProjectionStore(self.settings.home / "projections.db")

    @contextmanager
    def projecting(self) -> Iterator[tuple[ProjectionStore, Projector]]:
        """Hold the projection for writing. Raises `StoreError` where another process does. Where
        the lists have a new version, it is rebuilt first."""
        with only_one(self.settings.home):
            store = self.store()
            try:
                if store.mark.position < 0 and self.log.end() < MANY:
                    clear(store)
                    store.put_meta("registry", self.registry.digest)
                elif store.meta("registry") != self.registry.digest:
                    self.rebuild(store)
                yield store, Projector(self.log, store, self.registry)
            finally:
                store.close()

    def rebuild(self, store: ProjectionStore, progress: Progress = lambda _: None) -> None:
        """Fold every status again, beside those in use, for whoever holds the projection."""
        rebuild(self.log, store, self.registry, self.settings.lists, progress)

    @asynccontextmanager
    async def caught_up(self) -> AsyncIterator[ProjectionStore]:
        """The projection, no further behind than the log's end at this moment: folded here, or
        by the service that projects in another process, which is waited for."""
        try:
            with self.projecting() as (store, projector):
                await projector.catch_up()
                yield store
        except Taken:
            store = self.store()
            try:
                await self._reached(store, self.log.end())
                yield store
            finally:
                store.close()

    async def _reached(self, store: ProjectionStore, offset: int) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while store.mark.position < offset:  # noqa: ASYNC110 - another process moves it
                await asyncio.sleep(0.02)


@contextmanager
def opened(settings: Settings, clock: Clock = system_clock) -> Iterator[Standing]:
    """A standing for the length of a command. Raises `Refused` where the log is on Kafka: what
    stands in the home folder would be another."""
    if settings.kafka is not None:
        raise Refused.field("STANDING_KAFKA", "is set, and this works on the embedded log alone")
    standing = Standing(settings, clock)
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
        with opened(settings, clock) as standing:
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
