"""What the alerts keep: subscriptions, how far the changes were read, and the outbox.

One SQLite file in which a commit survives a power cut, and the key of its secrets beside it. What
a page of changes brings is queued in the transaction that moves the cursor over that page: nothing
is lost between the two, and nothing is queued twice.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import orjson

from alerts.memory import BEAT, BEATS, Made, Memory
from alerts.messages import Draft
from alerts.outbox import SCHEMA, Ended, Outbox, Waiting
from alerts.places import BEGINNING, Place
from alerts.quiet import until
from alerts.subscriptions import Request, Start, Subscription
from alerts.vault import Vault
from events.aside import finished
from events.dates import DAY, NEVER, Instant, show
from events.errors import StandingError
from events.sqlite_store import Synchronous, connect, transaction, trouble

FORMAT: Final = 1
KEEP: Final[Instant] = 90 * DAY
"""How long deliveries are kept."""
_SCHEMA: Final = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY, created INTEGER NOT NULL, request BLOB NOT NULL, after TEXT NOT NULL,
    since INTEGER NOT NULL, secrets BLOB NOT NULL, overlap INTEGER NOT NULL, behind TEXT,
    disabled TEXT, failing INTEGER
) STRICT, WITHOUT ROWID;
{SCHEMA}
"""

T = TypeVar("T")


class UnknownSubscription(StandingError):
    """No subscription has this id."""

    def __init__(self, subscription: str) -> None:
        super().__init__(f"unknown subscription {subscription!r}")
        self.subscription = subscription


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscription and its own place, where it has yet to come to the common cursor."""

    subscription: Subscription
    behind: Place | None


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
        self.db = connect(path, self.SCHEMA, FORMAT, synchronous=self.SYNCHRONOUS)
        self.outbox = Outbox(self.db)
        with trouble(path):
            self.memory = Memory(self.db)
            locked = self.db.execute("SELECT secrets FROM subscriptions LIMIT 1").fetchone()
        self._vault = vault or Vault(path.with_suffix(".key"), create=locked is None)
        if locked is not None:
            self._vault.unlock(locked[0])
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="standing-alerts")
        self._readers: dict[str, Reader] = {}
        self._quiet: tuple[dict[str, Reader], list[str]] = ({}, [])
        self._version = -1

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

    def add(self, subscription: Subscription, secret: str) -> None:
        """Keep a new subscription. It begins at a place of its own, and comes to the cursor when
        the loop has queued what lies between."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, 0, ?, NULL, NULL)",
                (
                    subscription.id,
                    subscription.created,
                    subscription.request.model_dump_json(by_alias=True).encode(),
                    packed(subscription.start.after),
                    subscription.start.since,
                    self._vault.lock((secret,)),
                    packed(subscription.start.after),
                ),
            )
        self._version = -1

    def readers(self) -> dict[str, Reader]:
        """Every subscription by id, in the order of their making, as it stands now, whichever
        process wrote it."""
        with trouble(self.path):
            version = int(self.db.execute("PRAGMA data_version").fetchone()[0])
            if version != self._version:
                rows = self.db.execute(
                    "SELECT id, created, request, after, since, disabled, failing, behind "
                    "FROM subscriptions ORDER BY created, id"
                )
                self._readers = {row[0]: _reader(row) for row in rows}
                self._version = version
        return self._readers

    @property
    def known(self) -> dict[str, Reader]:
        """The readers as they were when they were last looked at."""
        return self._readers

    def get(self, subscription: str) -> Subscription:
        """One subscription. Raises `UnknownSubscription`."""
        found = self.readers().get(subscription)
        if found is None:
            raise UnknownSubscription(subscription)
        return found.subscription

    def remove(self, subscription: str) -> None:
        """Forget a subscription and its deliveries. Raises `UnknownSubscription`."""
        self.get(subscription)
        with self._writing() as db:
            db.execute("DELETE FROM subscriptions WHERE id = ?", (subscription,))
            self.outbox.drop(subscription)
            self.memory.drop(subscription)
        self._version = -1

    def secrets(self, subscription: str, now: Instant) -> tuple[str, ...]:
        """The secrets to sign with, the newest first; the one before it while they overlap."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT secrets, overlap FROM subscriptions WHERE id = ?", (subscription,)
            ).fetchone()
        if row is None:
            raise UnknownSubscription(subscription)
        unlocked = self._vault.unlock(row[0])
        return unlocked if now < row[1] else unlocked[:1]

    def rotate(self, subscription: str, secret: str, now: Instant, until: Instant) -> None:
        """Sign with a new secret from now on, and with the present one as well until then."""
        current = self.secrets(subscription, now)[0]
        with self._writing() as db:
            db.execute(
                "UPDATE subscriptions SET secrets = ?, overlap = ? WHERE id = ?",
                (self._vault.lock((secret, current)), until, subscription),
            )

    # --- reading the changes ------------------------------------------------------------------

    @property
    def cursor(self) -> Place:
        """Up to where the changes were queued for every subscription that has no place of its
        own."""
        with trouble(self.path):
            row = self.db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()
        return _place(row[0]) if row else BEGINNING

    def take(self, drafts: Iterable[Draft], cursor: Place, now: Instant) -> None:
        """Queue what a page of changes brings, and move the cursor over it."""
        with self._writing() as db:
            self._queue(self._living(drafts), now)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('cursor', ?)", (packed(cursor),))

    def catch_up(
        self, subscription: str, drafts: Iterable[Draft], to: Place | None, now: Instant
    ) -> None:
        """Queue what a page brings to one subscription, and move its own place; with None, it has
        come to the cursor."""
        with self._writing() as db:
            self._queue(self._living(drafts), now)
            db.execute(
                "UPDATE subscriptions SET behind = ? WHERE id = ?",
                (packed(to) if to else None, subscription),
            )
        self._version = -1

    def make(self, made: Sequence[Made], now: Instant) -> None:
        """Queue what time brings, and remember it, at once."""
        with self._writing():
            living = self._who_lives()
            for one in made:
                if one.subscription in living:
                    drafts = [one.draft] if one.draft else []
                    self.outbox.put(drafts, now)
                    self.memory.press(drafts)
                    self.memory.put(one.subscription, one.company, one.state)

    def _queue(self, drafts: Sequence[Draft], now: Instant) -> None:
        self.outbox.put(drafts, now)
        self.memory.press(drafts)

    def _living(self, drafts: Iterable[Draft]) -> list[Draft]:
        """Without those of subscriptions that went while the page was read."""
        living = self._who_lives()
        return [draft for draft in drafts if draft.subscription in living]

    def _who_lives(self) -> set[str]:
        rows = self.db.execute("SELECT id FROM subscriptions WHERE disabled IS NULL")
        return {row[0] for row in rows}

    # --- deliveries ---------------------------------------------------------------------------

    def due(
        self, asked: Sequence[tuple[str, int]], now: Instant
    ) -> list[tuple[Waiting, tuple[str, ...]]]:
        """What may be sent now, with the secrets to sign with; for each subscription asked for at
        most so many."""
        found = []
        with trouble(self.path):
            for subscription, limit in asked:
                waiting = self.outbox.due(subscription, now, limit)
                if waiting and self.quiet_until(subscription, now) is not None:
                    passing = self.memory.pressing(subscription) | {BEATS}
                    waiting = self.outbox.due_of(subscription, passing, now)[:limit]
                if waiting:
                    keys = self.secrets(subscription, now)
                    found += [(one, keys) for one in waiting]
        return found

    def quiet_until(self, subscription: str, now: Instant) -> Instant | None:
        """When the quiet ends that holds for it now, if it does."""
        found = self.readers().get(subscription)
        quiet = found and found.subscription.request.quiet
        return until(quiet, now) if quiet else None

    def next_due(self, now: Instant) -> Instant:
        """When the next retry is due, or the next quiet ends that holds now; `NEVER`, if never."""
        ends = [self.quiet_until(one, now) for one in self._with_quiet()]
        quiet = min((end for end in ends if end is not None), default=NEVER)
        return min(self.outbox.next_due(now), quiet)

    def held(
        self, subscription: str, shown: list[dict[str, Any]], now: Instant
    ) -> list[dict[str, Any]]:
        """Deliveries as they are shown, with `held_until`: when the quiet hours end that hold one
        now; null where none do."""
        end = self.quiet_until(subscription, now)
        passing = set() if end is None else self.memory.pressing(subscription)
        for one in shown:
            holds = one["state"] == "pending" and one["company"] not in passing
            beats = one["company"] is None and one["type"] == BEAT
            if end is not None and holds and not beats:
                one["held_until"] = show(end)
        return shown

    def _with_quiet(self) -> list[str]:
        readers = self.readers()
        if readers is not self._quiet[0]:
            found = [key for key, one in readers.items() if one.subscription.request.quiet]
            self._quiet = (readers, found)
        return self._quiet[1]

    def settle(self, ended: Sequence[Ended]) -> None:
        """Keep attempts that are over, and what follows from them."""
        with self._writing() as db:
            for one in ended:
                settled = self.outbox.settle(one)
                if settled is None:
                    continue
                subscription, verdict = settled
                delivered = one.outcome.delivered
                turned = db.execute(
                    "UPDATE subscriptions SET failing = iif(?, NULL, ?) "
                    "WHERE id = ? AND (failing IS NULL) <> ?",
                    (delivered, one.at, subscription, delivered),
                ).rowcount
                if verdict.state == "gone":
                    self._disable(subscription, "the receiver answered 410 Gone")
                if turned or verdict.state == "gone":
                    self._version = -1

    def disable(self, subscription: str, why: str) -> None:
        """Send nothing more to it. Raises `UnknownSubscription`."""
        self.get(subscription)
        with self._writing():
            self._disable(subscription, why)
        self._version = -1

    def redeliver(self, delivery: str, now: Instant) -> None:
        """Send a message again, with its id, number and body. Raises `UnknownDelivery`."""
        with self._writing():
            self.outbox.again(delivery, now)

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
        self.db.execute("UPDATE subscriptions SET disabled = ? WHERE id = ?", (why, subscription))
        self.outbox.abandon(subscription)


def _reader(row: Sequence[Any]) -> Reader:
    ident, created, request, after, since, disabled, failing, place = row
    asked = Request.model_validate_json(request)
    kept = Subscription(ident, created, asked, Start(_place(after), since), disabled, failing)
    return Reader(kept, _place(place) if place else None)


def packed(place: Place) -> str:
    """As the tables have it."""
    return orjson.dumps(place).decode()


def _place(packed: str) -> Place:
    position, moment, company, sequence = orjson.loads(packed)
    return (position, moment, company, sequence)
