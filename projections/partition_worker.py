"""What a projection worker does for one partition: folds what comes and publishes what follows, all
of a batch at once. Live and catching up are the same."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from events.aside import aside
from events.bulk import no_collection
from events.dates import NEVER, SECOND, Instant
from events.door import admit
from events.errors import StoreError
from events.kafka.binding import Unreadable
from events.kafka.fenced import FencedWriter
from events.kafka.log import KafkaEventLog
from events.kafka.mirror import Mirror
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.partitioner import partition_of
from events.kafka.reading import Entry
from events.kafka.topics import CHANGES, EVENTS, STATUS
from events.lists import Registry
from events.log import Position, Record
from projections.messages import Place
from projections.outgoing import copied, outgoing, rejected, unreadable
from projections.partition import Brought, fold
from projections.population import Population
from projections.published import Outcome, Restored, Statement, forgotten, outcome
from projections.revision import republished

_BATCH: Final = 10_000
"""At most, when it is behind: the more at once, the fewer statuses are published on the way."""

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

        def owns(company: str) -> bool:
            return partition_of(company, partitions) == mirror.partition

        self._sequences = {**found.sequences, **forgotten(mirror, registry, owns, found)}
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
            owns=owns,
        )
        # Asked for at any time, while a thread folds: the population's own is in its hands then.
        self._due = self.population.due

    async def republish(self, statements: Sequence[Statement]) -> None:
        """Publish everything as the rules of now have it, and what differs from these."""
        await self._writer.write(await aside(self._under_these_rules, statements))

    async def free(self) -> None:
        """Publish those who were parked and can be folded now."""
        freed = Brought([], await aside(self.population.free), [])
        if freed.companies:
            out = outcome(self.population, freed, self._place, self._sequences)
            await self._writer.write(packed(self._out(out)))

    def _under_these_rules(self, statements: Sequence[Statement]) -> list[Packed]:
        out = republished(self.population, statements, self._place, self._sequences)
        return packed(self._out(out))

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
                told = await aside(self._follow, entries)
                if told:
                    await self._writer.write(told)
                self.read, self._due = entries[-1].offset, self.population.due
                alarm.set()
        finally:
            alarm.stop()

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
        out = self._out(outcome(population, brought, self._place, self._sequences))
        population.let_go()
        return [*out, *(copied(one, self._partitions) for one in brought.copies)]

    @property
    def _place(self) -> Place:
        population = self.population
        return Place(f"{self._partition}:{population.position}", population.clock)

    def _out(self, out: Outcome) -> list[Outgoing]:
        return [
            *outgoing(CHANGES, self._partition, out.changes),
            *outgoing(STATUS, self._partition, out.statuses),
        ]


async def bring(log: KafkaEventLog, mirror: Mirror, to: int) -> None:
    """Have in the mirror what was published of the partition, and nothing beyond."""
    mirror.cut(to)
    partition = mirror.partition
    after, goal = Position({partition: mirror.end()}), Position({partition: to})
    async for entries in log.entries(after, goal, only={partition}):
        records = [one for one in entries if isinstance(one, Record)]
        await aside(mirror.take, records)
    if mirror.end() != to:
        raise StoreError(
            f"{mirror.path}: {EVENTS.name} does not have what was published of it up to "
            f"{partition}:{to}; was the topic made anew? Then make the other topics anew, too"
        )
