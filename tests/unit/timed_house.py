"""Alerts with all that is around them, in real files, on a clock that the tests hold: a log, its
projection, the loop, and receivers on real sockets. It can be closed and opened again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientTimeout

from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.flips import ProjectedFlips
from alerts.history import OnePartition
from alerts.loop import AlertLoop
from alerts.roll import Reader
from alerts.source import Projected
from alerts.store import AlertStore
from alerts.timed import Sources, Timed
from alerts.webhook import WebhookChannel
from events.admitted import Admitted
from events.dates import NEVER, Instant, start
from events.door import admit
from events.log import Receipt
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.store import ProjectionStore
from service.alarm import time_passed
from service.freshness import Freshness
from service.pulse import Canary
from tests.contract.alert_twins import LOOPBACK, ManualClock, asked
from tests.unit.making import REGISTRY

WITHIN_S = 240
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Watched(Timed):
    """Says whom it looked at last."""

    looked_at: object = None

    async def step(self) -> bool:
        found = lives(await self._store.aside(self._store.readers))
        self.looked_at = None
        more = await super().step()
        self.looked_at = found
        return more


def lives(readers: dict[str, Reader]) -> dict[str, object]:
    """What of subscriptions decides what is made for them."""
    return {
        key: (one.subscription.living, one.subscription.request) for key, one in readers.items()
    }


class TimedHouse:
    """Open it with `running`, again and again. A receiver that hangs is waited for in real time,
    `patience` seconds; one that is well may need some of them where the machine is busy."""

    def __init__(self, folder: Path, begins: str, patience: float = WITHIN_S / 2) -> None:
        self.folder = folder
        self.clock = ManualClock(start(begins))
        self._patience = ClientTimeout(total=patience)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TimedHouse"]:
        """One process's life."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            task = asyncio.create_task(self.loop.run())
            try:
                await self.settled()
                yield self
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _open(self, stack: AsyncExitStack) -> None:
        clock = self.clock
        self.log = SqliteEventLog(self.folder / "log.db", clock)
        stack.callback(self.log.close)
        store = ProjectionStore(self.folder / "projections.db")
        stack.callback(store.close)
        self.projected = store
        self.projector = Projector(self.log, store, REGISTRY)
        await self.projector.catch_up()
        self.store = AlertStore(self.folder / "alerts.db")
        stack.callback(self.store.close)
        self.eye = AlertStore(self.folder / "alerts.db")
        stack.callback(self.eye.close)
        channel = WebhookChannel(Egress(LOOPBACK), clock, timeout=self._patience)
        stack.push_async_callback(channel.close)
        self.source = Projected(store, self.log.end, self.projector.reached)
        flips = ProjectedFlips(self.folder / "projections.db")
        stack.callback(flips.close)
        channels = {"webhook": channel}
        about = (self.store, self.source, REGISTRY, channels, clock)
        self.loop = AlertLoop(*about, until=clock.until, draw=lambda: 0.5, grace_s=0.1)
        pulse = Canary(self.append, self.source, self.fresh, clock)
        sources = Sources(OnePartition(self.source), flips, pulse)
        self.timed = self.loop.timed = Watched(self.store, REGISTRY, clock, sources)
        self.desk = AlertDesk(*about, wake=self.loop.wake)

    def fresh(self) -> list[Freshness]:
        return [Freshness("us-ofac-sdn", "2026-03-27T00:00:00Z", stale=False)]

    async def append(self, raw: dict[str, object]) -> list[Receipt]:
        receipts = await self.log.append([admit(raw, REGISTRY)])
        await self.projector.catch_up()
        return receipts

    def admitted(self, raw: dict[str, Any]) -> Admitted:
        return admit(raw, REGISTRY)

    async def record(self, *events: dict[str, Any]) -> None:
        """What is recorded now."""
        for one in events:
            (receipt,) = await self.append(one)
            assert receipt.outcome == "recorded", receipt
        await self.settled()

    async def subscribe(self, url: str, *, owner: str = "local", **more: Any) -> tuple[str, str]:
        made, secret = await self.desk.subscribe(asked(url, **more), owner=owner)
        await self.settled()
        return made.id, secret

    async def settled(self) -> None:
        """Wait until there is nothing to do before the clock goes on."""
        async with asyncio.timeout(WITHIN_S):
            while not self._idle():  # noqa: ASYNC110 - it is everybody's, and nobody's, to tell
                await asyncio.sleep(0.002)

    def _idle(self) -> bool:
        now, readers = self.clock.now, self.eye.readers()
        living = {key: one for key, one in readers.items() if one.subscription.living}
        immediate = [
            one for one in living.values() if one.subscription.request.cadence == "immediate"
        ]
        return (
            self.timed.looked_at == lives(readers)
            and all(one.behind is None for one in immediate)
            and not (immediate and self.projected.changes(after=self.eye.cursor, limit=1))
            and self.timed.due > now
            and not self.eye.due(now, 1, lambda _: 1, {})
        )

    async def to(self, moment: str | Instant) -> None:
        """Let time pass, stopping wherever something is due."""
        target = moment if isinstance(moment, Instant) else start(moment)
        while self.clock.now < target:
            await self.settled()
            now = self.clock.now
            due = min(self.eye.outbox.next_due(now), self.timed.due, self.projector.due)
            self.clock.advance(max(min(due, target) - now, 0))
            while (flip := self.projector.due) <= self.clock.now:
                await self.append(time_passed(flip))
        await self.settled()

    async def deliveries(self, subscription: str) -> list[dict[str, Any]]:
        """Oldest first."""
        return (await self.desk.deliveries(subscription, limit=10_000, before=NEVER))[::-1]


def shown(instant: Instant) -> str:
    return (_EPOCH + timedelta(microseconds=instant)).isoformat()
