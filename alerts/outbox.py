"""The outbox: every message from when it is due to what became of it, attempt by attempt.

Messages of one subscription about one company form a queue: they are numbered without gaps, and
only the first that waits is sent. Queues do not wait for each other.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from alerts.channel import Outcome
from alerts.messages import Draft, company_of
from alerts.retry import Verdict
from events.dates import NEVER, Instant, show
from events.errors import StandingError
from projections.changes import MOST

SCHEMA: Final = """
CREATE TABLE queues (
    subscription TEXT NOT NULL, company TEXT NOT NULL, n INTEGER NOT NULL, due INTEGER NOT NULL,
    PRIMARY KEY (subscription, company)
) STRICT, WITHOUT ROWID;
CREATE INDEX queues_due ON queues (subscription, due) WHERE due < 4611686018427387904;
CREATE INDEX queues_next ON queues (due) WHERE due < 4611686018427387904;
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subscription TEXT NOT NULL,
    company TEXT NOT NULL, n INTEGER NOT NULL, change TEXT NOT NULL, type TEXT NOT NULL,
    state TEXT NOT NULL, since INTEGER NOT NULL, attempts INTEGER NOT NULL,
    earlier INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX messages_of ON messages (subscription, state, seq);
CREATE UNIQUE INDEX messages_once ON messages (subscription, change);
CREATE INDEX messages_waiting ON messages (subscription, company, n) WHERE state = 'pending';
CREATE TABLE attempts (
    message TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, latency INTEGER NOT NULL,
    outcome TEXT NOT NULL, status INTEGER, error TEXT, PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID
"""
_SHOWN: Final = "id, subscription, company, n, change, type, state, since, attempts, seq"


class UnknownDelivery(StandingError):
    """No delivery has this id."""

    def __init__(self, delivery: str) -> None:
        super().__init__(f"unknown delivery {delivery!r}")
        self.delivery = delivery


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
    """An attempt that is over: begun `at`, taking `latency` microseconds."""

    message: str
    at: Instant
    latency: Instant
    outcome: Outcome
    verdict: Verdict


class Outbox:
    """The tables of the outbox. Whatever writes must be called within a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, drafts: Iterable[Draft], now: Instant) -> None:
        """Number and queue messages; one that was queued before is left as it is."""
        for draft in drafts:
            if self._db.execute("SELECT 1 FROM messages WHERE id = ?", (draft.id,)).fetchone():
                continue
            (n,) = self._db.execute(
                "INSERT INTO queues VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE "
                "SET n = n + 1, due = CASE due WHEN ? THEN excluded.due ELSE due END RETURNING n",
                (draft.subscription, draft.company, now, NEVER),
            ).fetchone()
            self._insert(draft, n, "pending", now)

    def put_trial(self, draft: Draft, now: Instant, ended: Ended) -> None:
        """Keep a test message with its one attempt; it stands in no queue."""
        self._insert(draft, 0, "test", now)
        self._log(ended, 1)

    def due(self, subscription: str, now: Instant, limit: int) -> list[Waiting]:
        """The messages of one subscription that may be sent now, one per queue, longest due
        first."""
        companies = self._db.execute(
            "SELECT company FROM queues WHERE subscription = ? AND due <= ? "
            "AND due < 4611686018427387904 ORDER BY due LIMIT ?",
            (subscription, now, limit),
        ).fetchall()
        heads = (self._head(subscription, company) for (company,) in companies)
        return [head for head in heads if head is not None]

    def due_of(self, subscription: str, companies: Iterable[str], now: Instant) -> list[Waiting]:
        """As `due`, of these queues alone."""
        rows = (
            self._db.execute(
                "SELECT company FROM queues WHERE subscription = ? AND company = ? AND due <= ?",
                (subscription, company, now),
            ).fetchone()
            for company in sorted(companies)
        )
        heads = (self._head(subscription, row[0]) for row in rows if row is not None)
        return [head for head in heads if head is not None]

    def next_due(self, after: Instant) -> Instant:
        """When the next queue is due that is not yet; `NEVER` where none waits."""
        row = self._db.execute(
            "SELECT min(due) FROM queues WHERE due > ? AND due < 4611686018427387904", (after,)
        ).fetchone()
        return NEVER if row[0] is None else int(row[0])

    def settle(self, ended: Ended) -> tuple[str, Verdict] | None:
        """Keep an attempt and move its queue on; the subscription and what follows for it. None
        where the message has gone, with its subscription."""
        row = self._db.execute(
            "SELECT subscription, company, attempts, state FROM messages WHERE id = ?",
            (ended.message,),
        ).fetchone()
        if row is None:
            return None
        subscription, company, attempts, before = row
        verdict = ended.verdict
        self._log(ended, attempts + 1)
        state = "failed" if verdict.state == "gone" else verdict.state
        if state == "pending" and before == "abandoned":
            state = before
        self._db.execute(
            "UPDATE messages SET state = ?, attempts = attempts + 1 WHERE id = ?",
            (state, ended.message),
        )
        over = ended.at + ended.latency
        self._move(subscription, company, over + verdict.delay if state == "pending" else over)
        return subscription, verdict

    def abandon(self, subscription: str) -> None:
        """Send nothing of what waits."""
        self._db.execute(
            "UPDATE messages SET state = 'abandoned' WHERE subscription = ? AND state = 'pending'",
            (subscription,),
        )
        self._db.execute("UPDATE queues SET due = ? WHERE subscription = ?", (NEVER, subscription))

    def again(self, delivery: str, now: Instant) -> None:
        """Have a message wait again, due at once, as if it were new; its id, number and body
        stay."""
        subscription, company = self.of(delivery)
        self._db.execute(
            "UPDATE messages SET state = 'pending', since = ?, earlier = attempts WHERE id = ?",
            (now, delivery),
        )
        self._move(subscription, company, now)

    def of(self, delivery: str) -> tuple[str, str]:
        """Whose message and about whom. Raises `UnknownDelivery`, also for tests."""
        row = self._db.execute(
            "SELECT subscription, company FROM messages WHERE id = ? AND state <> 'test'",
            (delivery,),
        ).fetchone()
        if row is None:
            raise UnknownDelivery(delivery)
        return row[0], row[1]

    def waits(self, subscription: str, company: str) -> bool:
        """Whether a message of this queue waits."""
        return self._head(subscription, company) is not None

    def pending(self, subscription: str, limit: int) -> int:
        """How many messages wait; counted up to `limit`."""
        row = self._db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM messages WHERE subscription = ? "
            "AND state = 'pending' LIMIT ?)",
            (subscription, limit),
        ).fetchone()
        return int(row[0])

    def counts(self, subscription: str) -> dict[str, int]:
        """How many messages there are in each state."""
        return dict(
            self._db.execute(
                "SELECT state, count(*) FROM messages WHERE subscription = ? GROUP BY state",
                (subscription,),
            ).fetchall()
        )

    def shown(self, subscription: str, limit: int, before: int) -> list[dict[str, Any]]:
        """Deliveries as JSON, latest first; `before` is the `seq` to go on from."""
        rows = self._db.execute(
            f"SELECT {_SHOWN} FROM messages WHERE subscription = ? AND seq < ? "  # noqa: S608
            "ORDER BY seq DESC LIMIT ?",
            (subscription, before, limit),
        ).fetchall()
        return [self._shown(row) for row in rows]

    def one(self, delivery: str) -> dict[str, Any]:
        """One delivery as JSON. Raises `UnknownDelivery`."""
        row = self._db.execute(
            f"SELECT {_SHOWN} FROM messages WHERE id = ?",  # noqa: S608
            (delivery,),
        ).fetchone()
        if row is None:
            raise UnknownDelivery(delivery)
        return self._shown(row)

    def drop(self, subscription: str) -> None:
        """Forget everything of a subscription."""
        self._db.execute(
            "DELETE FROM attempts WHERE message IN "
            "(SELECT id FROM messages WHERE subscription = ?)",
            (subscription,),
        )
        self._db.execute("DELETE FROM messages WHERE subscription = ?", (subscription,))
        self._db.execute("DELETE FROM queues WHERE subscription = ?", (subscription,))

    def prune(self, before: Instant) -> None:
        """Forget what does not wait any more and began to before then; numbers go on."""
        old = "state <> 'pending' AND since < ?"
        self._db.execute(
            f"DELETE FROM attempts WHERE message IN (SELECT id FROM messages WHERE {old})",  # noqa: S608
            (before,),
        )
        self._db.execute(f"DELETE FROM messages WHERE {old}", (before,))  # noqa: S608

    def _insert(self, draft: Draft, n: int, state: str, now: Instant) -> None:
        self._db.execute(
            "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
            (
                *(draft.id, draft.subscription, draft.company, n, draft.change, draft.type),
                *(state, now, int(state == "test"), draft.body(n)),
            ),
        )

    def _log(self, ended: Ended, number: int) -> None:
        outcome = ended.outcome
        self._db.execute(
            "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                ended.message,
                number,
                ended.at,
                ended.latency,
                "delivered" if outcome.delivered else "failed",
                outcome.status,
                outcome.error,
            ),
        )

    def _head(self, subscription: str, company: str) -> Waiting | None:
        row = self._db.execute(
            "SELECT id, attempts - earlier + 1, since, body FROM messages WHERE "
            "state = 'pending' AND subscription = ? AND company = ? ORDER BY n LIMIT 1",
            (subscription, company),
        ).fetchone()
        return Waiting(row[0], subscription, company, *row[1:]) if row else None

    def _move(self, subscription: str, company: str, due: Instant) -> None:
        waits = self._head(subscription, company) is not None
        self._db.execute(
            "UPDATE queues SET due = ? WHERE subscription = ? AND company = ?",
            (due if waits else NEVER, subscription, company),
        )

    def _shown(self, row: tuple[Any, ...]) -> dict[str, Any]:
        delivery, subscription, company, n, change, kind, state, since, attempts, seq = row
        tried = self._db.execute(
            "SELECT at, outcome, status, latency, error FROM attempts WHERE message = ? "
            "ORDER BY number DESC LIMIT ?",
            (delivery, MOST),
        ).fetchall()
        due = self._db.execute(
            "SELECT due FROM queues WHERE subscription = ? AND company = ?", (subscription, company)
        ).fetchone()
        return {
            "delivery": delivery,
            "subscription": subscription,
            "company": company_of(company),
            "n": n,
            "change": change,
            "type": kind,
            "state": state,
            "since": show(since),
            "due": show(due[0]) if due and state == "pending" else None,
            "attempts": [
                {
                    "at": show(at),
                    "outcome": outcome,
                    "status": status,
                    "latency_ms": latency / 1000,
                    "error": error,
                }
                for at, outcome, status, latency, error in tried
            ],
            "held_until": None,
            "attempts_count": attempts,
            "seq": seq,
        }
