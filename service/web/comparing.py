"""Two moments side by side: what happened between them, company by company and list by list."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from typing import Any, Final, NamedTuple

from events.errors import UnknownCompany
from projections.membership import ON_IT
from projections.reader import Parked, Question
from projections.readers import Readers
from projections.replay import Row, Standing, panel, standing_of
from projections.stores import Stores
from service.formats import Column, Table

HAPPENED: Final = {
    "added": "Came onto a list",
    "again": "Came onto it again",
    "removed": "Left a list",
    "enjoined": "Enjoined: still listed, its effects kept away",
    "unjoined": "No longer enjoined",
    "scheduled": "To come: announced, not in effect",
    "withdrawn": "No longer to come",
    "restricted": "Same status, more is forbidden",
    "freed": "Same status, less is forbidden",
    "otherwise": "Same status, other things are forbidden",
    "between": "Came and went, or went and came back, between",
}
"""What can happen between two moments, in the order in which it is told."""


class Difference(NamedTuple):
    """How a company stood on a list at one moment, and how at the other; `not_listed` where
    nothing of it counted."""

    happened: str
    company: str
    name: str | None
    list: str
    before: Standing | None
    after: Standing | None

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "happened": self.happened,
            "company": self.company,
            "name": self.name,
            "list": self.list,
            "before": _shown(self.before),
            "after": _shown(self.after),
            "gained": _more(self.after, self.before),
            "lost": _more(self.before, self.after),
        }


def compared(pairs: Iterable[tuple[Row | None, Row | None]]) -> Iterator[Difference]:
    """What differs between two rows of the same company."""
    for first, second in pairs:
        if first is None and second is None:
            continue
        if first is not None and second is not None and first.lists == second.lists:
            continue
        row = second or first
        before, after = _by_list(first), _by_list(second)
        for list_id in sorted(before.keys() | after.keys()):
            happened = what_happened(before.get(list_id), after.get(list_id))
            if happened is not None and row is not None:
                both = before.get(list_id), after.get(list_id)
                yield Difference(happened, row.company, row.name, list_id, *both)


def what_happened(before: Standing | None, after: Standing | None) -> str | None:
    """In one word; None where nothing did."""
    was, is_ = (one.status if one else "not_listed" for one in (before, after))
    if was != is_:
        return _turned(was, is_)
    gained, lost = _more(after, before), _more(before, after)
    if gained or lost:
        return "otherwise" if gained and lost else "restricted" if gained else "freed"
    if before and after and before.since != after.since and is_ != "not_listed":
        return "between"
    return None


def _turned(was: str, is_: str) -> str:
    """Of two different statuses."""
    if was in ON_IT and is_ in ON_IT:
        return "enjoined" if is_ == "enjoined" else "unjoined"
    if was in ON_IT:
        return "removed"
    if is_ in ON_IT:
        return "again" if was == "removed" else "added"
    if is_ == "scheduled":
        return "scheduled"
    return "between" if is_ == "removed" else "withdrawn"


def everybody(
    store: Stores, readers: Readers, questions: tuple[Question, Question]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Each company at both moments, by id. Each question says its `as_of`."""
    first, second = questions
    dates = [str(first.as_of), str(second.as_of)]
    if first._replace(as_of=None) == second._replace(as_of=None):
        with closing(panel(store, readers, second, dates)) as rows:
            for row in rows:
                yield row, next(rows)
        return
    with (
        closing(panel(store, readers, first, dates[:1])) as one,
        closing(panel(store, readers, second, dates[1:])) as other,
    ):
        yield from _paired(one, other)


def _paired(one: Iterator[Row], other: Iterator[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    each = one, other
    left, right = (next(one, None) for one in each)
    while left is not None or right is not None:
        company = min(one.company for one in (left, right) if one is not None)
        mine = left if left is not None and left.company == company else None
        theirs = right if right is not None and right.company == company else None
        yield mine, theirs
        left = next(each[0], None) if mine else left
        right = next(each[1], None) if theirs else right


def these(
    companies: Collection[str], readers: Readers, questions: tuple[Question, Question]
) -> Iterator[tuple[Row | None, Row | None]]:
    """The companies that are named, at both moments, in that order."""
    for company in companies:
        first, second = (_row(company, readers, question) for question in questions)
        yield first, second


def _row(company: str, readers: Readers, question: Question) -> Row | None:
    """None where the log had not heard of it by then."""
    as_of = str(question.as_of)
    try:
        told = readers.status(company, question._replace(lists=()))
    except UnknownCompany:
        return None
    except Parked as parked:
        return Row(as_of, company, None, None, None, (), (), parked.why)
    lists = [standing_of(one, readers.registry[one["list"]].zone) for one in told["lists"]]
    lists = [one for one in lists if not question.lists or one.list in question.lists]
    kinds = [one["kind"] for one in told["restrictions"]]
    return Row(as_of, told["company"], told["name"], None, told["status"], kinds, lists)


def _by_list(row: Row | None) -> dict[str, Standing]:
    return {one.list: one for one in row.lists} if row else {}


def _more(these_: Standing | None, than: Standing | None) -> list[str]:
    known = set(than.restrictions if than else ())
    return sorted(set(these_.restrictions if these_ else ()) - known)


def _shown(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {"status": "not_listed", "since": None, "restrictions": [], "covered": None}
    told = standing.shown()
    return {key: told[key] for key in ("status", "since", "restrictions", "covered")}


def _half(which: str, key: str) -> Column:
    return Column(
        f"{which}_{key}",
        "texts" if key == "restrictions" else "truth" if key == "covered" else "text",
        lambda row: row[which][key],
    )


def _plain(key: str, kind: Any = "text") -> Column:
    return Column(key, kind, lambda row: row[key])


TABLE: Final = Table(
    (
        *map(_plain, ("happened", "company", "name", "list")),
        *(
            _half(which, key)
            for which in ("before", "after")
            for key in ("status", "since", "restrictions", "covered")
        ),
        _plain("gained", "texts"),
        _plain("lost", "texts"),
    ),
    lambda row: row,
)
"""Differences as `Difference.shown` tells them."""
