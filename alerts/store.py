"""What the alerts keep: subscriptions, how far the changes were read, and the outbox.

One SQLite file in which a commit survives a power cut, and the key of its secrets beside it. What
a page of changes brings is queued in the transaction that moves the cursor over that page: nothing
is lost between the two, and nothing is queued twice.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import orjson

from alerts import memory, roll
from alerts.channel import Outcome
from alerts.matching import Who
from alerts.memory import BEAT, BEATS, Made, Memory
from alerts.messages import Draft
from alerts.notices import DISABLED, FAILING, Notice, Notices
from alerts.notices import SCHEMA as NOTICES
from alerts.outbox import LATER, SCHEMA, Ended, Outbox, Waiting
from alerts.places import BEGINNING, Place
from alerts.quiet import Quiet, until
from alerts.retry import DISABLE, WARN
from alerts.roll import Reader, Roll, packed, unpacked
from alerts.subscriptions import Request, Subscription
from alerts.targets import Target
from alerts.vault import Vault
from events.aside import finished
from events.dates import DAY, Instant, show
from events.errors import StandingError
from events.sqlite_store import Synchronous, connect, transaction, trouble
from projections.rows import Told

FORMAT: Final = 2
KEEP: Final[Instant] = 90 * DAY
"""How long deliveries are kept."""
_SCHEMA: Final = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
{roll.SCHEMA};
{roll.TURNS};
{SCHEMA};
{NOTICES};
{memory.SCHEMA}
"""
_STEPS: Final = (f"{roll.OWNED};{roll.TURNS};{LATER};{NOTICES};{memory.SCHEMA}",)
"""From each earlier format to the next."""
_PAGES: Final = 8_000
"""So many pages (32 MB) the log of what was written may have before they are put in their places:
most are written many times over meanwhile."""
_DOORS: Final = 20_000
"""Of so many subscriptions that were told something, it is remembered where they are."""

T = TypeVar("T")
Busy = Mapping[str, Collection[str]]
"""By subscription, the companies that something is under way of."""


class UnknownSubscription(StandingError):
    """No subscription has this id."""

    def __init__(self, subscription: str) -> None:
        super().__init__(f"unknown subscription {subscription!r}")
        self.subscription = subscription


@dataclass(frozen=True, slots=True)
class Door:
    """Where messages of a subscription go, and the secrets they are signed with."""

    target: Target
    secrets: tuple[str, ...]
    quiet: Quiet | None = None


class AlertStore:
    """Subscriptions, cursor and outbox at `path`, the key at the same path ending in `.key`.

    Not for several threads at once: within an event loop, call its methods through `aside`. One
    alert loop may run over a store at a time; other processes may subscribe and look. Raises
    `StoreError` where a file cannot be used.
    """

    SCHEMA: ClassVar = _SCHEMA
    SYNCHRONOUS: ClassVar[Synchronous] = "FULL"

    def __init__(self, path: Path, vault: Vault | None = None) -> None:
        """With a `vault`, there is no key file."""
        self.path = path
        self.db = connect(path, self.SCHEMA, FORMAT, synchronous=self.SYNCHRONOUS, steps=_STEPS)
        self.outbox = Outbox(self.db)
        self.notices = Notices(self.db)
        self.memory = Memory(self.db)
        self._doors: dict[str, tuple[bytes, bytes, Request, tuple[str, ...]]] = {}
        with trouble(path):
            self.db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
        with trouble(path):
            locked = self.db.execute("SELECT secrets FROM subscriptions LIMIT 1").fetchone()
        self.vault = vault or Vault(path.with_suffix(".key"), create=locked is None)
        if locked is not None:
            self.vault.unlock(locked[0])
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="standing-alerts")
        with trouble(path):
            self._roll = Roll(self.db)

    async def aside(self, work: Callable[..., T], *args: object) -> T:
        """Do something to the store without holding up the event loop. What was begun is
        finished, also if the caller is cancelled."""
        loop = asyncio.get_running_loop()
        return await finished(loop.run_in_executor(self._thread, lambda: work(*args)))

    def close(self) -> None:
        """Finish what was begun, then let go."""
        self._thread.shutdown()
        self.db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with trouble(self.path), transaction(self.db):
            yield self.db

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

    def find(self, subscription: str) -> Reader | None:
        """One subscription with its place, as it stands now."""
        with trouble(self.path):
            return self._roll.one(subscription)

    def asking(self) -> list[Reader]:
        """Those who are to be told and ask for what no change brings; the same object until one of
        them has changed."""
        with trouble(self.path):
            return self._roll.asking()

    def quiets(self, idents: Iterable[str]) -> dict[str, Quiet]:
        """Of these, the quiet hours of those who have some."""
        with trouble(self.path):
            return self._roll.quiets(idents)

    def get(self, subscription: str) -> Subscription:
        """One subscription. Raises `UnknownSubscription`."""
        found = self.find(subscription)
        if found is None:
            raise UnknownSubscription(subscription)
        return found.subscription

    def page(self, owner: str | None, after: str | None, limit: int) -> list[Subscription]:
        """Some, oldest first: of an owner or of all, behind the one of the id `after`."""
        with trouble(self.path):
            return self._roll.page(owner, after, limit)

    def watchlist(self, subscription: str) -> bytes | None:
        """The report of the watchlist that its companies are from. Raises
        `UnknownSubscription`."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT watchlist FROM subscriptions WHERE id = ?", (subscription,)
            ).fetchone()
        if row is None:
            raise UnknownSubscription(subscription)
        return None if row[0] is None else bytes(row[0])

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

    @property
    def cursor(self) -> Place:
        """Up to where the changes were queued for every subscription that has no place of its
        own."""
        with trouble(self.path):
            row = self.db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()
        return unpacked(row[0]) if row else BEGINNING

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

    def take(self, drafts: Iterable[Draft], cursor: Place, now: Instant) -> None:
        """Queue what a page of changes brings, and move the cursor over it."""
        with self._writing() as db:
            self._queue(self._living(drafts, common=True), now)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('cursor', ?)", (packed(cursor),))

    def catch_up(
        self, subscription: str, drafts: Iterable[Draft], to: Place | None, now: Instant
    ) -> None:
        """Queue what a page brings to one subscription, and move its own place; with None, it has
        come to the cursor. One that was paused meanwhile stays where it is."""
        with self._writing() as db:
            if not list(self._roll.living([subscription], common=False)):
                return
            self._queue(list(drafts), now)
            db.execute(
                "UPDATE subscriptions SET behind = ? WHERE id = ?",
                (packed(to) if to else None, subscription),
            )

    def arrived(self, subscriptions: Iterable[str]) -> None:
        """They have come to the cursor."""
        with self._writing() as db:
            db.executemany(
                "UPDATE subscriptions SET behind = NULL WHERE id = ? AND paused IS NULL",
                ((one,) for one in subscriptions),
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

    # --- deliveries ---------------------------------------------------------------------------

    def due(
        self, now: Instant, most: int, room: Callable[[str], int], under_way: Busy
    ) -> list[tuple[Waiting, Door]]:
        """At most so many messages that may be sent now, with where they go: of each subscription
        as many as it has `room` for, and none about a company that something is `under_way` of.
        Whose turn was longest ago is first; of those under way that is their order."""
        served = {one: turn for turn, one in enumerate(under_way, 1)}
        with trouble(self.path):
            while True:
                found: list[tuple[Waiting, Door]] = []
                slept = False
                lanes = self.outbox.lanes(now, most + len(under_way))
                for subscription in sorted(lanes, key=lambda one: served.get(one, 0)):
                    limit = min(room(subscription), most - len(found))
                    door = None if limit <= 0 else self.door(subscription, now)
                    if door is None:
                        continue
                    busy = under_way.get(subscription, ())
                    waiting = self._awake(subscription, door, now, limit, busy)
                    slept |= waiting is None
                    paced = getattr(door.target, "rate", None) is not None
                    found += [(one, door) for one in (waiting or ())[: 1 if paced else None]]
                if found or not slept:  # else there may be others behind those who are quiet
                    return found

    def _awake(
        self, subscription: str, door: Door, now: Instant, limit: int, busy: Collection[str]
    ) -> list[Waiting] | None:
        """What is due of one subscription, and not held by quiet hours. None of one of which those
        hold all: it is not looked at again before their end."""
        end = None if door.quiet is None else until(door.quiet, now)
        if end is None:
            return self.outbox.due(subscription, now, limit, busy)
        if found := self._passing(subscription, now, limit, busy):
            return found
        with self._writing():  # once more, as others may have written meanwhile
            found = self._passing(subscription, now, limit, busy)
            passing = self.memory.pressing(subscription) | {BEATS}
            idle = not found and passing.isdisjoint(busy)
            if idle and self.door(subscription, now) == door:
                self.outbox.sleep(subscription, now, end, passing)
                return None
        return found

    def _passing(
        self, subscription: str, now: Instant, limit: int, busy: Collection[str]
    ) -> list[Waiting]:
        """What is due of one subscription and is not held by its quiet hours."""
        passing = self.memory.pressing(subscription) | {BEATS}
        return self.outbox.due(subscription, now, limit, busy, passing)

    def held(
        self, subscription: str, shown: list[dict[str, Any]], now: Instant
    ) -> list[dict[str, Any]]:
        """Deliveries as they are shown, with `held_until`: when the quiet hours end that hold one
        now; null where none do."""
        quiet = self.get(subscription).request.quiet
        end = None if quiet is None else until(quiet, now)
        passing = set() if end is None else self.memory.pressing(subscription)
        for one in shown:
            holds = one["state"] == "pending" and one["company"] not in passing
            beats = one["company"] is None and one["type"] == BEAT
            if end is not None and holds and not beats:
                one["held_until"] = show(end)
        return shown

    def door(self, subscription: str, now: Instant) -> Door | None:
        """Where a subscription is reached; None where nothing is sent to it."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT request, secrets, overlap FROM subscriptions "  # noqa: S608
                f"WHERE id = ? AND {roll.LIVING}",
                (subscription,),
            ).fetchone()
        if row is None:
            return None
        request, sealed, overlap = row
        known = self._doors.get(subscription)
        if known is None or (known[0], known[1]) != (request, sealed):
            if len(self._doors) >= _DOORS:
                self._doors.clear()
            unlocked = self.vault.unlock(sealed)
            known = (request, sealed, Request.model_validate_json(request), unlocked)
            self._doors[subscription] = known
        keys = known[3] if now < overlap else known[3][:1]
        return Door(known[2].channel, keys, known[2].quiet)

    def settle(self, ended: Sequence[Ended]) -> None:
        """Keep attempts that are over, and what follows from them."""
        with self._writing():
            now = max((one.over for one in ended), default=0)
            before = self._failing({one.message for one in ended})
            failing = dict(before)
            tired = {one for one, at in before.items() if at is not None and now - at > WARN}
            whose = self.outbox.settle(ended, tired)
            self._hush(set(whose.values()))
            last: dict[str, Ended] = {}
            for one in ended:
                if (subscription := whose.get(one.message)) is not None:
                    last[subscription] = one
                    if one.outcome.delivered:
                        failing[subscription] = None
                    elif failing[subscription] is None:
                        failing[subscription] = one.at
            for subscription, one in last.items():
                if failing[subscription] is not None or before[subscription] is not None:
                    self._turn(subscription, failing[subscription], one)
            for one in ended:
                if one.verdict.state == "gone" and one.message in whose:
                    self._gone(whose[one.message], one, _over(one.outcome))

    def _hush(self, subscriptions: Iterable[str]) -> None:
        """Nothing is due of those that are paused, whatever became of what was under way."""
        rows = self.db.execute(
            "SELECT id FROM subscriptions WHERE paused IS NOT NULL AND id IN "
            "(SELECT value FROM json_each(?))",
            (orjson.dumps(list(subscriptions)).decode(),),
        )
        for (subscription,) in rows.fetchall():
            self.outbox.park(subscription)

    def _failing(self, messages: Iterable[str]) -> dict[str, Instant | None]:
        """Of the subscriptions of messages, since when they fail."""
        rows = self.db.execute(
            "SELECT id, failing FROM subscriptions WHERE id IN (SELECT subscription FROM messages "
            "WHERE id IN (SELECT value FROM json_each(?)))",
            (orjson.dumps(list(messages)).decode(),),
        )
        return dict(rows.fetchall())

    def _turn(self, subscription: str, failing: Instant | None, last: Ended) -> None:
        """Keep since when a receiver fails, and what follows where that is long ago."""
        self.db.execute(
            "UPDATE subscriptions SET failing = ?1 WHERE id = ?2 AND failing IS NOT ?1",
            (failing, subscription),
        )
        if failing is None or last.over - failing < WARN:
            return
        if last.over - failing < DISABLE:
            self._notice(subscription, FAILING, last)
        else:
            self._gone(subscription, last, f"nothing could be delivered since {show(failing)}")

    def _gone(self, subscription: str, last: Ended, why: str) -> None:
        """Disable it, and have that told elsewhere."""
        if roll.raw(self.db, subscription).disabled is None:
            self._disable(subscription, why)
            self._notice(subscription, DISABLED, last)

    def _notice(self, subscription: str, kind: str, last: Ended) -> None:
        one = roll.raw(self.db, subscription)
        if kind == FAILING and one.disabled is not None:
            return
        self.notices.put(one, kind, last.over, last.outcome.error)

    def heard(self, notice: Notice, due: Instant, error: str | None) -> None:
        """Keep what became of an attempt to tell a notice."""
        with self._writing():
            self.notices.settle(notice, due, error)

    def measured(self) -> dict[str, int]:
        """What waits, and how many receivers fail or are disabled, by the names of metrics."""
        waiting, receivers, most = self.outbox.waiting()
        found = {"waiting": waiting, "waiting_receivers": receivers, "waiting_most": most}
        for state, where in (
            ("failing", "failing IS NOT NULL AND disabled IS NULL"),
            ("disabled", "disabled IS NOT NULL"),
        ):
            row = self.db.execute(f"SELECT count(*) FROM subscriptions WHERE {where}").fetchone()  # noqa: S608
            found[state] = row[0]
        return found

    def lagging(self) -> bool:
        """Whether somebody who is to be told has yet to come to the cursor."""
        with trouble(self.path):
            return self._roll.lagging()

    def disable(self, subscription: str, why: str) -> None:
        """Send nothing more to it. Raises `UnknownSubscription`."""
        self.get(subscription)
        with self._writing():
            self._disable(subscription, why)

    def redeliver(self, delivery: str, now: Instant) -> None:
        """Send a message again, with its id, number and body. Raises `UnknownDelivery`."""
        with self._writing():
            self.outbox.again([delivery], now)

    def recover(self, subscription: str, moment: Instant, now: Instant) -> int:
        """Send again what was recorded at a moment or later; how much that is."""
        with self._writing():
            found = self.outbox.since(subscription, moment)
            self.outbox.again(found, now)
        return len(found)

    def enable(self, subscription: str, now: Instant, skip_to: Place | None = None) -> None:
        """Send to it again: from where it stopped, or only what stands behind a place. Raises
        `UnknownSubscription`."""
        if self.get(subscription).disabled is None:
            return
        with self._writing() as db:
            db.execute(
                "UPDATE subscriptions SET disabled = NULL, failing = NULL, "
                "after = coalesce(?1, after), behind = coalesce(?1, behind) WHERE id = ?2",
                (None if skip_to is None else packed(skip_to), subscription),
            )
            if skip_to is None:
                self.outbox.resume(subscription, now)
                self._hush([subscription])

    def keep_trial(self, draft: Draft, now: Instant, ended: Ended) -> None:
        """Keep a test message and what became of it."""
        with self._writing():
            self.outbox.put_trial(draft, now, ended)

    def prune(self, now: Instant) -> None:
        """Forget deliveries older than `KEEP`."""
        with self._writing():
            self.outbox.prune(now - KEEP)
            self.memory.prune()

    def _disable(self, subscription: str, why: str) -> None:
        """What waits is kept, and where it stood, for who enables it again."""
        self.db.execute(
            "UPDATE subscriptions SET disabled = ?, behind = coalesce(behind, ?) "
            "WHERE id = ? AND disabled IS NULL",
            (why, packed(self.cursor), subscription),
        )
        self.outbox.abandon(subscription)


def _over(outcome: Outcome) -> str:
    if outcome.status == 410:
        return "the receiver answered 410 Gone"
    return f"the receiver wants no more: {outcome.error}"


def _request(one: Subscription) -> bytes:
    return one.request.model_dump_json(by_alias=True).encode()
