"""The changes, in the one order in which they were told."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.api import operations
from service.api.answers import answer
from service.api.asking import Asking
from service.api.looking import FILTER, REPEATED, Looking, Wanted
from service.api.news import shown
from service.api.query import Query
from service.standing import Service

_KNOWN: Final = FILTER | {"after", "limit", "at_least"}
_PAGE: Final = 100
_LONGEST: Final = 1_000


class Changes:
    """`/v1/changes`."""

    def __init__(self, service: Service, asking: Asking, looking: Looking) -> None:
        self._service = service
        self._asking = asking
        self._looking = looking
        self.router = APIRouter()
        self.router.add_api_route("/v1/changes", self.read, **operations.CHANGES)

    async def read(self, request: Request) -> Response:
        """What changed, in the order in which it was told. Keep the `next` of a page and ask
        `after` it for what came since; nothing is missed and nothing comes twice. A page may be
        empty and yet have a `next` to go on from: `more` says whether to ask again at once."""
        query = Query(request, _KNOWN, REPEATED)
        await self._asking.until(query)
        limit = query.number("limit", _PAGE, _LONGEST)
        wanted = Wanted.of(query, self._service)
        cursor = await self._looking.cursor(query.one("after") or "")
        found, more = await self._looking.on(wanted, cursor, limit)
        return answer(
            {
                "changes": shown([one.news for one in found], self._service),
                "next": cursor.text or "0:-1",
                "more": more,
            }
        )
