"""A partition's published statuses made anew beside the worker that goes on publishing, and taken
into use at the offset up to which that has published when it is shut out.

First what is published and the log up to there are read and folded; nobody notices. Then the
worker's name is taken over, what came meanwhile is folded again, and whatever should read
otherwise is published in one transaction. Whoever is interrupted leaves nothing behind.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from events.kafka.claims import sole
from events.kafka.fenced import LONGEST_S, Fenced
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.questions import NONE
from events.kafka.spool import HEAPS, Row, Spool, heap_of
from events.kafka.topics import CHANGES, STATUS
from events.lists import Registry
from projections.anew import Anew, Differing
from projections.messages import Message
from projections.outgoing import outgoing
from projections.sources import Sources, Where

_MANY: Final = 1_000
_TRIES: Final = 20
"""How often a partition is taken over again, where its worker took it back."""


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


class PartitionRebuild:
    """`read` and `fold`, and then `hand_over`. `tell` hears of each step, `folded` of how many
    more events were read or folded, each of which is a half."""

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
        self._sources = Sources(where, self._anew, folded)
        self._rows = Spool(where.folder / "anew")
        """Statuses that differ, as of what was published first."""
        self._nobody: frozenset[bytes] = frozenset()
        self._again: set[bytes] = set()
        """Companies that are to be folded when the partition was taken over."""
        self._groups: set[frozenset[bytes]] = set()
        self._statuses = self._changes = 0
        self._differ = False

    # --- beside the worker -------------------------------------------------------------------

    async def read(self) -> None:
        """Read what was published so far, and the log up to there."""
        await self._sources.read_said()
        await self._sources.read_events()
        self._tell("read")

    async def fold(self) -> None:
        """Fold what was read."""
        await self._fold()
        self._bind()
        self._nobody = frozenset(self._anew.nobody)
        await self._sources.read_sequences()
        self._tell("folded")

    def _tell(self, what: str) -> None:
        self._say(f"partition {self._where.partition}: {what}")

    async def _fold(self) -> None:
        anew, goal = self._anew, self._sources.goal
        for number in range(HEAPS):
            await asyncio.sleep(0)  # connections that are kept have their turn
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

    def _bind(self) -> list[Differing]:
        """Fold those together that are bound up with each other."""
        anew, goal = self._anew, self._sources.goal
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

    # --- taking over -------------------------------------------------------------------------

    async def hand_over(self) -> Renewed:
        """Publish what differs, as of what is published by now. Raises `Fenced` where the worker
        does not let go of the partition, and what the writer raises; then nothing was."""
        sources, partition = self._sources, self._where.partition
        try:
            if sources.goal.position == NONE:
                return Renewed(partition, None)
            await self._take_over()
        finally:
            await sources.close()
        self._tell(f"published up to {sources.goal.position}")
        return Renewed(
            partition,
            sources.goal.position,
            sources.events,
            sources.companies,
            self._statuses,
            self._changes,
        )

    async def _take_over(self) -> None:
        where, tries = self._where, 0
        while self._differ:
            try:
                await self._catch_up()
                place = where.partition, where.partitions
                taking = sole(
                    where.connection, where.writer, place, where.patience, within=LONGEST_S
                )
                async with taking as writer:
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
        self._again |= await self._sources.read_said()
        self._anew.arrived(await self._sources.read_events())
        await self._sources.read_sequences()

    async def _batches(self) -> AsyncIterator[Sequence[Packed]]:
        self._statuses = self._changes = 0
        first = True
        for some in _together(self._differing()):
            batches = packed(self._outgoing(some))
            if batches:
                yield batches
                if first:
                    self._tell("publishing")
                first = False
        self._tell("all sent")

    def _differing(self) -> Iterator[Sequence[Differing]]:
        """Everything that is to be published."""
        goal, anew = self._sources.goal, self._anew
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
        together = self._bind()
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


def _together(coming: Iterator[Sequence[Differing]]) -> Iterator[Sequence[Differing]]:
    """As many at once as are worth waiting for brokers to have them."""
    some: list[Differing] = []
    for few in coming:
        some += few
        if len(some) >= _MANY:
            yield some
            some = []
    yield some


def _row(one: Differing) -> Row:
    return one.key, one.due, one.status.value, one.status.headers


def _differing(row: Row) -> Differing:
    key, due, value, headers = row
    return Differing(key, Message(key, value, headers), (), due)
