"""Looking up what stands in a log in SQLite: by company, by type, in order."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

import orjson

from events.admitted import may_take_back
from events.dates import Instant
from events.log import Archive, Record
from events.sqlite_store import connect, trouble
from events.sqlite_table import FORMAT, SCHEMA, one_of_few, records
from events.vocabulary import NOTE_RECORDED

_made: Final = tuple.__new__
_SAMPLE: Final = 8_192
"""Events by which the shares of a log are told."""
# Offsets may have gaps: of each that is asked for, the event there or the next one.
_SAMPLED: Final = """
SELECT (SELECT subject FROM events WHERE offset >= asked.value ORDER BY offset LIMIT 1) AS found
FROM json_each(?) AS asked ORDER BY found
"""
_MAPPED_BYTES: Final = 2**40
"""Of the file, for reading it in the order of companies, which jumps: SQLite takes what it can,
and need not ask the system for each page."""


class SqliteArchive(Archive):
    """The events of one partition in a file, to be read here from any thread. Close it to let go
    of the file."""

    def __init__(self, path: Path, partition: int = 0) -> None:
        self.path = path
        self.partition = partition
        self._reader = connect(path, SCHEMA, FORMAT)
        self._reading = Lock()
        self._version = -1
        self._end = -1

    def close(self) -> None:
        """Let go of the file, once nobody reads: to close under a reader can end the process."""
        with self._reading:
            self._reader.close()

    def between(self, after: int, to: int, limit: int) -> list[Record]:
        """At most `limit` records of (after, to], at once."""
        return self._select("WHERE offset > ? AND offset <= ? LIMIT ?", after, to, limit)

    def end(self) -> int:
        """See `Archive`. SQLite tells whether another connection wrote; only then it is looked."""
        with self._reading, trouble(self.path):
            version = self._reader.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                row = self._reader.execute("SELECT max(offset) FROM events").fetchone()
                self._end = -1 if row[0] is None else int(row[0])
                self._version = version
            return self._end

    def of_subjects(self, subjects: Sequence[str], *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        marks = ", ".join("?" * len(subjects))
        where = f"WHERE subject IN ({marks}) AND offset <= ? ORDER BY offset"
        return self._select(where, *subjects, self.end() if to is None else to)

    def of_ids(self, ids: Sequence[str]) -> list[Record]:
        """Those of these events that are here."""
        marks = ", ".join("?" * len(ids))
        return self._select(f"WHERE id IN ({marks}) ORDER BY offset", *ids)

    def of_type(self, event_type: str, *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        where = f"{one_of_few(event_type)} AND offset <= ? ORDER BY offset"
        return self._select(where, self.end() if to is None else to)

    def by_company(
        self, *, to: int, first: str = "", last: str | None = None, context: bool = True
    ) -> Iterator[tuple[str, int, list[Record]]]:
        """Every subject of [first, last) with the number of its events up to the offset `to`, and
        these in log order: without `context` but for plain notes, which bear on no standing."""
        beyond = "" if last is None else "AND subject < ?"
        partition = self.partition
        with trouble(self.path):
            self._reader.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
            rows = self._reader.execute(
                "SELECT subject, offset, recorded, body, type = ? "  # noqa: S608
                "FROM events INDEXED BY events_by_subject "
                f"WHERE offset <= ? AND subject >= ? {beyond} ORDER BY subject, offset",
                (NOTE_RECORDED, to, first) if last is None else (NOTE_RECORDED, to, first, last),
            )
            known, count, records = "", 0, list[Record]()
            for subject, offset, recorded, body, note in rows:
                if subject != known:
                    if count:
                        yield known, count, records
                    known, count, records = subject, 0, []
                count += 1
                if context or not note or may_take_back(body):
                    made = (offset, recorded, orjson.loads(body), partition)
                    records.append(_made(Record, made))
            if count:
                yield known, count, records

    def borders(self, shares: int) -> list[str]:
        """Subjects that cut the log into so many shares of about as many events each, as far as
        a sample tells."""
        size = self.end() + 1
        asked = list(range(0, size, max(size // _SAMPLE, 1)))
        with self._reading, trouble(self.path):
            rows = self._reader.execute(_SAMPLED, (orjson.dumps(asked).decode(),)).fetchall()
        found = [rows[len(rows) * share // shares][0] for share in range(1, shares) if rows]
        return sorted(set(found))

    def first_of(self, subject: str) -> tuple[Instant, int]:
        """When the first event of a subject was taken in, and its offset; the beginning of time
        where there is none."""
        with self._reading, trouble(self.path):
            row = self._reader.execute(
                "SELECT recorded, offset FROM events WHERE subject = ? ORDER BY offset LIMIT 1",
                (subject,),
            ).fetchone()
            return (int(row[0]), int(row[1])) if row else (0, -1)

    def subjects(self, *, after: int, to: int) -> list[str]:
        """See `Archive`."""
        with self._reading, trouble(self.path):
            rows = self._reader.execute(
                "SELECT DISTINCT subject FROM events WHERE offset > ? AND offset <= ?", (after, to)
            )
            return [row[0] for row in rows]

    def times(self, *, to: int) -> list[tuple[Instant, int]]:
        """Each recorded time with the first offset that has it, in order."""
        with self._reading, trouble(self.path):
            return self._reader.execute(
                "SELECT recorded, min(offset) FROM events WHERE offset <= ? GROUP BY recorded",
                (to,),
            ).fetchall()

    def _select(self, where: str, *values: Any) -> list[Record]:
        with self._reading, trouble(self.path):
            return records(self._reader, where, *values, partition=self.partition)
