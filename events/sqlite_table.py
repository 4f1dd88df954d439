"""The table that holds the log in SQLite, and how events are compared with it and put into it."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import orjson

from events.admitted import Admitted
from events.batch import settle
from events.dates import Instant
from events.intake import Shelved
from events.log import Receipt, Record

FORMAT: Final = 1
_FEW: Final = ("standing.company.merged", "standing.list.checked", "standing.time.passed")
"""The types that have an index."""
_AMONG: Final = f"type IN {_FEW}"
SCHEMA: Final = (
    """
CREATE TABLE events (
    offset INTEGER PRIMARY KEY,
    recorded INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    fingerprint TEXT,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_subject ON events (subject);
CREATE INDEX events_by_fingerprint ON events (fingerprint) WHERE fingerprint IS NOT NULL;
"""
    f"CREATE INDEX events_few ON events (type) WHERE {_AMONG}"
)

_LAST: Final = "SELECT offset, recorded FROM events ORDER BY offset DESC LIMIT 1"
_PUT: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"
# A fact that stands under another id gives its offset, which is taken: so nothing is done then.
_ADD_NEW: Final = """
INSERT INTO events VALUES (
    coalesce(
        (SELECT offset FROM events WHERE fingerprint = ?7), (SELECT max(offset) + 1 FROM events), 0
    ),
    max(?1, coalesce((SELECT recorded FROM events ORDER BY offset DESC LIMIT 1), ?1)),
    ?2, ?3, ?4, ?5, ?6
) ON CONFLICT DO NOTHING
"""


def add_new(connection: sqlite3.Connection, event: Admitted, now: Instant) -> Receipt | None:
    """Add a plain event that nothing in the log resembles, the common case, in one statement that
    looks and writes, and is a transaction where there is none. None where it is another case: then
    nothing was done."""
    if not event.plain:
        return None
    named = event.id != event.fingerprint
    stored, asked = (event.fingerprint, None) if named else (None, event.fingerprint)
    added = connection.execute(
        _ADD_NEW, (now, event.id, event.type, event.subject, stored, event.body, asked)
    )
    if added.rowcount != 1:
        return None
    return Receipt(event.id, f"0:{added.lastrowid}", "recorded")


def add(
    connection: sqlite3.Connection,
    events: Sequence[Admitted],
    clock: Callable[[], Instant],
    *,
    atomic: bool,
) -> list[Receipt]:
    """Within a transaction: compare with the log, write what is new, say what became of each."""
    if len(events) == 1 and (receipt := add_new(connection, events[0], clock())):
        return [receipt]
    last, latest = connection.execute(_LAST).fetchone() or (-1, 0)
    shelf = TableShelf(connection, [event.id for event in events])
    batch = settle(shelf, last + 1, events, atomic=atomic)
    recorded = max(clock(), latest)
    put(connection, ((offset, recorded, event) for offset, event in enumerate(batch.new, last + 1)))
    return batch.receipts


def put(connection: sqlite3.Connection, placed: Iterable[tuple[int, Instant, Admitted]]) -> None:
    """Within a transaction: write events, each with its offset and when it was taken in."""
    rows = (
        (
            offset,
            recorded,
            event.id,
            event.type,
            event.subject,
            event.fingerprint if event.named_by_caller else None,
            event.body,
        )
        for offset, recorded, event in placed
    )
    connection.executemany(_PUT, rows)


def one_of_few(event_type: str) -> str:
    """The condition for one of the types that have an index, by that index: SQLite does not
    conclude from the type alone that it is in it."""
    if event_type not in _FEW:
        raise ValueError(f"{event_type} has no index")
    return f"WHERE type = '{event_type}' AND {_AMONG}"


def records(
    connection: sqlite3.Connection, where: str, *values: Any, partition: int = 0
) -> list[Record]:
    """The records that the rest of a statement asks for."""
    rows = connection.execute(f"SELECT offset, recorded, body FROM events {where}", values)  # noqa: S608
    return [
        Record(offset, recorded, orjson.loads(body), partition) for offset, recorded, body in rows
    ]


class TableShelf:
    """A `Shelf` over the table, with the ids of one batch looked up together. Facts are asked for
    only where an event's id says them: they are among the ids then."""

    def __init__(
        self, connection: sqlite3.Connection, ids: Iterable[str], partition: int = 0
    ) -> None:
        self._connection = connection
        self._partition = partition
        self._asked = set(ids)
        self._ids = self._find("id", self._asked)
        self._facts: dict[str, Shelved] = {}
        facts = self._find("fingerprint", self._asked).values()
        for one in sorted(facts, key=attrgetter("offset")):
            self._facts.setdefault(one.fingerprint, one)

    def by_id(self, event_id: str) -> Shelved | None:
        if event_id not in self._asked:
            return self._find("id", {event_id}).get(event_id)
        return self._ids.get(event_id)

    def by_fingerprint(self, fingerprint: str) -> Shelved | None:
        return self._facts.get(fingerprint)

    def of_subject(self, subject: str) -> list[Record]:
        where = "WHERE subject = ? ORDER BY offset"
        return records(self._connection, where, subject, partition=self._partition)

    def _find(self, column: str, values: set[str]) -> dict[str, Shelved]:
        rows = self._connection.execute(
            "SELECT e.id, e.offset, e.subject, coalesce(e.fingerprint, e.id) "  # noqa: S608
            f"FROM json_each(?) AS asked CROSS JOIN events AS e ON e.{column} = asked.value "
            "WHERE asked.value IS NOT NULL",
            (orjson.dumps(list(values)).decode(),),
        )
        return {row[0]: Shelved(row[0], row[1], row[2], row[3], self._partition) for row in rows}
