"""The outbox: every message from when it is due to what became of it, attempt by attempt.

Messages of one subscription about one company form a queue: they are numbered without gaps, and
only the first that waits is sent. Queues do not wait for each other.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from alerts import attempts, lanes
from alerts.attempts import Ended
from alerts.delivered import UnknownDelivery
from alerts.lanes import Lanes, as_json
from alerts.messages import Draft
from events.dates import Instant, start

__all__ = ["LATER", "SCHEMA", "Ended", "Outbox", "UnknownDelivery", "Waiting"]

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
CREATE INDEX messages_of ON messages (subscription, seq);
CREATE INDEX messages_waiting ON messages (subscription, company, n) WHERE state = 'pending';
{attempts.SCHEMA};
{lanes.SCHEMA}
"""
LATER: Final = f"""
DROP INDEX queues_next;
DROP INDEX messages_once;
DROP INDEX messages_of;
CREATE INDEX messages_of ON messages (subscription, seq);
ALTER TABLE attempts ADD COLUMN details TEXT;
{lanes.SCHEMA};
INSERT INTO lanes SELECT subscription, min(due), 0 FROM queues GROUP BY subscription
"""  # noqa: S608
"""From the tables as they were before there were lanes."""


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


class Outbox(Lanes):
    """The tables of the outbox. Whatever writes must be called within a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__(db)
        db.execute(attempts.ENDED)

    def put(self, drafts: Iterable[Draft], now: Instant) -> None:
        """Number and queue messages; one that was queued before is left as it is."""
        asked = {draft.id: draft for draft in drafts}
        new = self._new(list(asked))
        numbers = self._numbers({(asked[one].subscription, asked[one].company) for one in new})
        rows: list[tuple[Any, ...]] = []
        for ident in new:
            draft = asked[ident]
            queue = (draft.subscription, draft.company)
            numbers[queue] += 1
            rows.append(_row(draft, ident, numbers[queue], "pending", now))
        self._insert(rows)
        self._db.execute(
            "INSERT INTO queues SELECT value ->> 0, value ->> 1, value ->> 2, ?2 "
            "FROM json_each(?1) WHERE true ON CONFLICT DO UPDATE SET n = excluded.n, "
            "due = iif(due < 4611686018427387904, due, excluded.due)",
            (as_json([[*queue, n] for queue, n in numbers.items()]), now),
        )
        self._into_lanes({subscription for subscription, _ in numbers}, now)

    def put_trial(self, draft: Draft, now: Instant, ended: Ended) -> None:
        """Keep a test message with its one attempt; it stands in no queue."""
        self._insert([_row(draft, draft.id, 0, "test", now)])
        (seq,) = self._db.execute("SELECT seq FROM messages WHERE id = ?", (draft.id,)).fetchone()
        attempts.log(self._db, seq, 1, ended)

    def due(
        self,
        subscription: str,
        now: Instant,
        limit: int,
        without: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> list[Waiting]:
        """The messages of one subscription that may be sent now, one per queue, longest due
        first; none about those companies, or about these alone."""
        rows = self._db.execute(
            "SELECT id, subscription, company, attempts - earlier + 1, since, body FROM ("
            "SELECT company AS whom, due FROM queues WHERE subscription = ?1 AND due <= ?2 "
            "AND due < 4611686018427387904 AND company NOT IN (SELECT value FROM json_each(?3)) "
            "AND (?5 IS NULL OR company IN (SELECT value FROM json_each(?5))) "
            "ORDER BY due LIMIT ?4) JOIN messages ON seq = (SELECT seq FROM messages "
            "WHERE state = 'pending' AND subscription = ?1 AND company = whom ORDER BY n LIMIT 1) "
            "ORDER BY due",
            (
                *(subscription, now, as_json(list(without)), limit),
                None if only is None else as_json(list(only)),
            ),
        )
        return [Waiting(*row) for row in rows.fetchall()]

    def settle(
        self, ended: Sequence[Ended], patient: Collection[str] = (), *, kept: bool = True
    ) -> dict[str, str]:
        """Keep attempts and move their queues on; where they are not `kept`, only that. By message,
        whose it was; those that have gone, with their subscription, are left out. Of the `patient`
        nothing is given up."""
        return attempts.settle(self._db, ended, patient, kept=kept)

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
            "DELETE FROM attempts WHERE seq IN (SELECT seq FROM messages WHERE subscription = ?)",
            (subscription,),
        )
        for table in ("messages", "queues", "lanes"):
            self._db.execute(f"DELETE FROM {table} WHERE subscription = ?", (subscription,))  # noqa: S608

    def prune(self, before: Instant) -> None:
        """Forget what does not wait any more and began to before then; numbers go on."""
        old = "state <> 'pending' AND since < ?"
        self._db.execute(
            f"DELETE FROM attempts WHERE seq IN (SELECT seq FROM messages WHERE {old})",  # noqa: S608
            (before,),
        )
        self._db.execute(f"DELETE FROM messages WHERE {old}", (before,))  # noqa: S608

    def waits(self, subscription: str, company: str) -> bool:
        """Whether a message of this queue waits."""
        found = self._db.execute(
            "SELECT 1 FROM messages WHERE state = 'pending' AND subscription = ? AND company = ?",
            (subscription, company),
        )
        return found.fetchone() is not None

    def _new(self, idents: Sequence[str]) -> list[str]:
        """Those of these messages that are not here."""
        rows = self._db.execute(
            "SELECT value FROM json_each(?) WHERE NOT EXISTS "
            "(SELECT 1 FROM messages WHERE id = value) ORDER BY key",
            (as_json(idents),),
        )
        return [row[0] for row in rows]

    def _numbers(self, queues: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The last number that was given in each of these queues; 0 in a new one."""
        rows = self._db.execute(
            "SELECT value ->> 0, value ->> 1, coalesce(n, 0) FROM json_each(?) LEFT JOIN queues "
            "ON subscription = value ->> 0 AND company = value ->> 1",
            (as_json(list(queues)),),
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def _insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.execute(
            "INSERT INTO messages SELECT NULL, value ->> 0, value ->> 1, value ->> 2, value ->> 3, "
            "value ->> 4, value ->> 5, value ->> 6, value ->> 7, 0, value ->> 8, "
            "CAST(value ->> 9 AS BLOB) FROM json_each(?) ORDER BY key",
            (as_json(rows),),
        )

    def _move(self, subscription: str, company: str, due: Instant) -> None:
        self._db.execute(
            "UPDATE queues SET due = iif(EXISTS (SELECT 1 FROM messages WHERE state = 'pending' "
            "AND subscription = ?1 AND company = ?2), ?3, 4611686018427387904) "
            "WHERE subscription = ?1 AND company = ?2",
            (subscription, company, due),
        )


def _row(draft: Draft, ident: str, n: int, state: str, now: Instant) -> tuple[Any, ...]:
    return (
        *(ident, draft.subscription, draft.company, n, draft.change, draft.type),
        *(state, now, int(state == "test"), draft.body(n).decode()),
    )
