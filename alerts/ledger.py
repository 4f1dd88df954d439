"""What a worker writes about its partition, before anything follows from it: all of it under a name
that shuts out whoever had the partition before."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from alerts import progress as told
from alerts import topics
from alerts.elsewhere import Elsewhere
from alerts.memory import Made
from alerts.names import Names
from alerts.outbox import Ended
from alerts.partition_store import PartitionStore
from alerts.progress import EVERYBODY, Noticed, Progress
from alerts.roster import Roster
from alerts.settled import Settled
from events.dates import Instant
from events.kafka.fenced import FencedWriter
from events.kafka.packing import Outgoing, packed
from events.kafka.partitioner import partition_of
from projections.messages import Message

_SURE_S: Final = 2.0
"""For so long after a word from the brokers nobody else can have taken over for long."""


class Ledger:
    """One at a time writes. `writer` and `elsewhere` are to be given before anything is written.
    `roster` and `progress` are what is known of the topics, and are kept as they are written."""

    writer: FencedWriter
    elsewhere: Elsewhere

    def __init__(
        self,
        store: PartitionStore,
        names: Names,
        sizes: Mapping[str, int],
        partition: int,
        clock: Callable[[], Instant],
    ) -> None:
        self.roster = Roster()
        self.progress = Progress()
        self.waiting = (0, 0, 0)
        """What waits, as of the last mark; see `Outbox.waiting`."""
        self.marks: dict[str, int | None] = {}
        """Up to where everybody was told, as it stands in the topic."""
        self._store = store
        self._names = names
        self._sizes = sizes
        self._partition = partition
        self._clock = clock
        self._turn = asyncio.Lock()
        self._confirmed = float("-inf")

    async def keep(self, ended: Sequence[Ended]) -> None:
        """Tell what became of attempts, and up to where everybody was told by it, at once."""
        async with self._turn:
            if tired := await self._store.aside(self._store.tired, ended):
                await self._store.aside(self._store.taken, await self.elsewhere.taken(tired))
            settled = await self._store.aside(self._store.settled, ended)
            await self._write(self._about(settled))

    async def make(self, made: Sequence[Made], now: Instant) -> None:
        """Tell what time brings, and what is remembered by it, and queue it then: whoever comes
        after this worker has the same messages under the same numbers."""
        async with self._turn:
            queues, waits = await self._store.aside(self._store.prepared, made)
            about = [self._progressed(told.queue(one, now)) for one in queues]
            about += [self._progressed(told.made(one, now)) for one in waits]
            self.progress.made.update((one.key, one) for one in waits)
            await self._write(about)
            await self._store.aside(self._store.make_prepared, queues, waits, now)

    async def sure(self) -> None:
        """Raise `Fenced` where another one has this partition by now."""
        if asyncio.get_running_loop().time() - self._confirmed > _SURE_S:
            await self.mark(always=True)

    async def mark(self, *, always: bool = False) -> None:
        """Tell up to where everybody was told."""
        async with self._turn:
            marks = await self._store.aside(self._store.marks)
            self.waiting = await self._store.aside(self._store.outbox.waiting)
            if always or marks != self.marks or await self._unnoticed():
                await self._write([], always=always)

    @asynccontextmanager
    async def ending(self) -> AsyncIterator[list[str]]:
        """Tell that what these keys say is over, once the block has named them."""
        async with self._turn:
            keys: list[str] = []
            yield keys
            if keys:
                for key in keys:
                    self.progress.take(key, "", None)
                await self._write([self._progressed(told.over(key)) for key in keys])

    async def forgotten(self, keys: Sequence[str]) -> None:
        """The same before anything else is done, and without any marks."""
        if keys:
            await self.writer.write(packed([self._progressed(told.over(key)) for key in keys]))
        for key in keys:
            self.progress.take(key, "", None)

    async def _write(self, about: list[Outgoing], *, always: bool = False) -> None:
        now = self._clock()
        marks = await self._store.aside(self._store.marks)
        for ident, read in marks.items():
            if (
                ident not in self.marks
                or self.marks[ident] != read
                or (always and ident == EVERYBODY)
            ):
                about.append(self._progressed(told.read(ident, read, now)))
        noticed = await self._unnoticed()
        about += [self._progressed(told.noticed(one, now)) for one in noticed]
        if about:
            began = asyncio.get_running_loop().time()
            await self.writer.write(packed(about))
            self.marks = {**self.marks, **marks}
            self.progress.notices.update((one.key, one) for one in noticed)
            self._confirmed = began

    async def _unnoticed(self) -> list[Noticed]:
        """Notices of receivers that fail, that the topic does not have as they are."""
        known = self.progress.notices
        found = await self._store.aside(self._store.noticed)
        return [one for one in found if known.get(one.key) != one]

    def _about(self, settled: Settled) -> list[Outgoing]:
        now = self._clock()
        found = [self._of(self._names.deliveries, topics.delivery(one)) for one in settled.attempts]
        found += [self._progressed(told.queue(one, now)) for one in settled.queues.values()]
        for delivery in settled.met:
            if self.progress.asked.pop(delivery, None) is not None:
                found.append(self._progressed(told.over(delivery)))
            if (key := told.made_key(delivery)) in self.progress.made:
                del self.progress.made[key]
                found.append(self._progressed(told.over(key)))
        for ident, why in settled.disabled.items():
            known = self.roster.kept.get(ident)
            if known is not None and known.subscription.disabled is None:
                said = replace(known, subscription=replace(known.subscription, disabled=why))
                self.roster.kept[ident] = said
                message = topics.subscription(said, now)
                found.append(self._of(self._names.subscriptions, message))
        return found

    def _progressed(self, message: Message) -> Outgoing:
        return Outgoing(self._names.progress, self._partition, *message)

    def _of(self, topic: str, message: Message) -> Outgoing:
        partition = partition_of(message.key.decode(), self._sizes[topic])
        return Outgoing(topic, partition, *message)
