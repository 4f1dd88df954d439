"""How the way from the log to here is on Kafka: how far each partition was folded, and when the
sources of the lists were read last."""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, Final

import orjson

from events.dates import Instant, show
from events.errors import Problem
from events.kafka.binding import MALFORMED, decode
from events.kafka.tail import Tail
from events.lists import Registry
from events.log import Position
from events.vocabulary import CLOCK_SUBJECT, LIST_CHECKED
from projections.coverage import coverage

_MOST: Final = 1_000
"""So many records that are not folded are counted; more are told of as so many."""
_LOOK_BACK: Final = 20_000
"""In so many records of each partition readings of lists are looked for when nothing is known; of
what was not read by then, nothing is told."""
_KEPT: Final = 20
"""Readings of each list."""
_LIST: Final = b"list:"
_NO_COMPANY: Final = (_LIST, CLOCK_SUBJECT.encode())


class TopicPulse:
    """See `Pulse`. What is told comes from the topics themselves: where the log ends, and up to
    which record the statuses were published. The tails are on the events and the statuses."""

    def __init__(
        self, events: Tail, status: Tail, registry: Registry, clock: Callable[[], Instant]
    ) -> None:
        self._events = events
        self._status = status
        self._registry = registry
        self._clock = clock
        self._read: dict[int, int] = {}
        self._checks: dict[str, deque[Mapping[str, Any]]] = {}

    async def beat(self, slot: Instant) -> Mapping[str, Any] | None:  # noqa: ARG002 - as it is now
        """See `Pulse`."""
        partitions = []
        ends = await self._events.committed()
        for partition, end in sorted(ends.items()):
            read = await self._folded(partition)
            behind = await self._behind(partition, read, end)
            partitions.append({"partition": partition, "end": end, "read": read, "behind": behind})
            await self._look(partition, end)
        now = self._clock()
        return {
            "canary": None,
            "partitions": partitions,
            "lists": self._lists(now),
            "known_at": show(now),
        }

    async def _look(self, partition: int, end: int) -> None:
        """For readings of lists that are new."""
        first = self._read.get(partition, end - _LOOK_BACK) + 1
        if first <= end:
            async for messages in self._events.batches(partition, max(first, 0), end):
                for one in messages:
                    if (one.key or b"").startswith(_LIST):
                        self._check(decode(one.key, one.value, one.headers))
        self._read[partition] = end

    def _check(self, event: dict[str, Any] | Problem) -> None:
        if isinstance(event, Problem) or event["type"] != LIST_CHECKED:
            return
        of = event["subject"].removeprefix(_LIST.decode())
        info = self._registry.find(of)
        with suppress(*MALFORMED):  # of what cannot be read, nothing is told
            if info is not None:
                coverage([event["data"]]).holds(0, info)
                self._checks.setdefault(of, deque(maxlen=_KEPT)).append(event["data"])

    def _lists(self, now: Instant) -> list[dict[str, Any]]:
        found = []
        for list_id, checks in sorted(self._checks.items()):
            known = coverage(checks)
            stale = not known.holds(now, self._registry[list_id])
            found.append({"list": list_id, "checked": known.checked, "stale": stale})
        return found

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
