"""Companies: who they are, what their status is, and how it came about."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.api import operations
from service.api.answers import JSON, answer, moved
from service.api.asking import Asking
from service.api.query import STATUS, Query

_COMPANY: Final = frozenset({"at_least"})
_SEARCH: Final = frozenset({"q", "limit", "after", "at_least"})
_FEW: Final = 20
_MOST: Final = 200


class Companies:
    """`/v1/companies`."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/v1/companies/{company}/status", self.status, **operations.STATUS)
        self.status_route: Final = self.router.routes[-1]
        add("/v1/companies/{company}/history", self.history, **operations.HISTORY)
        add("/v1/companies/{company}", self.company, **operations.COMPANY)
        add("/v1/companies", self.search, **operations.COMPANIES)

    async def status(self, request: Request) -> Response:
        """What is the company's standing, over all lists or those that are asked for, and what
        does it forbid?

        Three cut-offs: `as_of` on when things have effect, `announced_by` on when the public
        could know of them, `known_at` on when this log knew. An unknown company is a 404 and never
        `not_listed`; where `covered` is false, silence about a company is worth nothing. The 50 %
        rule and the affiliates rule are not evaluated.
        """
        company = request.path_params["company"]
        query = Query(request, STATUS)
        await self._asking.until(query)
        found = self._asking.answer(company, query.question())
        if found.company != company:
            return moved(request, company, found.company)
        return Response(found.text, media_type=JSON)

    async def history(self, request: Request) -> Response:
        """Every event and episode of the company: `events` as recorded, also those that no longer
        count; by list, `episodes` and `intervals`; `public`, how its status went as the public
        knew it at each moment; `known`, the changes as this service told them."""
        company = request.path_params["company"]
        query = Query(request, STATUS)
        await self._asking.until(query)
        found = await self._asking.history(company, query.question())
        if found["company"] != company:
            return moved(request, company, found["company"])
        return answer(found)

    async def company(self, request: Request) -> Response:
        """Who the company is: its names, country, kind and identifiers, as last described, with
        its present status."""
        company = request.path_params["company"]
        query = Query(request, _COMPANY)
        await self._asking.until(query)
        found = self._asking.company(company)
        if found["company"] != company:
            return moved(request, company, found["company"])
        return answer(found)

    async def search(self, request: Request) -> Response:
        """Companies whose name, alias, identifier or id holds `q`, in any script, without regard
        to case, width and accents; the closest first. Where a name begins with a `q` of more than
        seven letters, only such are meant; one letter, or two within a word, are looked for where
        names and words begin. Without `q` all of them, by id, page by page: go on `after` the
        `next`."""
        query = Query(request, _SEARCH)
        await self._asking.until(query)
        limit = query.number("limit", _FEW, _MOST)
        text = query.one("q")
        if text is not None:
            return answer({"companies": self._asking.search(text, limit), "next": None})
        found = self._asking.page(query.one("after") or "", limit)
        last: Any = found[-1]["company"] if len(found) == limit else None
        return answer({"companies": found, "next": last})
