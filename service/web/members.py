"""Who stands on a list at a moment, page by page, however many there are."""

import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

from events.dates import show
from events.lists import ListInfo
from events.log import Position
from projections.membership import ON_IT, Membership
from projections.reader import Question
from projections.readers import Readers
from projections.replay import Row, Standing, panel
from service.formats import Column, Table, encoded
from service.standing import Service

SHOWN: Final = {"members": ON_IT, "scheduled": {"scheduled"}, "removed": {"removed"}}
"""Which statuses are meant; anything else means all who have events on the list."""
_LOOKED_AT: Final = 2_000
"""So many companies are folded for a page where a cut on knowledge asks for each of them."""


class Member(NamedTuple):
    """A company on a list at a moment, and how it stands there today."""

    row: Row
    then: Standing
    today: Standing | None
    """Where another day was asked for, with all that is known."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        row, then, today = self
        told = then.shown()
        del told["list"], told["covered"]
        return {
            "company": row.company,
            "name": row.name,
            "country": row.country,
            **told,
            "today": today.status if today else None,
        }


class Page(NamedTuple):
    """Some members by id, and where to go on, where there may be more."""

    members: list[Member]
    next: str | None
    whole: bool
    """Whether the page is as long as was asked for, or there are no more."""


class Members:
    """Over a running service, for any thread."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._standing = service.standing
        self._readers = service.standing.readers()
        self._lock = threading.Lock()
        self._kept: dict[str, Membership] = {}
        self._at: Position | None = None

    def membership(self, info: ListInfo) -> Membership:
        """How members came and went, as the projection has it now."""
        return self._memberships([info])[0]

    def memberships(self) -> list[Membership]:
        """The same of each list, in the order of the registry."""
        return self._memberships(list(self._standing.registry))

    def _memberships(self, lists: Sequence[ListInfo]) -> list[Membership]:
        with self._lock, closing(self._standing.store()) as store:
            if (at := store.position) != self._at:
                self._kept, self._at = {}, at
            missing = {one.id: Membership(one.zone) for one in lists if one.id not in self._kept}
            if missing:
                rows = store.standings(list(missing))
                for company, name, _, parked, list_id, packed in rows:
                    if parked is None:
                        missing[list_id].take(company, name or company, packed)
            self._kept |= missing
            return [self._kept[one.id] for one in lists]

    def page(self, question: Question, which: str, after: str, limit: int) -> Page:
        """Members of the one list that is asked for, behind an id."""
        found: list[Member] = []
        looked_at, last = 0, after
        each = self._each(self._readers, question, after)
        with self._lock, closing(each):
            for company, member in each:
                looked_at += 1
                if member is not None and _meant(member, which):
                    if len(found) == limit:
                        return Page(found, last, whole=True)
                    found.append(member)
                last = company
                if _cut(question) and looked_at == _LOOKED_AT:
                    return Page(found, last, whole=False)
        return Page(found, None, whole=True)

    def csv(self, question: Question, which: str) -> Generator[bytes, None, None]:
        """All of them."""
        with closing(self._each(self._standing.readers(), question, "")) as each:
            members = (one for _, one in each if one is not None and _meant(one, which))
            yield from encoded(members, _TABLE, "csv")

    def _each(
        self, readers: Readers, question: Question, after: str
    ) -> Generator[tuple[str, Member | None], None, None]:
        """Companies by id, with how each stands, where it does. Where a cut asks for each of
        them, all companies are."""
        store = self._standing.store()
        now = show(self._standing.clock())
        (list_id,) = question.lists
        both = question.as_of is not None and not _cut(question)
        dates = [question.as_of or now, now] if both else [question.as_of or now]
        asked = question._replace(lists=() if _cut(question) else question.lists)
        try:
            readers.refresh()
            with closing(panel(store, readers, asked, dates, after)) as rows:
                for row in rows:
                    today = next(rows) if both else None
                    yield row.company, _member(row, today, list_id)
        finally:
            store.close()


def _cut(question: Question) -> bool:
    """Whether each company is to be folded for it."""
    return question.announced_by is not None or question.known_at is not None


def _member(row: Row, today: Row | None, list_id: str) -> Member | None:
    then = _on(row, list_id)
    return None if then is None else Member(row, then, today and _on(today, list_id))


def _on(row: Row, list_id: str) -> Standing | None:
    return next((one for one in row.lists if one.list == list_id), None)


def _meant(member: Member, which: str) -> bool:
    return member.then.status in SHOWN[which] if which in SHOWN else True


_TABLE: Final = Table(
    (
        Column("as_of", "text", lambda one: one.row.as_of),
        Column("company", "text", lambda one: one.row.company),
        Column("name", "text", lambda one: one.row.name),
        Column("country", "text", lambda one: one.row.country),
        Column("list", "text", lambda one: one.then.list),
        Column("status", "text", lambda one: one.then.status),
        Column("since", "text", lambda one: one.then.shown()["since"]),
        Column("until", "text", lambda one: one.then.shown()["until"]),
        Column("how", "text", lambda one: one.then.how),
        Column("restrictions", "texts", lambda one: one.then.restrictions),
        Column("covered", "truth", lambda one: one.then.covered),
        Column("today", "text", lambda one: one.today and one.today.status),
    ),
    lambda one: one.shown(),
)
