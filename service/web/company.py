"""A company's page: where it stands, what that forbids, why, and how it came there."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from projections.reader import Question
from service.api.answers import answer, moved
from service.api.query import CUTS, Query
from service.formats import encoded
from service.web import telling
from service.web.sheet import STANDINGS, rows
from service.web.site import Kind, Site
from service.web.timeline import drawn

_KNOWN: Final = frozenset({*CUTS, "list", "at_least"})
_FORMS: Final[tuple[Kind, ...]] = ("json", "csv")
Json = dict[str, Any]


class CompanyPage:
    """`/companies/{id}`, and `/companies/{id}/certificate`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.add("/companies/{company}/certificate", self.certificate)
        site.add("/companies/{company}", self.company)

    async def company(self, request: Request) -> Response:
        """A company's status and its story; with `.json` or `.csv` behind the id, or where that is
        asked for, the status alone."""
        kind = self._site.kind(request)
        company = _id(request)
        query = Query(request, _KNOWN)
        status = await self._status(company, query)
        if status["company"] != company:
            return moved(request, company, status["company"])
        if kind == "json":
            return answer(status)
        if kind == "csv":
            pieces = encoded(rows(status), STANDINGS, "csv")
            return Response(b"".join(pieces), media_type="text/csv")
        question = query.question()
        story = await self._site.asking.history(
            company, question._replace(as_of=None), in_short=True
        )
        return self._drawn(request, status, story, question)

    async def certificate(self, request: Request) -> Response:
        """What stood on a date, as was known at a time, to be printed and kept."""
        company = str(request.path_params["company"])
        query = Query(request, _KNOWN)
        status = await self._status(company, query)
        if status["company"] != company:
            return moved(request, company, status["company"])
        question = query.question()
        story = await self._site.asking.history(
            company, question._replace(as_of=None), in_short=True
        )
        events = telling.events(story)
        settings = self._site.service.standing.settings
        return self._site.page(
            request,
            "certificate.html",
            status=status,
            story=story,
            lists=telling.lists(status, story, events, self._registry),
            made=telling.now(self._site.service.standing.clock()),
            asked=question,
            query=_query(request),
            again=_again(status, question),
            public=settings.public_url or str(request.base_url).rstrip("/"),
        )

    async def _status(self, company: str, query: Query) -> Json:
        await self._site.asking.until(query)
        return self._site.asking.status(company, query.question())

    @property
    def _registry(self) -> Any:
        return self._site.service.standing.registry

    def _drawn(self, request: Request, status: Json, story: Json, question: Question) -> Response:
        events = telling.events(story)
        today = self._site.service.standing.clock()
        return self._site.page(
            request,
            "company.html",
            status=status,
            story=story,
            lists=telling.lists(status, story, events, self._registry),
            timeline=drawn(
                story["lists"],
                story["events"],
                status["as_of"],
                question.as_of is not None,
                today,
            ),
            events=telling.latest(events),
            events_count=len(events),
            odd=telling.odd(story, events),
            registry=list(self._registry),
            asked=question,
            query=_query(request),
        )


def _id(request: Request) -> str:
    company = str(request.path_params["company"])
    for form in _FORMS:
        company = company.removesuffix(f".{form}")
    return company


def _again(status: Json, question: Question) -> str:
    """The address at which the same certificate is told whatever is recorded later."""
    fixed = [("as_of", status["as_of"]), ("known_at", question.known_at or status["position"])]
    if question.announced_by:
        fixed.append(("announced_by", question.announced_by))
    fixed += [("list", one) for one in question.lists]
    query = urlencode(fixed, safe=":,")
    return f"/companies/{quote(status['company'])}/certificate?{query}"


def _query(request: Request) -> str:
    """The question, to be asked once more."""
    given = [(name, one) for name, one in request.query_params.multi_items() if one]
    return f"?{urlencode(given, safe=':,')}" if given else ""
