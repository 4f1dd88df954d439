"""The outbox: every message from when it is due to what became of it, attempt by attempt.

Messages of one subscription about one company form a queue: they are numbered without gaps, and
only the first that waits is sent. Queues do not wait for each other. The queues of one subscription
share a lane, so that who has something due is found without looking at the others, and who was
served goes to the end of the line.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from alerts.channel import Outcome
from alerts.delivered import Delivered, UnknownDelivery
from alerts.messages import Draft
from alerts.retry import Verdict
from events.dates import NEVER, Instant, start

__all__ = ["LATER", "SCHEMA", "Ended", "Outbox", "UnknownDelivery", "Waiting"]

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
CREATE INDEX messages_of ON messages (subscription, seq);
CREATE INDEX messages_waiting ON messages (subscription, company, n) WHERE state = 'pending';
CREATE TABLE attempts (
    message TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, latency INTEGER NOT NULL,
    outcome TEXT NOT NULL, status INTEGER, error TEXT, details TEXT, PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;
{_LANES}
"""
LATER: Final = f"""
DROP INDEX queues_next;
DROP INDEX messages_once;
DROP INDEX messages_of;
CREATE INDEX messages_of ON messages (subscription, seq);
ALTER TABLE attempts ADD COLUMN details TEXT;
{_LANES};
INSERT INTO lanes SELECT subscription, min(due), 0 FROM queues GROUP BY subscription
"""  # noqa: S608
"""From the tables as they were before there were lanes."""
_ENDED: Final = """
CREATE TEMP TABLE ended (
    message TEXT PRIMARY KEY, subscription TEXT, company TEXT, number INTEGER, at INTEGER,
    latency INTEGER, outcome TEXT, status INTEGER, error TEXT, details TEXT, state TEXT,
    due INTEGER, hold INTEGER
)
"""
_SETTLE: Final = (
    (
        "INSERT INTO attempts SELECT message, number, at, latency, outcome, status, error, details "
        "FROM ended"
    ),
    "UPDATE messages SET state = ended.state, attempts = number FROM ended WHERE id = message",
    (
        "UPDATE queues SET due = iif(EXISTS (SELECT 1 FROM messages WHERE "
        "messages.state = 'pending' AND messages.subscription = queues.subscription "
        "AND messages.company = queues.company), "
        "iif(ended.state = 'pending', ended.due, at + latency), 4611686018427387904) FROM ended "
        "WHERE queues.subscription = ended.subscription AND queues.company = ended.company"
    ),
    # Who was served waits behind those who were not, and for what holds it up.
    (
        "UPDATE lanes SET hold = max(lanes.hold, told.hold), due = coalesce((SELECT max(min(due), "
        "turn, lanes.hold, told.hold) FROM queues WHERE "
        "queues.subscription = lanes.subscription AND due < 4611686018427387904), "
        "4611686018427387904) FROM (SELECT subscription AS whose, "
        "max(hold) AS hold, max(at + latency) AS turn FROM ended GROUP BY subscription) AS told "
        "WHERE lanes.subscription = whose"
    ),
)
"""What follows from attempts that ended; all of a batch at once."""


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

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__(db)
        db.execute(_ENDED)

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
            (_json([[*queue, n] for queue, n in numbers.items()]), now),
        )
        self._into_lanes({subscription for subscription, _ in numbers}, now)

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
                *(subscription, now, _json(list(without)), limit),
                None if only is None else _json(list(only)),
            ),
        )
        return [Waiting(*row) for row in rows.fetchall()]

    def next_due(self, after: Instant) -> Instant:
        """When something is due next that is not yet; `NEVER` where nothing waits."""
        row = self._db.execute(
            "SELECT min(due) FROM lanes WHERE due > ? AND due < 4611686018427387904", (after,)
        ).fetchone()
        return NEVER if row[0] is None else int(row[0])

    def settle(self, ended: Sequence[Ended], patient: Collection[str] = ()) -> dict[str, str]:
        """Keep attempts and move their queues on. By message, whose it was; those that have gone,
        with their subscription, are left out. Of the `patient` nothing is given up."""
        self._db.execute(
            "INSERT INTO ended SELECT value ->> 0, subscription, company, attempts + 1, "
            "value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, "
            "CASE value ->> 7 WHEN 'delivered' THEN 'delivered' "
            "ELSE iif(value ->> 7 = 'failed' AND subscription NOT IN "
            "(SELECT value FROM json_each(?2)), 'failed', "
            "iif(state = 'abandoned', state, 'pending')) END, value ->> 8, value ->> 9 "
            "FROM json_each(?1) JOIN messages ON messages.id = value ->> 0",
            (_json([_ended(one) for one in ended]), _json(list(patient))),
        )
        for statement in _SETTLE:
            self._db.execute(statement)
        found = self._db.execute("SELECT message, subscription FROM ended").fetchall()
        self._db.execute("DELETE FROM ended")
        return dict(found)

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
        self.rouse(subscription)

    def rouse(self, subscription: str) -> None:
        """Have a subscription looked at when the first of its queues is due."""
        self._db.execute(
            "UPDATE lanes SET due = coalesce((SELECT max(min(due), hold) FROM queues WHERE "
            "queues.subscription = lanes.subscription AND due < 4611686018427387904), "
            "4611686018427387904) WHERE subscription = ?",
            (subscription,),
        )

    def sleep(self, subscription: str, now: Instant, end: Instant, but: Collection[str]) -> None:
        """Have a subscription not looked at before then, or before a queue about one of these
        companies is due."""
        self._db.execute(
            "UPDATE lanes SET due = min(?3, coalesce((SELECT max(min(due), lanes.hold) FROM queues "
            "WHERE queues.subscription = ?1 AND due > ?2 AND due < 4611686018427387904 "
            "AND company IN (SELECT value FROM json_each(?4))), ?3)) WHERE subscription = ?1",
            (subscription, now, end, _json(list(but))),
        )

    def line_up(self, subscription: str, now: Instant) -> None:
        """Have a subscription come in, one of whose queues was changed."""
        self._into_lanes([subscription], now)

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
            (_json(idents),),
        )
        return [row[0] for row in rows]

    def _numbers(self, queues: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The last number that was given in each of these queues; 0 in a new one."""
        rows = self._db.execute(
            "SELECT value ->> 0, value ->> 1, coalesce(n, 0) FROM json_each(?) LEFT JOIN queues "
            "ON subscription = value ->> 0 AND company = value ->> 1",
            (_json(list(queues)),),
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def _insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.executemany(
            "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)", rows
        )

    def _log(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.executemany("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _move(self, subscription: str, company: str, due: Instant) -> None:
        self._db.execute(
            "UPDATE queues SET due = iif(EXISTS (SELECT 1 FROM messages WHERE state = 'pending' "
            "AND subscription = ?1 AND company = ?2), ?3, 4611686018427387904) "
            "WHERE subscription = ?1 AND company = ?2",
            (subscription, company, due),
        )

    def _into_lanes(self, whose: Iterable[str], now: Instant) -> None:
        """Who has its place in the line keeps it; the others come in where they are due."""
        self._db.execute(
            "INSERT INTO lanes SELECT value, ?2, 0 FROM json_each(?1) WHERE true ON CONFLICT "
            "DO UPDATE SET due = iif(due <= ?2, due, max(hold, coalesce((SELECT min(due) FROM "
            "queues WHERE queues.subscription = lanes.subscription AND "
            "due < 4611686018427387904), 4611686018427387904)))",
            (_json(list(whose)), now),
        )


def _json(value: Any) -> str:
    """As SQLite reads it. What is done to all of a batch at once, it does in one piece, and leaves
    the interpreter to others meanwhile."""
    return orjson.dumps(value).decode()


def _row(draft: Draft, ident: str, n: int, state: str, now: Instant) -> tuple[Any, ...]:
    return (
        *(ident, draft.subscription, draft.company, n, draft.change, draft.type),
        *(state, now, int(state == "test"), draft.body(n)),
    )


def _ended(one: Ended) -> tuple[Any, ...]:
    outcome, verdict = one.outcome, one.verdict
    return (
        *(one.message, one.at, one.latency, "delivered" if outcome.delivered else "failed"),
        *(outcome.status, outcome.error, _details(outcome)),
        *(verdict.state, one.over + verdict.delay, one.hold),
    )


def _details(outcome: Outcome) -> str | None:
    return None if outcome.details is None else _json(outcome.details)


def _attempt(ended: Ended, number: int) -> tuple[Any, ...]:
    outcome = ended.outcome
    return (
        *(ended.message, number, ended.at, ended.latency),
        *("delivered" if outcome.delivered else "failed", outcome.status, outcome.error),
        _details(outcome),
    )
