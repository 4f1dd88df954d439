"""What was projected, in a file of its own that may be thrown away: it is folded from the log.

One transaction makes the statuses, the changes and the position of a batch visible together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from events.companies import Description
from events.dates import Instant
from events.sqlite_store import connect, transaction, trouble
from projections.changes import Change, Interval, Overall
from projections.search import normalise
from projections.timeline import Flip, Reading, Timeline

FORMAT: Final = 1
_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE companies (
    company TEXT PRIMARY KEY, sequence INTEGER NOT NULL, due INTEGER NOT NULL, merged_into TEXT,
    parked TEXT, name TEXT, country TEXT, kind TEXT, described BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX companies_due ON companies (due) WHERE due < 4611686018427387904;
CREATE TABLE standings (
    company TEXT NOT NULL, list TEXT NOT NULL, flips BLOB NOT NULL, PRIMARY KEY (company, list)
) STRICT, WITHOUT ROWID;
CREATE TABLE changes (
    position INTEGER NOT NULL, moment INTEGER NOT NULL, company TEXT NOT NULL,
    sequence INTEGER NOT NULL, list TEXT, kind TEXT NOT NULL, recorded INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE VIRTUAL TABLE names USING fts5 (company UNINDEXED, text, tokenize = 'trigram')
"""
_INDEXES: Final = (
    "CREATE UNIQUE INDEX IF NOT EXISTS changes_in_order "
    "ON changes (position, moment, company, sequence)",
    "CREATE UNIQUE INDEX IF NOT EXISTS changes_of_company ON changes (company, sequence)",
)


class Mark(NamedTuple):
    """How far the projection has come: the last offset folded, and the log's time there."""

    position: int = -1
    clock: Instant = 0


class CompanyRow(NamedTuple):
    """A company as projected."""

    company: str
    sequence: int
    due: Instant
    merged_into: str | None
    parked: str | None
    name: str | None
    country: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """A change and the offset of the record on whose reading it was told."""

    position: int
    change: Change

    @property
    def cursor(self) -> str:
        """Where a reader of all changes goes on from."""
        return f"{self.change.company}/{self.change.sequence}"


class ProjectionStore:
    """The projected state in SQLite. One process writes, any number read."""

    def __init__(self, path: Path, *, bulk: bool = False) -> None:
        """With `bulk`, the indexes wait for `finish`, and a crash leaves nothing usable."""
        self.path = path
        self.db = connect(path, _SCHEMA, FORMAT, synchronous="OFF" if bulk else "NORMAL")
        if not bulk:
            self.finish()

    def finish(self) -> None:
        """Make the indexes that readers need."""
        with trouble(self.path):
            for statement in _INDEXES:
                self.db.execute(statement)

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()

    def meta(self, key: str) -> str | int | None:
        """A value that was kept with the projection."""
        with trouble(self.path):
            row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put_meta(self, key: str, value: str | int) -> None:
        """Keep a value with the projection."""
        with trouble(self.path):
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def mark(self) -> Mark:
        """How far it has come."""
        with trouble(self.path):
            found = dict(
                self.db.execute("SELECT key, value FROM meta WHERE key IN ('position', 'clock')")
            )
        return Mark(int(found.get("position", -1)), int(found.get("clock", 0)))

    def commit(
        self,
        mark: Mark,
        changes: Sequence[Told],
        companies: Iterable[tuple[CompanyRow, Description]],
        standings: Iterable[tuple[str, Mapping[str, Timeline]]],
    ) -> None:
        """Make a batch visible, all of it at once."""
        with trouble(self.path), transaction(self.db):
            self.put_companies(companies)
            self.put_standings(standings)
            self.put_changes(changes)
            self.put_meta("position", mark.position)
            self.put_meta("clock", mark.clock)

    def put_changes(self, changes: Iterable[Told]) -> None:
        """Write changes, within a transaction."""
        self.db.executemany(
            "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(change_row, changes)
        )

    def put_standings(self, standings: Iterable[tuple[str, Mapping[str, Timeline]]]) -> None:
        """Write the timelines of companies, within a transaction."""
        for company, timelines in standings:
            self.db.execute("DELETE FROM standings WHERE company = ?", (company,))
            self.db.executemany(
                "INSERT INTO standings VALUES (?, ?, ?)",
                [(company, list_id, pack(one)) for list_id, one in timelines.items()],
            )

    def put_companies(self, companies: Iterable[tuple[CompanyRow, Description]]) -> None:
        """Write who companies are, within a transaction."""
        for row, described in companies:
            old = self.db.execute(
                "SELECT described FROM companies WHERE company = ?", (row.company,)
            ).fetchone()
            body = orjson.dumps(described.shown())
            self.db.execute(
                "INSERT OR REPLACE INTO companies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, body)
            )
            if old is None or old[0] != body:
                if old is not None:
                    self.db.execute("DELETE FROM names WHERE company = ?", (row.company,))
                self.db.execute(
                    "INSERT INTO names VALUES (?, ?)", (row.company, _searched(row, described))
                )

    def rows(self, after: str = "", limit: int = 1_000) -> list[CompanyRow]:
        """Companies in the order of their ids."""
        with trouble(self.path):
            found = self.db.execute(
                f"SELECT {_COMPANY} FROM companies WHERE company > ? ORDER BY company LIMIT ?",  # noqa: S608
                (after, limit),
            )
            return [CompanyRow(*row) for row in found]

    def row(self, company: str) -> CompanyRow | None:
        """One company."""
        with trouble(self.path):
            found = self.db.execute(
                f"SELECT {_COMPANY} FROM companies WHERE company = ?",  # noqa: S608
                (company,),
            ).fetchone()
        return CompanyRow(*found) if found else None

    def dues(self) -> list[tuple[Instant, str]]:
        """The flips that are known to come without an event."""
        with trouble(self.path):
            return self.db.execute(
                "SELECT due, company FROM companies WHERE due < 4611686018427387904"
            ).fetchall()

    def parked(self) -> dict[str, str]:
        """Companies that could not be folded, and why."""
        with trouble(self.path):
            return dict(
                self.db.execute("SELECT company, parked FROM companies WHERE parked IS NOT NULL")
            )

    def counts(self) -> dict[str, int]:
        """How much there is."""
        with trouble(self.path):
            return {
                table: int(self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
                for table in ("companies", "standings", "changes")
            }

    def standings(self) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
        """Every company with its packed timelines, by id; companies on no list have none."""
        with trouble(self.path):
            rows = self.db.execute(
                "SELECT c.company, s.list, s.flips FROM companies AS c "
                "LEFT JOIN standings AS s ON s.company = c.company "
                "WHERE c.merged_into IS NULL ORDER BY c.company, s.list"
            )
            current: str | None = None
            lists: list[tuple[str, bytes]] = []
            for company, list_id, flips in rows:
                if company != current:
                    if current is not None:
                        yield current, lists
                    current, lists = company, []
                if list_id is not None:
                    lists.append((list_id, flips))
            if current is not None:
                yield current, lists

    def changes(
        self,
        *,
        after: tuple[int, Instant, str, int] | None = None,
        limit: int = 1_000,
        company: str | None = None,
        list_id: str | None = None,
    ) -> list[Told]:
        """Changes in the order in which they were told, after a place in that order."""
        where = ["(position, moment, company, sequence) > (?, ?, ?, ?)"]
        values: list[Any] = list(after or (-2, 0, "", 0))
        for column, value in (("company", company), ("list", list_id)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        with trouble(self.path):
            rows = self.db.execute(
                "SELECT position, moment, company, sequence, list, kind, recorded, body "  # noqa: S608
                f"FROM changes WHERE {' AND '.join(where)} "
                "ORDER BY position, moment, company, sequence LIMIT ?",
                (*values, limit),
            )
            return [told(row) for row in rows]

    def place(self, company: str, sequence: int) -> tuple[int, Instant, str, int] | None:
        """Where in the order of all changes one stands."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT position, moment FROM changes WHERE company = ? AND sequence = ?",
                (company, sequence),
            ).fetchone()
        return (row[0], row[1], company, sequence) if row else None

    def search(self, text: str, limit: int) -> list[tuple[str, str]]:
        """Companies whose names, identifiers or id hold `text` (already normalised), with what
        was searched."""
        with trouble(self.path):
            if len(text) > 2:
                phrase = '"' + text.replace('"', '""') + '"'
                return self.db.execute(
                    "SELECT company, text FROM names WHERE text MATCH ? ORDER BY rank LIMIT ?",
                    (phrase, limit),
                ).fetchall()
            return self.db.execute(
                "SELECT company, text FROM names WHERE instr(text, ?) LIMIT ?", (text, limit)
            ).fetchall()

    def described(self, company: str) -> dict[str, Any] | None:
        """Who a company is."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT described FROM companies WHERE company = ?", (company,)
            ).fetchone()
        return orjson.loads(row[0]) if row else None


_COMPANY: Final = "company, sequence, due, merged_into, parked, name, country, kind"


def pack(timeline: Timeline) -> bytes:
    """The readings of a timeline, as a store keeps them."""
    packed = []
    current: Reading | None = None
    for at, reading in timeline.flips():
        if reading != current:
            packed.append((at, reading.status, reading.how, reading.kinds))
            current = reading
    return orjson.dumps(packed)


def unpack(packed: bytes) -> list[tuple[Instant, str, str | None, list[str]]]:
    """The readings again: from when, status, how, restrictions in force."""
    found: list[tuple[Instant, str, str | None, list[str]]] = orjson.loads(packed)
    return found


def change_row(told_: Told) -> tuple[Any, ...]:
    """A change as its table keeps it."""
    change = told_.change
    body = orjson.dumps(
        (
            tuple(change.before),
            tuple(change.after),
            tuple(change.overall_before),
            tuple(change.overall_after),
            change.effective,
            change.announced,
            change.cause,
            change.backfill,
            [(one.begins, one.ends, tuple(one[2]), tuple(one[3])) for one in change.intervals],
            [(flip.at, tuple(flip.reading)) for flip in change.flips_before],
            [(flip.at, tuple(flip.reading)) for flip in change.flips_after],
        )
    )
    return (
        told_.position,
        change.moment,
        change.company,
        change.sequence,
        change.list,
        change.kind,
        change.recorded,
        body,
    )


def told(row: Sequence[Any]) -> Told:
    """The other way round."""
    position, moment, company, sequence, list_id, kind, recorded, body = row
    before, after, was, now, effective, announced, cause, backfill, *more = orjson.loads(body)
    intervals, flips_before, flips_after = more
    change = Change(
        company,
        list_id,
        sequence,
        kind,
        _reading(before),
        _reading(after),
        Overall(was[0], tuple(was[1])),
        Overall(now[0], tuple(now[1])),
        effective,
        announced,
        tuple(cause),
        recorded,
        moment,
        backfill,
        tuple(Interval(a, b, _reading(c), _reading(d)) for a, b, c, d in intervals),
        tuple(Flip(at, _reading(reading)) for at, reading in flips_before),
        tuple(Flip(at, _reading(reading)) for at, reading in flips_after),
    )
    return Told(position, change)


def _reading(parts: Sequence[Any]) -> Reading:
    return Reading(parts[0], parts[1], tuple(parts[2]))


def _searched(row: CompanyRow, described: Description) -> str:
    values = [row.company, described.name or "", *described.aliases, *described.former_ids]
    values += [value for _, value in described.identifiers]
    return normalise("\n".join(value for value in values if value))
