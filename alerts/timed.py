"""What time brings, and no change: digests, reminders, heartbeats.

Nothing is set by a clock that could be missed: at every step the state is asked what is due by now.
What is made is queued in the commit that remembers that it was, under an id that follows from what
it is about, so that it is made once, whoever makes it and however often it is begun.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple

from alerts import digest, heartbeat, reminders
from alerts.digest import Basket
from alerts.flips import Coming, Flips
from alerts.heartbeat import Pulse
from alerts.history import History, Marks
from alerts.matching import sends
from alerts.memory import BEATS, DIGESTS, Made, State
from alerts.roll import Reader
from alerts.store import AlertStore
from alerts.subscriptions import Subscription
from alerts.timing import span
from alerts.windows import Cadence, Digest, closed, closes
from events.dates import ALWAYS, DAY, NEVER, SECOND, Instant, show, start
from events.lists import Registry

AGAIN: Final[Instant] = 5 * SECOND
"""How soon it is looked again whether what a digest or heartbeat waits for is there, at the
latest."""
LOOK: Final[Instant] = 60 * SECOND
"""How soon flips are looked for again, where some may have become known, moved or been called
off."""
LONGEST: Final[Instant] = DAY
"""How far ahead of what is asked for they are looked for, and how soon again at the latest."""

Keep = Callable[[Sequence[Made], Instant], Awaitable[None]]
_DIGEST: Final = Digest()


class Sources(NamedTuple):
    """What it is made of."""

    history: History
    flips: Flips
    pulse: Pulse


class _Open(NamedTuple):
    """A subscription of which windows have closed."""

    one: Subscription
    begins: Instant
    since: Instant | None
    """As its window says it; None: from the beginning."""
    marks: Marks
    basket: Basket
    reached: dict[str, object]
    """Up to where it was read, once the basket is full."""


class Timed:
    """Over one store, by the loop that has it, between its other steps.

    `at_home` says of a subscription whether its digests and heartbeats are made here; `keep` queues
    what is made. `due` is when the next step has something to do; `ring` is told of it, and wakes
    the loop then; without, the loop waits for it itself.
    """

    def __init__(
        self,
        store: AlertStore,
        registry: Registry,
        clock: Callable[[], Instant],
        sources: Sources,
        *,
        at_home: Callable[[str], bool] = lambda _: True,
        keep: Keep | None = None,
        ring: Callable[[Instant], None] | None = None,
    ) -> None:
        self.due: Instant = ALWAYS
        self._store = store
        self._registry = registry
        self._clock = clock
        self._sources = sources
        self._at_home = at_home
        self._keep = keep or self._queue
        self._ring = ring
        self._asking: list[Reader] = []
        self._readers: object = None
        self._reminding = False
        self._waits = False
        self._look: Instant = ALWAYS
        self._looked: Instant = ALWAYS
        self._version = -1

    async def step(self) -> bool:
        """Queue what is due; whether there is more to do at once."""
        now, readers = self._clock(), await self._store.aside(self._store.asking)
        if readers is not self._readers:
            self._readers, self.due, self._look = readers, ALWAYS, ALWAYS
            self._asking = readers
            self._reminding = any(one.subscription.request.remind for one in self._asking)
        if not self._asking:
            self.due = NEVER
        if now < self.due and not self._waits and not self._moved():
            return False
        self.due, self._waits = NEVER, False
        made = [*await self._remind(now), *await self._beat(now), *await self._digest(now)]
        if made:
            await self._keep(made, now)
        if self._waits:
            self._at(now + AGAIN)
        more = any(one.company == DIGESTS for one in made)
        if more:  # there may be a further window
            self.due = ALWAYS
        elif self._ring is not None and self.due < NEVER:
            self._ring(self.due)
        return more

    def _moved(self) -> bool:
        """Whether there are flips that nobody looked at, and nobody is to look at soon."""
        return (
            self._reminding
            and self._look > self._looked + LOOK
            and self._sources.flips.version() != self._version
        )

    @property
    def wakes(self) -> Instant:
        """Until when the loop may wait."""
        return self.due if self._ring is None else NEVER

    async def _queue(self, made: Sequence[Made], now: Instant) -> None:
        await self._store.aside(self._store.make, made, now)

    def _at(self, due: Instant) -> None:
        self.due = min(self.due, due)

    async def _state(self, subscription: str, company: str) -> State:
        return await self._store.aside(self._store.memory.get, subscription, company)

    # --- digests ----------------------------------------------------------------------------------

    async def _digest(self, now: Instant) -> list[Made]:
        """Of each subscription the earliest window that has anything."""
        found = [
            one
            for reader in self._asking
            if reader.subscription.request.cadence != "immediate"
            and self._at_home(reader.subscription.id)
            and (one := await self._opened(reader, now)) is not None
        ]
        if not found:
            return []
        upto = await self._sources.history.ends()
        if upto is None:
            self._waits = True
            return []
        await self._fill(found, upto)
        return [self._told(one, upto) for one in found]

    async def _opened(self, reader: Reader, now: Instant) -> _Open | None:
        one, request = reader.subscription, reader.subscription.request
        state = await self._state(one.id, DIGESTS)
        begins = start(state["to"]) if state else one.created
        if begins > request.until:
            return None
        cadence, asked = _cadence(request.cadence), request.digest or _DIGEST
        ends = closed(cadence, asked, begins, now)
        if not ends:
            self._at(closes(cadence, asked, now))
            return None
        marks = state["marks"] if state else await self._sources.history.begin(reader)
        since = begins if state or request.start == "now" else None
        return _Open(one, begins, since, marks, Basket(ends), {})

    async def _fill(self, found: Sequence[_Open], upto: Marks) -> None:
        """Read once for all of them."""
        history = self._sources.history
        lowest = history.lowest([one.marks for one in found])
        async for item in history.read(lowest, upto):
            for one in found:
                if one.basket.full or not history.behind(item, one.marks):
                    continue
                begins = history.start(one.one, item)
                if not sends(one.one.request, begins, item.told, item.who) or one.basket.put(
                    item.partition, item.told, self._registry, item.about
                ):
                    one.reached[str(item.partition)] = item.mark
            if all(one.basket.full for one in found):
                return

    def _told(self, found: _Open, upto: Marks) -> Made:
        one, basket, ends = found.one, found.basket, found.basket.ends
        marks = {**found.marks, **found.reached} if basket.full else dict(upto)
        to = basket.window
        state = {"to": show(to), "marks": marks}
        asked = one.request.digest or _DIGEST
        if basket.to is None and not asked.empty:
            return Made(one.id, DIGESTS, state)
        since = max((end for end in ends if end < to), default=None)
        begins = found.since if since is None else since
        late = to < ends[-1]
        return Made(one.id, DIGESTS, state, digest.made(one.id, basket, begins, late))

    # --- reminders --------------------------------------------------------------------------------

    async def _remind(self, now: Instant) -> list[Made]:
        """Of every flip that is near enough, to those who asked."""
        asking = [
            one.subscription
            for one in self._asking
            if one.subscription.request.remind and one.subscription.request.until >= now
        ]
        if not asking:
            return []
        version = self._sources.flips.version()
        if version != self._version:
            self._look = min(self._look, self._looked + LOOK)
        if now < self._look:
            self._at(self._look)
            return []
        longest = max(span(text) or 0 for one in asking for text in one.request.remind)
        coming = await self._sources.flips.coming(now, now + longest + 2 * LONGEST)
        if coming is None:
            self._waits = True
            return []
        self._version, self._looked, self._look = version, now, now + LONGEST
        states: dict[tuple[str, str], State] = {}
        found: dict[tuple[str, str, str], Made] = {}
        for flip in sorted(coming, key=lambda one: (one.at, one.company, one.list)):
            for one in asking:
                made = await self._reminded(one, flip, now, states)
                if made is not None and made.draft is not None:
                    states[one.id, flip.company] = made.state
                    found[one.id, flip.company, made.draft.id] = made
        self._at(self._look)
        return list(found.values())

    async def _reminded(
        self, one: Subscription, flip: Coming, now: Instant, states: dict[tuple[str, str], State]
    ) -> Made | None:
        text, later = reminders.due(one.request.remind, flip, now)
        self._look = min(self._look, later)
        if text is None or not reminders.wanted(one.request, flip):
            return None
        if (one.id, flip.company) not in states:
            states[one.id, flip.company] = await self._state(one.id, flip.company)
        state = states[one.id, flip.company]
        return reminders.made(one, reminders.Due(flip, text), state, now, self._registry)

    # --- heartbeats -------------------------------------------------------------------------------

    async def _beat(self, now: Instant) -> list[Made]:
        """One for the latest moment at which it was due; one that still waits is enough."""
        found = []
        for one in self._beating():
            every = span(one.request.heartbeat or "") or NEVER
            slot = heartbeat.slot(every, now)
            self._at(slot + every)
            state = await self._state(one.id, BEATS)
            last = start(state["beat"]) if state else one.created
            if slot <= last or slot > one.request.until:
                continue
            told = await self._sources.pulse.beat(slot)
            if told is None:
                self._waits = True
                continue
            waits = await self._store.aside(self._store.outbox.waits, one.id, BEATS)
            text = one.request.heartbeat or ""
            draft = None if waits else heartbeat.made(one.id, text, slot, told)
            found.append(Made(one.id, BEATS, {"beat": show(slot)}, draft))
        return found

    def _beating(self) -> Iterable[Subscription]:
        for reader in self._asking:
            one = reader.subscription
            if one.request.heartbeat and self._at_home(one.id):
                yield one


def _cadence(text: str) -> Cadence:
    found: Cadence = "hourly" if text == "hourly" else "weekly" if text == "weekly" else "daily"
    return found
