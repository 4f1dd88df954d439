"""What is remembered of messages that time brings, and no change: by subscription and queue.

Of the digests up to where they went, of each company which reminders were sent, of the heartbeats
which was the last. It is kept in the transaction that queues such a message, so that nothing is
sent twice, or never.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from alerts.messages import Draft

DIGESTS: Final = ""
"""The queue of a subscription's digests."""
BEATS: Final = "~"
"""The queue of its heartbeats: what else waits does not hold them up."""
BEAT: Final = "standing.heartbeat"
"""The type of their messages."""
State = dict[str, Any]
SCHEMA: Final = """
CREATE TABLE timed (
    subscription TEXT NOT NULL, company TEXT NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (subscription, company)
) STRICT, WITHOUT ROWID;
CREATE TABLE urgent (
    message TEXT PRIMARY KEY, subscription TEXT NOT NULL, company TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX urgent_of ON urgent (subscription)
"""


@dataclass(frozen=True, slots=True)
class Made:
    """What time brings to a queue: a message or none, and what is remembered from then on."""

    subscription: str
    company: str
    state: State
    draft: Draft | None = None


class Memory:
    """The tables of it. Whatever writes must be called within a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, subscription: str, company: str) -> State:
        """What is remembered; nothing, where nothing was."""
        row = self._db.execute(
            "SELECT state FROM timed WHERE subscription = ? AND company = ?",
            (subscription, company),
        ).fetchone()
        return {} if row is None else dict(orjson.loads(row[0]))

    def put(self, subscription: str, company: str, state: State) -> None:
        """Remember this from now on."""
        self._db.execute(
            "INSERT OR REPLACE INTO timed VALUES (?, ?, ?)",
            (subscription, company, orjson.dumps(state)),
        )

    def press(self, drafts: Iterable[Draft]) -> None:
        """Have messages not wait for the end of quiet hours."""
        self._db.executemany(
            "INSERT OR IGNORE INTO urgent VALUES (?, ?, ?)",
            [(one.id, one.subscription, one.company) for one in drafts if one.urgent],
        )

    def pressing(self, subscription: str) -> set[str]:
        """The companies of which something waits that quiet hours do not hold up."""
        rows = self._db.execute(
            "SELECT DISTINCT urgent.company FROM urgent JOIN messages ON id = message "
            "WHERE urgent.subscription = ? AND state = 'pending'",
            (subscription,),
        )
        return {row[0] for row in rows}

    def drop(self, subscription: str) -> None:
        """Forget everything of a subscription."""
        for table in ("timed", "urgent"):
            self._db.execute(f"DELETE FROM {table} WHERE subscription = ?", (subscription,))  # noqa: S608

    def prune(self) -> None:
        """Forget what does not wait any more."""
        self._db.execute(
            "DELETE FROM urgent WHERE message NOT IN "
            "(SELECT id FROM messages WHERE state = 'pending')"
        )
