"""The changes, in the one order in which they were told."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.places import Place, behind
from events.errors import Refused, UnknownCompany
from events.vocabulary import CHANGE_KINDS
from projections.changes import shown
from projections.rows import Told
from projections.stores import News
from service.api import operations
from service.api.answers import answer
from service.api.asking import Asking
from service.api.query import Query
from service.standing import Service

_KNOWN: Final = frozenset({"after", "limit", "company", "list", "kind", "at_least"})
_PAGE: Final = 100
_LONGEST: Final = 1_000
_LOOKED_THROUGH: Final = 20_000
"""A page of few kinds ends after so many changes, and its `next` goes on from there."""


class _Wanted(NamedTuple):
    company: str | None
    lists: tuple[str, ...]
    kinds: tuple[str, ...]

    def wants(self, told: Told) -> bool:
        return (not self.kinds or told.change.kind in self.kinds) and (
            not self.lists or told.change.list in self.lists
        )


class _Cursor(NamedTuple):
    """Behind which change of each partition a reader is: as it is told, and as it is looked up."""

    texts: dict[int, str]
    places: dict[int, Place]

    def move(self, partition: int, text: str, place: Place) -> None:
        self.texts[partition] = text
        self.places[partition] = place

    @property
    def text(self) -> str:
        return ",".join(text for _, text in sorted(self.texts.items()))


class Changes:
    """`/v1/changes`."""

    def __init__(self, service: Service, asking: Asking) -> None:
        self._service = service
        self._asking = asking
        self.router = APIRouter()
        self.router.add_api_route("/v1/changes", self.read, **operations.CHANGES)

    async def read(self, request: Request) -> Response:
        """What changed, in the order in which it was told. Keep the `next` of a page and ask
        `after` it for what came since; nothing is missed and nothing comes twice. A page may be
        empty and yet have a `next` to go on from: `more` says whether to ask again at once."""
        query = Query(request, _KNOWN)
        await self._asking.until(query)
        limit = query.number("limit", _PAGE, _LONGEST)
        wanted = self._wanted(query)
        cursor = self._cursor(query.one("after") or "")
        found, more = await self._look(wanted, cursor, limit)
        registry = self._service.standing.registry
        return answer(
            {
                "changes": [_shown(one, shown(one.told.change, registry)) for one in found],
                "next": cursor.text or "0:-1",
                "more": more,
            }
        )

    def _wanted(self, query: Query) -> _Wanted:
        registry = self._service.standing.registry
        company, lists, kinds = query.one("company"), query.all("list"), query.all("kind")
        for list_id in lists:
            registry.require(list_id, "list")
        for kind in kinds:
            if kind not in CHANGE_KINDS:
                known = ", ".join(CHANGE_KINDS)
                raise Refused.field("kind", f"unknown kind {kind!r}; known are {known}")
        if company is not None and self._service.store.row(company) is None:
            raise UnknownCompany(company)
        return _Wanted(company, lists, kinds)

    def _cursor(self, text: str) -> _Cursor:
        """For each partition a change (`xiaomi/3`) or an offset (`0:41`: behind all that was told
        by then), with commas between; the beginning of those that are not named."""
        cursor = _Cursor({}, {})
        for part in filter(None, text.split(",")):
            partition, place = self._place(part)
            if partition in cursor.texts:
                raise Refused.field("after", f"{text!r} names a partition twice")
            cursor.move(partition, part, place)
        return cursor

    def _place(self, text: str) -> tuple[int, Place]:
        company, slash, sequence = text.rpartition("/")
        if not slash:
            ((partition, offset),) = self._service.standing.position(text, "after").items()
            return partition, behind(offset)
        known = sequence.isascii() and sequence.isdecimal()
        found = self._service.store.place(company, int(sequence[:15])) if known else None
        if found is None:
            raise Refused.field("after", f"no change has the cursor {text!r}; take it from `next`")
        return self._service.store.home(company), found

    async def _look(
        self, wanted: _Wanted, cursor: _Cursor, limit: int
    ) -> tuple[Sequence[News], bool]:
        """The next changes that are wanted, and whether there are more. The cursor is moved behind
        the last that was looked at."""
        store = self._service.store
        found: list[News] = []
        looked_at = 0
        while looked_at < _LOOKED_THROUGH:
            page = store.changes(cursor.places, _LONGEST, wanted.company)
            for one in page:
                if len(found) == limit:
                    return found, True
                cursor.move(one.partition, one.told.cursor, one.told.place)
                if wanted.wants(one.told):
                    found.append(one)
            if len(page) < _LONGEST:
                return found, False
            looked_at += len(page)
            await asyncio.sleep(0)  # others have their turn
        return found, True


def _shown(one: News, change: dict[str, Any]) -> dict[str, Any]:
    return {"cursor": one.told.cursor, "position": one.position, **change}
