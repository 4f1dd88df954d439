"""The changes on Kafka, kept here as the projection workers told them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from events.kafka.connection import Connection
from events.kafka.log import PATIENCE_S
from events.kafka.tail import Raw, Tail
from events.kafka.topics import CHANGES
from projections.held import Held
from projections.restoring import read_change
from projections.rows import Told

_BATCH: Final = 10_000
_MALFORMED: Final = (AttributeError, KeyError, TypeError, ValueError)

_log = logging.getLogger("standing.replica")


class Hearing:
    """Keeps the changes of partitions that are held for writing. `apart` does work in the thread
    that may write."""

    def __init__(
        self,
        connection: Connection,
        held: Sequence[Held],
        apart: Callable[..., Awaitable[Any]],
    ) -> None:
        self._connection = connection
        self._held = held
        self._apart = apart
        self.unreadable = 0
        """Messages since the start that are no change."""
        self.heard = 0
        """How many times changes were taken in since the start."""
        self._grown = asyncio.Condition()

    async def beyond(self, heard: int) -> None:
        """Wait until there are more of these times than that."""
        async with self._grown:
            await self._grown.wait_for(lambda: self.heard > heard)

    async def to_end(self) -> None:
        """Take what was told by now. Raises `StoreError`."""
        async with self._tail() as tail:
            await self._catch_up(tail)

    async def follow(self) -> None:
        """Take what is told, for ever. Raises `StoreError`."""
        async with self._tail() as tail:
            await self._catch_up(tail)
            while True:
                await self._take(await tail.more(_BATCH))

    def _tail(self) -> Tail:
        return Tail(self._connection, CHANGES.name, len(self._held), PATIENCE_S)

    async def _catch_up(self, tail: Tail) -> None:
        await tail.begin({one.partition: one.heard for one in self._held})
        async for found in tail.to_end():
            await self._take(found)

    async def _take(self, found: Sequence[Raw]) -> None:
        by_partition: dict[int, list[Raw]] = {}
        for one in found:
            by_partition.setdefault(one.partition, []).append(one)
        for partition, some in by_partition.items():
            told = list(self._told(some))
            await self._apart(self._held[partition].hear, told, some[-1].offset)
        async with self._grown:
            self.heard += 1
            self._grown.notify_all()

    def _told(self, messages: Sequence[Raw]) -> Iterator[Told]:
        for one in messages:
            try:
                yield read_change(one.value or b"")
            except _MALFORMED as error:
                self.unreadable += 1
                place = f"{CHANGES.name} {one.partition}:{one.offset}"
                _log.warning("%s: no change: %r", place, error)
