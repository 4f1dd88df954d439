"""One partition, for the worker that has it.

Everything is known from topics, and written there before anything follows from it, under a name
that shuts out whoever had the partition before. So any worker goes on where another one stopped.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from alerts.changes_topic import ChangesTopic
from alerts.channel import Channel
from alerts.elsewhere import Elsewhere
from alerts.flips_topic import StatusFlips
from alerts.history_topic import AllPartitions
from alerts.ledger import Ledger
from alerts.loop import AlertLoop
from alerts.misfits import Misfits
from alerts.names import Names
from alerts.notices import Operator
from alerts.outbox import Ended
from alerts.partition_store import PartitionStore
from alerts.places import BEGINNING, Place, behind
from alerts.progress import EVERYBODY
from alerts.pulse_topic import TopicPulse
from alerts.subscriptions import Start
from alerts.ticking import Ticking
from alerts.timed import Sources, Timed
from alerts.topics import Kept
from alerts.vault import Vault
from alerts.wishes import Wishes
from events.dates import Instant
from events.kafka.connection import Connection
from events.kafka.fenced import FencedWriter
from events.kafka.partitioner import partition_of
from events.kafka.tail import Tail
from events.lists import Registry

PATIENCE_S: Final = 30.0
GRACE_S: Final = 1.0
"""So long attempts may go on after a partition was taken away."""
_MARK_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Means:
    """What a worker works with. `channels` are by the type of a subscription's channel; closing
    them is the caller's."""

    connection: Connection
    registry: Registry
    vault: Vault
    channels: Mapping[str, Channel]
    clock: Callable[[], Instant]
    names: Names = field(default_factory=Names)
    operator: Operator | None = None
    """Who is told of receivers that fail for long."""
    misfits: Misfits = field(default_factory=Misfits)
    """Who tells people asks it what does not fit."""


class _Loop(AlertLoop):
    """The loop of one partition: what becomes of an attempt is told before anything follows."""

    ledger: Ledger

    async def keep(self, ended: Sequence[Ended]) -> None:
        """See `AlertLoop`."""
        await self.ledger.keep(ended)

    async def sure(self) -> None:
        """See `AlertLoop`."""
        await self.ledger.sure()


class Duty:
    """One partition, while it is ours."""

    def __init__(
        self, means: Means, sizes: Mapping[str, int], partition: int, store: PartitionStore
    ) -> None:
        self._means = means
        self._names = means.names
        self._sizes = sizes
        self._partition = partition
        self._store = store
        self._ledger = Ledger(store, means.names, sizes, partition, means.clock)
        self._roster = self._ledger.roster
        self._progress = self._ledger.progress

    @classmethod
    async def begun(
        cls, means: Means, sizes: Mapping[str, int], partition: int, stack: AsyncExitStack
    ) -> "Duty":
        """Shut the earlier worker out, and read what it left."""
        folder = stack.enter_context(TemporaryDirectory(prefix="standing-alerts-"))
        store = PartitionStore(Path(folder) / "alerts.db", means.vault, partition)
        stack.callback(store.close)
        duty = cls(means, sizes, partition, store)
        await duty._open(stack)
        await duty._resume()
        return duty

    async def _open(self, stack: AsyncExitStack) -> None:
        means, names = self._means, self._names
        name = f"{names.group}-{self._partition}"
        writer = FencedWriter(means.connection, name, PATIENCE_S)
        self._ledger.writer = await stack.enter_async_context(writer)

        async def tail(topic: str) -> Tail:
            reader = Tail(means.connection, topic, self._sizes[topic], PATIENCE_S)
            return await stack.enter_async_context(reader)

        self._people, self._marked = await tail(names.subscriptions), await tail(names.progress)
        changes = await tail(names.changes)
        self._source = ChangesTopic(changes, self._partition)
        self._ledger.elsewhere = Elsewhere(self._marked, self._partition, means.clock)
        self._wishes = Wishes(self._store, self._ledger, self._source, means.registry, means.clock)
        self.loop = _Loop(
            self._store,
            self._source,
            means.registry,
            means.channels,
            means.clock,
            grace_s=GRACE_S,
        )
        self.loop.ledger = self._ledger
        self.loop.operator = means.operator
        self.loop.share = 1 / self._sizes[names.changes]
        self._time(changes, stack)

    def _time(self, changes: Tail, stack: AsyncExitStack) -> None:
        """Have what time brings made. Nothing is read for it before it is asked for."""
        means, names = self._means, self._names

        def idle(topic: str) -> Tail:
            return Tail(means.connection, topic, self._sizes[topic], PATIENCE_S)

        self._flips = StatusFlips(idle(names.status), changes, self._partition, self.loop.wake)
        means.misfits.join(self._partition, self._flips.misfits)
        stack.callback(means.misfits.leave, self._partition, self._flips.misfits)
        events, status = idle(names.events), idle(names.status)
        stack.push_async_callback(events.close)
        stack.push_async_callback(status.close)
        pulse = TopicPulse(events, status, means.registry, means.clock)
        sources = Sources(AllPartitions(changes, self._begun), self._flips, pulse)
        ticking = stack.enter_context(Ticking(means.clock))
        self.loop.timed = Timed(
            self._store,
            means.registry,
            means.clock,
            sources,
            at_home=lambda one: partition_of(one, self._sizes[names.changes]) == self._partition,
            keep=self._ledger.make,
            ring=partial(ticking.set, "alerts", self.loop.wake),
        )

    def _begun(self, subscription: str) -> Start:
        """Where it begins, in all partitions."""
        kept = self._roster.kept.get(subscription)
        return Start(BEGINNING) if kept is None else kept.subscription.start

    async def _resume(self) -> None:
        await self._people.begin()
        async for some in self._people.to_end():
            for one in some:
                self._roster.take(one.key.decode(), one.value)
        await self._marked.begin(only=[self._partition])
        async for some in self._marked.to_end():
            for one in some:
                self._progress.take(one.key.decode(), one.kind, one.value)
        # Nothing is kept of those that were removed while nobody saw to this partition.
        await self._ledger.forgotten(self._progress.others(self._roster.kept))
        self._ledger.marks = dict(self._progress.read)
        cursor = await self._source.begin(self._ledger.marks.get(EVERYBODY))
        await self._store.aside(self._store.resume, self._progress, cursor)
        for kept in self._roster.living():
            await self._enrol(kept)
        await self._ledger.mark()
        await self._wishes.resume()

    async def _enrol(self, kept: Kept) -> None:
        """A subscription that is new here: one that was told something before goes on from there,
        the others from where they wished to begin."""
        ident, here = kept.subscription.id, self._here(kept)
        if kept.subscription.request.channel.type != "webhook":  # whom people read
            self._flips.want()
        if ident in self._ledger.marks:
            read = self._ledger.marks[ident]
        else:
            read = await self._source.before(here.subscription.start.after)
        if read is None and kept.subscription.unconfirmed:
            read = self._source.position()  # from here on, once somebody has agreed
        own: Place | None = None if read is None else behind(read)
        await self._store.aside(self._store.enrol, here, own)

    def _here(self, kept: Kept) -> Kept:
        """With where it begins in this partition."""
        start = kept.subscription.start
        mine = start.within(self._partition) if start.others else start
        return replace(kept, subscription=replace(kept.subscription, start=mine))

    def gauges(self) -> dict[str, tuple[str, float]]:
        """What is measured of it: by name, in words and now."""
        told_of = self._ledger.marks.get(EVERYBODY)
        waiting = self._ledger.waiting
        return {
            "standing_alerts_read_offset": (
                "the last offset of the changes that was read",
                self._source.position(),
            ),
            "standing_alerts_told_offset": (
                "up to which everybody was told, but those who are further back",
                -1 if told_of is None else told_of,
            ),
            "standing_alerts_subscriptions": ("who subscribed", len(self._roster.kept)),
            "standing_alerts_waiting": ("messages that wait", waiting[0]),
            "standing_alerts_waiting_receivers": ("receivers they wait for", waiting[1]),
            "standing_alerts_waiting_most": ("those of one receiver, at most", waiting[2]),
        }

    def work(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What there is to do, all at once."""
        yield self._source.run()
        yield self._flips.run()
        yield self.loop.run()
        yield self._follow_people()
        yield self._wishes.follow(self._marked, self.loop.wake)
        yield self._mark_now_and_then()

    # --- what others say -------------------------------------------------------------------------

    async def _follow_people(self) -> None:
        while True:
            for one in await self._people.more():
                ident = one.key.decode()
                self._roster.take(ident, one.value)
                kept = self._roster.kept.get(ident)
                if kept is None:
                    await self._forget(ident)
                else:
                    await self._refresh(kept)
                self.loop.wake()

    async def _refresh(self, kept: Kept) -> None:
        known = await self._store.aside(self._store.find, kept.subscription.id)
        if known is None:
            await self._enrol(kept)
            return
        here, own = self._here(kept), None
        if here.subscription.start != known.subscription.start:  # it begins anew, from there
            read = await self._source.before(here.subscription.start.after)
            own = behind(self._source.position() if read is None else read)
        await self._store.aside(self._store.enrol, here, own)

    async def _forget(self, ident: str) -> None:
        """Nothing is kept of a subscription that was removed."""
        async with self._ledger.ending() as keys:
            if await self._store.aside(self._store.find, ident) is None:
                return
            companies = await self._store.aside(self._store.queues_of, ident)
            await self._store.aside(self._store.remove, ident)
            keys.extend([ident, *(f"{ident}/{company}" for company in companies)])
            keys.extend(self._progress.besides(ident))
            self._ledger.marks.pop(ident, None)

    async def _mark_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_MARK_S)
            await self._ledger.mark()
