"""Who did what: a record to which it is only ever added, and a line in the program's log for each
act, for whoever gathers those of several machines."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from events.dates import Instant, show
from events.sqlite_store import connect, transaction, trouble
from service.tokens import Caller

FILE: Final = "audit.db"
_FORMAT: Final = 1
_SCHEMA: Final = """
CREATE TABLE acts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, owner TEXT NOT NULL, token TEXT,
    action TEXT NOT NULL, object TEXT NOT NULL, detail TEXT
) STRICT;
CREATE INDEX acts_on ON acts (object, seq);
CREATE TRIGGER acts_stay BEFORE UPDATE ON acts BEGIN
    SELECT RAISE(ABORT, 'what was done stays on record');
END;
CREATE TRIGGER acts_are_kept BEFORE DELETE ON acts BEGIN
    SELECT RAISE(ABORT, 'what was done stays on record');
END
"""
_LATEST: Final = 2**62
_NAMES: Final = ("seq", "at", "owner", "token", "action", "object", "detail")

_log = logging.getLogger("standing.audit")


class Audit:
    """The record of one home folder, for any thread and for several processes. Raises `StoreError`
    where the file cannot be used."""

    def __init__(self, home: Path, clock: Callable[[], Instant]) -> None:
        self.path = home / FILE
        self._clock = clock

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Acts are few: nothing is held between them."""
        with closing(connect(self.path, _SCHEMA, _FORMAT)) as db, trouble(self.path):
            yield db

    def note(self, caller: Caller, action: str, object_: str, detail: str | None = None) -> None:
        """Keep an act; when it returns, it is durable. Nothing of it may be a secret."""
        row = (self._clock(), caller.owner, caller.token, action, object_, detail)
        with self._opened() as db, transaction(db):
            seq = db.execute(
                "INSERT INTO acts (at, owner, token, action, object, detail) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
        _log.info("%s", orjson.dumps(_shown((seq, *row))).decode())

    def acts(
        self, limit: int, before: int = _LATEST, object_: str | None = None
    ) -> list[dict[str, Any]]:
        """Acts as JSON, latest first: on one object, or all; go on with the `seq` of the last as
        `before`."""
        where, values = ("AND object = ?", [object_]) if object_ is not None else ("", [])
        with self._opened() as db:
            rows = db.execute(
                "SELECT seq, at, owner, token, action, object, detail FROM acts "  # noqa: S608
                f"WHERE seq < ? {where} ORDER BY seq DESC LIMIT ?",
                (before, *values, limit),
            ).fetchall()
        return [_shown(row) for row in rows]


def _shown(row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(_NAMES, (row[0], show(row[1]), *row[2:]), strict=True))
