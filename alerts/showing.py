"""What a desk shows: subscriptions, what waits for them, and what was sent."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from alerts.samples import samples
from alerts.signing import public_key
from alerts.store import AlertStore
from alerts.subscriptions import Subscription
from events.dates import NEVER, Instant
from events.lists import Registry

_LONGEST: Final = 100
"""Whose backlogs are measured one by one: a metric for each of a million would hurt its reader."""


class Showing:
    """The part of a desk that looks, and changes nothing. Raises `UnknownSubscription` and
    `UnknownDelivery`."""

    _store: AlertStore
    _registry: Registry
    _clock: Callable[[], Instant]

    async def subscriptions(self) -> list[Subscription]:
        """All of them, oldest first."""
        readers = await self._store.aside(self._store.readers)
        return [one.subscription for one in readers.values()]

    async def page(
        self, owner: str | None = None, after: str | None = None, limit: int = 1_000
    ) -> list[dict[str, Any]]:
        """Some as JSON, oldest first, each with what waits for it: of an owner or of all, behind
        the one of the id `after`."""
        found = await self._store.aside(self._store.page, owner, after, limit)
        idents, now = [one.id for one in found], self._clock()
        waiting = await self._store.aside(self._store.outbox.backlogs, idents)
        return [{**one.told(now), "backlog": waiting[one.id]} for one in found]

    async def subscription(self, subscription: str) -> dict[str, Any]:
        """One as JSON, with how many deliveries there are in each state."""
        found = await self._store.aside(self._store.get, subscription)
        store, now = self._store, self._clock()
        keys = await store.aside(store.secrets, subscription, now)
        return {
            **found.told(now),
            "public_keys": [public for key in keys if (public := public_key(key)) is not None],
            "deliveries": await store.aside(store.outbox.counts, subscription),
            "backlog": await store.aside(store.outbox.backlog, subscription, now),
            "notices": await store.aside(store.notices.of, subscription),
        }

    async def owner(self, subscription: str) -> str:
        """Whose it is."""
        found = await self._store.aside(self._store.get, subscription)
        return found.owner

    async def whose(self, delivery: str) -> str:
        """The subscription of a delivery that may be sent again."""
        found, _ = await self._store.aside(self._store.outbox.of, delivery)
        return found

    async def watchlist(self, subscription: str) -> bytes | None:
        """The report of the watchlist that its companies are from, as it was packed."""
        return await self._store.aside(self._store.watchlist, subscription)

    def examples(self) -> list[dict[str, Any]]:
        """A message of each kind, as JSON, with what it says."""
        return samples(self._registry)

    async def measured(self) -> dict[str, int]:
        """What waits, and how many receivers fail or are disabled."""
        return await self._store.aside(self._store.measured)

    async def longest(self, owner: str | None = None) -> list[tuple[str, int, Instant]]:
        """For which subscriptions most messages wait, of an owner or of all; how many, and since
        when the oldest does."""
        return await self._store.aside(self._store.outbox.longest, owner, _LONGEST)

    async def said(self, deliveries: Sequence[str]) -> dict[str, Any]:
        """Of these, what was sent, as JSON; of those of which it is kept here."""
        return await self._store.aside(self._store.outbox.said, deliveries)

    async def delivery(self, delivery: str) -> dict[str, Any]:
        """One of them as JSON, with the `message` that was sent; null where it is not kept."""
        found = await self._store.aside(self._store.outbox.one, delivery)
        return {**found, "message": (await self.said([delivery])).get(delivery)}

    async def deliveries(
        self, subscription: str, *, limit: int = 100, before: Instant = NEVER
    ) -> list[dict[str, Any]]:
        """Its deliveries as JSON, latest first, each with its attempts, and until when quiet hours
        hold it; go on with the `seq` of the last as `before`."""
        await self._store.aside(self._store.get, subscription)
        found = await self._store.aside(self._store.outbox.shown, subscription, limit, before)
        return await self._store.aside(self._store.held, subscription, found, self._clock())
