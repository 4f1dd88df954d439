"""Reading a topic in batches: what is committed, each message with the time that the log gave it.

The consumers belong to no group: where a reader stands, it keeps itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from events.errors import Problem, StoreError
from events.kafka.binding import Unreadable, decode
from events.kafka.connection import Connection
from events.kafka.partitioner import partition_of
from events.kafka.topic import wrong_times
from events.kafka.trouble import trouble
from events.log import Position, Record
from events.vocabulary import CLOCK_SUBJECT

Entry = Record | Unreadable
"""A message of the topic, as it is to be read."""

_LOG_APPEND_TIME: Final = 1
_FETCH_BYTES: Final = 4 * 1024 * 1024
"""Of one partition in one answer."""
_LOOK_MS: Final = 1_000
"""How long to wait for messages before looking whether all is well."""
_ASKED_MS: Final = 20
"""Brokers answer the requests of a connection in turn: a question must not wait behind a fetch that
waits for messages to come."""
_FEW: Final = 16
"""Among so many messages at the end there mostly is an event."""
_NONE: Final = -1


class TopicReader:
    """Reads one topic that has so many partitions."""

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
            await asker.stop()

    def stands(self, partition: int, offset: int) -> None:
        """An event was written there, or read."""
        self._last[partition] = max(offset, self._last.get(partition, _NONE))

    # --- where it ends -----------------------------------------------------------------------

    async def committed(self) -> Position:
        """Up to where everything is decided and can be read, transactions' marks included."""
        async with self._ask() as asker:
            found = await asker.end_offsets(list(self._places.values()))
        return Position({place.partition: end - 1 for place, end in found.items()})

    async def ends(self) -> Position:
        """The last event of each partition. What stands behind it are marks of transactions,
        which nobody gets to see: whoever waited to have read them would wait for ever."""
        found = Position()
        for partition, end in (await self.committed()).items():
            found[partition] = await self._last_event(partition, end)
        return found

    async def _last_event(self, partition: int, end: int) -> int:
        if end in (_NONE, self._last.get(partition)):
            return end
        told, last = self._ends.get(partition, (_NONE, _NONE))
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
                    return _NONE
                step *= 16

    async def _stretch(
        self, consumer: Any, place: TopicPartition, first: int, last: int
    ) -> AsyncIterator[Any]:
        """The messages of one partition from one offset up to another."""
        consumer.assign([place])
        consumer.seek(place, first)
        watch = _Watch(self._patience)
        while (at := await consumer.position(place)) <= last:
            watch.look(at)
            for messages in (await consumer.getmany(timeout_ms=_ASKED_MS)).values():
                for message in messages:
                    if message.offset <= last:
                        yield message
        consumer.pause(place)

    @asynccontextmanager
    async def _ask(self) -> AsyncIterator[Any]:
        """A consumer for questions, one question at a time."""
        async with self._asking:
            with trouble(self._connection, self._topic):
                if self._asker is None:
                    self._asker = await self._started(fetch_max_wait_ms=_ASKED_MS)
                try:
                    yield self._asker
                except BaseException:
                    asker, self._asker = self._asker, None
                    await asker.stop()
                    raise

    async def _started(self, **options: Any) -> Any:
        consumer = AIOKafkaConsumer(
            **options,
            **self._connection.options(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        try:
            async with asyncio.timeout(self._patience):
                await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    # --- what stands there -------------------------------------------------------------------

    async def read(
        self, after: Position, to: Position | None, batch: int
    ) -> AsyncIterator[list[Entry]]:
        """What stands after one position, up to the other; without one, what comes, for ever."""
        with trouble(self._connection, self._topic):
            consumer = await self._started()
            try:
                goals = await self._goals(consumer, after, to)
                await self._seek(consumer, after, goals)
                times = _Times(self, after)
                watch = _Watch(self._patience)
                # Past marks of transactions, a consumer goes on silently: look often for the end.
                look = _LOOK_MS if to is None else _ASKED_MS
                while goals:
                    found = await consumer.getmany(timeout_ms=look, max_records=batch)
                    entries = [
                        await self._entry(message, times)
                        for messages in found.values()
                        for message in messages
                        if _within(goals, message)
                    ]
                    if entries:
                        yield entries
                    self._same_partitions(consumer)
                    if to is not None:
                        watch.look(await self._progress(consumer, goals))
            finally:
                await consumer.stop()

    async def _goals(
        self, consumer: Any, after: Position, to: Position | None
    ) -> dict[int, int | None]:
        """The partitions of which there is something to read, and up to which offset."""
        if to is None:
            return dict.fromkeys(self._places)
        ends = await consumer.end_offsets(list(self._places.values()))
        goals = {
            place.partition: min(to.get(place.partition, _NONE), end - 1)
            for place, end in ends.items()
        }
        return {one: goal for one, goal in goals.items() if goal > after.get(one, _NONE)}

    async def _seek(self, consumer: Any, after: Position, goals: Iterable[int]) -> None:
        places = [self._places[partition] for partition in goals]
        if not places:
            return
        begins = await consumer.beginning_offsets(places)
        consumer.assign(places)
        for place in places:
            seen = after.get(place.partition, _NONE)
            if _NONE < seen < begins[place] - 1:
                raise StoreError(
                    f"{self._topic} has lost what stood behind {place.partition}:{seen}; its "
                    f"first message is now {place.partition}:{begins[place]}"
                )
            consumer.seek(place, max(seen + 1, begins[place]))

    async def _progress(self, consumer: Any, goals: dict[int, int | None]) -> int:
        """Leave out the partitions that have been read; how far the others have come."""
        far = 0
        for partition, goal in list(goals.items()):
            place = self._places[partition]
            at = await consumer.position(place)
            far += at
            if goal is not None and at > goal:
                del goals[partition]
                consumer.pause(place)
        return far - len(goals)

    def _same_partitions(self, consumer: Any) -> None:
        known = consumer.partitions_for_topic(self._topic)
        if known and len(known) != len(self._places):
            raise StoreError(
                f"{self._topic} had {len(self._places)} partitions and has {len(known)}: subjects "
                "have moved, and their events are in two orders; export it and record it anew"
            )

    async def _entry(self, message: Any, times: "_Times") -> Entry:
        recorded = await times.of(message) * 1_000
        self.stands(message.partition, message.offset)
        event = decode(message.key, message.value, message.headers)
        if not isinstance(event, Problem):
            subject = event["subject"]
            home = partition_of(subject, len(self._places))
            if home == message.partition or subject == CLOCK_SUBJECT:
                return Record(message.offset, recorded, event, message.partition)
            event = Problem(
                "subject",
                f"the events of {subject!r} stand in partition {home}: a message's key is its "
                "subject, and its partition that of Kafka's default partitioner",
            )
        return Unreadable(
            message.offset,
            recorded,
            message.partition,
            event,
            message.key,
            message.value,
            message.headers,
        )

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


class _Times:
    """The running maximum of each partition, also for a reader that begins in its middle."""

    def __init__(self, reader: TopicReader, after: Position) -> None:
        self._reader = reader
        self._after = after
        self._latest: dict[int, int] = {}

    async def of(self, message: Any) -> int:
        """The time at which a message counts as taken in, in milliseconds."""
        partition = message.partition
        time = self._reader.time_of(message)
        latest = self._latest.get(partition, _NONE)
        if latest == _NONE and (seen := self._after.get(partition, _NONE)) > _NONE:
            # What stands before the reader's position may have been told a later time.
            latest = await self._reader.latest(partition, seen, time)
        self._latest[partition] = latest = max(time, latest)
        return latest


class _Watch:
    """Sees to it that reading gets on."""

    def __init__(self, patience: float) -> None:
        self._clock = asyncio.get_running_loop().time
        self._patience = patience
        self._at = _NONE
        self._since = self._clock()

    def look(self, at: int) -> None:
        """Raises `TimeoutError` where it has been at the same place for too long."""
        if at != self._at:
            self._at, self._since = at, self._clock()
        elif self._clock() - self._since > self._patience:
            raise TimeoutError


def _within(goals: dict[int, int | None], message: Any) -> bool:
    if message.partition not in goals:
        return False
    goal = goals[message.partition]
    return goal is None or message.offset <= goal
