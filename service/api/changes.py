"""The changes, in the one order in which they were told."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.places import BEGINNING, Place, behind
from events.errors import Refused, UnknownCompany
from events.vocabulary import CHANGE_KINDS
from projections.changes import shown
from projections.rows import Told
from service.api import operations
from service.api.answers import answer
from service.api.asking import Asking, only_partition
from service.api.query import Query
from service.running import Service

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
        text = query.one("after") or ""
        found, last, more = await self._look(wanted, self._place(text), limit)
        registry = self._service.standing.registry
        return answer(
            {
                "changes": [_shown(told, shown(told.change, registry)) for told in found],
                "next": last.cursor if last else text or "0:-1",
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

    def _place(self, text: str) -> Place:
        """A cursor (`xiaomi/3`) or a position (`0:41`: behind all that was told by then)."""
        if not text:
            return BEGINNING
        company, slash, sequence = text.rpartition("/")
        if not slash:
            return behind(only_partition(text, "after"))
        known = sequence.isascii() and sequence.isdecimal()
        found = self._service.store.place(company, int(sequence[:15])) if known else None
        if found is None:
            raise Refused.field("after", f"no change has the cursor {text!r}; take it from `next`")
        return found

    async def _look(
        self, wanted: _Wanted, after: Place, limit: int
    ) -> tuple[Sequence[Told], Told | None, bool]:
        """The next changes that are wanted; the last that was looked at; whether there are more."""
        found: list[Told] = []
        last: Told | None = None
        looked_at = 0
        while looked_at < _LOOKED_THROUGH:
            page = self._service.store.changes(after=after, limit=_LONGEST, company=wanted.company)
            for told in page:
                if len(found) == limit:
                    return found, last, True
                last = told
                if wanted.wants(told):
                    found.append(told)
            if len(page) < _LONGEST:
                return found, last, False
            after = page[-1].place
            looked_at += len(page)
            await asyncio.sleep(0)  # others have their turn
        return found, last, True


def _shown(told: Told, change: dict[str, Any]) -> dict[str, Any]:
    return {"cursor": told.cursor, "position": f"0:{told.position}", **change}
