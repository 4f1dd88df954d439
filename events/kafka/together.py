"""Following partitions of a topic with one consumer, whoever joins and leaves: a request to a
broker costs about the same for one partition as for all."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from aiokafka.errors import OffsetOutOfRangeError

from events.errors import StoreError
from events.kafka.bounded import ended, let_go
from events.kafka.connection import Connection
from events.kafka.reading import Entry, Times, TopicReader
from events.kafka.trouble import said, trouble
from events.log import Position

_MOST: Final = 10_000
"""Messages of a partition that wait; more are not asked for."""
_LOOK_MS: Final = 200
"""So long one who joins may wait for an answer to the others."""
_FULL_S: Final = 0.02
_PACE_S: Final = 0.002
"""Answers are taken no sooner after each other: what comes in between is one answer."""
_GOODBYE_S: Final = 5.0


class _One:
    """Who follows a partition."""

    def __init__(self, after: int, times: Times) -> None:
        self.at = after
        """The last offset that was read."""
        self.times = times
        self.assigned = False
        """Whether it has its place in the consumer."""
        self._failed: BaseException | None = None
        self._waiting: list[Entry] = []
        self._some = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether too many wait already."""
        return len(self._waiting) >= _MOST

    def put(self, entries: Sequence[Entry]) -> None:
        """These are next."""
        self._waiting += entries
        self._some.set()

    def fail(self, error: BaseException) -> None:
        """Nothing more comes."""
        self._failed = error
        self._some.set()

    async def taken(self) -> list[Entry]:
        """What waits; at least one."""
        await self._some.wait()
        if self._failed is not None:
            raise self._failed
        found, self._waiting = self._waiting, []
        self._some.clear()
        return found


class Together(TopicReader):
    """Reads the topic for all who follow a partition of it. Close it where it was used."""

    def __init__(
        self, connection: Connection, topic: str, partitions: int, patience: float
    ) -> None:
        super().__init__(connection, topic, partitions, patience)
        self._everybody: dict[int, _One] = {}
        self._changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Let go of everything."""
        if self._reading is not None:
            await ended(self._reading, _GOODBYE_S)
        await super().close()

    async def follow(self, partition: int, after: int) -> AsyncGenerator[list[Entry], None]:
        """What stands in the partition behind an offset, and what comes, for ever; for one at a
        time. Raises `StoreError`."""
        one = _One(after, Times(self, Position({partition: after})))
        self._everybody[partition] = one
        self._changed.set()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        try:
            while True:
                yield await one.taken()
        finally:
            if self._everybody.get(partition) is one:
                del self._everybody[partition]
                self._changed.set()

    async def _read_all(self) -> None:
        try:
            with trouble(self._connection, self._topic):
                consumer = await self.started()
                try:
                    while True:
                        await self._read_some(consumer)
                finally:
                    await let_go(consumer)
        except BaseException as error:
            failed, self._everybody = self._everybody, {}
            for one in failed.values():
                one.fail(error)
            if not isinstance(error, Exception):
                raise

    async def _read_some(self, consumer: Any) -> None:
        if self._changed.is_set():
            self._changed.clear()
            await self._assign(consumer)
        there = self._everybody
        free = [self._places[number] for number, one in there.items() if not one.full]
        if not free:
            await (asyncio.sleep(_FULL_S) if there else self._changed.wait())
            return
        look = _LOOK_MS if len(free) == len(there) else _FULL_S * 1_000
        try:
            found = await consumer.getmany(*free, timeout_ms=look, max_records=_MOST)
        except OffsetOutOfRangeError as error:
            self._without(error)
            return
        began = asyncio.get_running_loop().time()
        for place, messages in found.items():
            one = there.get(place.partition)
            if one is not None and one.assigned:
                await one.times.begin(messages[0])
                one.at = messages[-1].offset
                one.put(self._entries(messages, one.times))
        self._same_partitions(consumer)
        await asyncio.sleep(max(0.0, began + _PACE_S - asyncio.get_running_loop().time()))

    def _without(self, error: OffsetOutOfRangeError) -> None:
        """The others read on."""
        for place in error.args[0]:
            one = self._everybody.pop(place.partition, None)
            if one is not None:
                one.fail(StoreError(said(self._connection, self._topic, error)))
        self._changed.set()

    async def _assign(self, consumer: Any) -> None:
        """Read on for each where it stands."""
        there = {self._places[number]: one for number, one in self._everybody.items()}
        begins = await consumer.beginning_offsets(list(there)) if there else {}
        for place, one in list(there.items()):
            try:
                begins[place] = self._behind(place, one.at, begins[place])
            except StoreError as error:
                one.fail(error)
                del there[place]
        consumer.assign(list(there))
        for place, one in there.items():
            consumer.seek(place, begins[place])
            one.assigned = True
