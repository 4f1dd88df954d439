"""The outbox: every message from when it is due to what became of it, attempt by attempt.

Messages of one subscription about one company form a queue: they are numbered without gaps, and
only the first that waits is sent. Queues do not wait for each other. The queues of one subscription
share a lane, so that who has something due is found without looking at the others, and who was
served goes to the end of the line.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from alerts.channel import Outcome
from alerts.delivered import Delivered, UnknownDelivery
from alerts.messages import Draft
from alerts.retry import Verdict
from events.dates import NEVER, Instant, start

__all__ = ["SCHEMA", "Ended", "Outbox", "UnknownDelivery", "Waiting", "later"]

_LANES: Final = """
CREATE TABLE lanes (
    subscription TEXT PRIMARY KEY, due INTEGER NOT NULL, hold INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_due ON lanes (due) WHERE due < 4611686018427387904
"""
SCHEMA: Final = f"""
CREATE TABLE queues (
    subscription TEXT NOT NULL, company TEXT NOT NULL, n INTEGER NOT NULL, due INTEGER NOT NULL,
    PRIMARY KEY (subscription, company)
) STRICT, WITHOUT ROWID;
CREATE INDEX queues_due ON queues (subscription, due) WHERE due < 4611686018427387904;
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subscription TEXT NOT NULL,
    company TEXT NOT NULL, n INTEGER NOT NULL, change TEXT NOT NULL, type TEXT NOT NULL,
    state TEXT NOT NULL, since INTEGER NOT NULL, attempts INTEGER NOT NULL,
    earlier INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX messages_of ON messages (subscription, state, seq);
CREATE INDEX messages_waiting ON messages (subscription, company, n) WHERE state = 'pending';
CREATE TABLE attempts (
    message TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, latency INTEGER NOT NULL,
    outcome TEXT NOT NULL, status INTEGER, error TEXT, details TEXT, PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;
{_LANES}
"""


def later(db: sqlite3.Connection) -> None:
    """Give a store what a version before this one did not make. Within a transaction."""
    if not _columns(db, "lanes"):
        for statement in _LANES.split(";"):
            db.execute(statement)
        db.execute(
            "INSERT INTO lanes SELECT subscription, min(due), 0 FROM queues GROUP BY subscription"
        )
    if "details" not in _columns(db, "attempts"):
        db.execute("ALTER TABLE attempts ADD COLUMN details TEXT")


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in db.execute(f"PRAGMA table_info({table})")}


@dataclass(frozen=True, slots=True)
class Waiting:
    """The first message of a queue. `attempt` is the number of the next one, `since` when the
    message began to wait; both begin again when it is redelivered."""

    id: str
    subscription: str
    company: str
    attempt: int
    since: Instant
    body: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over: begun `at`, taking `latency` microseconds. Until `hold` nothing more
    goes to its subscription."""

    message: str
    at: Instant
    latency: Instant
    outcome: Outcome
    verdict: Verdict
    hold: Instant = 0

    @property
    def over(self) -> Instant:
        """When it ended."""
        return self.at + self.latency


class Outbox(Delivered):
    """The tables of the outbox. Whatever writes must be called within a transaction."""

    def put(self, drafts: Iterable[Draft], now: Instant) -> None:
        """Number and queue messages; one that was queued before is left as it is."""
        rows: list[tuple[Any, ...]] = []
        seen: set[str] = set()
        whose: set[str] = set()
        for draft in drafts:
            ident = draft.id
            if ident in seen or self._has(ident):
                continue
            (n,) = self._db.execute(
                "INSERT INTO queues VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE "
                "SET n = n + 1, due = CASE due WHEN ? THEN excluded.due ELSE due END RETURNING n",
                (draft.subscription, draft.company, now, NEVER),
            ).fetchone()
            seen.add(ident)
            whose.add(draft.subscription)
            rows.append(_row(draft, ident, n, "pending", now))
        self._insert(rows)
        self._into_lanes(whose, now)

    def put_trial(self, draft: Draft, now: Instant, ended: Ended) -> None:
        """Keep a test message with its one attempt; it stands in no queue."""
        self._insert([_row(draft, draft.id, 0, "test", now)])
        self._log([_attempt(ended, 1)])

    def lanes(self, now: Instant, limit: int) -> list[str]:
        """The subscriptions that have something due, those first whose turn was longest ago."""
        rows = self._db.execute(
            "SELECT subscription FROM lanes WHERE due <= ? AND due < 4611686018427387904 "
            "ORDER BY due LIMIT ?",
            (now, limit),
        )
        return [row[0] for row in rows]

    def due(
        self, subscription: str, now: Instant, limit: int, without: Collection[str] = ()
    ) -> list[Waiting]:
        """The messages of one subscription that may be sent now, one per queue, longest due
        first; none about those companies."""
        rows = self._db.execute(
            "SELECT company FROM queues WHERE subscription = ? AND due <= ? "
            "AND due < 4611686018427387904 ORDER BY due LIMIT ?",
            (subscription, now, limit + len(without)),
        ).fetchall()
        companies = [company for (company,) in rows if company not in without]
        heads = (self._head(subscription, company) for company in companies[:limit])
        return [head for head in heads if head is not None]

    def next_due(self, after: Instant) -> Instant:
        """When something is due next that is not yet; `NEVER` where nothing waits."""
        row = self._db.execute(
            "SELECT min(due) FROM lanes WHERE due > ? AND due < 4611686018427387904", (after,)
        ).fetchone()
        return NEVER if row[0] is None else int(row[0])

    def settle(self, ended: Sequence[Ended], patient: Collection[str] = ()) -> dict[str, str]:
        """Keep attempts and move their queues on. By message, whose it was; those that have gone,
        with their subscription, are left out. Of the `patient` nothing is given up."""
        found: dict[str, str] = {}
        attempts: list[tuple[Any, ...]] = []
        holds: dict[str, Instant] = {}
        for one in ended:
            row = self._db.execute(
                "SELECT subscription, company, attempts, state FROM messages WHERE id = ?",
                (one.message,),
            ).fetchone()
            if row is None:
                continue
            subscription, company, tried, before = row
            found[one.message] = subscription
            attempts.append(_attempt(one, tried + 1))
            holds[subscription] = max(holds.get(subscription, 0), one.hold)
            state = _state(one.verdict, before, subscription in patient)
            self._db.execute(
                "UPDATE messages SET state = ?, attempts = ? WHERE id = ?",
                (state, tried + 1, one.message),
            )
            due = one.over + one.verdict.delay if state == "pending" else one.over
            self._move(subscription, company, due)
        self._log(attempts)
        self._to_the_end(holds, max((one.over for one in ended), default=0))
        return found

    def again(self, deliveries: Sequence[str], now: Instant) -> None:
        """Have messages sent again. Raises `UnknownDelivery`."""
        whose = set()
        for delivery in deliveries:
            subscription, company = self.of(delivery)
            self._db.execute(
                "UPDATE messages SET state = 'pending', since = ?, earlier = attempts WHERE id = ?",
                (now, delivery),
            )
            self._move(subscription, company, now)
            whose.add(subscription)
        self._into_lanes(whose, now)

    def since(self, subscription: str, moment: Instant) -> list[str]:
        """The messages of changes that were recorded at a moment or later, oldest first."""
        rows = self._db.execute(
            "SELECT id, body FROM messages WHERE subscription = ? AND state <> 'test' ORDER BY seq",
            (subscription,),
        )
        return [row[0] for row in rows if start(orjson.loads(row[1])["timestamp"]) >= moment]

    def park(self, subscription: str) -> None:
        """Nothing of it is due, until `unpark`."""
        for table in ("queues", "lanes"):
            self._db.execute(
                f"UPDATE {table} SET due = ? WHERE subscription = ?",  # noqa: S608
                (NEVER, subscription),
            )

    def unpark(self, subscription: str, now: Instant) -> None:
        """What waits is due now."""
        self._db.execute(
            "UPDATE queues SET due = ? WHERE subscription = ? AND EXISTS (SELECT 1 FROM messages "
            "WHERE messages.subscription = queues.subscription "
            "AND messages.company = queues.company AND state = 'pending')",
            (now, subscription),
        )
        self._into_lanes([subscription], now)

    def abandon(self, subscription: str) -> None:
        """Nothing of a subscription waits any more."""
        self._db.execute(
            "UPDATE messages SET state = 'abandoned' WHERE subscription = ? AND state = 'pending'",
            (subscription,),
        )
        self.park(subscription)

    def resume(self, subscription: str, now: Instant) -> None:
        """What was abandoned waits again, where it stopped."""
        rows = self._db.execute(
            "SELECT id FROM messages WHERE subscription = ? AND state = 'abandoned'",
            (subscription,),
        ).fetchall()
        self._db.execute("UPDATE lanes SET hold = 0 WHERE subscription = ?", (subscription,))
        self.again([row[0] for row in rows], now)

    def drop(self, subscription: str) -> None:
        """Forget everything of a subscription."""
        self._db.execute(
            "DELETE FROM attempts WHERE message IN "
            "(SELECT id FROM messages WHERE subscription = ?)",
            (subscription,),
        )
        for table in ("messages", "queues", "lanes"):
            self._db.execute(f"DELETE FROM {table} WHERE subscription = ?", (subscription,))  # noqa: S608

    def prune(self, before: Instant) -> None:
        """Forget what does not wait any more and began to before then; numbers go on."""
        old = "state <> 'pending' AND since < ?"
        self._db.execute(
            f"DELETE FROM attempts WHERE message IN (SELECT id FROM messages WHERE {old})",  # noqa: S608
            (before,),
        )
        self._db.execute(f"DELETE FROM messages WHERE {old}", (before,))  # noqa: S608

    def wait(self, subscription: str, company: str, due: Instant) -> None:
        """Have a queue wait until then."""
        self._db.execute(
            "UPDATE queues SET due = ? WHERE subscription = ? AND company = ?",
            (due, subscription, company),
        )
        self._to_the_end({subscription: 0}, 0)

    def line_up(self, subscription: str, now: Instant) -> None:
        """Have a subscription come in, one of whose queues was changed."""
        self._into_lanes([subscription], now)

    def _has(self, ident: str) -> bool:
        row = self._db.execute("SELECT 1 FROM messages WHERE id = ?", (ident,)).fetchone()
        return row is not None

    def _insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.executemany(
            "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)", rows
        )

    def _log(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.executemany("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _head(self, subscription: str, company: str) -> Waiting | None:
        row = self._db.execute(
            "SELECT id, attempts - earlier + 1, since, body FROM messages WHERE "
            "state = 'pending' AND subscription = ? AND company = ? ORDER BY n LIMIT 1",
            (subscription, company),
        ).fetchone()
        return Waiting(row[0], subscription, company, *row[1:]) if row else None

    def _move(self, subscription: str, company: str, due: Instant) -> None:
        self._db.execute(
            "UPDATE queues SET due = iif(EXISTS (SELECT 1 FROM messages WHERE state = 'pending' "
            "AND subscription = ?1 AND company = ?2), ?3, 4611686018427387904) "
            "WHERE subscription = ?1 AND company = ?2",
            (subscription, company, due),
        )

    def _into_lanes(self, whose: Iterable[str], now: Instant) -> None:
        """Who has its place in the line keeps it; the others come in where they are due."""
        self._db.executemany(
            "INSERT INTO lanes VALUES (?1, ?2, 0) ON CONFLICT DO UPDATE SET due = iif(due <= ?2, "
            "due, max(hold, coalesce((SELECT min(due) FROM queues WHERE subscription = ?1 AND "
            "due < 4611686018427387904), 4611686018427387904)))",
            [(one, now) for one in whose],
        )

    def _to_the_end(self, holds: Mapping[str, Instant], turn: Instant) -> None:
        """Who was served waits behind those who were not, and for what holds it up."""
        self._db.executemany(
            "UPDATE lanes SET hold = max(hold, ?2), due = coalesce((SELECT max(min(due), ?3, "
            "hold, ?2) FROM queues WHERE subscription = ?1 AND due < 4611686018427387904), "
            "4611686018427387904) WHERE subscription = ?1",
            [(one, hold, turn) for one, hold in holds.items()],
        )


def _state(verdict: Verdict, before: str, patient: bool) -> str:
    state: str = verdict.state
    if state == "gone" or (state == "failed" and not patient):
        return "failed"
    if state == "failed":
        state = "pending"
    return before if state == "pending" and before == "abandoned" else state


def _row(draft: Draft, ident: str, n: int, state: str, now: Instant) -> tuple[Any, ...]:
    return (
        *(ident, draft.subscription, draft.company, n, draft.change, draft.type),
        *(state, now, int(state == "test"), draft.body(n)),
    )


def _attempt(ended: Ended, number: int) -> tuple[Any, ...]:
    outcome = ended.outcome
    return (
        *(ended.message, number, ended.at, ended.latency),
        *("delivered" if outcome.delivered else "failed", outcome.status, outcome.error),
        None if outcome.details is None else orjson.dumps(outcome.details).decode(),
    )
