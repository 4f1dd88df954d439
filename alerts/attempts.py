"""Attempts that are over, and what follows from them for the messages, queues and lanes of the
outbox: a batch at a time, in few statements."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from alerts.channel import Outcome
from alerts.retry import Verdict
from events.dates import Instant

# By the number of the message, which grows: what is kept at once stands together.
SCHEMA: Final = """
CREATE TABLE attempts (
    seq INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, latency INTEGER NOT NULL,
    outcome TEXT NOT NULL, status INTEGER, error TEXT, details TEXT, PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID
"""
BY_NUMBER: Final = f"""
ALTER TABLE attempts RENAME TO attempts_by_id;
{SCHEMA};
INSERT INTO attempts SELECT seq, number, at, latency, outcome, status, error, details
    FROM attempts_by_id JOIN messages ON id = message;
DROP TABLE attempts_by_id
"""  # noqa: S608
"""From the table as it was, by the id of the message."""
ENDED: Final = """
CREATE TEMP TABLE ended (
    seq INTEGER PRIMARY KEY, message TEXT, subscription TEXT, company TEXT, number INTEGER,
    at INTEGER, latency INTEGER, outcome TEXT, status INTEGER, error TEXT, details TEXT,
    state TEXT, due INTEGER, hold INTEGER
)
"""
_LOOK_UP: Final = (
    "INSERT INTO ended SELECT seq, messages.id, subscription, company, attempts + 1, "
    "value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, "
    "CASE value ->> 7 WHEN 'delivered' THEN 'delivered' "
    "ELSE iif(value ->> 7 = 'failed' AND subscription NOT IN "
    "(SELECT value FROM json_each(?2)), 'failed', "
    "iif(state = 'abandoned', state, 'pending')) END, value ->> 8, value ->> 9 "
    "FROM json_each(?1) JOIN messages ON messages.id = value ->> 0"
)
_LOG: Final = (
    "INSERT INTO attempts SELECT seq, number, at, latency, outcome, status, error, details "
    "FROM ended"
)
_SETTLE: Final = (
    (
        "UPDATE messages SET state = ended.state, attempts = number FROM ended "
        "WHERE messages.seq = +ended.seq"  # found by it, and not all looked through
    ),
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


def settle(
    db: sqlite3.Connection, ended: Sequence[Ended], patient: Collection[str], *, kept: bool
) -> dict[str, str]:
    """See `Outbox.settle`. Over a connection that has the table `ENDED`."""
    rows = [_ended(one) for one in ended]
    db.execute(_LOOK_UP, (orjson.dumps(rows).decode(), orjson.dumps(list(patient)).decode()))
    for statement in (_LOG, *_SETTLE) if kept else _SETTLE:
        db.execute(statement)
    return dict(db.execute("DELETE FROM ended RETURNING message, subscription").fetchall())


def log(db: sqlite3.Connection, seq: int, number: int, ended: Ended) -> None:
    """Keep one attempt, from which nothing follows."""
    _, *about = _ended(ended)[:7]
    db.execute("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, number, *about))


def _ended(one: Ended) -> tuple[Any, ...]:
    outcome, verdict = one.outcome, one.verdict
    details = None if outcome.details is None else orjson.dumps(outcome.details).decode()
    return (
        *(one.message, one.at, one.latency, "delivered" if outcome.delivered else "failed"),
        *(outcome.status, outcome.error, details),
        *(verdict.state, one.over + verdict.delay, one.hold),
    )
