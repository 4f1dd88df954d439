"""The log: the port through which every event enters and is read, and what a reader gets."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeVar

from events.admitted import Admitted
from events.dates import Instant, start
from events.errors import Problem, Refused
from events.vocabulary import COPY_OF

Outcome = Literal["recorded", "duplicate", "rejected"]

_POSITION: Final = re.compile(r"\d+:-?\d+(?:,\d+:-?\d+)*", re.ASCII)


class Position(dict[int, int]):
    """Where in the log: the last offset seen of each partition; -1 where nothing was.

    A reader counts on order alone: offsets may have gaps.
    """

    def __str__(self) -> str:
        return ",".join(f"{partition}:{offset}" for partition, offset in sorted(self.items()))

    @classmethod
    def parse(cls, text: str, field: str) -> "Position":
        """Read `0:41` or `0:41,1:7`. Raises `Refused` naming the field."""
        if not _POSITION.fullmatch(text):
            raise Refused.field(field, f"{text!r} is no position; write 0:41, or 0:41,1:7")
        pairs = [part.split(":") for part in text.split(",")]
        found = cls({int(partition): int(offset) for partition, offset in pairs})
        if len(found) != len(pairs):
            raise Refused.field(field, f"{text!r} names a partition twice")
        return found

    def reaches(self, other: "Position") -> bool:
        """Whether everything up to `other` was seen."""
        return all(self.get(partition, -1) >= offset for partition, offset in other.items())


class Record(NamedTuple):
    """An event as the log holds it. `recorded` never goes back within a partition."""

    offset: int
    recorded: Instant
    event: Mapping[str, Any]
    partition: int = 0

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.event["id"])

    @property
    def type(self) -> str:
        """The event's type, also one that this version does not know."""
        return str(self.event["type"])

    @property
    def subject(self) -> str:
        """The event's subject."""
        return str(self.event["subject"])

    @property
    def position(self) -> str:
        """`partition:offset`."""
        return f"{self.partition}:{self.offset}"

    @property
    def held(self) -> Instant:
        """See `first_held`."""
        return first_held(self.event, self.recorded)

    @property
    def origin(self) -> tuple[int, int]:
        """Partition and offset of the original, where it is a copy of a merged company's event;
        else its own."""
        copied = self.event.get(COPY_OF)
        if copied is None:
            return self.partition, self.offset
        ((partition, offset),) = Position.parse(copied, COPY_OF).items()
        return partition, offset


def first_held(event: Mapping[str, Any], recorded: Instant) -> Instant:
    """When a log first took an event in: this one, or the one that it was moved from."""
    origin = event.get("origintime")
    return min(start(origin), recorded) if origin else recorded


class Receipt(NamedTuple):
    """What became of one appended event.

    A `duplicate` names the first of its kind, and `retracted_by` if that one no longer counts;
    a `rejected` has the reason and was not written.
    """

    id: str
    position: str | None
    outcome: Outcome
    retracted_by: str | None = None
    problem: Problem | None = None

    def shown(self) -> dict[str, str]:
        """As it is told to a caller."""
        told = {"id": self.id, "position": self.position, "outcome": self.outcome}
        told["retracted_by"] = self.retracted_by
        told["error"] = str(self.problem) if self.problem else None
        return {key: value for key, value in told.items() if value is not None}


class EventLog(Protocol):
    """An append-only log of events in one or more partitions.

    Idempotent by id: an event whose id the log has is a `duplicate` if it says the same in law,
    else `rejected`, and the first stands, whether that is found on appending or on reading. The
    order within a partition is the order of arrival.
    """

    async def append(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """Append, and answer in the order given. When it returns, what was `recorded` survives a
        power cut. With `atomic`, one rejected event keeps all of them out, each then `rejected`.
        Raises `StoreError` where nothing could be written; then nothing was.

        A log that cannot write on condition says so of itself: it leaves the comparing to its
        readers, and may not know what was written before it raised. To append again does no harm.
        """
        ...

    def read(
        self, after: Position, to: Position, *, batch: int = 5_000
    ) -> AsyncIterator[list[Record]]:
        """Everything after one position, up to and with the other, in batches, in order."""
        ...

    async def ends(self) -> Position:
        """The position of the last event."""
        ...

    def follow(self, after: Position, *, batch: int = 5_000) -> AsyncIterator[list[Record]]:
        """As `read`, and then whatever comes, as it comes, from whichever process. Never ends by
        itself; closing the iterator lets it go."""
        ...


class Archive(Protocol):
    """A log whose events can be looked up by company, on this machine, at once."""

    def of_subjects(self, subjects: Sequence[str], *, to: int | None = None) -> list[Record]:
        """Every event with one of these subjects, in log order, up to the offset `to`."""
        ...

    def of_type(self, event_type: str, *, to: int | None = None) -> list[Record]:
        """Every event of one type, in log order; meant for the types of which there are few."""
        ...

    def subjects(self, *, after: int, to: int) -> list[str]:
        """The subjects of the events in (after, to], each once."""
        ...

    def end(self) -> int:
        """The last offset; -1 where there is none."""
        ...


T = TypeVar("T")


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut into pieces of at most `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]
