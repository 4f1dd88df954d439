"""Wishes that a message be sent again, as a partition of the progress has them."""

from collections.abc import Callable

import orjson

from alerts.changes_topic import ChangesTopic
from alerts.ledger import Ledger
from alerts.messages import Draft, data, draft
from alerts.partition_store import PartitionStore
from alerts.progress import ASKED, Asked
from events.dates import Instant, start
from events.kafka.tail import Tail
from events.lists import Registry


class Wishes:
    """Has what is asked for wait to be sent; what cannot be sent any more is over."""

    def __init__(
        self,
        store: PartitionStore,
        ledger: Ledger,
        source: ChangesTopic,
        registry: Registry,
        clock: Callable[[], Instant],
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._source = source
        self._registry = registry
        self._clock = clock

    async def resume(self) -> None:
        """Those that an earlier worker left."""
        for asked in list(self._ledger.progress.asked.values()):
            await self._again(asked)

    async def follow(self, tail: Tail, wake: Callable[[], None]) -> None:
        """Those that come, for ever."""
        progress = self._ledger.progress
        while True:
            for one in await tail.more():
                if one.kind == ASKED:
                    progress.take(one.key.decode(), one.kind, one.value)
                    if (asked := progress.asked.get(one.key.decode())) is not None:
                        await self._again(asked)
                    wake()

    async def _again(self, asked: Asked) -> None:
        store, now = self._store, self._clock()
        kept = self._ledger.roster.kept.get(asked.subscription)
        if kept is None or kept.subscription.disabled is not None:
            await self._drop(asked)
        elif await store.aside(store.holds, asked.delivery):
            await store.aside(store.redeliver, asked.delivery, now)
        elif (again := await self._sent(asked)) is None:
            await self._drop(asked)
        else:
            await store.aside(store.again, again, asked.n, asked.attempts, now)

    async def _sent(self, asked: Asked) -> Draft | None:
        """The message as it was; None where that is not known any more."""
        if asked.message is not None:
            said = orjson.loads(asked.message)
            about = (asked.change, said["type"], start(said["timestamp"]))
            return Draft(asked.subscription, asked.company, *about, orjson.dumps(said["data"]))
        stood = await self._source.at(asked.offset)
        if stood is None or stood.change.id != asked.change:
            return None
        body = data(stood.change, self._registry, stood.about)
        return draft(asked.subscription, stood.change, body, asked.offset)

    async def _drop(self, asked: Asked) -> None:
        async with self._ledger.ending() as keys:
            keys.append(asked.delivery)
