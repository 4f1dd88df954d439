"""The projection worker: for each partition that is assigned to it, folds what comes and publishes
what follows, all of a batch at once.

The first thing done for a partition is to shut out whoever had it; then it is read back how far
was published, the mirror is brought there, and from there on live and catching up are the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from events.bulk import no_collection
from events.dates import NEVER, SECOND, Instant
from events.door import admit
from events.errors import StoreError
from events.kafka.assignment import SESSION_S, serve_assigned
from events.kafka.binding import Unreadable
from events.kafka.connection import Connection
from events.kafka.fenced import FencedWriter
from events.kafka.log import PATIENCE_S, KafkaEventLog
from events.kafka.mirror import Mirror
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.partitioner import partition_of
from events.kafka.questions import NONE, TopicQuestions
from events.kafka.reading import Entry
from events.kafka.topics import CHANGES, EVENTS, STATUS
from events.lists import Registry
from events.log import Position, Record
from projections import cold_start
from projections.messages import Place
from projections.outgoing import copied, outgoing, rejected, unreadable
from projections.partition import fold
from projections.population import Population
from projections.published import Restored, Statement, outcome, restored

GROUP: Final = "standing.projections.v1"
_MOST: Final = 10_000
"""Records in a batch, when it is behind: the more at once, the fewer statuses are published on the way."""

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
    hears what an operator should know. A partition of which nothing was published is folded at
    once where it has so `many` events."""

    def __init__(
        self,
        connection: Connection,
        home: Path,
        registry: Registry,
        make_alarm: MakeAlarm,
        *,
        session_s: float = SESSION_S,
        patience: float = PATIENCE_S,
        many: int = cold_start.MANY,
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
        self._many = many
        self._tell = tell
        self._helpers = cold_start.Helpers(registry, tell)

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
        mirror = Mirror(self._home / f"{partition}.db", partition)
        with closing(mirror):
            begun = False
            while True:
                async with FencedWriter(self._connection, name, self._patience) as writer:
                    found = await self._published(partition, partitions)
                    few = (await log.ends()).get(partition, NONE) < self._many
                    if begun or few or found.position > NONE:
                        await self._go_on(log, mirror, writer, found, partitions)
                        return
                await self._begin(log, mirror, name, partitions)
                begun = True

    async def _go_on(
        self,
        log: KafkaEventLog,
        mirror: Mirror,
        writer: FencedWriter,
        found: Restored,
        partitions: int,
    ) -> None:
        partition = mirror.partition
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

    async def _begin(self, log: KafkaEventLog, mirror: Mirror, name: str, partitions: int) -> None:
        """Publish everything at once where nothing was yet."""
        partition, helpers = mirror.partition, self._helpers
        with helpers.at_work():
            async with helpers.filling:
                await asyncio.to_thread(mirror.cut, NONE)
                goal = await log.ends()
                self._tell(f"partition {partition}: nothing was published yet; all at once")
                coming = log.entries(
                    Position({partition: NONE}), goal, batch=cold_start.BATCH, only={partition}
                )
                told = await cold_start.fill(mirror, coming)
            writing = FencedWriter(
                self._connection, name, self._patience, within=cold_start.WITHIN_S
            )
            async with helpers.folding, writing as writer:
                if (await self._published(partition, partitions)).position == NONE:
                    await cold_start.publish(mirror, writer, helpers, partitions, told)

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


class _Batch(NamedTuple):
    """What to publish of a batch, and the last offset of it."""

    told: list[Packed]
    upto: int


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
        self.due = self.population.due
        """When the next known flip comes, as of the last batch that was folded: the population
        itself is not to be asked while it is at work in another thread."""

    def gauges(self) -> dict[str, tuple[str, float]]:
        """What is measured of it: by name, in words and now."""
        due = self.due
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
        alarm = make_alarm(lambda: self.due, self._append)
        alarm.start()
        folded: asyncio.Queue[_Batch] = asyncio.Queue(maxsize=1)
        tasks = [
            asyncio.create_task(self._fold_all(folded)),
            asyncio.create_task(self._publish_all(folded, alarm)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            alarm.stop()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _fold_all(self, folded: "asyncio.Queue[_Batch]") -> None:
        """The next batch is folded while one is being published, and waits for its turn."""
        after = Position({self._partition: self.read})
        async for entries in self._log.entries(after, batch=_MOST, only={self._partition}):
            told = await asyncio.to_thread(self._follow, entries)
            self.due = self.population.due
            await folded.put(_Batch(told, entries[-1].offset))

    async def _publish_all(self, folded: "asyncio.Queue[_Batch]", alarm: AlarmClock) -> None:
        while True:
            one = await folded.get()
            if one.told:
                await self._writer.write(one.told)
            self.read = one.upto
            alarm.set()

    async def _append(self, raw: dict[str, object]) -> None:
        await self._log.append([admit(raw, self._registry)], partition=self._partition)

    def _follow(self, entries: Sequence[Entry]) -> list[Packed]:
        """What to publish because of these."""
        told = [unreadable(one) for one in entries if isinstance(one, Unreadable)]
        sifted = self._mirror.take([one for one in entries if isinstance(one, Record)])
        told += map(rejected, sifted.rejected)
        if sifted.standing:
            with no_collection():
                told += self._fold([one.record for one in sifted.standing])
        return packed(told)

    def _fold(self, batch: Sequence[Record]) -> list[Outgoing]:
        population = self.population
        brought = fold(population, batch)
        place = Place(f"{self._partition}:{population.position}", population.clock)
        out = outcome(population, brought, place, self._sequences)
        population.let_go()
        return [
            *outgoing(CHANGES, self._partition, out.changes),
            *outgoing(STATUS, self._partition, out.statuses),
            *(copied(one, self._partitions) for one in brought.copies),
        ]


async def _bring(log: KafkaEventLog, mirror: Mirror, to: int) -> None:
    """Have in the mirror what was published of the partition, and nothing beyond."""
    mirror.cut(to)
    partition = mirror.partition
    after, goal = Position({partition: mirror.end()}), Position({partition: to})
    async for entries in log.entries(after, goal, only={partition}):
        records = [one for one in entries if isinstance(one, Record)]
        await asyncio.to_thread(mirror.take, records)
    if mirror.end() != to:
        raise StoreError(
            f"{mirror.path}: {EVENTS.name} does not have what was published of it up to "
            f"{partition}:{to}; was the topic made anew? Then make the other topics anew, too"
        )
