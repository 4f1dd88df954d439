"""The desk, where what is asked of it is written to topics: any number of them, all alike.

A desk writes, and answers when it has read what it wrote, so that a caller reads its write; the
others read it as well. The deliveries are the workers' affair.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from alerts import preview, progress, topics
from alerts.changes_topic import Stood, since, stood
from alerts.changing import granted, wished
from alerts.channel import Channel
from alerts.desk import OVERLAP, Desk, scheme, signed
from alerts.desk_store import DeskStore
from alerts.messages import Draft
from alerts.names import Names, sized
from alerts.opened import UnknownSubscription
from alerts.outbox import Ended
from alerts.places import BEGINNING, Place, behind
from alerts.preview import YEAR, Preview
from alerts.progress import Asked
from alerts.roster import Roster
from alerts.signing import new_secret, told_of
from alerts.subscriptions import LOCAL, Request, Start, Subscription, started
from alerts.topics import Attempt, Kept
from alerts.vault import Vault
from events.dates import Instant, show
from events.errors import Refused
from events.kafka.connection import Connection
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from events.kafka.producing import Written
from events.kafka.publishing import Publisher
from events.kafka.tail import Raw, Tail
from events.lists import Registry
from projections.messages import Message

PATIENCE_S: Final = 30.0

Clock = Callable[[], Instant]


class KafkaDesk(Desk):
    """Made by `desk`."""

    def __init__(
        self,
        store: DeskStore,
        registry: Registry,
        channels: Mapping[str, Channel],
        clock: Callable[[], Instant],
        wire: "_Wire",
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
        _check_reminders(request)
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
        _check_reminders(wish.request)
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
        store = self._desk_store()
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

    async def test(self, subscription: str) -> dict[str, Any]:
        """See `Desk`."""
        message, began, ended = await self._tried(subscription)
        await self._keep_trial(message, began, ended)
        return await self._store.aside(self._store.outbox.one, message.id)

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
        stands = await self._store.aside(self._desk_store().stands, delivery)
        if not stands:
            raise Refused.field("delivery", "it is not known any more where its change stands")
        partition, _, offset = stands.partition(":")
        asked = Asked(
            *(delivery, shown["subscription"], shown["company"], shown["n"], shown["change"]),
            *(int(offset), shown["attempts_count"], self._clock()),
        )
        await self._wire.asked(int(partition), progress.asked(asked))
        now = self._clock()
        return {**shown, "state": "pending", "since": show(now), "due": show(now)}

    def _desk_store(self) -> DeskStore:
        return self._wire.store


class _Wire:
    """What a desk writes to the topics, and what it reads of them."""

    def __init__(
        self, connection: Connection, store: DeskStore, vault: Vault, names: Names, clock: Clock
    ) -> None:
        self.store = store
        self.vault = vault
        self.roster = Roster()
        self.caught_up = asyncio.Event()
        self._connection = connection
        self._names = names
        self._clock = clock
        self._read: dict[tuple[str, int], int] = {}
        self._moved = asyncio.Condition()

    async def open(self, stack: AsyncExitStack) -> None:
        """Read who subscribed; the deliveries come in as they can."""
        names = self._names
        self._sizes = await sized(self._connection, names, PATIENCE_S)
        enter = stack.enter_async_context
        self._publisher = await enter(Publisher(self._connection, PATIENCE_S))
        self._people = await enter(self._tail(names.subscriptions))
        self._attempts = await enter(self._tail(names.deliveries))
        self._told = await enter(self._tail(names.changes))
        self._events = await enter(self._tail(names.events))
        await self._people.begin()
        async for some in self._people.to_end():
            for one in some:
                self.roster.take(one.key.decode(), one.value)
        await self.store.aside(self.store.only, list(self.roster.living()))
        await self._attempts.begin(await self.store.aside(self.store.read))

    def _tail(self, topic: str) -> Tail:
        return Tail(self._connection, topic, self._sizes[topic], PATIENCE_S)

    def work(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What there is to do, all at once."""
        yield self._follow_people()
        yield self._follow_attempts()

    # --- reading ---------------------------------------------------------------------------------

    async def _follow_people(self) -> None:
        while True:
            if found := await self._people.more():
                for one in found:
                    await self._person(one.key.decode(), one.value)
                await self._has_read(self._names.subscriptions, found)
            await self._mend()

    async def _person(self, ident: str, value: bytes | None) -> None:
        self.roster.take(ident, value)
        kept, store = self.roster.kept.get(ident), self.store
        if kept is not None:
            await store.aside(store.enrol, kept)
        elif await store.aside(store.find, ident) is not None:
            await store.aside(store.remove, ident)

    async def _mend(self) -> None:
        """Write the whole where a message has said less than was known before."""
        for ident in list(self.roster.amiss):
            kept = self.roster.kept.get(ident)
            now = self._clock()
            message = topics.removed(ident) if kept is None else topics.subscription(kept, now)
            await self._write(self._names.subscriptions, message)
            self.roster.amiss.discard(ident)

    async def _follow_attempts(self) -> None:
        async for some in self._attempts.to_end():
            await self._take_in(some)
        self.caught_up.set()
        while True:
            if found := await self._attempts.more():
                await self._take_in(found)

    async def _take_in(self, found: list[Raw]) -> None:
        store, partitions = self.store, self._sizes[self._names.deliveries]
        await store.aside(store.take_in, found, self.roster.gone, partitions)
        await self._has_read(self._names.deliveries, found)

    async def _has_read(self, topic: str, found: Iterable[Raw]) -> None:
        async with self._moved:
            for one in found:
                self._read[topic, one.partition] = one.offset
            self._moved.notify_all()

    async def _reads(self, topic: str, written: Written) -> None:
        """Wait until this desk has read what it wrote."""
        place = (topic, written.partition)
        async with asyncio.timeout(PATIENCE_S), self._moved:
            await self._moved.wait_for(lambda: self._read.get(place, -1) >= written.offset)

    # --- writing ---------------------------------------------------------------------------------

    async def subscribed(self, message: Message) -> None:
        """Tell of a subscription."""
        topic = self._names.subscriptions
        await self._reads(topic, await self._write(topic, message))

    async def delivered(self, message: Message) -> None:
        """Tell of an attempt."""
        topic = self._names.deliveries
        await self._reads(topic, await self._write(topic, message))

    async def asked(self, partition: int, message: Message) -> None:
        """Tell the worker of a partition."""
        await self._publisher.write([Outgoing(self._names.progress, partition, *message)])

    async def _write(self, topic: str, message: Message) -> Written:
        partition = partition_of(message.key.decode(), self._sizes[topic])
        (written,) = await self._publisher.write([Outgoing(topic, partition, *message)])
        return written

    # --- looking up ------------------------------------------------------------------------------

    async def heads(self) -> list[Place]:
        """The places behind all that was recorded or told until now, by partition."""
        ends = await self._events.committed()
        found = []
        for partition, end in sorted(ends.items()):
            last = await self._told.last(partition)
            told = BEGINNING if last is None else behind(*since(stood(last)))
            found.append(max(behind(end), told))
        return found

    async def changes(self) -> AsyncIterator[tuple[int, Stood]]:
        """All that were told until now."""
        for partition, end in sorted((await self._told.committed()).items()):
            async for one in self._told.stretch(partition, 0, end):
                yield partition, stood(one)


def _check_reminders(request: Request) -> None:
    """The statuses on Kafka do not say where a company is from."""
    if request.remind and request.filter.countries is not None:
        why = "where the log is on Kafka, not together with filter.countries"
        raise Refused.field("remind", why)


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
            wire = _Wire(connection, store, vault, names or Names(), clock)
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
