"""What is shown of deliveries, from the tables of the outbox."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from alerts.messages import company_of
from events.dates import NEVER, Instant, show
from events.errors import StandingError
from projections.changes import MOST

_SHOWN: Final = "id, subscription, company, n, change, type, state, since, attempts, seq"


class UnknownDelivery(StandingError):
    """No delivery has this id."""

    def __init__(self, delivery: str) -> None:
        super().__init__(f"unknown delivery {delivery!r}")
        self.delivery = delivery


class Delivered:
    """Looks, and changes nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def of(self, delivery: str) -> tuple[str, str]:
        """Whose message and about whom. Raises `UnknownDelivery`, also for tests."""
        row = self._db.execute(
            "SELECT subscription, company FROM messages WHERE id = ? AND state <> 'test'",
            (delivery,),
        ).fetchone()
        if row is None:
            raise UnknownDelivery(delivery)
        return row[0], row[1]

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

    def waiting(self) -> tuple[int, int, int]:
        """How many messages wait, for how many receivers, and for one of them at most."""
        row = self._db.execute(
            "SELECT coalesce(sum(some), 0), count(*), coalesce(max(some), 0) FROM (SELECT "
            "count(*) AS some FROM messages WHERE state = 'pending' GROUP BY subscription)"
        ).fetchone()
        return row[0], row[1], row[2]

    def backlogs(self, subscriptions: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Of these, how many messages wait for each, and since when the oldest does."""
        rows = self._db.execute(
            "SELECT subscription, count(*), min(since) FROM messages WHERE state = 'pending' "
            "AND subscription IN (SELECT value FROM json_each(?)) GROUP BY subscription",
            (orjson.dumps(subscriptions).decode(),),
        )
        found = {row[0]: {"waiting": row[1], "oldest": show(row[2])} for row in rows}
        none = {"waiting": 0, "oldest": None}
        return {one: found.get(one, none) for one in subscriptions}

    def longest(self, owner: str | None, limit: int) -> list[tuple[str, int, Instant]]:
        """For whom most messages wait, of an owner or of all; how many do, and since when the
        oldest does."""
        rows = self._db.execute(
            "SELECT subscription, count(*) AS some, min(since) FROM messages "
            "WHERE state = 'pending' AND (?1 IS NULL OR subscription IN "
            "(SELECT id FROM subscriptions WHERE owner = ?1)) "
            "GROUP BY subscription ORDER BY some DESC LIMIT ?2",
            (owner, limit),
        )
        return rows.fetchall()

    def backlog(self, subscription: str, now: Instant) -> dict[str, Any]:
        """What waits for one receiver: how many messages, since when the oldest does, and when
        something is tried next; where it asked to be left alone, until when."""
        waiting, oldest = self._db.execute(
            "SELECT count(*), min(since) FROM messages WHERE subscription = ? "
            "AND state = 'pending'",
            (subscription,),
        ).fetchone()
        lane = self._db.execute(
            "SELECT due, hold FROM lanes WHERE subscription = ?", (subscription,)
        ).fetchone()
        due, hold = lane or (NEVER, 0)
        return {
            "waiting": waiting,
            "oldest": None if oldest is None else show(oldest),
            "next": None if due >= NEVER or not waiting else show(max(due, now)),
            "held_until": show(hold) if hold > now else None,
        }

    def shown(self, subscription: str, limit: int, before: int) -> list[dict[str, Any]]:
        """Deliveries as JSON, latest first; `before` is the `seq` to go on from."""
        rows = self._db.execute(
            f"SELECT {_SHOWN} FROM messages WHERE subscription = ? AND seq < ? "  # noqa: S608
            "ORDER BY seq DESC LIMIT ?",
            (subscription, before, limit),
        ).fetchall()
        return [self._shown(row) for row in rows]

    def said(self, deliveries: Sequence[str]) -> dict[str, Any]:
        """Of these, what was sent, as JSON, where it is kept."""
        rows = self._db.execute(
            "SELECT id, body FROM messages WHERE body <> x'' "
            "AND id IN (SELECT value FROM json_each(?))",
            (orjson.dumps(deliveries).decode(),),
        )
        return {ident: orjson.loads(body) for ident, body in rows}

    def one(self, delivery: str) -> dict[str, Any]:
        """One delivery as JSON. Raises `UnknownDelivery`."""
        row = self._db.execute(
            f"SELECT {_SHOWN} FROM messages WHERE id = ?",  # noqa: S608
            (delivery,),
        ).fetchone()
        if row is None:
            raise UnknownDelivery(delivery)
        return self._shown(row)

    def _shown(self, row: tuple[Any, ...]) -> dict[str, Any]:
        delivery, subscription, company, n, change, kind, state, since, attempts, seq = row
        tried = self._db.execute(
            "SELECT at, outcome, status, latency, error, details FROM attempts WHERE seq = ? "
            "ORDER BY number DESC LIMIT ?",
            (seq, MOST),
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
            "attempts": [_attempt(one) for one in tried],
            "held_until": None,
            "attempts_count": attempts,
            "seq": seq,
        }


def _attempt(row: Sequence[Any]) -> dict[str, Any]:
    at, outcome, status, latency, error, details = row
    found = orjson.loads(details) if details else {}
    return {
        "at": show(at),
        "outcome": outcome,
        "status": status,
        "latency_ms": latency / 1000,
        "error": error,
        "request": found.get("request"),
        "answer": found.get("answer"),
    }
