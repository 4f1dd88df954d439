"""Screening: whom holdings may be, and how those stood as of a date.

Nothing here reads as clearance: where no match is found, that is what is said, with the lists of
which nothing was read by then.
"""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

import orjson

from events.dates import UTC_ZONE, show
from events.errors import UnknownCompany
from events.log import Position
from projections.likeness import POSSIBLE
from projections.reader import Parked, Question
from projections.readers import Readers
from projections.screening import MOST_MATCHES, Index, Known, Match
from projections.stores import Stores
from service.formats import Column, Table
from service.holdings import Line
from service.standing import Standing

NOT_FOUND: Final = "no match found, which clears nobody"
_NOTHING_ASKED: Final = "nothing in this row says who it is; nobody was looked for"
_NOT_YET: Final = "the log had not heard of the company by then"


class Companies:
    """The index of a standing's companies, kept up with its projection. For any thread."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._index = Index()
        self._at: Position | None = None
        self._kept: dict[str, int] = {}
        self._referred = Position()
        self.version = 0
        """Moves on when anybody became known, is described in another way, or goes."""
        self.lock = Lock()
        """To be held while the index is used."""

    def index(self, store: Stores, *, references: bool = False) -> Index:
        """The index as the projection is now; with sources' own ids, where those are asked for:
        the log is read for them."""
        if (at := store.position) != self._at:
            self._described(store)
            self._at = at
        if references:
            for records in self._standing.whole.records(self._referred):
                for record in records:
                    self._referred[record.partition] = record.offset
                    if reference := record.event["data"].get("reference"):
                        self._index.refers(reference["scheme"], reference["id"], record.subject)
                        self.version += 1
        return self._index

    def _described(self, store: Stores) -> None:
        """Take in what differs: of most companies nothing does."""
        found: dict[str, int] = {}
        for company, described in store.descriptions():
            found[company] = hash(described)
            if self._kept.get(company) != found[company]:
                self._index.put(Known(company, orjson.loads(described)))
                self.version += 1
        for company in self._kept.keys() - found.keys():
            self._index.drop(company)
            self.version += 1
        self._kept = found


class Screening:
    """Answers for many holdings, all as of the same moment."""

    def __init__(
        self,
        index: Index,
        readers: Readers,
        question: Question,
        least: float = POSSIBLE,
        parked: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        for list_id in question.lists:
            readers.registry.require(list_id, "list")
        self._index = index
        self._readers = readers
        self._least = least
        self._parked = parked
        self._standings: dict[str, dict[str, Any]] = {}
        readers.refresh()
        first = readers.readers[0]
        first.cutoffs(question, UTC_ZONE)  # one that is bad is told before anything is written
        now = first.moment(question, UTC_ZONE)
        self.as_of = question.as_of or show(now)
        self._question = question._replace(as_of=self.as_of)
        self._nobody = self._row_of_nobody()
        self.counts = dict.fromkeys(("rows", "exact", "strong", "possible", "none"), 0)
        """Of the rows so far, how many had as their surest match which."""

    def rows(self, lines: Iterator[Line]) -> Iterator[dict[str, Any]]:
        """One row for each match, or one that says that there is none."""
        for line in lines:
            found = self._index.find(line.holding, self._least)
            self.counts["rows"] += 1
            self.counts[found[0].how if found else "none"] += 1
            head = {"row": line.row, "input": line.given}
            if not found:
                asked = any(line.holding[:-1])
                yield {**head, **self._nobody, "note": NOT_FOUND if asked else _NOTHING_ASKED}
            left_out = len(found) - MOST_MATCHES
            for match in found[:MOST_MATCHES]:
                row = {**head, **self._told(match)}
                if left_out > 0:
                    row["note"] = "; ".join(
                        filter(None, (row["note"], f"{left_out:,} less sure matches are left out"))
                    )
                yield row

    def _told(self, match: Match) -> dict[str, Any]:
        standing = self._standings.get(match.company)
        if standing is None:
            standing = self._standings[match.company] = self._standing_of(match.company)
        return {
            "match": match.how,
            "company": match.company,
            "name": standing["name"],
            "score": match.score,
            "by": match.by,
            "matched": match.matched,
            **{key: standing[key] for key in _STANDING},
        }

    def _standing_of(self, company: str) -> dict[str, Any]:
        told: dict[str, Any] = {**self._nobody, "name": None, "uncovered": [], "note": None}
        if company in self._parked:
            return {**told, "parked": self._parked[company]}
        try:
            answer = self._readers.status(company, self._question)
        except UnknownCompany:
            return {**told, "note": _NOT_YET}
        except Parked as parked:
            return {**told, "parked": parked.why}
        return {
            **told,
            "name": answer["name"],
            "status": answer["status"],
            "restrictions": [one["kind"] for one in answer["restrictions"]],
            "lists": [_brief(one) for one in answer["lists"]],
            "uncovered": [one["list"] for one in answer["lists"] if not one["covered"]],
        }

    def _row_of_nobody(self) -> dict[str, Any]:
        registry, question = self._readers.registry, self._question
        lists = question.lists or [info.id for info in registry]
        first = self._readers.readers[0]
        uncovered = [
            one
            for one in lists
            if not self._readers.coverage(one, question).holds(
                first.moment(question, registry[one].zone), registry[one]
            )
        ]
        return {
            "match": "none",
            **dict.fromkeys(("company", "name", "score", "by", "matched")),
            "as_of": self.as_of,
            "status": None,
            "restrictions": [],
            "lists": [],
            "uncovered": uncovered,
            "parked": None,
            "note": NOT_FOUND,
            "ownership": "not_evaluated",
        }


_STANDING: Final = (
    "as_of",
    "status",
    "restrictions",
    "lists",
    "uncovered",
    "parked",
    "note",
    "ownership",
)
_BRIEF: Final = ("list", "covered", "status", "since", "until", "how")


def _brief(one: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [restriction["kind"] for restriction in one["restrictions"]]
    return {**{key: one[key] for key in _BRIEF}, "restrictions": kinds}


def table(headings: Sequence[str]) -> Table:
    """The columns of a screening: those that were given, under their own headings, then ours.
    Where one of ours is among theirs, it is `standing_…`."""
    taken = {one.casefold() for one in headings}

    def named(name: str) -> str:
        while name.casefold() in taken:
            name = f"standing_{name}"
        return name

    given = [Column(heading, "text", _given(heading)) for heading in headings]
    ours = [column._replace(name=named(column.name)) for column in _OURS]
    return Table((*given, *ours), lambda row: row)


def _given(heading: str) -> Any:
    def get(row: Mapping[str, Any]) -> str | None:
        value = row["input"].get(heading)
        return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()

    return get


def _told_by(name: str) -> Any:
    return lambda row: row[name]


def _lists_in_short(row: Mapping[str, Any]) -> list[str]:
    return [f"{one['list']} {one['status']}" for one in row["lists"]]


_OURS: Final = (
    Column("row", "number", _told_by("row")),
    Column("match", "text", _told_by("match")),
    Column("company", "text", _told_by("company")),
    Column("name", "text", _told_by("name")),
    Column("score", "share", _told_by("score")),
    Column("by", "text", _told_by("by")),
    Column("matched", "text", _told_by("matched")),
    Column("as_of", "text", _told_by("as_of")),
    Column("status", "text", _told_by("status")),
    Column("restrictions", "texts", _told_by("restrictions")),
    Column("lists", "texts", _lists_in_short),
    Column("uncovered", "texts", _told_by("uncovered")),
    Column("parked", "text", _told_by("parked")),
    Column("note", "text", _told_by("note")),
    Column("ownership", "text", _told_by("ownership")),
)
