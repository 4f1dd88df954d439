"""The front page: what this is, one company's story as the example, and search."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from events.errors import UnknownCompany
from projections.reader import EVERYTHING, Parked
from service.api.query import Query
from service.web import telling
from service.web.site import Site
from service.web.timeline import drawn

EXAMPLE: Final = "xiaomi"
"""Of the history that ships; where a log does not have it, there is no example."""


class FrontPage:
    """`/`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.add("/", self.index)

    async def index(self, request: Request) -> Response:
        """What this is."""
        Query(request, frozenset())
        service = self._site.service
        return self._site.page(
            request,
            "index.html",
            counts=service.store.counts(),
            lists=list(service.standing.registry),
            position=str(service.position),
            example=await self._example(),
        )

    async def _example(self) -> dict[str, Any] | None:
        asking = self._site.asking
        service = self._site.service
        try:
            status = asking.status(EXAMPLE)
            story = await asking.history(EXAMPLE, EVERYTHING, in_short=True)
        except (UnknownCompany, Parked):
            return None
        registry = service.standing.registry
        lists = telling.lists(status, story, telling.events(story), registry)
        today = service.standing.clock()
        picture = drawn(story["lists"], story["events"], status["as_of"], False, today)
        return {"status": status, "lists": lists, "timeline": picture}
