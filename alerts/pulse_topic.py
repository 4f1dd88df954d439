"""How the way from the log to here is on Kafka: how far each partition was folded, and when the
sources of the lists were read last.

Those who fold have a record that time has passed written into each partition of the log at every
full hour, and publish that they have folded it. So where all is well each partition of the statuses
has something that was recorded in this hour.
"""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any, Final, NamedTuple

import orjson

from alerts.windows import HOUR
from events.dates import ALWAYS, SECOND, Instant, show, start
from events.errors import Problem
from events.kafka.binding import MALFORMED, decode
from events.kafka.tail import Raw, Tail
from events.lists import Registry
from events.log import Position
from events.vocabulary import CLOCK_SUBJECT, LIST_CHECKED
from projections import messages
from projections.coverage import coverage

_MOST: Final = 1_000
"""So many records that are not folded are counted; more are told of as so many."""
_LOOK_BACK: Final = 20_000
"""In so many records of each partition readings of lists are looked for when nothing is known; of
what was not read by then, nothing is told."""
_FEW: Final = 200
"""So many messages of the statuses are looked through at once, from the end."""
_AGAIN: Final[Instant] = 2 * SECOND
"""How soon it is looked again, whoever asks, where there was nothing to tell."""
_KEPT: Final = 20
"""Readings of each list."""
_LIST: Final = b"list:"
_NO_COMPANY: Final = (_LIST, CLOCK_SUBJECT.encode())


class _Published(NamedTuple):
    """Up to which record a partition was folded and published, and when that was recorded."""

    position: int
    recorded: Instant


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
        self._told: dict[Instant, Mapping[str, Any]] = {}
        self._again: Instant = ALWAYS

    async def beat(self, slot: Instant) -> Mapping[str, Any] | None:
        """See `Pulse`."""
        if slot not in self._told:
            if self._clock() < self._again:
                return None
            told = await self._tell(slot - slot % HOUR)
            if told is None:
                self._again = self._clock() + _AGAIN
                return None
            self._told = {slot: told}  # the others who ask are told the same
        return self._told[slot]

    async def _tell(self, since: Instant) -> Mapping[str, Any] | None:
        """Nothing, where of some partition nothing was published that was recorded since then."""
        partitions, canary = [], Position()
        ends = await self._events.committed()
        for partition, end in sorted(ends.items()):
            read, recorded = await self._published(partition)
            if recorded < since:
                return None
            canary[partition] = read
            behind = await self._behind(partition, read, end)
            partitions.append({"partition": partition, "end": end, "read": read, "behind": behind})
            await self._look(partition, end)
        now = self._clock()
        return {
            "canary": str(canary),
            "partitions": partitions,
            "lists": self._lists(now),
            "known_at": show(now),
        }

    async def _look(self, partition: int, end: int) -> None:
        """For readings of lists that are new."""
        first = self._read.get(partition, end - _LOOK_BACK) + 1
        if first <= end:
            async for some in self._events.batches(partition, max(first, 0), end):
                for one in some:
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

    async def _published(self, partition: int) -> _Published:
        """Tombstones of companies say nothing of it: it is looked for from the end."""
        last = (await self._status.committed())[partition]
        while last >= 0:
            first, found = max(last - _FEW, 0), None
            async for one in self._status.stretch(partition, first, last):
                found = _place(one) or found
            if found is not None:
                return found
            last = first - 1
        return _Published(-1, ALWAYS)

    async def _behind(self, partition: int, read: int, end: int) -> int:
        """How many records of companies are not folded; others have no status."""
        count = 0
        async with aclosing(self._events.stretch(partition, read + 1, end)) as found:
            async for one in found:
                count += not one.key.startswith(_NO_COMPANY)
                if count == _MOST:
                    break
        return count


def _place(one: Raw) -> _Published | None:
    headers = dict(one.headers)
    if messages.PLACE in headers:
        place = headers[messages.PLACE].decode()
    elif one.value is not None:
        place = orjson.loads(one.value)["position"]
    else:
        return None
    position = Position.parse(place, "position")[one.partition]
    return _Published(position, start(headers["ce_time"].decode()))
