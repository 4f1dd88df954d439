"""A company's page: where it stands, what that forbids, why, and how it came there."""

from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from projections.reader import Question
from service.api.answers import answer, moved
from service.api.query import CUTS, Query
from service.web import wording
from service.web.site import Site

_KNOWN: Final = frozenset({*CUTS, "list", "at_least"})
_JSON: Final = ".json"


class CompanyPage:
    """`/companies/{id}`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.add("/companies/{company}", self.company)

    async def company(self, request: Request) -> Response:
        """A company's status and its story; with `.json` behind the id, the status as JSON."""
        kind = self._site.kind(request)
        company = str(request.path_params["company"]).removesuffix(_JSON)
        query = Query(request, _KNOWN)
        asking = self._site.asking
        await asking.until(query)
        status = asking.status(company, query.question())
        if status["company"] != company:
            return moved(request, company, status["company"])
        if kind == "json":
            return answer(status)
        story = await asking.history(company, query.question()._replace(as_of=None))
        return self._drawn(request, status, story, query.question())

    def _drawn(
        self, request: Request, status: dict[str, Any], story: dict[str, Any], question: Question
    ) -> Response:
        registry = self._site.service.standing.registry
        stories = {one["list"]: one for one in story["lists"]}
        lists = [
            {
                **one,
                "info": registry[one["list"]],
                "story": stories.get(one["list"]),
                "bar": wording.bar(stories[one["list"]]["intervals"], status["as_of"])
                if one["list"] in stories
                else None,
            }
            for one in status["lists"]
        ]
        given = request.query_params.multi_items()
        query = urlencode([(name, one) for name, one in given if one], safe=":,")
        return self._site.page(
            request,
            "company.html",
            status=status,
            story=story,
            lists=lists,
            events={one["id"]: one for one in story["events"]},
            registry=list(registry),
            asked=question,
            query=f"?{query}" if query else "",
        )
