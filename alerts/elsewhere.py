"""Whether a receiver takes what the workers of other partitions send to it: it fails as one."""

from collections.abc import Callable, Collection
from typing import Final

import orjson

from alerts.progress import QUEUE
from alerts.windows import HOUR
from events.dates import ALWAYS, Instant, start
from events.kafka.tail import Tail

_AGAIN: Final[Instant] = HOUR
"""How soon it is looked again."""


class Elsewhere:
    """Looks it up in the other partitions of the progress, all of which is read for that: ask only
    of those who took nothing here for long."""

    def __init__(self, tail: Tail, partition: int, clock: Callable[[], Instant]) -> None:
        self._tail = tail
        self._partition = partition
        self._clock = clock
        self._known: dict[str, tuple[Instant, Instant]] = {}
        """By subscription, when it was looked, and when something was taken by then."""

    async def taken(self, subscriptions: Collection[str]) -> dict[str, Instant]:
        """When each of them last took something there; those that did not are left out."""
        now = self._clock()
        asked = [one for one in subscriptions if not self._fresh(one, now)]
        if asked:
            latest = dict.fromkeys(asked, ALWAYS)
            for partition, end in (await self._tail.committed()).items():
                if partition != self._partition:
                    await self._look(latest, partition, end)
            self._known |= {one: (now, at) for one, at in latest.items()}
        found = {one: self._known[one][1] for one in subscriptions}
        return {one: at for one, at in found.items() if at > ALWAYS}

    def _fresh(self, subscription: str, now: Instant) -> bool:
        looked, _ = self._known.get(subscription, (ALWAYS, ALWAYS))
        return now < looked + _AGAIN

    async def _look(self, latest: dict[str, Instant], partition: int, end: int) -> None:
        async for one in self._tail.stretch(partition, 0, end):
            subscription = one.key.decode().partition("/")[0]
            if subscription in latest and one.kind == QUEUE and one.value is not None:
                at = orjson.loads(one.value).get("delivered")
                if at is not None:
                    latest[subscription] = max(latest[subscription], start(at))
