"""A standing: a log, the lists, and the answers from them, whichever form the log has.

A log has one partition or several; each is one archive, one projection and one reader. What is
above asks all of them as one, so that a log of one partition is no case of its own.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from events.admitted import Admitted
from events.dates import Instant
from events.errors import Refused, StoreError, UnknownCompany
from events.lists import Registry, load_registry
from events.log import Position, Receipt, Record
from events.sqlite_archive import SqliteArchive
from events.whole_log import WholeLog
from projections.reader import Parked, Reader, Seat
from projections.readers import Home, Readers, one_home
from projections.store import ProjectionStore
from projections.stores import Stores
from service.settings import Settings

if TYPE_CHECKING:
    from alerts.desk import Desk
    from service.screening import Companies

Clock = Callable[[], Instant]
Progress = Callable[[int], None]
"""Called with how many more events were read or folded."""


def made(folder: Path) -> Path:
    """A folder, made where it is missing. Raises `StoreError` where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: {error.strerror}; set STANDING_HOME to a folder of yours"
        ) from error
    return folder


class Filling(StoreError):
    """A replica has not read all of the log once: what it could say might be wrong."""


class Following(Protocol):
    """What keeps the projection up with the log."""

    @property
    def position(self) -> Position:
        """Up to where everything was read and folded."""
        ...

    @property
    def ends(self) -> Position:
        """Where the log ends, as far as that is known."""
        ...

    @property
    def due(self) -> Instant:
        """When the next flip comes that needs no event."""
        ...

    @property
    def parked(self) -> Mapping[str, str]:
        """Companies that could not be folded, and why."""
        ...

    @property
    def skipped(self) -> int:
        """How many events since the start this version did not understand."""
        ...

    @property
    def unreadable(self) -> int:
        """How many messages since the start were no event, or no change."""
        ...

    @property
    def filling(self) -> str | None:
        """Why nothing can be answered yet, where nothing can."""
        ...

    def state(self) -> Mapping[str, object]:
        """What `/readyz` says beside the positions: `ready`, where it is not, is false."""
        ...

    async def record(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """Append, and wait until what was appended was folded: whoever wrote reads it."""
        ...

    async def reached(self, position: Position) -> None:
        """Wait until everything up to there was folded."""
        ...

    def releases(self, company: str) -> None:
        """Raises `Refused` where it is not for this process to try a parked company again."""
        ...

    def release(self, company: str) -> str | None:
        """Try a company that is parked again; why it still is, or None. Raises as `releases`."""
        ...

    @property
    def heard(self) -> int:
        """Grows whenever changes may have been told."""
        ...

    async def beyond(self, heard: int) -> None:
        """Return when it has grown beyond that; or earlier, for no reason."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """What the HTTP API stands on."""

    standing: "Standing"
    store: Stores
    following: Following
    desk: "Callable[[], Desk]"
    """Where one subscribes. Raises `StoreError` where nobody can now."""
    companies: "Companies"
    """Who is known, to be looked up by names and identifiers."""

    def answers(self) -> None:
        """Raises `Filling` where what could be said might be wrong."""
        if (why := self.following.filling) is not None:
            raise Filling(why)

    @property
    def position(self) -> Position:
        """Up to where everything was folded."""
        return self.following.position

    @property
    def lags(self) -> dict[int, int]:
        """How many offsets each partition of the projection is behind the log."""
        at = self.following.position
        return {
            number: max(0, end - at.get(number, -1)) for number, end in self.following.ends.items()
        }

    async def record(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """See `Following`."""
        return await self.following.record(events, atomic=atomic)

    async def reached(self, position: Position) -> None:
        """See `Following`."""
        await self.following.reached(position)


class Standing(ABC):
    """What questions are put to, and commands work on. Close it to let go of its files."""

    tells: bool
    """Whether changes are told where the projection is made, or taken from elsewhere."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.registry: Registry = load_registry(settings.lists)
        made(settings.home)

    def _holds(
        self, archives: Sequence[SqliteArchive], folders: Sequence[Path], home: Home = one_home
    ) -> None:
        """The partitions by number: what stands of each, and where its projection is."""
        self.whole = WholeLog(archives)
        self.folders = folders
        self.home = home
        self.reader = self.readers()

    def readers(self) -> Readers:
        """Readers of one's own, for another thread."""
        parts = self.whole.parts
        seats = [Seat(number, len(parts)) for number in range(len(parts))]
        each = [
            Reader(one, self.registry, self.clock, seat)
            for one, seat in zip(parts, seats, strict=True)
        ]
        if len(each) > 1:
            for one in each:
                one.ends = self.end
        return Readers(each, self.home)

    @property
    def partitions(self) -> int:
        """How many partitions the log has."""
        return len(self.whole.parts)

    def end(self) -> Position:
        """The end of the log, as far as it is on this machine."""
        return self.whole.ends()

    def position(self, text: str, field: str) -> Position:
        """A position that a caller names, of some or all partitions. Raises `Refused` naming the
        field."""
        found = Position.parse(text, field)
        if not found.keys() <= set(range(self.partitions)):
            named = "the partition 0, and no other"
            if self.partitions > 1:
                named = f"partitions up to {self.partitions - 1}"
            raise Refused.field(field, f"{text!r} should name {named}")
        return found

    async def records(self, after: Position, batch: int = 5_000) -> AsyncIterator[list[Record]]:
        """What stands in the log behind a position now, in order."""
        found = self.whole.records(after, batch)
        while records := await asyncio.to_thread(next, found, None):
            yield records

    def amiss(self, company: str, list_id: str) -> list[str]:
        """What fits nowhere in a company's story on a list, each in words; nothing where nothing
        can be said of it."""
        try:
            found = self.reader.status(company)
        except (UnknownCompany, Parked):
            return []
        return [
            f"{one['why']} ({one['event']})"
            for listed in found["lists"]
            if listed["list"] == list_id
            for one in listed["anomalies"]
        ]

    def store(self) -> Stores:
        """The projection in use, as far as it has come."""
        return Stores([ProjectionStore(one / "projections.db") for one in self.folders], self.home)

    def admit(self, raw: object) -> Admitted:
        """An event through the door, with the lists of this standing."""
        from events.door import admit  # noqa: PLC0415 - its models are slow, and readers need none

        return admit(raw, self.registry)

    def close(self) -> None:
        """Let go of the log."""
        for one in self.whole.parts:
            one.close()

    @abstractmethod
    def trouble(self) -> str | None:
        """Why the files could not be written now, or None. It may take a while."""

    @abstractmethod
    def rebuild(self, progress: Progress = lambda _: None) -> dict[str, Any]:
        """Fold every status again; the position that was reached, and how much there is. Raises
        `StoreError` where another process projects."""

    @abstractmethod
    def fold(self, partition: int, store: ProjectionStore, progress: Progress) -> None:
        """Fold what stands of a partition into an empty store."""

    @abstractmethod
    def caught_up(self) -> AbstractAsyncContextManager[Stores]:
        """The projection, no further behind than the log's end at this moment."""

    @abstractmethod
    def running(self) -> AbstractAsyncContextManager[Service]:
        """A service on this standing until the block ends. A task that fails ends the block with
        its error: a service that no longer projects must not go on as if it did."""
