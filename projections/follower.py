"""Following one partition, from where it was published to: what comes is folded, and what follows
from a batch is published all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple, NoReturn, Protocol

from events.aside import aside
from events.bulk import no_collection
from events.dates import NEVER, SECOND, Instant
from events.door import admit
from events.errors import StoreError
from events.kafka.binding import Unreadable
from events.kafka.log import KafkaEventLog
from events.kafka.mirror import Mirror
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.partitioner import partition_of
from events.kafka.reading import Entry
from events.kafka.rounds import Lease
from events.kafka.together import Together
from events.kafka.topics import CHANGES, STATUS
from events.lists import Registry
from events.log import Record
from projections.messages import Place
from projections.outgoing import copied, outgoing, rejected, unreadable
from projections.partition import Brought, fold
from projections.population import Population
from projections.published import Outcome, Restored, Statement, forgotten, outcome
from projections.revision import republished

_MOST: Final = 10_000
"""Records in a batch where it is behind: the more at once, the fewer statuses on the way."""

_FEW: Final = 100
"""Records that are folded by the time a thread would begin with them."""

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


class _Batch(NamedTuple):
    """What to publish of a batch, and the last offset of it."""

    told: list[Packed]
    upto: int


class _Coming:
    """What has come and is to be folded: all of it at once, when its turn comes."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._some = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def few(self) -> bool:
        """Whether only a few wait now."""
        return len(self._entries) <= _FEW

    async def put(self, entries: Sequence[Entry]) -> None:
        """Where too many wait already, wait with them."""
        while len(self._entries) >= _MOST:
            self._room.clear()
            await self._room.wait()
        self._entries += entries
        self._some.set()

    async def some(self) -> None:
        """Wait until there is one."""
        await self._some.wait()

    def taken(self) -> Sequence[Entry]:
        """All of them."""
        found, self._entries = self._entries, []
        self._some.clear()
        self._room.set()
        return found


class PartitionWorker:
    """Sees to one partition, from where it was published to. Those of a process fold by turns:
    at once, each would only be slower, and the event loop among them slowest."""

    def __init__(
        self,
        log: KafkaEventLog,
        together: Together,
        mirror: Mirror,
        writer: Lease,
        registry: Registry,
        *,
        found: Restored,
        partitions: int,
        turn: asyncio.Lock,
    ) -> None:
        self._turn = turn
        self._log = log
        self._together = together
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
        self.due = self.population.due
        """When the next known flip comes, as of the last batch that was folded: the population
        itself is not to be asked while it is at work in another thread."""

    async def republish(self, statements: Sequence[Statement]) -> None:
        """Publish everything as the rules of now have it, and what differs from these."""
        told = await aside(self._under_these_rules, statements)
        await self._writer.write(told)
        self.due = self.population.due

    async def free(self) -> None:
        """Publish those who were parked and can be folded now."""
        freed = Brought([], await aside(self.population.free), [])
        if freed.companies:
            out = outcome(self.population, freed, self._place, self._sequences)
            await self._writer.write(packed(self._out(out)))
            self.due = self.population.due

    def _under_these_rules(self, statements: Sequence[Statement]) -> list[Packed]:
        out = republished(self.population, statements, self._place, self._sequences)
        return packed(self._out(out))

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

    async def run(self, make_alarm: MakeAlarm) -> NoReturn:
        """Follow the partition until cancelled. Raises `Fenced` where another has taken over."""
        alarm = make_alarm(lambda: self.due, self._append)
        alarm.start()
        coming, folded = _Coming(), asyncio.Queue[_Batch]()
        tasks = [
            asyncio.create_task(self._read(coming)),
            asyncio.create_task(self._fold_all(coming, folded, alarm)),
            asyncio.create_task(self._publish_all(folded, alarm)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            raise next(iter(done)).exception() or StoreError("a partition that is read has no end")
        finally:
            alarm.stop()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _read(self, coming: _Coming) -> None:
        """A consumer asks for more only when what it has was taken from it."""
        async with aclosing(self._together.follow(self._partition, self.read)) as found:
            async for entries in found:
                await coming.put(entries)

    async def _fold_all(
        self, coming: _Coming, folded: "asyncio.Queue[_Batch]", alarm: AlarmClock
    ) -> None:
        """Many are folded while the batch before them is published. A few are when the next round
        of what is written begins, as until then more may come."""
        while True:
            await coming.some()
            if coming.few:
                await folded.join()
                await self._writer.opening()
            entries = coming.taken()
            if len(entries) <= _FEW:
                told = self._follow(entries)
            else:
                async with self._turn:
                    told = await aside(self._follow, entries)
                await folded.join()
            self.due = self.population.due
            batch = _Batch(told, entries[-1].offset)
            if len(entries) <= _FEW:
                await self._publish(batch, alarm)
            else:
                await folded.put(batch)

    async def _publish_all(self, folded: "asyncio.Queue[_Batch]", alarm: AlarmClock) -> None:
        while True:
            await self._publish(await folded.get(), alarm)
            folded.task_done()

    async def _publish(self, batch: _Batch, alarm: AlarmClock) -> None:
        if batch.told:
            await self._writer.write(batch.told)
        self.read = batch.upto
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
