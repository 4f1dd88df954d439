"""All changes again, of every partition of their topic: what digests are made of on Kafka."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from alerts.changes_topic import Stood, before, stood
from alerts.history import Item, Marks
from alerts.roll import Reader
from alerts.subscriptions import Start, Subscription
from events.kafka.tail import Tail

_CHUNK = 500


class AllPartitions:
    """See `History`. Marks are offsets. `begun` tells where a subscription begins, in all of
    them."""

    def __init__(self, tail: Tail, begun: Callable[[str], Start]) -> None:
        self._tail = tail
        self._begun = begun

    async def begin(self, reader: Reader) -> Marks:
        """See `History`."""
        start, ends = self._begun(reader.subscription.id), await self._tail.committed()
        found = {}
        for partition in ends:
            mine = start.within(partition).after if start.others else start.after
            found[str(partition)] = await before(self._tail, partition, mine)
        return found

    async def ends(self) -> Marks | None:
        """See `History`. What is told later of what was recorded by now, comes next time."""
        return {str(one): end for one, end in (await self._tail.committed()).items()}

    async def read(self, after: Marks, upto: Marks) -> AsyncIterator[Item]:
        """See `History`."""
        here = {int(one): after.get(one, -1) for one in upto}
        ahead: dict[int, deque[Stood]] = {one: deque() for one in here}
        while True:
            for partition, some in ahead.items():
                last = upto[str(partition)]
                if not some and here[partition] < last:
                    some.extend(await self._chunk(partition, here[partition] + 1, last))
                    here[partition] = some[-1].offset if len(some) == _CHUNK else last
            waiting = [(some[0].change.recorded, one) for one, some in ahead.items() if some]
            if not waiting:
                return
            _, partition = min(waiting)
            one = ahead[partition].popleft()
            yield Item(partition, one.offset, one, one.who, one.about)

    async def _chunk(self, partition: int, first: int, last: int) -> list[Stood]:
        found: list[Stood] = []
        async with aclosing(self._tail.stretch(partition, first, last)) as some:
            async for raw in some:
                found.append(stood(raw))
                if len(found) == _CHUNK:
                    break
        return found

    def lowest(self, some: list[Marks]) -> Marks:
        """See `History`."""
        partitions = {key for one in some for key in one}
        return {key: min(one.get(key, -1) for one in some) for key in partitions}

    def behind(self, item: Item, after: Marks) -> bool:
        """See `History`."""
        return bool(item.mark > after.get(str(item.partition), -1))

    def start(self, one: Subscription, item: Item) -> Start:
        """See `History`."""
        start = self._begun(one.id)
        return start.within(item.partition) if start.others else start
