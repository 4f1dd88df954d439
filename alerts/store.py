"""What the alerts keep: subscriptions, how far the changes were read, and the outbox.

One SQLite file in which a commit survives a power cut, and the key of its secrets beside it. What
a page of changes brings is queued in the transaction that moves the cursor over that page: nothing
is lost between the two, and nothing is queued twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from alerts.listed import Listed
from alerts.matching import Who
from alerts.memory import Made
from alerts.messages import Draft
from alerts.opened import UnknownSubscription
from alerts.places import Place
from alerts.quiet import Quiet
from alerts.roll import Reader, packed, unpacked
from alerts.subscriptions import Subscription
from events.dates import Instant
from events.sqlite_store import trouble
from projections.rows import Told


class Ahead(NamedTuple):
    """What there is to be read: whether there is anybody to tell, who has yet to come to the
    cursor, and where that is."""

    anybody: bool
    latecomers: Sequence[Reader]
    cursor: Place


class Wanted(NamedTuple):
    """By change who is to be told, and the quiet hours of those who have some."""

    by: Sequence[Sequence[str]]
    quiets: Mapping[str, Quiet]


class AlertStore(Listed):
    """Subscriptions, cursor and outbox at `path`, the key at the same path ending in `.key`.

    Not for several threads at once: within an event loop, call its methods through `aside`. One
    alert loop may run over a store at a time; other processes may subscribe and look. Raises
    `StoreError` where a file cannot be used.
    """

    # --- subscriptions ------------------------------------------------------------------------

    def add(self, subscription: Subscription, secret: str, watchlist: bytes | None = None) -> None:
        """Keep a new subscription. It begins at a place of its own, and comes to the cursor when
        the loop has queued what lies between. `watchlist` is the report of the one that it was
        made of, as it was packed."""
        after = packed(subscription.start.after)
        with self._writing() as db:
            db.execute(
                "INSERT INTO subscriptions (id, created, request, after, since, secrets, overlap, "
                "behind, owner, watchlist, mailbox, cadence, clocked) "
                "VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)",
                (
                    *(subscription.id, subscription.created, _request(subscription)),
                    *(after, subscription.start.since, self.vault.lock((secret,)), after),
                    *(subscription.owner, watchlist, subscription.mailbox),
                    *(subscription.request.cadence, subscription.request.clocked),
                ),
            )

    def change(self, known: Subscription, new: Subscription, watchlist: bytes | None) -> None:
        """Keep what was made of a subscription. Paused, it holds its place; resumed, it goes on
        from there, or from its start where that was moved. `watchlist`: a new report, if any.
        Raises `UnknownSubscription`."""
        with self._writing() as db:
            found = db.execute(
                "UPDATE subscriptions SET request = ?, owner = ?, paused = ?, revised = ?, "
                "watchlist = coalesce(?, watchlist), clocked = ? WHERE id = ?",
                (
                    *(_request(new), new.owner, new.paused, new.revised, watchlist),
                    *(new.request.clocked, new.id),
                ),
            ).rowcount
            if not found:
                raise UnknownSubscription(new.id)
            if new.start != known.start:
                self._begin(new)
            self._pause(known, new)

    def _begin(self, one: Subscription) -> None:
        """From a place of its own."""
        after = packed(one.start.after)
        self.db.execute(
            "UPDATE subscriptions SET after = ?, since = ?, behind = ? WHERE id = ?",
            (after, one.start.since, after, one.id),
        )

    def _pause(self, known: Subscription, new: Subscription) -> None:
        if new.paused is not None:
            self.db.execute(
                "UPDATE subscriptions SET behind = ? WHERE id = ? AND behind IS NULL",
                (packed(self.cursor), new.id),
            )
            self.outbox.park(new.id)
        elif known.paused is not None:
            self.outbox.unpark(new.id, new.revised)
        elif known.request.quiet != new.request.quiet:
            self.outbox.rouse(new.id)

    def readers(self) -> dict[str, Reader]:
        """Every subscription by id, in the order of their making, as it stands now, whichever
        process wrote it. It takes room for all of them."""
        with trouble(self.path):
            return self._roll.all()

    def asking(self) -> list[Reader]:
        """Those who are to be told and ask for what no change brings; the same object until one of
        them has changed."""
        with trouble(self.path):
            return self._roll.asking()

    def page(self, owner: str | None, after: str | None, limit: int) -> list[Subscription]:
        """Some, oldest first: of an owner or of all, behind the one of the id `after`."""
        with trouble(self.path):
            return self._roll.page(owner, after, limit)

    def remove(self, subscription: str) -> None:
        """Forget a subscription and its deliveries. Raises `UnknownSubscription`."""
        self.get(subscription)
        with self._writing() as db:
            db.execute("DELETE FROM subscriptions WHERE id = ?", (subscription,))
            db.execute("DELETE FROM notices WHERE subscription = ?", (subscription,))
            self.outbox.drop(subscription)
            self.memory.drop(subscription)

    def confirm(self, subscription: str, now: Instant) -> None:
        """Begin to tell it. Raises `UnknownSubscription`."""
        self.get(subscription)
        with self._writing():
            self.db.execute(
                "UPDATE subscriptions SET confirmed = ? WHERE id = ? AND confirmed IS NULL",
                (now, subscription),
            )

    def asked(self, mailbox: str, kind: str, since: Instant) -> list[Instant]:
        """When a mailbox was sent messages of a kind since a moment, earliest first."""
        with trouble(self.path):
            rows = self.db.execute(
                "SELECT since FROM messages WHERE type = ? AND since > ? AND subscription IN "
                "(SELECT id FROM subscriptions WHERE mailbox = ?) ORDER BY since",
                (kind, since, mailbox),
            )
            return [row[0] for row in rows]

    def secrets(self, subscription: str, now: Instant) -> tuple[str, ...]:
        """The secrets to sign with, the newest first; the one before it while they overlap."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT secrets, overlap FROM subscriptions WHERE id = ?", (subscription,)
            ).fetchone()
        if row is None:
            raise UnknownSubscription(subscription)
        unlocked = self.vault.unlock(row[0])
        return unlocked if now < row[1] else unlocked[:1]

    def rotate(self, subscription: str, secret: str, now: Instant, until: Instant) -> None:
        """Sign with a new secret from now on, and with the present one as well until then."""
        current = self.secrets(subscription, now)[0]
        with self._writing() as db:
            db.execute(
                "UPDATE subscriptions SET secrets = ?, overlap = ? WHERE id = ?",
                (self.vault.lock((secret, current)), until, subscription),
            )

    # --- reading the changes ------------------------------------------------------------------

    def anybody(self) -> bool:
        """Whether anybody is to be told anything."""
        with trouble(self.path):
            return self._roll.anybody()

    def latecomers(self) -> list[Reader]:
        """Those who are to be told something and have yet to come to the cursor."""
        with trouble(self.path):
            return self._roll.latecomers()

    def wanting(self, page: Sequence[tuple[Told, Who]]) -> list[list[str]]:
        """For each change, which subscriptions at the cursor are to be told of it."""
        with trouble(self.path):
            return self._roll.wanting(page)

    def wanted(self, page: Sequence[tuple[Told, Who]]) -> Wanted:
        """See `wanting`, with their quiet hours."""
        if not page:
            return Wanted([], {})
        by = self.wanting(page)
        with trouble(self.path):
            return Wanted(by, self._roll.quiets({one for idents in by for one in idents}))

    def look(self, page: Sequence[tuple[Told, Who]]) -> tuple[Ahead, Wanted]:
        """What there is to be read, and who is to be told of what was read ahead."""
        return Ahead(self.anybody(), self.latecomers(), self.cursor), self.wanted(page)

    def take(self, drafts: Iterable[Draft], cursor: Place, now: Instant) -> None:
        """Queue what a page of changes brings, and move the cursor over it."""
        with self._writing() as db:
            self._queue(self._living(drafts, common=True), now)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('cursor', ?)", (packed(cursor),))

    def catch_up(
        self,
        subscription: str,
        drafts: Iterable[Draft],
        to: Place | None,
        now: Instant,
        since: Place | None = None,
    ) -> None:
        """Queue what a page behind the place `since` brings to one subscription, and move its own
        place; with None, it has come to the cursor. One that was paused or put elsewhere meanwhile
        stays where it is."""
        with self._writing() as db:
            if not list(self._roll.living([subscription], common=False)):
                return
            if since is not None and not self._is_at(subscription, since):
                return
            self._queue(list(drafts), now)
            db.execute(
                "UPDATE subscriptions SET behind = ? WHERE id = ?",
                (packed(to) if to else None, subscription),
            )

    def _is_at(self, subscription: str, place: Place) -> bool:
        """Whether this is its own place, within a transaction."""
        found = self.db.execute(
            "SELECT 1 FROM subscriptions WHERE id = ? AND behind = ?", (subscription, packed(place))
        )
        return found.fetchone() is not None

    def arrived(self, subscriptions: Iterable[str]) -> None:
        """They have come to the cursor, but for those that were put before it meanwhile."""
        with self._writing() as db:
            cursor = self.cursor
            for one in subscriptions:
                row = db.execute("SELECT behind FROM subscriptions WHERE id = ?", (one,)).fetchone()
                if row is not None and row[0] is not None and unpacked(row[0]) >= cursor:
                    db.execute(
                        "UPDATE subscriptions SET behind = NULL WHERE id = ? AND paused IS NULL",
                        (one,),
                    )

    def make(self, made: Sequence[Made], now: Instant) -> None:
        """Queue what time brings, and remember it, at once."""
        with self._writing():
            living = set(self._roll.living({one.subscription for one in made}, common=False))
            for one in made:
                if one.subscription in living:
                    drafts = [one.draft] if one.draft else []
                    self.outbox.put(drafts, now)
                    self.memory.press(drafts)
                    self.memory.put(one.subscription, one.company, one.state)

    def _queue(self, drafts: Sequence[Draft], now: Instant) -> None:
        self.outbox.put(drafts, now)
        self.memory.press(drafts)

    def _living(self, drafts: Iterable[Draft], *, common: bool) -> list[Draft]:
        """Without those of subscriptions that went, or were paused, while the page was read."""
        asked = list(drafts)
        idents = dict.fromkeys(draft.subscription for draft in asked)
        living = set(self._roll.living(idents, common=common))
        return [draft for draft in asked if draft.subscription in living]

    def _present(self, idents: Iterable[str]) -> set[str]:
        """Which of these are there, within a transaction."""
        rows = self.db.execute(
            "SELECT id FROM subscriptions WHERE id IN (SELECT value FROM json_each(?))",
            (orjson.dumps(list(idents)).decode(),),
        )
        return {row[0] for row in rows}


def _request(one: Subscription) -> bytes:
    return one.request.model_dump_json(by_alias=True).encode()
