"""What a desk writes to the topics, and what it reads of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any, Final

from alerts import topics
from alerts.changes_topic import Stood, since, stood
from alerts.desk_store import DeskStore
from alerts.names import Names, sized
from alerts.places import BEGINNING, Place, behind
from alerts.roster import Roster
from alerts.vault import Vault
from events.dates import Instant
from events.kafka.connection import Connection
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from events.kafka.producing import Written
from events.kafka.publishing import Publisher
from events.kafka.tail import Raw, Tail
from projections.messages import Message

PATIENCE_S: Final = 30.0

Clock = Callable[[], Instant]


class Wire:
    """Made and opened by `alerts.desk_on_kafka.desk`."""

    def __init__(
        self, connection: Connection, store: DeskStore, vault: Vault, names: Names, clock: Clock
    ) -> None:
        self.store = store
        self.vault = vault
        self.roster = Roster()
        self.caught_up = asyncio.Event()
        self._connection = connection
        self._names = names
        self._clock = clock
        self._read: dict[tuple[str, int], int] = {}
        self._moved = asyncio.Condition()

    async def open(self, stack: AsyncExitStack) -> None:
        """Read who subscribed; the deliveries come in as they can."""
        names = self._names
        self._sizes = await sized(self._connection, names, PATIENCE_S)
        enter = stack.enter_async_context
        self._publisher = await enter(Publisher(self._connection, PATIENCE_S))
        self._people = await enter(self._tail(names.subscriptions))
        self._attempts = await enter(self._tail(names.deliveries))
        self._told = await enter(self._tail(names.changes))
        self._events = await enter(self._tail(names.events))
        await self._people.begin()
        async for some in self._people.to_end():
            for one in some:
                self.roster.take(one.key.decode(), one.value)
        await self.store.aside(self.store.only, list(self.roster.living()))
        await self._attempts.begin(await self.store.aside(self.store.read))

    def _tail(self, topic: str) -> Tail:
        return Tail(self._connection, topic, self._sizes[topic], PATIENCE_S)

    def work(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What there is to do, all at once."""
        yield self._follow_people()
        yield self._follow_attempts()

    # --- reading ---------------------------------------------------------------------------------

    async def _follow_people(self) -> None:
        while True:
            if found := await self._people.more():
                for one in found:
                    await self._person(one.key.decode(), one.value)
                await self._has_read(self._names.subscriptions, found)
            await self._mend()

    async def _person(self, ident: str, value: bytes | None) -> None:
        self.roster.take(ident, value)
        kept, store = self.roster.kept.get(ident), self.store
        if kept is not None:
            await store.aside(store.enrol, kept)
        elif await store.aside(store.find, ident) is not None:
            await store.aside(store.remove, ident)

    async def _mend(self) -> None:
        """Write the whole where a message has said less than was known before."""
        for ident in list(self.roster.amiss):
            kept = self.roster.kept.get(ident)
            now = self._clock()
            message = topics.removed(ident) if kept is None else topics.subscription(kept, now)
            await self._write(self._names.subscriptions, message)
            self.roster.amiss.discard(ident)

    async def _follow_attempts(self) -> None:
        async for some in self._attempts.to_end():
            await self._take_in(some)
        self.caught_up.set()
        while True:
            if found := await self._attempts.more():
                await self._take_in(found)

    async def _take_in(self, found: list[Raw]) -> None:
        store, partitions = self.store, self._sizes[self._names.deliveries]
        await store.aside(store.take_in, found, self.roster.gone, partitions)
        await self._has_read(self._names.deliveries, found)

    async def _has_read(self, topic: str, found: Iterable[Raw]) -> None:
        async with self._moved:
            for one in found:
                self._read[topic, one.partition] = one.offset
            self._moved.notify_all()

    async def _reads(self, topic: str, written: Written) -> None:
        """Wait until this desk has read what it wrote."""
        place = (topic, written.partition)
        async with asyncio.timeout(PATIENCE_S), self._moved:
            await self._moved.wait_for(lambda: self._read.get(place, -1) >= written.offset)

    # --- writing ---------------------------------------------------------------------------------

    async def subscribed(self, message: Message) -> None:
        """Tell of a subscription."""
        topic = self._names.subscriptions
        await self._reads(topic, await self._write(topic, message))

    async def delivered(self, message: Message) -> None:
        """Tell of an attempt."""
        topic = self._names.deliveries
        await self._reads(topic, await self._write(topic, message))

    def home(self, one: str) -> int:
        """The partition of a company's changes, or in which what time brings is made for a
        subscription."""
        return partition_of(one, self._sizes[self._names.changes])

    async def asked(self, partition: int, message: Message) -> None:
        """Tell the worker of a partition."""
        await self._publisher.write([Outgoing(self._names.progress, partition, *message)])

    async def _write(self, topic: str, message: Message) -> Written:
        partition = partition_of(message.key.decode(), self._sizes[topic])
        (written,) = await self._publisher.write([Outgoing(topic, partition, *message)])
        return written

    # --- looking up ------------------------------------------------------------------------------

    async def heads(self) -> list[Place]:
        """The places behind all that was recorded or told until now, by partition."""
        ends = await self._events.committed()
        found = []
        for partition, end in sorted(ends.items()):
            last = await self._told.last(partition)
            told = BEGINNING if last is None else behind(*since(stood(last)))
            found.append(max(behind(end), told))
        return found

    async def changes(self) -> AsyncIterator[tuple[int, Stood]]:
        """All that were told until now."""
        for partition, end in sorted((await self._told.committed()).items()):
            async for one in self._told.stretch(partition, 0, end):
                yield partition, stood(one)
