"""The alert loop: follows the changes, queues what was asked for, and delivers it.

In order per subscription and company, at least once; across those nothing waits for anything else.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

from alerts.channel import Channel, Outcome, Parcel, Target
from alerts.intake import Intake
from alerts.outbox import Ended, Waiting
from alerts.retry import judge
from alerts.source import ChangeSource
from alerts.store import AlertStore
from alerts.timed import Timed
from events.aside import finished
from events.dates import NEVER, SECOND, Instant
from events.lists import Registry

Clock = Callable[[], Instant]
Until = Callable[[Instant], Awaitable[None]]
"""Waits until the clock has come to an instant."""

AT_ONCE: Final = 256
"""How many attempts are under way at most, over all subscriptions."""
EACH: Final = 4
"""How many of them to one subscription's endpoint; one, once it has failed `STREAK` times in a
row, so that endpoints that hang leave room for the others."""
STREAK: Final = 8
AHEAD: Final = 8
"""While it is being kept what became of attempts, so many times as many may be sent."""

_Queue = tuple[str, str]
"""Of a subscription, about a company."""


class _Flight(NamedTuple):
    waiting: Waiting
    at: Instant

    @property
    def queue(self) -> _Queue:
        return self.waiting.subscription, self.waiting.company


class AlertLoop:
    """One loop over one store; run it as a task and cancel it to stop.

    `channels` are by the `type` of a subscription's channel; closing them is the caller's.
    `clock` is now, `until` waits for the instant of a retry, `draw` gives the chance for its
    jitter, from [0, 1). Within `grace_s` seconds of being cancelled, attempts that are under way
    may end; what does not is sent again next time.
    """

    def __init__(
        self,
        store: AlertStore,
        source: ChangeSource,
        registry: Registry,
        channels: Mapping[str, Channel],
        clock: Clock,
        *,
        until: Until | None = None,
        draw: Callable[[], float] = random.random,
        grace_s: float = 5.0,
    ) -> None:
        self._store = store
        self._source = source
        self._channels = channels
        self._clock = clock
        self._until = until or self._by_timer
        self._draw = draw
        self._grace_s = grace_s
        self.timed: Timed | None = None
        """Makes what time brings, where anything does."""
        self._intake = Intake(store, source, registry, clock)
        self._flying: dict[asyncio.Task[Outcome], _Flight] = {}
        self._over: dict[_Queue, Ended] = {}
        """Attempts that are to be kept."""
        self._kept_now: dict[_Queue, Ended] = {}
        """Those that are being kept."""
        self._keeping: asyncio.Task[None] | None = None
        self._failures: Counter[str] = Counter()
        self._turn = 0
        self._stir = asyncio.Event()

    def wake(self) -> None:
        """Look again at once: something was subscribed or is to be delivered again."""
        self._stir.set()

    async def run(self) -> None:
        """Go on until cancelled. Raises `StoreError` where the store or the source cannot be
        used; what was not kept is sent again by the next run."""
        try:
            while True:
                self._stir.clear()
                more = await self._intake.step()
                if self.timed is not None:
                    more |= await self.timed.step()
                self._settle()
                now = self._clock()
                await self._send(now)
                if not more:
                    await self._rest(now)
        finally:
            await self._land()

    async def keep(self, ended: Sequence[Ended]) -> None:
        """Keep attempts that are over, before anything more of their queues is sent."""
        await self._store.aside(self._store.settle, ended)

    async def sure(self) -> None:
        """Asked before anything is sent: raises where this is another one's work by now."""

    async def _send(self, now: Instant) -> None:
        """Start what is due, as far as there is room."""
        flying = Counter(one.waiting.subscription for one in self._flying.values())
        queues = {one.queue for one in self._flying.values()} | self._over.keys()
        queues |= self._kept_now.keys()
        busy = Counter(ident for ident, _ in queues)
        readers = await self._store.aside(self._store.readers)
        open_ = [ident for ident, one in readers.items() if one.subscription.disabled is None]
        self._turn = (self._turn + 1) % max(len(open_), 1)  # nobody is always the last in line
        asked = [
            (ident, busy[ident] + self._limit(ident))
            for ident in [*open_[self._turn :], *open_[: self._turn]]
            if self._has_room(ident, flying, busy)
        ]
        due = await self._store.aside(self._store.due, asked, now)
        if due:
            await self.sure()
        for waiting, secrets in due:
            ident = waiting.subscription
            room = len(self._flying) < AT_ONCE and self._has_room(ident, flying, busy)
            if room and (ident, waiting.company) not in queues:
                flying[ident] += 1
                busy[ident] += 1
                target = readers[ident].subscription.request.channel
                self._start(waiting, target, secrets)

    def _start(self, waiting: Waiting, target: Target, secrets: tuple[str, ...]) -> None:
        at = self._clock()
        parcel = Parcel(waiting.id, at, waiting.body, secrets)
        task = asyncio.create_task(self._channels[target.type].send(target, parcel))
        task.add_done_callback(lambda _: self._stir.set())
        self._flying[task] = _Flight(waiting, at)

    def _limit(self, subscription: str) -> int:
        return 1 if self._failures[subscription] >= STREAK else EACH

    def _has_room(self, ident: str, flying: Counter[str], busy: Counter[str]) -> bool:
        limit = self._limit(ident)
        return flying[ident] < limit and busy[ident] < limit * AHEAD

    def _settle(self) -> None:
        """Keep what became of the attempts that are over, all in one commit. Their queues wait
        for it, and others do not."""
        self._land_those_over()
        if self._keeping is not None:
            if not self._keeping.done():
                return
            self._keeping.result()
        self._keeping = None
        self._kept_now, self._over = self._over, {}
        if self._kept_now:
            self._keeping = asyncio.create_task(self.keep(list(self._kept_now.values())))
            self._keeping.add_done_callback(lambda _: self._stir.set())

    def _land_those_over(self) -> None:
        for task in [task for task in self._flying if task.done()]:
            flight = self._flying.pop(task)
            self._over[flight.queue] = self._ended(flight, _outcome(task))

    def _ended(self, flight: _Flight, outcome: Outcome) -> Ended:
        waiting, now = flight.waiting, self._clock()
        if outcome.delivered:
            self._failures.pop(waiting.subscription, None)
        else:
            self._failures[waiting.subscription] += 1
        verdict = judge(waiting.attempt, outcome, now - waiting.since, self._draw())
        return Ended(waiting.id, flight.at, max(now - flight.at, 0), outcome, verdict)

    async def _rest(self, now: Instant) -> None:
        """Until something stirs, the source has moved, or the next retry is due."""
        due = await self._next(now)
        waits = [
            asyncio.ensure_future(self._stir.wait()),
            asyncio.ensure_future(self._source.beyond(self._intake.seen)),
        ]
        if due < NEVER:
            waits.append(asyncio.ensure_future(self._until(due)))
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _next(self, now: Instant) -> Instant:
        """When the next retry is due, quiet hours end, or time brings something."""
        due = await self._store.aside(self._store.next_due, now)
        return min(due, NEVER if self.timed is None else self.timed.wakes)

    async def _land(self) -> None:
        """Let attempts end for a while, keep what became of them, and stop the rest."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=self._grace_s)
        left = [task for task in self._flying if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for task in left:
            self._flying.pop(task)
        try:
            if self._keeping is not None:
                await finished(self._keeping)
            self._settle()
            if self._keeping is not None:
                await finished(self._keeping)
        finally:  # what was not kept is sent again by the next run
            self._keeping = None
            self._over, self._kept_now = {}, {}

    async def _by_timer(self, due: Instant) -> None:
        await asyncio.sleep(max(0, due - self._clock()) / SECOND)


def _outcome(task: asyncio.Task[Outcome]) -> Outcome:
    """What a channel made of an attempt. One that breaks its promise and raises has failed: the
    fault of one subscription must not end the loop for all."""
    error = task.exception()
    if error is not None:
        return Outcome(delivered=False, error=f"{type(error).__name__}: {error}"[:500])
    return task.result()
