"""The projection worker: for each partition that is assigned to it, folds what comes and publishes
what follows, all of a batch at once.

The first thing done for a partition is to shut out whoever had it; then it is read back how far
was published, the mirror is brought there, and from there on live and catching up are the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar

import orjson

from events.bulk import no_collection
from events.dates import NEVER, SECOND, Instant
from events.door import admit
from events.errors import StoreError
from events.kafka.assignment import SESSION_S, serve_assigned
from events.kafka.binding import HEADERS, Unreadable
from events.kafka.connection import Connection
from events.kafka.fenced import FencedWriter, Outgoing
from events.kafka.first import Rejected
from events.kafka.log import PATIENCE_S, KafkaEventLog
from events.kafka.mirror import Mirror
from events.kafka.partitioner import partition_of
from events.kafka.questions import TopicQuestions
from events.kafka.reading import Entry
from events.kafka.topics import CHANGES, EVENTS, REJECTED, STATUS, Topic
from events.lists import Registry
from events.log import Position, Record
from projections import messages
from projections.messages import Message, Place
from projections.partition import Copy, fold
from projections.population import Population
from projections.published import Restored, Statement, outcome, restored

GROUP: Final = "standing.projections.v1"
_BATCH: Final = 2_000

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")

Append = Callable[[dict[str, object]], Awaitable[object]]


class AlarmClock(Protocol):
    """Appends an event when the next flip is due."""

    def start(self) -> None: ...
    def set(self) -> None:
        """Look again when that is."""
        ...

    def stop(self) -> None: ...


MakeAlarm = Callable[[Callable[[], Instant], Append], AlarmClock]
"""From who knows when the next flip is due, and how to append."""


class ProjectionWorker:
    """`home` is where the mirrors are, which may be thrown away; no other worker uses it. `tell`
    hears what an operator should know."""

    def __init__(
        self,
        connection: Connection,
        home: Path,
        registry: Registry,
        make_alarm: MakeAlarm,
        *,
        session_s: float = SESSION_S,
        patience: float = PATIENCE_S,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.working: dict[int, PartitionWorker] = {}
        """By partition, those that are ours."""
        self._connection = connection
        self._home = home
        self._registry = registry
        self._make_alarm = make_alarm
        self._session_s = session_s
        self._patience = patience
        self._tell = tell

    async def run(self) -> None:
        """Work until cancelled. Raises `StoreError` where the topics are not as they should be."""
        log = KafkaEventLog(self._connection, patience=self._patience)
        try:
            partitions = await log.partitions()

            async def serve(partition: int) -> None:
                await self._serve(log, partition, partitions)

            await serve_assigned(
                self._connection,
                GROUP,
                EVENTS.name,
                serve,
                session_s=self._session_s,
                tell=self._tell,
                assigned=self._have,
            )
        finally:
            await log.close()

    def _have(self, partitions: frozenset[int]) -> None:
        self.assigned = partitions
        self._tell(f"partitions {', '.join(map(str, sorted(partitions))) or '(none)'}")

    async def _serve(self, log: KafkaEventLog, partition: int, partitions: int) -> None:
        name = f"{GROUP}-{partition}"
        async with FencedWriter(self._connection, name, self._patience) as writer:
            mirror = Mirror(self._home / f"{partition}.db", partition)
            with closing(mirror):
                found = await self._published(partition, partitions)
                await _bring(log, mirror, found.position)
                one = PartitionWorker(
                    log, mirror, writer, self._registry, found=found, partitions=partitions
                )
                self.working[partition] = one
                self._tell(f"partition {partition}: going on after {found.position}")
                try:
                    await one.run(self._make_alarm)
                finally:
                    del self.working[partition]

    async def _published(self, partition: int, partitions: int) -> Restored:
        latest: dict[bytes, Statement] = {}
        questions = TopicQuestions(self._connection, STATUS.name, partitions, self._patience)
        try:
            async for message in questions.messages(partition):
                if message.value is None:
                    latest.pop(message.key, None)
                else:
                    latest[message.key] = Statement(message.value, message.headers)
        finally:
            await questions.close()
        return restored(latest.values(), self._registry)


class PartitionWorker:
    """Sees to one partition, from where it was published to."""

    def __init__(
        self,
        log: KafkaEventLog,
        mirror: Mirror,
        writer: FencedWriter,
        registry: Registry,
        *,
        found: Restored,
        partitions: int,
    ) -> None:
        self._log = log
        self._mirror = mirror
        self._writer = writer
        self._registry = registry
        self._partition = mirror.partition
        self._partitions = partitions
        self._sequences = found.sequences
        self.read = found.position
        """The last offset that was read, folded and published."""
        self.population = Population(
            registry,
            mirror,
            position=found.position,
            clock=found.clock,
            sequence_of=lambda company: self._sequences.get(company, 0),
            dues=found.dues,
            parked=found.parked,
            owns=lambda company: partition_of(company, partitions) == mirror.partition,
        )
        # Asked for at any time, while a thread folds: the population's own is in its hands then.
        self._due = self.population.due

    def gauges(self) -> dict[str, tuple[str, float]]:
        """What is measured of it: by name, in words and now."""
        due = self._due
        return {
            "standing_projection_offset": ("the last offset that was folded", self.read),
            "standing_parked_companies": (
                "companies that could not be folded and wait for a person",
                len(self.population.parked),
            ),
            "standing_skipped_events": (
                "events not understood since the start, of a later version's types",
                self.population.skipped,
            ),
            "standing_next_flip_seconds": (
                "when the next known flip comes, in seconds since 1970 (UTC); NaN where none is",
                float("nan") if due == NEVER else due / SECOND,
            ),
        }

    async def run(self, make_alarm: MakeAlarm) -> None:
        """Follow the partition until cancelled. Raises `Fenced` where another has taken over."""
        alarm = make_alarm(lambda: self._due, self._append)
        alarm.start()
        try:
            after = Position({self._partition: self.read})
            async for entries in self._log.entries(after, batch=_BATCH, only={self._partition}):
                told = await _in_a_thread(self._follow, entries)
                if told:
                    await self._writer.write(told)
                self.read, self._due = entries[-1].offset, self.population.due
                alarm.set()
        finally:
            alarm.stop()

    async def _append(self, raw: dict[str, object]) -> None:
        await self._log.append([admit(raw, self._registry)], partition=self._partition)

    def _follow(self, entries: Sequence[Entry]) -> list[Outgoing]:
        """What to publish because of these."""
        told = [
            self._sent(REJECTED, _unreadable(one)) for one in entries if isinstance(one, Unreadable)
        ]
        sifted = self._mirror.take([one for one in entries if isinstance(one, Record)])
        told += [self._sent(REJECTED, _rejected(one)) for one in sifted.rejected]
        if sifted.standing:
            with no_collection():
                told += self._fold([one.record for one in sifted.standing])
        return told

    def _fold(self, batch: Sequence[Record]) -> list[Outgoing]:
        population = self.population
        brought = fold(population, batch)
        place = Place(f"{self._partition}:{population.position}", population.clock)
        out = outcome(population, brought, place, self._sequences)
        population.let_go()
        return [
            *(self._sent(CHANGES, one) for one in out.changes),
            *(self._sent(STATUS, one) for one in out.statuses),
            *(self._copy(one) for one in brought.copies),
        ]

    def _sent(self, topic: Topic, one: Message) -> Outgoing:
        return Outgoing(topic.name, self._partition, one.key, one.value, one.headers)

    def _copy(self, one: Copy) -> Outgoing:
        home = partition_of(one.company, self._partitions)
        key = one.event["subject"].encode()
        return Outgoing(EVENTS.name, home, key, orjson.dumps(one.event), HEADERS)


async def _bring(log: KafkaEventLog, mirror: Mirror, to: int) -> None:
    """Have in the mirror what was published of the partition, and nothing beyond."""
    mirror.cut(to)
    partition = mirror.partition
    after, goal = Position({partition: mirror.end()}), Position({partition: to})
    async for entries in log.entries(after, goal, only={partition}):
        records = [one for one in entries if isinstance(one, Record)]
        await _in_a_thread(mirror.take, records)
    if mirror.end() != to:
        raise StoreError(
            f"{mirror.path}: {EVENTS.name} does not have what was published of it up to "
            f"{partition}:{to}; was the topic made anew? Then make the other topics anew, too"
        )


async def _in_a_thread(work: Callable[[_Given], _Found], given: _Given) -> _Found:
    """Have it done there, to its end: where nobody waits for it any more, the file that it works on
    must not be closed under it, nor a successor begin with that file before it has ended."""
    working = asyncio.ensure_future(asyncio.to_thread(work, given))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await _ended(working)
        raise


async def _ended(working: asyncio.Future[_Found]) -> None:
    while not working.done():
        with suppress(asyncio.CancelledError):  # whoever cancels, cancels already
            await asyncio.wait([working])
    working.exception()  # nobody needs to hear of it


def _unreadable(one: Unreadable) -> Message:
    place = Place(one.position, one.recorded)
    return messages.rejected(place, [one.problem], key=one.key, raw=one.value)


def _rejected(one: Rejected) -> Message:
    record = one.record
    place = Place(record.position, record.recorded)
    return messages.rejected(place, [one.problem], event=record.event)
