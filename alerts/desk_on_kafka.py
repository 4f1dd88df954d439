"""The desk, where what is asked of it is written to topics: any number of them, all alike.

A desk writes, and answers when it has read what it wrote, so that a caller reads its write; the
others read it as well. The deliveries are the workers' affair.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from alerts import preview, progress, topics
from alerts.changing import granted, wished
from alerts.channel import Channel
from alerts.desk import OVERLAP, Desk, scheme, signed
from alerts.desk_store import DeskStore
from alerts.memory import BEAT, BEATS, DIGESTS
from alerts.messages import Draft
from alerts.names import Names
from alerts.opened import UnknownSubscription
from alerts.outbox import Ended
from alerts.preview import YEAR, Preview
from alerts.progress import Asked
from alerts.signing import new_secret, told_of
from alerts.subscriptions import LOCAL, Start, Subscription, started
from alerts.topics import Attempt, Kept
from alerts.vault import Vault
from alerts.wire import Clock, Wire
from events.dates import Instant, show
from events.errors import Refused
from events.kafka.connection import Connection
from events.lists import Registry


class KafkaDesk(Desk):
    """Made by `desk`."""

    def __init__(
        self,
        store: DeskStore,
        registry: Registry,
        channels: Mapping[str, Channel],
        clock: Callable[[], Instant],
        wire: Wire,
    ) -> None:
        super().__init__(store, registry, channels, clock)
        self._wire = wire

    @property
    def behind(self) -> bool:
        """Whether it has yet to take in what stood in the topics when it was made."""
        return not self._wire.caught_up.is_set()

    async def caught_up(self) -> None:
        """Wait until it has."""
        await self._wire.caught_up.wait()

    async def subscribe(
        self, raw: Any, *, owner: str = LOCAL, watchlist: bytes | None = None
    ) -> tuple[Subscription, str]:
        """See `Desk`."""
        request = self._requested(raw)
        start = started(request.start, await self._wire.heads())
        await self._channels[request.channel.type].check(request.channel)
        await self._check_notify(request, owner)
        await self.may_ask(request.channel)
        made, secret = self._made(request, start, owner), new_secret(scheme(request))
        kept = Kept(made, self._wire.vault.lock((secret,)), watchlist=watchlist)
        await self._wire.subscribed(topics.subscription(kept, self._clock()))
        return await self.ask(made), told_of(secret)

    async def change(
        self, subscription: str, raw: Any, *, watchlist: bytes | None = None
    ) -> Subscription:
        """See `Desk`."""
        known = self._known(subscription)
        wish = wished(known.subscription, raw, self._registry)
        known_request = known.subscription.request
        await self._check_notify(wish.request, known.subscription.owner, known_request)
        heads = await self._wire.heads() if wish.skip else ()
        new = granted(known.subscription, wish, self._clock(), heads)
        kept = replace(known, subscription=new, watchlist=watchlist or known.watchlist)
        await self._wire.subscribed(topics.subscription(kept, self._clock()))
        return new

    async def _agreed(self, subscription: str, now: Instant) -> None:
        known = self._known(subscription)
        kept = replace(known, subscription=replace(known.subscription, confirmed=now))
        await self._wire.subscribed(topics.subscription(kept, now))

    async def _keep_trial(self, message: Draft, began: Instant, ended: Ended) -> None:
        whose = (message.subscription, "", 0, message.change, message.type, 1)
        told = Attempt(*whose, ended, "test", began)
        await self._wire.delivered(topics.delivery(told))

    async def unsubscribe(self, subscription: str) -> None:
        """See `Desk`."""
        await self._store.aside(self._store.get, subscription)
        await self._wire.subscribed(topics.removed(subscription))

    async def disable(self, subscription: str, why: str) -> None:
        """See `Desk`."""
        known = self._known(subscription)
        if known.subscription.disabled is not None:
            return  # for the reason that it had
        kept = replace(known, subscription=replace(known.subscription, disabled=why))
        await self._wire.subscribed(topics.subscription(kept, self._clock()))

    async def enable(self, subscription: str, *, skip: bool = False) -> None:
        """See `Desk`. The workers go on from where they stopped, or from where they are told to
        begin."""
        known = self._known(subscription)
        one = known.subscription
        if one.disabled is None:
            return
        await self._check_enabled(subscription)
        begins = one.start
        if skip:
            first, *others = await self._wire.heads()
            begins = Start(first, begins.since, tuple(others))
        now = self._clock()
        made = replace(one, disabled=None, failing=None, start=begins)
        kept = replace(known, subscription=made, enabled=max(now, known.enabled + 1))
        await self._wire.subscribed(topics.subscription(kept, now))

    async def recover(self, subscription: str, since: str) -> int:
        """See `Desk`. As `redeliver`, of what is known to have been tried since then."""
        moment = await self._recoverable(subscription, since)
        store = self._wire.store
        found = await store.aside(store.told_since, subscription, moment)
        for delivery in found:
            await self.redeliver(delivery)
        return len(found)

    def _known(self, subscription: str) -> Kept:
        known = self._wire.roster.kept.get(subscription)
        if known is None:
            raise UnknownSubscription(subscription)
        return known

    async def rotate(self, subscription: str, overlap: Instant = OVERLAP) -> str:
        """See `Desk`."""
        known = self._known(subscription)
        secret, now = new_secret(scheme(signed(known.subscription).request)), self._clock()
        current = self._wire.vault.unlock(known.sealed)[0]
        sealed = self._wire.vault.lock((secret, current))
        kept = replace(known, sealed=sealed, overlap=now + overlap, rotated=now)
        await self._wire.subscribed(topics.subscription(kept, now))
        return told_of(secret)

    async def preview(
        self, filter_: Any, since: str = YEAR, *, backfill: bool = False, limit: int = 100
    ) -> dict[str, Any]:
        """See `Desk`. It reads the changes' topic from its beginning."""
        found = Preview.of(filter_, self._registry, limit, backfill=backfill)
        start = preview.since(since, self._clock(), await self._wire.heads())
        async for partition, one in self._wire.changes():
            found.look(one, start.within(partition), one.who, one.about)
        return found.shown()

    async def redeliver(self, delivery: str) -> dict[str, Any]:
        """See `Desk`. It is for the worker of the company's partition, which finds the wish in a
        topic."""
        await self._movable(delivery)
        shown = await self._store.aside(self._store.outbox.one, delivery)
        partition, asked = await self._wished(shown)
        await self._wire.asked(partition, progress.asked(asked))
        now = self._clock()
        return {**shown, "state": "pending", "since": show(now), "due": show(now)}

    async def _wished(self, shown: Mapping[str, Any]) -> tuple[int, Asked]:
        """The wish that a delivery be sent again, and the partition in which somebody sees it."""
        store, delivery = self._wire.store, shown["delivery"]
        stands, message = await store.aside(store.stood, delivery)
        company = shown["company"] or (BEATS if shown["type"] == BEAT else DIGESTS)
        whose = (delivery, shown["subscription"], company, shown["n"], shown["change"])
        attempts, now = shown["attempts_count"], self._clock()
        if message is not None:
            home = self._wire.home(shown["company"] or shown["subscription"])
            return home, Asked(*whose, 0, attempts, now, message)
        if not stands:
            raise Refused.field("delivery", "it is not known any more what was sent")
        partition, _, offset = stands.partition(":")
        return int(partition), Asked(*whose, int(offset), attempts, now)


@asynccontextmanager
async def desk(
    connection: Connection,
    path: Path,
    registry: Registry,
    vault: Vault,
    *,
    channels: Mapping[str, Channel],
    clock: Clock,
    names: Names | None = None,
) -> AsyncIterator[KafkaDesk]:
    """A desk for the length of a block, which ends with its error where it cannot follow the topics
    any more. At `path` it keeps its copy of them, which may be thrown away. `channels`, by the type
    of a subscription's channel, are for test messages, and the caller's to close."""
    store = DeskStore(path, vault)
    try:
        async with AsyncExitStack() as stack:
            wire = Wire(connection, store, vault, names or Names(), clock)
            await wire.open(stack)
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(one) for one in wire.work()]
                try:
                    yield KafkaDesk(store, registry, channels, clock, wire)
                finally:
                    for task in work:
                        task.cancel()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group
    finally:
        store.close()
