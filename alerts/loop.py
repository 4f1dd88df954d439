"""The alert loop: follows the changes, queues what was asked for, and delivers it.

In order per subscription and company, at least once; across those nothing waits for anything else.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from alerts.channel import Channel, Outcome, Parcel
from alerts.intake import Intake
from alerts.notices import Herald, Operator
from alerts.outbox import Ended, Waiting
from alerts.pace import Pace
from alerts.receivers import Door
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

    operator: Operator | None = None
    """Who is told of receivers that fail for long."""
    share: float = 1.0
    """The part of a receiver's rate that is this loop's."""

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
        self._herald = Herald(channels, clock, draw)
        self._pace = Pace()
        self._flying: dict[asyncio.Task[Outcome], _Flight] = {}
        self._landed: list[asyncio.Task[Outcome]] = []
        self._over: dict[_Queue, Ended] = {}
        """Attempts that are to be kept."""
        self._kept_now: dict[_Queue, Ended] = {}
        """Those that are being kept."""
        self._keeping: asyncio.Task[None] | None = None
        self._stir = asyncio.Event()
        self._read = asyncio.Event()
        self._tell = asyncio.Event()

    def wake(self) -> None:
        """Look again at once: something was subscribed or is to be delivered again."""
        for one in (self._read, self._stir, self._tell):
            one.set()

    async def run(self) -> None:
        """Go on until cancelled. Raises `StoreError` where the store or the source cannot be
        used; what was not kept is sent again by the next run."""
        self._herald.operator, self._pace.share = self.operator, self.share
        try:
            await _all(self._take_in(), self._deliver(), self._herald_on())
        finally:
            await self._land()

    async def keep(self, ended: Sequence[Ended]) -> None:
        """Keep attempts that are over, before anything more of their queues is sent."""
        await self._store.aside(self._store.settle, ended)

    async def sure(self) -> None:
        """Asked before anything is sent: raises where this is another one's work by now."""

    # --- from the changes into the outbox -------------------------------------------------------

    async def _take_in(self) -> None:
        while True:
            self._read.clear()
            more, wakes = await self._intake.step(), NEVER
            if self.timed is not None:
                more |= await self.timed.step()
                wakes = self.timed.wakes
            self._stir.set()
            if not more:
                waits = [self._read.wait(), self._source.beyond(self._intake.seen)]
                await _first(*waits, *([self._until(wakes)] if wakes < NEVER else []))

    # --- from the outbox to the receivers -------------------------------------------------------

    async def _deliver(self) -> None:
        while True:
            self._stir.clear()
            self._settle()
            await self._rest(await self._send(self._clock()))

    async def _send(self, now: Instant) -> Instant:
        """Start what is due, as far as there is room; when something is due next that is not."""
        most = AT_ONCE - len(self._flying)
        if most <= 0:
            return NEVER
        flying = Counter(one.waiting.subscription for one in self._flying.values())
        busy: dict[str, set[str]] = {}
        flights = [one.queue for one in self._flying.values()]
        for subscription, company in [*self._kept_now, *self._over, *flights]:
            companies = busy.pop(subscription, set())  # the latest served comes last
            companies.add(company)
            busy[subscription] = companies

        def room(subscription: str) -> int:
            under_way = len(busy.get(subscription, ()))
            return self._pace.room(subscription, flying[subscription], under_way, now)

        due, later = await self._store.aside(self._store.turn, now, most, room, busy)
        if due:
            await self.sure()
        for waiting, door in due:
            self._start(waiting, door)
        return later

    def _start(self, waiting: Waiting, door: Door) -> None:
        at, target = self._clock(), door.target
        self._pace.started(waiting.subscription, getattr(target, "rate", None), at)
        parcel = Parcel(waiting.id, at, waiting.body, door.secrets, waiting.subscription)
        task = asyncio.create_task(self._channels[target.type].send(target, parcel))
        self._flying[task] = _Flight(waiting, at)
        task.add_done_callback(self._has_landed)

    def _has_landed(self, task: asyncio.Task[Outcome]) -> None:
        self._landed.append(task)
        self._stir.set()

    def _settle(self) -> None:
        """Keep what became of the attempts that are over, all in one commit. Their queues wait
        for it, and others do not."""
        landed, self._landed = self._landed, []
        for task in landed:
            if (flight := self._flying.pop(task, None)) is not None:
                self._over[flight.queue] = self._ended(flight, _outcome(task))
        if self._keeping is not None:
            if not self._keeping.done():
                return
            self._keeping.result()
        self._keeping = None
        self._kept_now, self._over = self._over, {}
        if self._kept_now:
            self._keeping = asyncio.create_task(self._keep(list(self._kept_now.values())))
            self._keeping.add_done_callback(lambda _: self._stir.set())

    async def _keep(self, ended: Sequence[Ended]) -> None:
        await self.keep(ended)
        if not all(one.outcome.delivered for one in ended):
            self._tell.set()
        if self._intake.lagging:
            self._read.set()

    def _ended(self, flight: _Flight, outcome: Outcome) -> Ended:
        waiting, now = flight.waiting, self._clock()
        verdict = judge(waiting.attempt, outcome, now - waiting.since, self._draw())
        asked = now + verdict.delay if outcome.throttled else 0
        whose, delivered = waiting.subscription, outcome.delivered
        hold = self._pace.ended(whose, delivered=delivered, hold=asked)
        return Ended(waiting.id, flight.at, max(now - flight.at, 0), outcome, verdict, hold)

    async def _rest(self, due: Instant) -> None:
        """Until something stirs, or the next retry is due."""
        if due >= NEVER:
            await self._stir.wait()
        elif not self._stir.is_set():
            await _first(self._stir.wait(), self._until(due))

    # --- what is told of receivers that fail ----------------------------------------------------

    async def _herald_on(self) -> None:
        store = self._store
        while True:
            self._tell.clear()
            for notice in await store.aside(store.notices.due, self._clock()):
                door = None
                if notice.target:
                    door = await store.aside(store.door, notice.target, self._clock())
                address = None if door is None else (door.target, door.secrets)
                due, error = await self._herald.tell(notice, address)
                await store.aside(store.heard, notice, due, error)
            due = await store.aside(store.notices.next_due)
            if due >= NEVER:
                await self._tell.wait()
            else:
                await _first(self._tell.wait(), self._until(due))

    # --- the end --------------------------------------------------------------------------------

    async def _land(self) -> None:
        """Let attempts end for a while, keep what became of them, and stop the rest."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=self._grace_s)
        left = [task for task in self._flying if not task.done()]
        for task in left:
            self._flying.pop(task)
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)  # so that those that ended have said so
        try:
            if self._keeping is not None:
                await finished(self._keeping)
            self._settle()
            if self._keeping is not None:
                await finished(self._keeping)
        finally:  # what was not kept is sent again by the next run
            self._keeping = None
            self._over, self._kept_now, self._landed = {}, {}, []

    async def _by_timer(self, due: Instant) -> None:
        await asyncio.sleep(max(0, due - self._clock()) / SECOND)


async def _first(*waits: Awaitable[Any]) -> None:
    """Wait for the first of them, and let go of the others."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _all(*work: Coroutine[Any, Any, None]) -> None:
    """Do all of it at once, until cancelled or one fails."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for one in tasks:
            one.cancel()
        for one in tasks:
            with suppress(Exception, asyncio.CancelledError):
                await one


def _outcome(task: asyncio.Task[Outcome]) -> Outcome:
    """What a channel made of an attempt. One that breaks its promise and raises has failed: the
    fault of one subscription must not end the loop for all."""
    error = task.exception()
    if error is not None:
        return Outcome(delivered=False, error=f"{type(error).__name__}: {error}"[:500])
    return task.result()
