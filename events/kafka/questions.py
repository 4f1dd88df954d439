"""What can be asked of a topic: where it ends, and how late its times are up to a place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

import events.kafka.bootstrap
import events.kafka.emptied  # noqa: F401 - and emptied marks are read past
from events.errors import StoreError
from events.kafka.bounded import let_go
from events.kafka.connection import Connection
from events.kafka.topic import wrong_times
from events.kafka.trouble import trouble
from events.log import Position

ASKED_MS: Final = 20
"""Brokers answer the requests of a connection in turn: a question must not wait behind a fetch that
waits for messages to come."""
NONE: Final = -1
"""The offset before the first."""

_LOG_APPEND_TIME: Final = 1
_FETCH_BYTES: Final = 4 * 1024 * 1024
"""Of one partition in one answer."""
_FEW: Final = 16
"""Among so many messages at the end there mostly is an event."""


class TopicQuestions:
    """Asks about one topic that has so many partitions."""

    def __init__(
        self, connection: Connection, topic: str, partitions: int, patience: float
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._patience = patience
        self._places = {number: TopicPartition(topic, number) for number in range(partitions)}
        self._asking = asyncio.Lock()
        self._asker: Any = None
        self._last: dict[int, int] = {}
        """Of each partition, an offset at which an event is known to stand, the highest seen."""
        self._ends: dict[int, tuple[int, int]] = {}
        """Of each partition, the end that was told last, and the last event before it."""

    async def close(self) -> None:
        """Let go of what stays open between questions."""
        async with self._asking:
            asker, self._asker = self._asker, None
        if asker is not None:
            await let_go(asker)

    def stands(self, partition: int, offset: int) -> None:
        """An event was written there, or read."""
        self._last[partition] = max(offset, self._last.get(partition, NONE))

    # --- where it ends -----------------------------------------------------------------------

    async def committed(self) -> Position:
        """Up to where everything is decided and can be read, transactions' marks included."""
        async with self._ask() as asker:
            found = await asker.end_offsets(list(self._places.values()))
        return Position({place.partition: end - 1 for place, end in found.items()})

    async def undecided(self, partition: int) -> int | None:
        """Up to where a partition is written, where something of that is not decided yet."""
        place = self._places[partition]
        decided = (await self.committed())[partition]
        with trouble(self._connection, self._topic):
            asker = await self.started(isolation_level="read_uncommitted")
            try:
                written = (await asker.end_offsets([place]))[place] - 1
            finally:
                await let_go(asker)
        return written if written > decided else None

    async def ends(self) -> Position:
        """The last event of each partition. What stands behind it are marks of transactions,
        which nobody gets to see: whoever waited to have read them would wait for ever."""
        found = Position()
        for partition, end in (await self.committed()).items():
            found[partition] = await self._last_event(partition, end)
        return found

    async def _last_event(self, partition: int, end: int) -> int:
        if end in (NONE, self._last.get(partition)):
            return end
        told, last = self._ends.get(partition, (NONE, NONE))
        if told != end:
            last = await self._search_back(partition, end)
            self._ends[partition] = end, last
        return last

    async def _search_back(self, partition: int, end: int) -> int:
        place = self._places[partition]
        async with self._ask() as asker:
            begin = (await asker.beginning_offsets([place]))[place]
            step = _FEW
            while True:
                first = max(begin, end + 1 - step)
                offsets = [one.offset async for one in self._stretch(asker, place, first, end)]
                if offsets:
                    return int(offsets[-1])
                if first == begin:
                    return NONE
                step *= 16

    async def messages(self, partition: int) -> AsyncIterator[Any]:
        """Everything of a partition that is committed now, from its beginning."""
        async for messages in self.batches(partition):
            for message in messages:
                yield message

    async def batches(
        self, partition: int, first: int = 0, last: int | None = None
    ) -> AsyncIterator[list[Any]]:
        """What is committed of a partition now, as it is fetched: from one offset up to another,
        where one is named."""
        place = self._places[partition]
        async with self._ask() as asker:
            begin = (await asker.beginning_offsets([place]))[place]
            end = (await asker.end_offsets([place]))[place] - 1
            last = end if last is None else min(last, end)
            async for messages in self._pieces(asker, place, max(first, begin), last):
                yield messages

    async def _stretch(
        self, consumer: Any, place: TopicPartition, first: int, last: int
    ) -> AsyncIterator[Any]:
        """The messages of one partition from one offset up to another."""
        async for messages in self._pieces(consumer, place, first, last):
            for message in messages:
                yield message

    async def _pieces(
        self, consumer: Any, place: TopicPartition, first: int, last: int
    ) -> AsyncIterator[list[Any]]:
        consumer.assign([place])
        consumer.seek(place, first)
        watch = Watch(self._patience)
        while (at := await consumer.position(place)) <= last:
            watch.look(at)
            for messages in (await consumer.getmany(timeout_ms=ASKED_MS)).values():
                if messages[-1].offset > last:
                    messages = [one for one in messages if one.offset <= last]  # noqa: PLW2901
                yield messages
        consumer.pause(place)

    @asynccontextmanager
    async def _ask(self) -> AsyncIterator[Any]:
        """A consumer for questions, one question at a time."""
        async with self._asking:
            with trouble(self._connection, self._topic):
                if self._asker is None:
                    self._asker = await self.started(fetch_max_wait_ms=ASKED_MS)
                try:
                    yield self._asker
                except BaseException:
                    asker, self._asker = self._asker, None
                    await let_go(asker)
                    raise

    async def started(self, **options: Any) -> Any:
        """A consumer of what is committed, of no group. Whoever has it stops it."""
        consumer = AIOKafkaConsumer(
            **{
                "isolation_level": "read_committed",
                "enable_auto_commit": False,
                "auto_offset_reset": "none",
                "max_partition_fetch_bytes": _FETCH_BYTES,
                **self._connection.options(),
                **options,
            }
        )
        try:
            async with asyncio.timeout(self._patience):
                await consumer.start()
        except BaseException:
            await let_go(consumer)
            raise
        return consumer

    # --- when it was taken in ----------------------------------------------------------------

    def time_of(self, message: Any) -> int:
        """The time that the log gave a message, in milliseconds."""
        if message.timestamp_type != _LOG_APPEND_TIME:
            raise StoreError(wrong_times(self._connection, self._topic))
        return int(message.timestamp)

    async def latest(self, partition: int, up_to: int, beyond: int) -> int:
        """The latest time up to an offset, if it is after `beyond`; else `beyond`.

        Brokers keep an index of times, so this is one question: the first message with a later
        time. Only where that stands in front, and a leader's clock was set back since, the
        messages from there on are read.
        """
        place = self._places[partition]
        async with self._ask() as asker:
            later = (await asker.offsets_for_times({place: beyond + 1}))[place]
            if later is None or later.offset > up_to:
                return beyond
            found = self._stretch(asker, place, later.offset, up_to)
            return max([beyond, *[self.time_of(one) async for one in found]])


class Watch:
    """Sees to it that reading gets on."""

    def __init__(self, patience: float) -> None:
        self._clock = asyncio.get_running_loop().time
        self._patience = patience
        self._at = NONE
        self._since = self._clock()

    def look(self, at: int) -> None:
        """Raises `TimeoutError` where it has been at the same place for too long."""
        if at != self._at:
            self._at, self._since = at, self._clock()
        elif self._clock() - self._since > self._patience:
            raise TimeoutError
