"""How the way from the log to here is on Kafka: how far each partition was folded and told."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

import orjson

from events.dates import Instant, show
from events.kafka.tail import Tail
from events.log import Position
from events.vocabulary import CLOCK_SUBJECT

_MOST: Final = 1_000
"""So many records that are not folded are counted; more are told of as so many."""
_NO_COMPANY: Final = (b"list:", CLOCK_SUBJECT.encode())


class TopicPulse:
    """See `Pulse`. What is told comes from the topics themselves: where the log ends, and up to
    which record the statuses were published. The tails are on the events and the statuses."""

    def __init__(self, events: Tail, status: Tail, clock: Callable[[], Instant]) -> None:
        self._events = events
        self._status = status
        self._clock = clock

    async def beat(self, slot: Instant) -> Mapping[str, Any] | None:  # noqa: ARG002 - as it is now
        """See `Pulse`."""
        partitions = []
        for partition, end in sorted((await self._events.committed()).items()):
            read = await self._folded(partition)
            behind = await self._behind(partition, read, end)
            partitions.append({"partition": partition, "end": end, "read": read, "behind": behind})
        told = show(self._clock())
        return {"canary": None, "partitions": partitions, "lists": None, "known_at": told}

    async def _folded(self, partition: int) -> int:
        last = await self._status.last(partition)
        if last is None or last.value is None:
            return -1
        return Position.parse(orjson.loads(last.value)["position"], "position")[partition]

    async def _behind(self, partition: int, read: int, end: int) -> int:
        """How many records of companies are not folded; others have no status."""
        count = 0
        async with aclosing(self._events.stretch(partition, read + 1, end)) as found:
            async for one in found:
                count += not one.key.startswith(_NO_COMPANY)
                if count == _MOST:
                    break
        return count
