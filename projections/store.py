"""What was projected, in a file of its own that may be thrown away: it is folded from the log.

One transaction makes the statuses, the changes and the position of a batch visible together.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from events.dates import Instant
from events.sqlite_store import connect, transaction, trouble
from projections import finding
from projections.rows import (
    ChangeRow,
    CompanyRow,
    Folded,
    Kept,
    Told,
    flips,
    searched,
    told_again,
)
from projections.timeline import Flip

FORMAT: Final = 2

KEPT_BY_COMPANY: Final = """
CREATE TABLE companies{0} (
    company TEXT PRIMARY KEY, sequence INTEGER NOT NULL, due INTEGER NOT NULL, merged_into TEXT,
    parked TEXT, name TEXT, country TEXT, kind TEXT, known INTEGER NOT NULL,
    described BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE standings{0} (
    company TEXT NOT NULL, list TEXT NOT NULL, flips BLOB NOT NULL, PRIMARY KEY (company, list)
) STRICT, WITHOUT ROWID
"""
_SCHEMA: Final = (
    f"{KEPT_BY_COMPANY.format('')};{finding.TABLES};"
    """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE changes (
    position INTEGER NOT NULL, moment INTEGER NOT NULL, company TEXT NOT NULL,
    sequence INTEGER NOT NULL, list TEXT, kind TEXT NOT NULL, recorded INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX changes_in_order ON changes (position, moment, company, sequence);
CREATE UNIQUE INDEX changes_of_company ON changes (company, sequence)
"""
)
_COMPANY: Final = "company, sequence, due, merged_into, parked, name, country, kind, known"
_CHANGE: Final = "position, moment, company, sequence, list, kind, recorded, body"


class Mark(NamedTuple):
    """How far the projection has come: the last offset folded, and the log's time there."""

    position: int = -1
    clock: Instant = 0


class ProjectionStore:
    """The projected state in SQLite. One process writes, any number read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        steps = (finding.STEP,)
        self.db = connect(path, _SCHEMA, FORMAT, synchronous="NORMAL", steps=steps)

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()

    def meta(self, key: str) -> str | int | None:
        """A value that was kept with the projection."""
        row = self._one("SELECT value FROM meta WHERE key = ?", key)
        return row[0] if row else None

    def put_meta(self, key: str, value: str | int) -> None:
        """Keep a value with the projection."""
        with trouble(self.path):
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def mark(self) -> Mark:
        """How far it has come."""
        found = dict(self._all("SELECT key, value FROM meta WHERE key IN ('position', 'clock')"))
        return Mark(int(found.get("position", -1)), int(found.get("clock", 0)))

    @property
    def read(self) -> int:
        """The last offset that was read; what stands behind the last one folded does not count."""
        return max(self.mark.position, int(self.meta("read") or -1))

    def commit(self, mark: Mark, companies: Iterable[Folded]) -> None:
        """Make a batch visible, all of it at once."""
        with trouble(self.path), transaction(self.db):
            for one in companies:
                self._replace(one)
                self.put_changes(one.told)
            self.put_meta("position", mark.position)
            self.put_meta("clock", mark.clock)

    def _replace(self, new: Folded) -> None:
        company = new.row.company
        old = self._one("SELECT described FROM companies WHERE company = ?", company)
        self.db.execute(
            "INSERT OR REPLACE INTO companies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*new.row, new.described),
        )
        if old is not None:
            self.db.execute("DELETE FROM standings WHERE company = ?", (company,))
        self.db.executemany("INSERT INTO standings VALUES (?, ?, ?)", new.standings)
        if old is None or old[0] != new.described:
            if old is not None:
                finding.drop(self.db, company, searched(company, old[0]))
            if new.row.known:
                finding.put(self.db, company, searched(company, new.described))

    def put_changes(self, changes: Iterable[ChangeRow]) -> None:
        """Write changes, within a transaction."""
        self.db.executemany("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", changes)

    def take_changes(self, changes: Iterable[ChangeRow], read: int) -> None:
        """Keep changes that were told elsewhere, and how far those were read. Repeats are passed
        over."""
        with trouble(self.path), transaction(self.db):
            self.db.executemany(
                "INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", changes
            )
            self.put_meta("changes", read)

    def rows(self, after: str = "", limit: int = 1_000) -> list[CompanyRow]:
        """Companies of which the log has events, in the order of their ids."""
        found = self._all(
            f"SELECT {_COMPANY} FROM companies WHERE known AND company > ? "  # noqa: S608
            "ORDER BY company LIMIT ?",
            after,
            limit,
        )
        return [CompanyRow(*row) for row in found]

    def row(self, company: str) -> CompanyRow | None:
        """One company."""
        found = self._one(f"SELECT {_COMPANY} FROM companies WHERE company = ?", company)  # noqa: S608
        return CompanyRow(*found) if found else None

    def described(self, company: str) -> dict[str, Any] | None:
        """Who a company is, as `Description.shown`."""
        row = self._one("SELECT described FROM companies WHERE company = ?", company)
        return orjson.loads(row[0]) if row else None

    def descriptions(self) -> Iterator[tuple[str, bytes]]:
        """Every company that counts for itself, by id, with who it is: `Description.shown` as
        JSON."""
        with trouble(self.path):
            yield from self.db.execute(
                "SELECT company, described FROM companies WHERE known AND merged_into IS NULL "
                "ORDER BY company"
            )

    def dues(self) -> list[tuple[Instant, str]]:
        """The flips that are known to come without an event."""
        return self._all("SELECT due, company FROM companies WHERE due < 4611686018427387904")

    def flipping(self, before: Instant) -> list[tuple[str, int, Instant]]:
        """Companies of which a flip comes before a moment, with the sequence of the latest change
        and when the first of their flips comes."""
        return self._all(
            "SELECT company, sequence, due FROM companies WHERE due < ? AND merged_into IS NULL "
            "AND parked IS NULL ORDER BY company",
            before,
        )

    def parked(self) -> dict[str, str]:
        """Companies that could not be folded, and why."""
        return dict(self._all("SELECT company, parked FROM companies WHERE parked IS NOT NULL"))

    def kept(self, first: str = "", last: str | None = None) -> dict[str, Kept]:
        """What there is of each company of [first, last), if only a part of it."""
        where = "WHERE company >= ?" if last is None else "WHERE company >= ? AND company < ?"
        values = (first,) if last is None else (first, last)
        found: dict[str, Kept] = {
            row[0]: (row, [])
            for row in self._all(f"SELECT * FROM companies {where}", *values)  # noqa: S608
        }
        for row in self._all(
            f"SELECT * FROM standings {where} ORDER BY company, list",  # noqa: S608
            *values,
        ):
            found.setdefault(row[0], ((row[0], 0), []))[1].append(row)
        return found

    def counts(self) -> dict[str, int]:
        """How much there is."""
        tables = ("companies", "standings", "changes")
        sizes = [self._one(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608
        return {table: int(size[0]) for table, size in zip(tables, sizes, strict=True) if size}

    def standings(
        self, lists: Sequence[str] = (), after: str = ""
    ) -> Iterator[tuple[str, str | None, str | None, str | None, str, bytes]]:
        """Every company that counts for itself, by id, once for each list that it has events on:
        company, name, country, why it is parked, list, packed readings. Companies on no list have
        "" and none. With lists, only what stands on those."""
        tables, some = "companies AS c LEFT JOIN standings AS s ON s.company = c.company", "1"
        if lists:  # few of all: not each company is looked at
            tables = "standings AS s CROSS JOIN companies AS c ON c.company = s.company"
            some = f"s.list IN ({','.join('?' * len(lists))})"
        order = "s.company" if lists else "c.company"
        with trouble(self.path):
            yield from self.db.execute(
                "SELECT c.company, c.name, c.country, c.parked, coalesce(s.list, ''), s.flips "  # noqa: S608
                f"FROM {tables} WHERE c.known AND c.merged_into IS NULL AND {order} > ? AND {some} "
                f"ORDER BY {order}, s.list",
                (after, *lists),
            )

    def readings(self, company: str, suffix: str = "") -> dict[str, tuple[Flip, ...]]:
        """By list, the readings of a company."""
        sql = f"SELECT list, flips FROM standings{suffix} WHERE company = ?"  # noqa: S608
        return {list_id: flips(packed) for list_id, packed in self._all(sql, company)}

    def changes(
        self,
        *,
        after: tuple[int, Instant, str, int] | None = None,
        limit: int = 1_000,
        company: str | None = None,
        list_id: str | None = None,
        kind: str | None = None,
    ) -> list[Told]:
        """Changes in the order in which they were told, after a place in that order."""
        where = ["(position, moment, company, sequence) > (?, ?, ?, ?)"]
        values: list[Any] = list(after or (-2, 0, "", 0))
        for column, value in (("company", company), ("list", list_id), ("kind", kind)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        rows = self._all(
            f"SELECT {_CHANGE} FROM changes WHERE {' AND '.join(where)} "  # noqa: S608
            "ORDER BY position, moment, company, sequence LIMIT ?",
            *values,
            limit,
        )
        return [told_again(row) for row in rows]

    def newest(
        self,
        *,
        before: tuple[int, Instant, str, int] | None = None,
        limit: int = 1_000,
        company: str | None = None,
    ) -> list[Told]:
        """Changes before a place in the order in which they were told, the latest first."""
        where, values = ["1"], list[Any]()
        if before is not None:
            where.append("(position, moment, company, sequence) < (?, ?, ?, ?)")
            values += before
        if company is not None:
            where.append("company = ?")
            values.append(company)
        rows = self._all(
            f"SELECT {_CHANGE} FROM changes WHERE {' AND '.join(where)} "  # noqa: S608
            "ORDER BY position DESC, moment DESC, company DESC, sequence DESC LIMIT ?",
            *values,
            limit,
        )
        return [told_again(row) for row in rows]

    def place(self, company: str, sequence: int) -> tuple[int, Instant, str, int] | None:
        """Where in the order of all changes one stands."""
        row = self._one(
            "SELECT position, moment FROM changes WHERE company = ? AND sequence = ?",
            company,
            sequence,
        )
        return (row[0], row[1], company, sequence) if row else None

    def search(self, text: str, limit: int) -> list[tuple[str, str]]:
        """Companies whose names, identifiers or id hold `text` (already normalised), with what
        was searched: those first of which one begins with it. Of one letter, and of two in the
        middle of a word, only those are found."""
        with trouble(self.path):
            return finding.search(self.db, text, limit)

    def _all(self, sql: str, *values: Any) -> list[Any]:
        with trouble(self.path):
            return self.db.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: Any) -> Sequence[Any] | None:
        with trouble(self.path):
            row: Sequence[Any] | None = self.db.execute(sql, values).fetchone()
        return row
