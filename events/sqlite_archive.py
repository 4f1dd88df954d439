"""Looking up what stands in a log in SQLite: by company, by type, in order."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from events.dates import Instant
from events.log import Archive, Record
from events.sqlite_store import connect, trouble
from events.sqlite_table import FEW, FORMAT, SCHEMA, records


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
        """Let go of the file."""
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

    def of_type(self, event_type: str, *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        if event_type not in FEW:
            raise ValueError(f"{event_type} has no index")
        # written out, so that the partial index serves
        where = f"WHERE type = '{event_type}' AND offset <= ? ORDER BY offset"
        return self._select(where, self.end() if to is None else to)

    def by_company(
        self, *, to: int, first: str = "", last: str | None = None
    ) -> Iterator[tuple[str, list[Record]]]:
        """Every subject of [first, last) with its events in log order, up to the offset `to`."""
        beyond = "" if last is None else "AND subject < ?"
        with trouble(self.path):
            rows = self._reader.execute(
                "SELECT subject, offset, recorded, body FROM events INDEXED BY events_by_subject "  # noqa: S608
                f"WHERE offset <= ? AND subject >= ? {beyond} ORDER BY subject, offset",
                (to, first) if last is None else (to, first, last),
            )
            for subject, some in groupby(rows, key=itemgetter(0)):
                yield (
                    subject,
                    [Record(row[1], row[2], orjson.loads(row[3]), self.partition) for row in some],
                )

    def borders(self, shares: int) -> list[str]:
        """Subjects that cut the log into so many shares of about as many events each."""
        step = (self.end() + 1) // shares
        with self._reading, trouble(self.path):
            found = [
                self._reader.execute(
                    "SELECT subject FROM events ORDER BY subject LIMIT 1 OFFSET ?", (step * share,)
                ).fetchone()
                for share in range(1, shares)
            ]
        return sorted({row[0] for row in found if row})

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
