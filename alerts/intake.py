"""From the changes into the outbox: page by page, for those at the common cursor and for those
who began in the past and have yet to come to it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from alerts.matching import sends
from alerts.messages import Draft, data, draft
from alerts.quiet import passes
from alerts.source import ChangeSource
from alerts.store import AlertStore, Reader
from alerts.subscriptions import Subscription
from events.dates import Instant
from events.lists import Registry
from projections.rows import Told

PAGE: Final = 200
"""How many changes are read at once; between two pages whatever else waits has its turn."""
WAITING: Final = 1_000
"""How many messages one subscription's past may have in the outbox; the rest comes as they go."""


class Intake:
    """Reads the source and queues what subscriptions ask for. One at a time over a store: nobody
    else moves its cursor."""

    def __init__(
        self,
        store: AlertStore,
        source: ChangeSource,
        registry: Registry,
        clock: Callable[[], Instant],
    ) -> None:
        self._store = store
        self._source = source
        self._registry = registry
        self._clock = clock
        self.seen = -1
        """The source's position before the latest step: all up to it was looked at."""

    async def step(self) -> bool:
        """Take one page for everybody; whether there is more to take at once."""
        self.seen = self._source.position()
        readers = await self._store.aside(self._store.readers)
        living = [one for one in readers.values() if _told_at_once(one.subscription)]
        if not living:
            await self._skip()
            return False
        here = [one.subscription for one in living if one.behind is None]
        more = await self._common(here) if here else False
        for reader in living:
            if reader.behind is not None:
                more |= await self._catch_up(reader)
        return more

    async def _skip(self) -> None:
        """There is nobody to tell, and so nothing to read."""
        head = self._source.head()
        if await self._store.aside(lambda: self._store.cursor) < head:
            await self._store.aside(self._store.take, [], head, self._clock())

    async def _common(self, subscriptions: Sequence[Subscription]) -> bool:
        cursor = await self._store.aside(lambda: self._store.cursor)
        page = await self._source.changes(cursor, PAGE)
        if page:
            drafts = self._drafts(page, subscriptions)
            to = self._source.place(page[-1])
            await self._store.aside(self._store.take, drafts, to, self._clock())
        return len(page) == PAGE

    async def _catch_up(self, reader: Reader) -> bool:
        """One page of a subscription's past. Its end is the cursor, which stands still meanwhile;
        where the source itself is not there again yet, it is waited for."""
        store, me = self._store, reader.subscription
        cursor = await store.aside(lambda: store.cursor)
        if reader.behind is None or self.seen < cursor[0]:
            return False
        if await store.aside(store.outbox.pending, me.id, WAITING) >= WAITING:
            return False
        place = self._source.place
        page = () if reader.behind >= cursor else await self._source.changes(reader.behind, PAGE)
        past = [told for told in page if place(told) <= cursor]
        done = len(past) < PAGE
        drafts = self._drafts(past, [me])
        to = None if done else place(past[-1])
        await store.aside(store.catch_up, me.id, drafts, to, self._clock())
        return True

    def _drafts(self, page: Iterable[Told], subscriptions: Sequence[Subscription]) -> list[Draft]:
        found = []
        for told in page:
            about = self._source.who(told)
            wanting = [one for one in subscriptions if sends(one.request, one.start, told, about)]
            if wanting:
                body = data(told.change, self._registry)
                position = self._source.place(told)[0]
                found += [_draft(one, told, body, position) for one in wanting]
        return found


def _told_at_once(subscription: Subscription) -> bool:
    """Whether it is served here: what is disabled is not, nor are digests."""
    return subscription.disabled is None and subscription.request.cadence == "immediate"


def _draft(subscription: Subscription, told: Told, body: bytes, position: int) -> Draft:
    quiet = subscription.request.quiet
    urgent = quiet is not None and passes(quiet, told.change)
    return draft(subscription.id, told.change, body, position, urgent=urgent)
