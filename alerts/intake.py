"""From the changes into the outbox: page by page, for those at the common cursor and for those
who began in the past and have yet to come to it."""

from collections.abc import Callable, Sequence
from typing import Final

from alerts.matching import Who, sends
from alerts.messages import Draft, data, draft
from alerts.places import Place
from alerts.quiet import passes
from alerts.roll import Reader
from alerts.source import ChangeSource
from alerts.store import Ahead, AlertStore, Wanted
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
        self.lagging = False
        """Whether somebody's past waits for room in the outbox, or was not all taken."""
        self._cursor: Place | None = None
        """Where it is, as far as that is known: what stands there is read ahead."""

    async def step(self) -> bool:
        """Take one page for everybody; whether there is more to take at once."""
        store, source = self._store, self._source
        self.seen = source.position()
        page = [] if self._cursor is None else await source.changes(self._cursor, PAGE)
        ahead, wanted = await store.aside(store.look, self._about(page))
        if not ahead.anybody:
            await self._skip(ahead.cursor)
            return False
        lagging = await self._arrived(ahead)
        if ahead.cursor != self._cursor or len(lagging) < len(ahead.latecomers):
            page = await source.changes(ahead.cursor, PAGE)
            wanted = await store.aside(store.wanted, self._about(page))
        await self._take(page, wanted, ahead.cursor)
        more = len(page) == PAGE
        for reader in lagging:
            more |= await self._catch_up(reader)
        self.lagging = bool(lagging)
        return more

    def _about(self, page: Sequence[Told]) -> list[tuple[Told, Who]]:
        return [(told, self._source.who(told)) for told in page]

    async def _arrived(self, ahead: Ahead) -> Sequence[Reader]:
        """Without those who are there already, as most are who begin now."""
        lagging, cursor = ahead.latecomers, ahead.cursor
        if not lagging or self.seen < cursor[0]:
            return ()
        there = [one for one in lagging if one.behind is not None and one.behind >= cursor]
        if there:
            await self._store.aside(self._store.arrived, [one.subscription.id for one in there])
        return [one for one in lagging if one.behind is not None and one.behind < cursor]

    async def _skip(self, cursor: Place) -> None:
        """There is nobody to tell, and so nothing to read."""
        self.lagging, self._cursor = False, None
        head = self._source.head()
        if cursor < head:
            await self._store.aside(self._store.take, [], head, self._clock())

    async def _take(self, page: Sequence[Told], wanted: Wanted, cursor: Place) -> None:
        self._cursor = self._source.place(page[-1]) if page else cursor
        if page:
            drafts = self._drafts(page, wanted)
            await self._store.aside(self._store.take, drafts, self._cursor, self._clock())

    async def _catch_up(self, reader: Reader) -> bool:
        """One page of a subscription's past. Its end is the cursor, which stands still meanwhile;
        where the source itself is not there again yet, it is waited for."""
        store, me = self._store, reader.subscription
        cursor = await store.aside(lambda: store.cursor)
        if reader.behind is None:
            return False
        if await store.aside(store.outbox.pending, me.id, WAITING) >= WAITING:
            return False
        place, who = self._source.place, self._source.who
        page = await self._source.changes(reader.behind, PAGE)
        past = [told for told in page if place(told) <= cursor]
        done = len(past) < PAGE
        mine = [told for told in past if sends(me.request, me.start, told, who(told))]
        quiet = me.request.quiet
        wanted = Wanted([[me.id]] * len(mine), {} if quiet is None else {me.id: quiet})
        drafts = self._drafts(mine, wanted)
        to = None if done else place(past[-1])
        await store.aside(store.catch_up, me.id, drafts, to, self._clock(), reader.behind)
        return True

    def _drafts(self, page: Sequence[Told], wanted: Wanted) -> list[Draft]:
        found = []
        for told, idents in zip(page, wanted.by, strict=True):
            if idents:
                body = data(told.change, self._registry, self._source.about(told))
                position = self._source.place(told)[0]
                for one in idents:
                    quiet = wanted.quiets.get(one)
                    urgent = quiet is not None and passes(quiet, told.change)
                    found.append(draft(one, told.change, body, position, urgent=urgent))
        return found
