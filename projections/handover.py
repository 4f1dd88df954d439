"""A partition's published statuses made anew beside the worker that goes on publishing, and taken
into use at the offset up to which that has published when it is shut out.

First what is published and the log up to there are read and folded; nobody notices. Then the
worker's name is taken over, what came meanwhile is folded again, and whatever should read
otherwise is published in one transaction. Whoever is interrupted leaves nothing behind.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from events.bulk import no_collection
from events.dates import Instant, start
from events.errors import StoreError
from events.kafka.binding import HEADERS, MALFORMED
from events.kafka.connection import Connection
from events.kafka.fenced import Fenced, FencedWriter
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.questions import NONE, TopicQuestions
from events.kafka.spool import HEAPS, Row, Spool, heap_of
from events.kafka.topics import CHANGES, EVENTS, STATUS
from events.lists import Registry
from projections import messages
from projections.anew import Anew, Differing, Goal, Said
from projections.messages import Message
from projections.outgoing import outgoing
from projections.revision import next_generation

WITHIN_S: Final = 900.0
"""So long one transaction may take: what brokers allow where nothing else is set."""
_NO_STATUS: Final = ("", "", NONE, 0, NONE)
_TRIES: Final = 20
"""How often a partition is taken over again, where its worker took it back."""


class Where(NamedTuple):
    """A partition, and under which name it is written."""

    connection: Connection
    partition: int
    partitions: int
    writer: str
    folder: Path
    patience: float


class Renewed(NamedTuple):
    """What became of a partition. `position` is None where nothing was published of it yet."""

    partition: int
    position: int | None
    events: int = 0
    companies: int = 0
    statuses: int = 0
    """How many were published because they should read otherwise."""
    changes: int = 0
    """How many changes were told, that other rules made."""


class _Latest(NamedTuple):
    offset: int
    sequence: int
    clock: Instant


class PartitionRebuild:
    """`fold`, and then `hand_over`. `tell` hears of each step, `folded` of how many more events
    were read or folded, each of which is a half."""

    def __init__(
        self,
        where: Where,
        registry: Registry,
        tell: Callable[[str], None] = lambda _: None,
        folded: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._where = where
        self._registry = registry
        self._say = tell
        self._folded = folded
        self._anew = Anew(registry, where.partition, where.partitions, where.folder)
        self._rows = Spool(where.folder / "anew")
        """Statuses that differ, as of `self._goal`."""
        self._nobody: frozenset[bytes] = frozenset()
        self._again: set[bytes] = set()
        """Companies that are to be folded when the partition was taken over."""
        self._groups: set[frozenset[bytes]] = set()
        self._latest: dict[bytes, _Latest] = {}
        self._goal = Goal(where.partition, NONE, 0, 0)
        self._said_to = self._changes_to = NONE
        self._told: dict[bytes, list[tuple[int, int]]] = {}
        """Of those of whom nothing is published, the changes: positions and sequences."""
        self._time = 0
        self._events = self._statuses = self._changes = 0
        self._differ = False

    # --- beside the worker -------------------------------------------------------------------

    async def fold(self) -> None:
        """Read and fold what was published so far."""
        with no_collection():
            await self._read_said()
            await self._read_events(NONE)
            self._tell("read")
            self._fold()
            self._bind(self._goal)
            self._nobody = frozenset(self._anew.nobody)
            await self._read_sequences()
            self._tell("folded")

    def _tell(self, what: str) -> None:
        self._say(f"partition {self._where.partition}: {what}")

    def _fold(self) -> None:
        anew, goal = self._anew, self._goal
        for number in range(HEAPS):
            rows = []
            size = 0
            for one in anew.alone(number, goal, told=self._folded):
                self._differ = True
                if one.told or one.due <= goal.clock:
                    self._again.add(one.key)
                else:
                    rows.append(_row(one))
                    size += len(one.status.value or b"")
            self._rows.put(rows, size)

    def _bind(self, goal: Goal) -> list[Differing]:
        """Fold those together that are bound up with each other."""
        anew = self._anew
        anew.suspected()
        self._groups = set(anew.bonds.groups())
        found: list[Differing] = []
        for group in self._groups:
            some = list(anew.together(group, goal))
            if some:
                self._differ = True
                self._again |= group
            found += some
        anew.nobody.difference_update(*self._groups)
        self._differ |= bool(anew.nobody)
        return found

    # --- reading -----------------------------------------------------------------------------

    async def _read_said(self) -> set[bytes]:
        """Read on in what is published; of whom something is."""
        where = self._where
        asked = TopicQuestions(where.connection, STATUS.name, where.partitions, where.patience)
        touched: set[bytes] = set()
        try:
            async for some in asked.batches(where.partition, self._said_to + 1):
                said = [self._read(one) for one in some]
                self._anew.said.put(map(tuple, said), sum(len(one.value or b"") for one in said))
                touched.update(one.key for one in said)
                self._said_to = some[-1].offset
        finally:
            await asked.close()
        if touched:
            await self._aim()
        return touched

    def _read(self, message: Any) -> Said:
        headers = tuple(message.headers)
        key, value = message.key or b"", message.value
        if value is None:
            self._latest.pop(key, None)
            return Said(key, None, headers, "", "", NONE, 0, NONE)
        told = _told(key, value, dict(headers), self._where.partition)
        kind, event_id, offset, clock, sequence = told
        self._latest[key] = _Latest(offset, sequence, clock)
        return Said(key, value, headers, kind, event_id, offset, clock, sequence)

    async def _aim(self) -> None:
        """At how far is published."""
        where = self._where
        asked = TopicQuestions(where.connection, EVENTS.name, where.partitions, where.patience)
        try:
            end = (await asked.committed())[where.partition]
        finally:
            await asked.close()
        if not self._latest:
            return
        last = max(self._latest.values())
        if last.offset > end:
            raise StoreError(
                f"{STATUS.name} tells of what stands at {where.partition}:{last.offset}, and "
                f"{EVENTS.name} ends at {end}; was the topic made anew? Then make the other topics "
                "anew, too"
            )
        generation = next_generation(max(one.sequence, 0) for one in self._latest.values())
        self._goal = Goal(where.partition, last.offset, last.clock, generation)

    async def _read_events(self, after: int) -> list[Row]:
        """Read on in the log, from behind an offset up to the goal."""
        where, upto = self._where, self._goal.position
        found: list[Row] = []
        if upto <= after:
            return found
        asked = TopicQuestions(where.connection, EVENTS.name, where.partitions, where.patience)
        try:
            async for some in asked.batches(where.partition, after + 1, upto):
                rows, size = self._taken(asked, some)
                self._anew.events.put(rows, size)
                self._events += len(rows)
                self._folded(len(rows))
                if after > NONE:
                    found += rows
        finally:
            await asked.close()
        return found

    def _taken(self, asked: TopicQuestions, some: Sequence[Any]) -> tuple[list[Row], int]:
        """Rows of messages, each with the time at which it counts as taken in: the latest yet."""
        time, rows, size = self._time, list[Row](), 0
        for one in some:
            if (at := asked.time_of(one)) > time:
                time = at
            value, headers = one.value, tuple(one.headers)
            if value is not None:
                known = None if headers == HEADERS else headers
                rows.append((one.key or b"", one.offset, time * 1_000, value, known))
                size += len(value)
        self._time = time
        return rows, size

    async def _read_sequences(self) -> None:
        """Of those of whom nothing is published, from the changes that were told: as of the goal,
        as what stands behind it is told again."""
        missing, where = self._anew.missing, self._where
        if not missing:
            return
        asked = TopicQuestions(where.connection, CHANGES.name, where.partitions, where.patience)
        try:
            async for some in asked.batches(where.partition, self._changes_to + 1):
                self._changes_to = some[-1].offset
                for one in some:
                    if one.key in missing:
                        told = messages.read_change(one.value)
                        place = told.position, told.change.sequence
                        self._told.setdefault(one.key, []).append(place)
        finally:
            await asked.close()
        for key, told_at in self._told.items():
            reached = [sequence for at, sequence in told_at if at <= self._goal.position]
            self._anew.sequences[key] = max(reached, default=0)

    # --- taking over -------------------------------------------------------------------------

    async def hand_over(self) -> Renewed:
        """Publish what differs, as of what is published by now. Raises `Fenced` where the worker
        does not let go of the partition, and what the writer raises; then nothing was."""
        where = self._where
        if self._goal.position == NONE:
            return Renewed(where.partition, None)
        with no_collection():
            await self._take_over()
        self._tell(f"published up to {self._goal.position}")
        return Renewed(
            where.partition,
            self._goal.position,
            self._events,
            len(self._latest),
            self._statuses,
            self._changes,
        )

    async def _take_over(self) -> None:
        where, tries = self._where, 0
        while self._differ:
            try:
                await self._catch_up()
                writer = FencedWriter(
                    where.connection, where.writer, where.patience, within=WITHIN_S
                )
                async with writer:
                    self._tell("taken over")
                    await self._catch_up()
                    await writer.write_all(self._batches())
                break
            except Fenced:
                tries += 1
                if tries == _TRIES:
                    raise
                self._tell("its worker took it back; once more")

    async def _catch_up(self) -> None:
        """What came since is to be folded again."""
        before = self._goal.position
        self._again |= await self._read_said()
        self._anew.arrived(await self._read_events(before))
        await self._read_sequences()

    async def _batches(self) -> AsyncIterator[Sequence[Packed]]:
        self._statuses = self._changes = 0
        first = True
        for some in self._differing():
            batches = packed(self._outgoing(some))
            if batches:
                yield batches
                if first:
                    self._tell("publishing")
                first = False
        self._tell("all sent")

    def _differing(self) -> Iterator[Sequence[Differing]]:
        """Everything that is to be published."""
        goal, anew = self._goal, self._anew
        bound = frozenset(chain.from_iterable(self._groups))
        some: list[Differing] = []
        anew.nobody = set(self._nobody - self._again)
        for number in range(HEAPS):
            rows = {row[0]: row for row in self._rows.heap(number)}
            again = {key for key in self._again if heap_of(key) == number}
            again.update(key for key, row in rows.items() if row[1] <= goal.clock)
            yield [_differing(rows[key]) for key in rows.keys() - again - bound]
            if again:
                some += anew.alone(number, goal, again)
        together = self._bind(goal)
        bound = frozenset(chain.from_iterable(self._groups))
        yield [one for one in some if one.key not in bound]
        yield [*together, *(Differing(key, Message(key, None)) for key in anew.nobody)]

    def _outgoing(self, some: Sequence[Differing]) -> Iterator[Outgoing]:
        partition = self._where.partition
        for one in some:
            self._statuses += 1
            self._changes += len(one.told)
            yield from outgoing(CHANGES, partition, one.told)
            yield from outgoing(STATUS, partition, [one.status])


def _told(
    key: bytes, value: bytes, headers: Mapping[str, bytes], partition: int
) -> tuple[str, str, int, Instant, int]:
    """Kind, id, offset, time and sequence of a status, as far as it is one."""
    try:
        said = orjson.loads(value)
        number, _, offset = said["position"].partition(":")
        if number != str(partition) or not offset.isdecimal() or said["company"].encode() != key:
            return _NO_STATUS
        kind, event_id = headers["ce_type"].decode(), headers["ce_id"].decode()
        clock = start(headers["ce_time"].decode())
        return kind, event_id, int(offset), clock, int(said["sequence"])
    except MALFORMED:
        return _NO_STATUS


def _row(one: Differing) -> Row:
    return one.key, one.due, one.status.value, one.status.headers


def _differing(row: Row) -> Differing:
    key, due, value, headers = row
    return Differing(key, Message(key, value, headers), (), due)
