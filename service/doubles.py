"""Questions whether two companies are one: found as the log and the descriptions grow, kept in a
file that may be thrown away, and decided by events in the log.

A decision names its question in a source of the event that it writes, so that a queue that is made
anew knows what was decided: `urn:standing:review:<question>:accepted` or `:refused`.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import orjson

from events import vocabulary as words
from events.companies import takings_back
from events.errors import Refused
from events.ids import derived_id
from events.log import Position, Record
from events.sqlite_store import connect, transaction, trouble
from projections.doubles import MADE_OF, Pair, Turn, pairs, question_id, relisted, turn
from projections.readers import Readers
from projections.screening import Index, Known
from projections.stores import Stores
from service.review import (
    ACCEPTED,
    Asks,
    Decision,
    Question,
    Ruling,
    decided,
    decided_in,
    taken_back,
)
from service.standing import Standing

FILE: Final = "review.db"
_FORMAT: Final = 1
_TABLES: Final = ("meta", "companies", "turns", "pairs", "decisions")
_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE companies (company TEXT PRIMARY KEY, described BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE turns (
    list TEXT NOT NULL, announced TEXT NOT NULL, company TEXT NOT NULL, ended INTEGER NOT NULL,
    event TEXT PRIMARY KEY
) STRICT;
CREATE INDEX turns_together ON turns (list, announced);
CREATE TABLE pairs (
    question TEXT PRIMARY KEY, first TEXT NOT NULL, second TEXT NOT NULL, kind TEXT NOT NULL,
    score REAL NOT NULL, because TEXT NOT NULL
) STRICT;
CREATE INDEX pairs_of_first ON pairs (first);
CREATE INDEX pairs_of_second ON pairs (second);
CREATE TABLE decisions (
    event TEXT PRIMARY KEY, question TEXT NOT NULL, subject TEXT NOT NULL
) STRICT
"""
_IN_ORDER: Final = """
SELECT question, first, second, kind, score, because FROM pairs
ORDER BY CASE kind WHEN 'relisted' THEN 0 WHEN 'identifier' THEN 1 ELSE 2 END, score DESC, question
"""


class Doubles(Asks):
    """The questions of a standing. Close it to let go of its file. One thread at a time."""

    def __init__(self, standing: Standing, path: Path | None = None) -> None:
        self._standing = standing
        self._readers = standing.readers()
        self.path = path or standing.settings.home / FILE
        self._db = connect(self.path, _SCHEMA, _FORMAT, synchronous="NORMAL")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _meta(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def _put_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # --- keeping up ----------------------------------------------------------------------------

    def refresh(self, store: Stores) -> None:
        """See `Asks`: look at what is new in the log, and at companies that are told otherwise."""
        at = str(store.position)
        if self._meta("projected") == at and self._meta("partitions") == str(len(store.stores)):
            return
        with trouble(self.path), transaction(self._db):
            self._read()
            self._look(store)
            self._put_meta("projected", at)
            self._put_meta("partitions", str(len(store.stores)))

    def _read(self) -> None:
        """Take in what the log has of listings that began and ended, and of decisions."""
        known = self._meta("read")
        after = Position.parse(known, "read") if known else Position()
        ends = self._standing.end()
        if not ends.reaches(after):  # another log is in this folder now
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - ours
            after = Position()
        for records in self._standing.whole.records(after):
            for record in records:
                after[record.partition] = record.offset
                self._take(record)
        if after:
            self._put_meta("read", str(after))

    def _take(self, record: Record) -> None:
        if found := turn(record.event):
            self._db.execute("INSERT OR IGNORE INTO turns VALUES (?, ?, ?, ?, ?)", found)
        decision = decided(record.event)
        if decision and decision.question.startswith(MADE_OF):
            made = (record.id, decision.question, record.subject)
            self._db.execute("INSERT OR IGNORE INTO decisions VALUES (?, ?, ?)", made)

    def _look(self, store: Stores) -> None:
        """Ask of each company that is told otherwise than when it was looked at last, whom it may
        be the same as."""
        known = dict(self._db.execute("SELECT company, described FROM companies"))
        index, fresh = Index(), []
        for company, described in store.descriptions():
            index.put(Known(company, orjson.loads(described)))
            digest = blake2b(described, digest_size=8).digest()
            if known.pop(company, None) != digest:
                fresh.append((company, digest))
        for company in [*known, *(company for company, _ in fresh)]:
            self._db.execute("DELETE FROM companies WHERE company = ?", (company,))
            self._db.execute("DELETE FROM pairs WHERE first = ? OR second = ?", (company, company))
        self._db.executemany("INSERT INTO companies VALUES (?, ?)", fresh)
        for company, _ in fresh:
            for pair in pairs(index, company):
                self._keep(pair)
        rows = self._db.execute(
            "SELECT list, announced, company, ended, event FROM turns WHERE (list, announced) IN "
            "(SELECT list, announced FROM turns GROUP BY list, announced "
            "HAVING min(ended) < max(ended)) ORDER BY list, announced, event"
        )
        turns = [Turn(*row) for row in rows]
        for _, some in groupby(turns, key=lambda one: one[:2]):
            for pair in relisted(index, list(some)):
                self._keep(pair)

    def _keep(self, pair: Pair) -> None:
        self._db.execute(
            "INSERT INTO pairs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (question) DO UPDATE SET "
            "kind = excluded.kind, score = excluded.score, because = excluded.because "
            "WHERE excluded.kind = 'relisted' "
            "OR (kind = excluded.kind AND kind != 'relisted' AND score < excluded.score)",
            (question_id(pair.first, pair.second), *pair),
        )

    # --- asking ------------------------------------------------------------------------------

    def open(self) -> Iterator[Question]:
        """See `Asks`: those relisted first, then by how like they are."""
        closed = {one.question for one in self.decisions()}
        rows = self._db.execute(_IN_ORDER).fetchall()
        yield from (self._question(row) for row in rows if row[0] not in closed)

    def question(self, key: str) -> Question | None:
        """See `Asks`."""
        row = self._db.execute(
            "SELECT question, first, second, kind, score, because FROM pairs WHERE question = ?",
            (key,),
        ).fetchone()
        return self._question(row) if row else None

    def _question(self, row: tuple[Any, ...]) -> Question:
        key, first, second, kind, score, because = row
        older, newer = sorted((first, second), key=self._first_heard)
        return Question(key, kind, score, because, (older, newer))

    def _first_heard(self, company: str) -> tuple[int, int, str]:
        """When the log first had an event of a company."""
        part = self._standing.whole.parts[self._standing.home(company)]
        found = part.first_of(company)
        return (*found, company)

    def side(self, company: str) -> dict[str, Any]:
        """See `Asks`."""
        return told_of(self._readers, company)

    def decisions(self) -> list[Decision]:
        """See `Asks`."""
        found = []
        rows = self._db.execute("SELECT subject, event FROM decisions ORDER BY subject").fetchall()
        for subject, some in groupby(rows, key=lambda row: str(row[0])):
            part = self._standing.whole.parts[self._standing.home(subject)]
            records = part.of_subjects([subject])
            void = takings_back(records).taken_back
            wanted = {row[1] for row in some}
            found += [
                decision
                for record in records
                if record.id in wanted and record.id not in void
                if (decision := decided(record.event))
            ]
        return found

    # --- deciding ----------------------------------------------------------------------------

    def decide(self, question: Question, ruling: Ruling) -> list[dict[str, Any]]:
        """See `Asks`: one is merged into the other, or a note says that they are two."""
        if ruling.companies or ruling.fresh:
            raise Refused.field("companies", "only a proposal is about others than its sides")
        first, second = question.sides
        target = ruling.into or first
        if target not in question.sides:
            raise Refused.field("into", f"{target!r} is neither {first!r} nor {second!r}")
        (other,) = {first, second} - {target}
        count = self._db.execute(
            "SELECT count(*) FROM decisions WHERE question = ?", (question.id,)
        ).fetchone()[0]
        if ruling.verdict == ACCEPTED:
            kind, subject = words.MERGED, other
            data: Mapping[str, Any] = {"into": target}
        else:
            told = f"Not the same company as {other}: {ruling.why} ({ruling.by})"
            kind, subject = words.NOTE_RECORDED, target
            data = {"kind": "other", "text": told}
        # A decision that was undone may be made again, which is another one.
        key = derived_id([question.id, ruling.verdict, subject, count])
        said = {**data, "sources": [decided_in(question.id, ruling)]}
        return [{"id": key, "type": kind, "subject": subject, "data": said}]

    def undo(self, decision: Decision, by: str, why: str) -> list[dict[str, Any]]:
        """See `Asks`."""
        return [taken_back(decision, by, why)]

    def done(self, key: str, ruling: Ruling | None) -> None:
        """See `Asks`: it is read from the log."""


def told_of(readers: Readers, company: str) -> dict[str, Any]:
    """Who a company is and how it stands, to be looked at beside another."""
    status = readers.status(company)
    known = readers.known(company)
    keys = ("list", "status", "since", "until", "how")
    return {
        "company": company,
        **known.description.shown(),
        "status": status["status"],
        "lists": [
            {
                **{key: one[key] for key in keys},
                "references": _references(known.records, one["list"]),
            }
            for one in status["lists"]
        ],
    }


def _references(records: Sequence[Record], list_id: str) -> list[dict[str, str]]:
    """The ids of all entries that a company ever had on a list, also those taken off."""
    found = {
        (one["scheme"], one["id"]): one
        for record in records
        if record.event["data"].get("list") == list_id
        if (one := record.event["data"].get("reference"))
    }
    return list(found.values())
