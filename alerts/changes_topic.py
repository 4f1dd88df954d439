"""The changes of one partition as their topic has them: a source that alerts read."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import Any, Final

import orjson

from alerts.matching import Who
from alerts.messages import UNKNOWN, About
from alerts.places import Place, behind
from events.dates import NEVER
from events.kafka.tail import Raw, Tail
from projections.restoring import restored
from projections.rows import Told

MOST: Final = 5_000
"""How many changes are held at most, of those that came last or are still to be looked at."""
KEPT: Final = 1_000
"""How many of those that everybody has looked at."""
_CHUNK: Final = 2_000
_CHUNKS: Final = 8
"""Of so many readers of the past, what was read ahead is held."""

Since = tuple[int, int]
"""The position of the record on reading which something was told, and after how many revisions of
the rules there. It never falls along the topic."""


@dataclass(frozen=True, slots=True)
class Stood(Told):
    """A change, where it stands in the topic, and its company as it was known when it was told."""

    offset: int
    who: Who
    about: About = UNKNOWN


def stood(raw: Raw) -> Stood:
    """A message of the topic."""
    said = orjson.loads(raw.value or b"")
    told = restored(said)
    about = About(said.get("name"), tuple(said.get("causes", ())))
    return Stood(told.position, told.change, raw.offset, _who(said), about)


def told_who(raw: Raw) -> Who:
    """Of whom a message tells, as was known then."""
    return _who(orjson.loads(raw.value or b""))


def _who(said: Mapping[str, Any]) -> Who:
    return Who(said["country"], frozenset(said["former_ids"]))


class ChangesTopic:
    """See `ChangeSource`. The order is that of the topic, and places are offsets in it. `begin`,
    and `run` as a task."""

    def __init__(self, tail: Tail, partition: int) -> None:
        self._tail = tail
        self._partition = partition
        self._window: deque[Stood] = deque()
        self._dropped = -1
        self._seen = -1
        self._used = -1
        self._latest: Since = (-1, 0)
        self._chunks: OrderedDict[int, list[Stood]] = OrderedDict()
        self._moved = asyncio.Condition()

    async def begin(self, after: int | None) -> int:
        """Have what stands behind an offset, or behind all that there is; that offset."""
        last = await self._tail.last(self._partition)
        if last is not None:
            self._latest = since(stood(last))
        if after is None:
            after = -1 if last is None else last.offset
        self._dropped = self._seen = self._used = after
        await self._tail.begin({self._partition: after}, [self._partition])
        return after

    async def run(self) -> None:
        """Take in what comes, as far as there is room."""
        while True:
            async with self._moved:
                await self._moved.wait_for(self._room)
            if found := await self._tail.more(MOST - KEPT):
                self._window.extend(map(stood, found))
                self._seen = found[-1].offset
                self._latest = max(self._latest, since(self._window[-1]))
                async with self._moved:
                    self._moved.notify_all()

    def _room(self) -> bool:
        while len(self._window) > KEPT and self._window[0].offset <= self._used:
            self._dropped = self._window.popleft().offset
        return len(self._window) <= MOST

    async def changes(self, after: Place, limit: int) -> Sequence[Told]:
        """See `ChangeSource`."""
        if after[0] < self._dropped:
            return await self._past(after[0], limit)
        if after[0] > self._used:
            self._used = after[0]
            async with self._moved:
                self._moved.notify_all()
        behind_it = dropwhile(lambda one: one.offset <= after[0], self._window)
        return list(islice(behind_it, limit))

    def place(self, told: Told) -> Place:
        """See `ChangeSource`."""
        return behind(_of(told).offset)

    def position(self) -> int:
        """See `ChangeSource`."""
        return self._seen

    def head(self) -> Place:
        """See `ChangeSource`. Nobody needs what stands before it."""
        self._used = self._seen
        return behind(self._seen)

    def who(self, told: Told) -> Who:
        """See `ChangeSource`. The company is told of as it was known when the change was told, so
        that whoever matches it again comes to the same."""
        return _of(told).who

    def about(self, told: Told) -> About:
        """See `ChangeSource`. As it was known then, too."""
        return _of(told).about

    async def beyond(self, position: int) -> None:
        """See `ChangeSource`."""
        async with self._moved:
            self._moved.notify_all()  # there may be room again
            await self._moved.wait_for(lambda: self._seen > position)

    async def at(self, offset: int) -> Stood | None:
        """The change at an offset."""
        async for raw in self._tail.stretch(self._partition, offset, offset):
            return stood(raw)
        return None

    async def before(self, start: Place) -> int | None:
        """An offset up to which nothing stands that is behind a place in the log; None where that
        is all there is."""
        if self._latest <= _since(start):
            return None
        return await before(self._tail, self._partition, start)

    async def _past(self, after: int, limit: int) -> Sequence[Told]:
        """A page of what is not held any more."""
        ahead = self._chunks.pop(after, [])
        while len(ahead) < limit and (
            more := await self._chunk(ahead[-1].offset if ahead else after)
        ):
            ahead += more
        page, ahead = ahead[:limit], ahead[limit:]
        if ahead:
            self._chunks[page[-1].offset] = ahead
            while len(self._chunks) > _CHUNKS:
                self._chunks.popitem(last=False)
        return page

    async def _chunk(self, after: int) -> list[Stood]:
        found: list[Stood] = []
        async with aclosing(self._tail.stretch(self._partition, after + 1, self._seen)) as some:
            async for raw in some:
                found.append(stood(raw))
                if len(found) == _CHUNK:
                    break
        return found


def _of(told: Told) -> Stood:
    if not isinstance(told, Stood):
        raise TypeError(f"not of this source: {told}")
    return told


def since(one: Stood) -> Since:
    """When in the log it was told."""
    return (one.position, max(one.change.moment - NEVER, 0))


async def before(tail: Tail, partition: int, start: Place) -> int:
    """An offset in a partition of the changes up to which nothing stands that is behind a place in
    the log."""
    wanted, last = _since(start), await tail.last(partition)
    low, high = -1, -1 if last is None else last.offset
    while high - low > 1:
        middle = (low + high) // 2
        found = await _first(tail, partition, middle, high)
        if found is None or since(found) > wanted:
            high = middle
        else:
            low = found.offset
    return low


async def _first(tail: Tail, partition: int, first: int, last: int) -> Stood | None:
    async with aclosing(tail.stretch(partition, first, last)) as found:
        async for raw in found:
            return stood(raw)
    return None


def _since(start: Place) -> Since:
    return (start[0], max(start[1] - NEVER, 0))
