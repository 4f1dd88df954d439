"""Looking through the changes: what a reader wants, and behind which change he is.

A cursor names, for each partition, a change (`xiaomi/3`) or an offset (`0:41`: behind all that was
told by then), with commas between; the beginning of those that are not named. It follows from the
log alone, so every replica understands one that another has given.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from alerts.matching import Who, wants
from alerts.places import Place, behind
from alerts.subscriptions import Filter, filtered
from events.errors import Problem, Refused, UnknownCompany
from events.vocabulary import CHANGE_KINDS
from projections.stores import News
from service.api.problems import NotYet
from service.api.query import Query
from service.standing import Service

FILTER: Final = frozenset(
    {
        *("company", "list", "country", "from", "to", "kind"),
        *("restriction", "gained", "lost", "backfill"),
    }
)
"""The parameters of a query that say which changes are wanted, as a subscription's filter does."""
REPEATED: Final = FILTER - {"backfill"}
PAGE: Final = 1_000
LOOKED_THROUGH: Final = 20_000
"""After so many changes of which few are wanted, others have their turn."""
_FIELDS: Final = {
    "companies": "company",
    "lists": "list",
    "countries": "country",
    "from": "from",
    "to": "to",
    "kinds": "kind",
    "restrictions": "restriction",
    "gained": "gained",
    "lost": "lost",
}
_PAGES: Final = 64
_SHARED: Final = 100
"""How many pages are kept for others, of at most so many changes."""
_ALL_KINDS: Final = list(CHANGE_KINDS)


class Wanted(NamedTuple):
    """Which changes."""

    filter: Filter
    backfill: bool
    company: str | None
    """The only one, where it is one."""

    @classmethod
    def of(cls, query: Query, service: Service) -> "Wanted":
        """Raises `Refused` by the parameter; `UnknownCompany` of one that the log has nothing of.
        Without `kind` all of them are meant, notes as well."""
        given = {field: list(query.all(name)) for field, name in _FIELDS.items()}
        registry = service.standing.registry
        for list_id in given["lists"]:
            registry.require(list_id, "list")
        for kind in given["kinds"]:
            if kind not in CHANGE_KINDS:
                known = ", ".join(CHANGE_KINDS)
                raise Refused.field("kind", f"unknown kind {kind!r}; known are {known}")
        for company in given["companies"]:
            if service.store.row(company) is None:
                raise UnknownCompany(company)
        given["kinds"] = given["kinds"] or _ALL_KINDS
        try:
            found = filtered({field: some for field, some in given.items() if some}, registry)
        except Refused as refused:
            raise Refused(*map(_renamed, refused.problems)) from None
        names = set(given["companies"])
        only = names.pop() if len(names) == 1 else None
        backfill = query.one("backfill") is None or query.flag("backfill")
        return cls(found, backfill, only)

    def wants(self, one: News, service: Service) -> bool:
        """Whether this one is."""
        change, who = one.told.change, Who()
        if self.filter.countries is not None or self.filter.companies is not None:
            described = service.store.described(change.company)
            if described is not None:
                who = Who(described["country"], frozenset(described["former_ids"]))
        return wants(self.filter, change, who, backfill=self.backfill)


def _renamed(problem: Problem) -> Problem:
    _, field, *_ = [*problem.field.split("."), "", ""]
    return Problem(_FIELDS.get(field, problem.field), problem.detail)


class Cursor(NamedTuple):
    """Behind which change of each partition a reader is: as it is told, and as it is looked up."""

    texts: dict[int, str]
    places: dict[int, Place]

    def move(self, partition: int, text: str, place: Place) -> None:
        """Behind another one."""
        self.texts[partition] = text
        self.places[partition] = place

    @property
    def text(self) -> str:
        """As it is told."""
        return ",".join(text for _, text in sorted(self.texts.items()))


class Found(NamedTuple):
    """A change, and the cursor behind it."""

    news: News
    cursor: str


class Looking:
    """Over a running service. A wait for a change that was told elsewhere ends after `patience_s`
    seconds."""

    def __init__(self, service: Service, patience_s: float) -> None:
        self._service = service
        self._patience_s = patience_s
        self._pages: dict[tuple[Any, ...], list[News]] = {}
        self._heard = -1

    def head(self) -> Cursor:
        """Behind all that was told here until now."""
        cursor = Cursor({}, {})
        for partition, told in self._service.store.latest().items():
            if told is None:
                cursor.move(partition, f"{partition}:-1", behind(-1))
            else:
                cursor.move(partition, told.cursor, told.place)
        return cursor

    async def cursor(self, text: str, field: str = "after") -> Cursor:
        """Read one. Raises `Refused`; `NotYet` where a replica has not been told in time of a
        change that another one has."""
        cursor = Cursor({}, {})
        for part in filter(None, text.split(",")):
            partition, place = await self._place(part, field)
            if partition in cursor.texts:
                raise Refused.field(field, f"{text!r} names a partition twice")
            cursor.move(partition, part, place)
        return cursor

    async def _place(self, text: str, field: str) -> tuple[int, Place]:
        company, slash, sequence = text.rpartition("/")
        if not slash:
            ((partition, offset),) = self._service.standing.position(text, field).items()
            return partition, behind(offset)
        none = Refused.field(field, f"no change has the cursor {text!r}; take it from `next`")
        if not (sequence.isascii() and sequence.isdecimal()):
            raise none
        found = self._service.store.place(company, int(sequence[:15]))
        if found is None and not self._service.standing.tells:
            found = await self._come(company, int(sequence[:15]), text)
        if found is None:
            raise none
        return self._service.store.home(company), found

    async def _come(self, company: str, sequence: int, text: str) -> Place:
        """Where a change stands that another replica has been told of already."""
        service = self._service
        try:
            async with asyncio.timeout(self._patience_s):
                while True:
                    heard = service.following.heard
                    found = service.store.place(company, sequence)
                    if found is not None:
                        return found
                    await service.following.beyond(heard)
        except TimeoutError:
            raise NotYet(f"this replica has not been told of {text!r} yet") from None

    async def on(self, wanted: Wanted, cursor: Cursor, limit: int) -> tuple[list[Found], bool]:
        """The next changes that are wanted, and whether there may be more. The cursor is moved
        behind the last that was looked at."""
        found: list[Found] = []
        looked_at = 0
        while looked_at < LOOKED_THROUGH:
            page = self._page(cursor, wanted.company)
            for one in page:
                if len(found) == limit:
                    return found, True
                cursor.move(one.partition, one.told.cursor, one.told.place)
                if wanted.wants(one, self._service):
                    found.append(Found(one, cursor.text))
            if len(page) < PAGE:
                return found, False
            looked_at += len(page)
            await asyncio.sleep(0)  # others have their turn
        return found, True

    def _page(self, cursor: Cursor, company: str | None) -> list[News]:
        """What comes behind a cursor: looked up once for all who are there, until more is told."""
        heard = self._service.following.heard
        if heard != self._heard or len(self._pages) >= _PAGES:
            self._pages, self._heard = {}, heard
        at = (company, *sorted(cursor.places.items()))
        page = self._pages.get(at)
        if page is None:
            page = self._service.store.changes(cursor.places, PAGE, company)
            if len(page) <= _SHARED:  # whoever is far behind reads alone
                self._pages[at] = page
        return page

    async def back(
        self, wanted: Wanted, cursor: Cursor | None, limit: int
    ) -> tuple[list[News], bool]:
        """The latest changes that are wanted before a cursor, latest first, and whether there may
        be earlier ones. The cursor is moved before the last that was looked at."""
        store = self._service.store
        cursor = Cursor({}, {}) if cursor is None else cursor
        found: list[News] = []
        looked_at = 0
        while looked_at < LOOKED_THROUGH:
            page: Sequence[News] = store.newest(cursor.places, PAGE, wanted.company)
            for one in page:
                if len(found) == limit:
                    return found, True
                cursor.move(one.partition, one.told.cursor, one.told.place)
                if wanted.wants(one, self._service):
                    found.append(one)
            if len(page) < PAGE:
                return found, False
            looked_at += len(page)
            await asyncio.sleep(0)
        return found, True
