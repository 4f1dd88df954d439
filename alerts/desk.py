"""The desk: what people ask of the alerts, over HTTP or from the command line."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from alerts.channel import Channel, Parcel
from alerts.matching import Who, sends
from alerts.messages import Draft, data, draft, trial
from alerts.outbox import Ended
from alerts.retry import Verdict
from alerts.signing import new_secret
from alerts.source import ChangeSource
from alerts.store import AlertStore
from alerts.subscriptions import (
    Request,
    Start,
    Subscription,
    WebhookTarget,
    filtered,
    requested,
    started,
)
from events.dates import DAY, NEVER, Instant
from events.errors import Refused
from events.lists import Registry
from projections.rows import Told

OVERLAP: Final[Instant] = DAY
"""How long a receiver has to change over to a new secret."""
_PAGE: Final = 500


class Desk(ABC):
    """Subscribing, looking, trying out.

    Raises `UnknownSubscription` and `UnknownDelivery` for ids that there are none of (404),
    `Refused` by field (422).
    """

    def __init__(
        self,
        store: AlertStore,
        registry: Registry,
        channels: Mapping[str, Channel],
        clock: Callable[[], Instant],
    ) -> None:
        self._store = store
        self._registry = registry
        self._channels = channels
        self._clock = clock

    @abstractmethod
    async def subscribe(self, raw: Any) -> tuple[Subscription, str]:
        """Keep a subscription. Returns its secret, this once."""

    @abstractmethod
    async def unsubscribe(self, subscription: str) -> None:
        """Forget a subscription, its secret and its deliveries."""

    @abstractmethod
    async def disable(self, subscription: str, why: str) -> None:
        """Send nothing more to it."""

    @abstractmethod
    async def rotate(self, subscription: str, overlap: Instant = OVERLAP) -> str:
        """A new secret, returned this once; messages are signed with the old one as well while
        they overlap."""

    @abstractmethod
    async def test(self, subscription: str) -> dict[str, Any]:
        """Send one test message now; the delivery, as JSON."""

    @abstractmethod
    async def preview(
        self, filter_: Any, since: str = "beginning", *, backfill: bool = False, limit: int = 100
    ) -> dict[str, Any]:
        """What a subscription with this filter would have sent: the count, and the first bodies."""

    @abstractmethod
    async def redeliver(self, delivery: str) -> dict[str, Any]:
        """Send a message again, with the same id, number and body; the delivery, as JSON."""

    async def subscriptions(self) -> list[Subscription]:
        """All of them, oldest first."""
        readers = await self._store.aside(self._store.readers)
        return [one.subscription for one in readers.values()]

    async def subscription(self, subscription: str) -> dict[str, Any]:
        """One as JSON, with how many deliveries there are in each state."""
        found = await self._store.aside(self._store.get, subscription)
        counts = await self._store.aside(self._store.outbox.counts, subscription)
        return {**found.shown(), "deliveries": counts}

    async def deliveries(
        self, subscription: str, *, limit: int = 100, before: Instant = NEVER
    ) -> list[dict[str, Any]]:
        """Its deliveries as JSON, latest first, each with its attempts, and until when quiet hours
        hold it; go on with the `seq` of the last as `before`."""
        await self._store.aside(self._store.get, subscription)
        found = await self._store.aside(self._store.outbox.shown, subscription, limit, before)
        return await self._store.aside(self._store.held, subscription, found, self._clock())

    async def _tried(self, subscription: str) -> tuple[Draft, Instant, Ended]:
        """Send one test message; what was sent, when, and what became of it."""
        found = await self._store.aside(self._store.get, subscription)
        began = self._clock()
        message = trial(subscription, began, secrets.token_hex(8))
        keys = await self._store.aside(self._store.secrets, subscription, began)
        target = found.request.channel
        parcel = Parcel(message.id, began, message.body(0), keys)
        outcome = await self._channels[target.type].send(target, parcel)
        verdict = Verdict("delivered" if outcome.delivered else "failed")
        return message, began, Ended(message.id, began, self._clock() - began, outcome, verdict)

    def _made(self, request: Request, start: Start) -> Subscription:
        return Subscription("sub_" + secrets.token_hex(12), self._clock(), request, start)

    async def _movable(self, delivery: str) -> str:
        """The subscription of a delivery that may be sent again."""
        subscription, _ = await self._store.aside(self._store.outbox.of, delivery)
        found = await self._store.aside(self._store.get, subscription)
        if found.disabled is not None:
            raise Refused.field("delivery", f"its subscription is disabled: {found.disabled}")
        return subscription


class Preview:
    """Counts what would have been sent."""

    def __init__(self, request: Request, limit: int, registry: Registry) -> None:
        self._request = request
        self._limit = limit
        self._registry = registry
        self._numbers: dict[str, int] = {}
        self._count = 0
        self._bodies: list[Any] = []

    @classmethod
    def of(cls, filter_: Any, registry: Registry, limit: int, *, backfill: bool) -> "Preview":
        """Raises `Refused`."""
        asked = filtered(filter_, registry)
        nowhere = WebhookTarget(type="webhook", url="-")
        return cls(Request(filter=asked, channel=nowhere, backfill=backfill), limit, registry)

    def look(self, told: Told, start: Start, who: Who) -> None:
        """At the next change."""
        if not sends(self._request, start, told, who):
            return
        change = told.change
        self._count += 1
        n = self._numbers[change.company] = self._numbers.get(change.company, 0) + 1
        if self._count <= self._limit:
            body = draft("", change, data(change, self._registry)).body(n)
            self._bodies.append(orjson.loads(body))

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"count": self._count, "messages": self._bodies}


class AlertDesk(Desk):
    """Over the store in which the loop works: in this process (`wake` is its `AlertLoop.wake`), in
    another, or not at all."""

    def __init__(
        self,
        store: AlertStore,
        source: ChangeSource,
        registry: Registry,
        channels: Mapping[str, Channel],
        clock: Callable[[], Instant],
        *,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(store, registry, channels, clock)
        self._source = source
        self._wake = wake

    async def subscribe(self, raw: Any) -> tuple[Subscription, str]:
        """Keep a subscription. Returns its secret, this once."""
        request = requested(raw, self._registry)
        start = started(request.start, [self._source.head()])
        await self._channels[request.channel.type].check(request.channel)
        made, secret = self._made(request, start), new_secret()
        await self._store.aside(self._store.add, made, secret)
        self._wake()
        return made, secret

    async def unsubscribe(self, subscription: str) -> None:
        """Forget a subscription, its secret and its deliveries."""
        await self._store.aside(self._store.remove, subscription)

    async def disable(self, subscription: str, why: str) -> None:
        """See `Desk`."""
        await self._store.aside(self._store.disable, subscription, why)

    async def rotate(self, subscription: str, overlap: Instant = OVERLAP) -> str:
        """A new secret, returned this once; messages are signed with the old one as well while
        they overlap."""
        secret, now = new_secret(), self._clock()
        await self._store.aside(self._store.rotate, subscription, secret, now, now + overlap)
        return secret

    async def test(self, subscription: str) -> dict[str, Any]:
        """See `Desk`."""
        message, began, ended = await self._tried(subscription)
        await self._store.aside(self._store.keep_trial, message, began, ended)
        return await self._store.aside(self._store.outbox.one, message.id)

    async def preview(
        self, filter_: Any, since: str = "beginning", *, backfill: bool = False, limit: int = 100
    ) -> dict[str, Any]:
        """What a subscription with this filter would have sent: the count, and the first bodies."""
        found = Preview.of(filter_, self._registry, limit, backfill=backfill)
        start = started(since, [self._source.head()], "since")
        after = start.after
        while page := await self._source.changes(after, _PAGE):
            for told in page:
                found.look(told, start, self._source.who(told))
            after = self._source.place(page[-1])
            await asyncio.sleep(0)  # others have their turn
        return found.shown()

    async def redeliver(self, delivery: str) -> dict[str, Any]:
        """Send a message again, with the same id, number and body; the delivery, as JSON."""
        await self._movable(delivery)
        await self._store.aside(self._store.redeliver, delivery, self._clock())
        self._wake()
        return await self._store.aside(self._store.outbox.one, delivery)
