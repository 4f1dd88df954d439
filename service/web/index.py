"""The front page: what this is, and search."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from service.api.query import Query
from service.web.site import Site

_SEARCH: Final = frozenset({"q"})
_FOUND: Final = 50


class FrontPage:
    """`/`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.add("/", self.index)

    async def index(self, request: Request) -> Response:
        """Search, and what there is."""
        text = Query(request, _SEARCH).one("q")
        service = self._site.service
        return self._site.page(
            request,
            "index.html",
            q=text or "",
            found=None if text is None else self._site.asking.search(text, _FOUND),
            counts=service.store.counts(),
            lists=list(service.standing.registry),
            position=str(service.position),
        )
