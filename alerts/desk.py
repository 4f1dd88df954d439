"""The desk: what people ask of the alerts, over HTTP or from the command line."""

import asyncio
import secrets
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

from alerts import preview
from alerts.changing import granted, wished
from alerts.channel import Channel, Parcel
from alerts.confirming import UNSUBSCRIBED, Confirming
from alerts.messages import Draft, trial
from alerts.opened import UnknownSubscription
from alerts.outbox import Ended
from alerts.preview import YEAR, Preview
from alerts.retry import Verdict
from alerts.showing import Showing
from alerts.signing import Scheme, new_secret, told_of
from alerts.source import ChangeSource
from alerts.store import AlertStore
from alerts.subscriptions import LOCAL, Request, Start, Subscription, lasting, requested, started
from alerts.targets import WebhookTarget
from events.dates import DAY, BadDate, Instant, start
from events.errors import Refused
from events.lists import Registry

OVERLAP: Final[Instant] = DAY
"""How long a receiver has to change over to a new secret."""
_PAGE: Final = 500


class Desk(Confirming, Showing):
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
    async def subscribe(
        self, raw: Any, *, owner: str = LOCAL, watchlist: bytes | None = None
    ) -> tuple[Subscription, str]:
        """Keep a subscription, whose it is, and the report of the watchlist that its companies are
        from. Returns its secret, this once."""

    @abstractmethod
    async def change(
        self, subscription: str, raw: Any, *, watchlist: bytes | None = None
    ) -> Subscription:
        """Have it otherwise: filter, label, paused and so on (`alerts.changing`), for what is told
        from then on; with the report of a new watchlist."""

    @abstractmethod
    async def unsubscribe(self, subscription: str) -> None:
        """Forget a subscription, its secret and its deliveries."""

    @abstractmethod
    async def disable(self, subscription: str, why: str) -> None:
        """Send nothing more to it."""

    @abstractmethod
    async def enable(self, subscription: str, *, skip: bool = False) -> None:
        """Send to it again: from where it stopped, or with `skip` only what is told from now
        on."""

    @abstractmethod
    async def recover(self, subscription: str, since: str) -> int:
        """Send everything again that was recorded since a time, with the same ids, numbers and
        bodies; how many messages that is. Raises `Refused` also where it is disabled."""

    @abstractmethod
    async def rotate(self, subscription: str, overlap: Instant = OVERLAP) -> str:
        """A new secret, returned this once; messages are signed with the old one as well while
        they overlap."""

    async def test(self, subscription: str) -> dict[str, Any]:
        """Send one test message now; the delivery, as JSON."""
        message, began, ended = await self._tried(subscription)
        await self._keep_trial(message, began, ended)
        return await self._store.aside(self._store.outbox.one, message.id)

    @abstractmethod
    async def preview(
        self, filter_: Any, since: str = YEAR, *, backfill: bool = False, limit: int = 100
    ) -> dict[str, Any]:
        """What a subscription with this filter would have sent: the count, and the first bodies."""

    @abstractmethod
    async def redeliver(self, delivery: str) -> dict[str, Any]:
        """Send a message again, with the same id, number and body; the delivery, as JSON."""

    async def _tried(self, subscription: str) -> tuple[Draft, Instant, Ended]:
        """Send one test message; what was sent, when, and what became of it."""
        found = await self._store.aside(self._store.get, subscription)
        if found.unconfirmed:
            raise Refused.field("subscription", "its mailbox has not confirmed yet")
        if found.disabled == UNSUBSCRIBED:
            raise Refused.field("subscription", "its mailbox unsubscribed")
        began = self._clock()
        message = trial(subscription, began, secrets.token_hex(8))
        keys = await self._store.aside(self._store.secrets, subscription, began)
        target = found.request.channel
        parcel = Parcel(message.id, began, message.body(0), keys, subscription)
        outcome = await self._channels[target.type].send(target, parcel)
        verdict = Verdict("delivered" if outcome.delivered else "failed")
        return message, began, Ended(message.id, began, self._clock() - began, outcome, verdict)

    def _requested(self, raw: Any) -> Request:
        request = requested(raw, self._registry)
        lasting(request, self._clock())
        return request

    def _made(self, request: Request, begins: Start, owner: str) -> Subscription:
        ident = "sub_" + secrets.token_hex(12)
        return Subscription(ident, self._clock(), request, begins, owner=owner)

    async def _recoverable(self, subscription: str, since: str) -> Instant:
        """From when on the messages of a subscription are to be sent again."""
        found = await self._store.aside(self._store.get, subscription)
        if found.disabled is not None:
            raise Refused.field("subscription", f"it is disabled: {found.disabled}")
        if found.paused is not None:
            raise Refused.field("subscription", "it is paused; resume it first")
        try:
            return start(since)
        except BadDate as error:
            raise Refused.field("since", str(error)) from None

    async def _check_enabled(self, subscription: str) -> None:
        """Who has let go of it by a link in a mail is not written to again by somebody else."""
        found = await self._store.aside(self._store.get, subscription)
        if found.disabled == UNSUBSCRIBED:
            raise Refused.field("subscription", "its mailbox unsubscribed; ask it by another one")

    async def _check_notify(
        self, request: Request, owner: str, known: Request | None = None
    ) -> None:
        """Who is to be told when the receiver fails is there, and of the same owner; one that was
        `known` before may have gone."""
        if request.notify is None or (known is not None and known.notify == request.notify):
            return
        unknown = UnknownSubscription(request.notify)
        try:
            found = await self._store.aside(self._store.get, request.notify)
        except UnknownSubscription:
            raise Refused.field("notify", str(unknown)) from None
        if found.owner != owner:
            raise Refused.field("notify", str(unknown))

    async def _movable(self, delivery: str) -> str:
        """The subscription of a delivery that may be sent again."""
        subscription, _ = await self._store.aside(self._store.outbox.of, delivery)
        found = await self._store.aside(self._store.get, subscription)
        if found.disabled is not None:
            raise Refused.field("delivery", f"its subscription is disabled: {found.disabled}")
        if found.paused is not None:
            raise Refused.field("delivery", "its subscription is paused; resume it first")
        return subscription


def signed(found: Subscription) -> Subscription:
    """One whose messages are signed. Raises `Refused` where they are not."""
    if not isinstance(found.request.channel, WebhookTarget):
        way = found.request.channel.type
        raise Refused.field("subscription", f"only webhooks are signed, and it goes to {way}")
    return found


def scheme(request: Request) -> Scheme:
    """How what a caller asks for is signed."""
    found: Scheme = getattr(request.channel, "signature", "hmac")
    return found


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

    async def subscribe(
        self, raw: Any, *, owner: str = LOCAL, watchlist: bytes | None = None
    ) -> tuple[Subscription, str]:
        """See `Desk`."""
        request = self._requested(raw)
        begins = started(request.start, [self._source.head()])
        await self._channels[request.channel.type].check(request.channel)
        await self._check_notify(request, owner)
        await self.may_ask(request.channel)
        made, secret = self._made(request, begins, owner), new_secret(scheme(request))
        await self._store.aside(self._store.add, made, secret, watchlist)
        self._wake()
        return await self.ask(made), told_of(secret)

    async def change(
        self, subscription: str, raw: Any, *, watchlist: bytes | None = None
    ) -> Subscription:
        """See `Desk`."""
        known = await self._store.aside(self._store.get, subscription)
        wish = wished(known, raw, self._registry)
        await self._check_notify(wish.request, known.owner, known.request)
        new = granted(known, wish, self._clock(), [self._source.head()])
        await self._store.aside(self._store.change, known, new, watchlist)
        self._wake()
        return new

    async def _agreed(self, subscription: str, now: Instant) -> None:
        await self._store.aside(self._store.confirm, subscription, now)
        self._wake()

    async def _keep_trial(self, message: Draft, began: Instant, ended: Ended) -> None:
        await self._store.aside(self._store.keep_trial, message, began, ended)

    async def unsubscribe(self, subscription: str) -> None:
        """Forget a subscription, its secret and its deliveries."""
        await self._store.aside(self._store.remove, subscription)

    async def disable(self, subscription: str, why: str) -> None:
        """See `Desk`."""
        await self._store.aside(self._store.disable, subscription, why)

    async def rotate(self, subscription: str, overlap: Instant = OVERLAP) -> str:
        """A new secret, returned this once; messages are signed with the old one as well while
        they overlap."""
        found = signed(await self._store.aside(self._store.get, subscription))
        secret, now = new_secret(scheme(found.request)), self._clock()
        await self._store.aside(self._store.rotate, subscription, secret, now, now + overlap)
        return told_of(secret)

    async def enable(self, subscription: str, *, skip: bool = False) -> None:
        """See `Desk`."""
        await self._check_enabled(subscription)
        skip_to = self._source.head() if skip else None
        await self._store.aside(self._store.enable, subscription, self._clock(), skip_to)
        self._wake()

    async def recover(self, subscription: str, since: str) -> int:
        """See `Desk`."""
        moment = await self._recoverable(subscription, since)
        found = await self._store.aside(self._store.recover, subscription, moment, self._clock())
        self._wake()
        return found

    async def preview(
        self, filter_: Any, since: str = YEAR, *, backfill: bool = False, limit: int = 100
    ) -> dict[str, Any]:
        """What a subscription with this filter would have sent: the count, and the first bodies."""
        found = Preview.of(filter_, self._registry, limit, backfill=backfill)
        begins = preview.since(since, self._clock(), [self._source.head()])
        after = begins.after
        while page := await self._source.changes(after, _PAGE):
            for told in page:
                found.look(told, begins, self._source.who(told), self._source.about(told))
            after = self._source.place(page[-1])
            await asyncio.sleep(0)  # others have their turn
        return found.shown()

    async def redeliver(self, delivery: str) -> dict[str, Any]:
        """Send a message again, with the same id, number and body; the delivery, as JSON."""
        await self._movable(delivery)
        await self._store.aside(self._store.redeliver, delivery, self._clock())
        self._wake()
        return await self._store.aside(self._store.outbox.one, delivery)
