"""The pages: the same answers for people, plain, and without scripts."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

import jinja2
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.errors import Problem, Refused, UnknownCompany
from projections.reader import Parked, Question
from service.api import wording
from service.api.answers import answer, moved
from service.api.asking import Asking
from service.api.problems import NotYet
from service.api.query import CUTS, Query
from service.standing import Service

_COMPANY: Final = frozenset({*CUTS, "list", "at_least"})
_SEARCH: Final = frozenset({"q"})
_FOUND: Final = 50
_JSON: Final = ".json"
_GUARDED: Final = {
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}


class Pages:
    """`/` and `/companies/{id}`."""

    def __init__(self, service: Service, asking: Asking) -> None:
        self._service = service
        self._asking = asking
        self._style = files("service").joinpath("pages/style.css").read_bytes()
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("service", "pages"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.filters.update(
            when=wording.when, link=wording.link, event_words=wording.event
        )
        self._templates.globals.update(
            statuses=wording.STATUS, restriction_words=wording.RESTRICTION, how_words=wording.HOW
        )
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/", self.index, response_class=Response)
        self.router.add_api_route("/style.css", self.style, response_class=Response)
        self.router.add_api_route("/companies/{company}", self.company, response_class=Response)

    async def style(self, _: Request) -> Response:
        """The one style sheet."""
        headers = {"cache-control": "max-age=3600"}
        return Response(self._style, headers=headers, media_type="text/css")

    async def index(self, request: Request) -> Response:
        """Search, and what there is."""
        try:
            text = Query(request, _SEARCH).one("q")
        except Refused as error:
            return self._problem(422, "That cannot be asked", error.problems)
        found = None if text is None else self._asking.search(text, _FOUND)
        return self._page(
            "index.html",
            q=text or "",
            found=found,
            counts=self._service.store.counts(),
            lists=list(self._service.standing.registry),
            position=str(self._service.position),
        )

    async def company(self, request: Request) -> Response:
        """A company's status and its story; with `.json` behind the id, the status as JSON."""
        name = request.path_params["company"]
        company = name.removesuffix(_JSON)
        try:
            query = Query(request, _COMPANY)
            await self._asking.until(query)
            status = self._asking.status(company, query.question())
            if status["company"] != company:
                return moved(request, company, status["company"])
            if name != company:
                return answer(status)
            story = await self._asking.history(company, query.question()._replace(as_of=None))
        except (Refused, UnknownCompany, Parked, NotYet) as error:
            if name != company:
                raise
            return self._refused(error)
        return self._company(request, status, story, query.question())

    def _company(
        self, request: Request, status: dict[str, Any], story: dict[str, Any], question: Question
    ) -> Response:
        registry = self._service.standing.registry
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
        return self._page(
            "company.html",
            status=status,
            story=story,
            lists=lists,
            events={one["id"]: one for one in story["events"]},
            registry=list(registry),
            asked=question,
            query=f"?{query}" if query else "",
        )

    def _refused(self, error: Exception) -> Response:
        match error:
            case UnknownCompany():
                return self._problem(404, "Unknown company", (), unknown=error.company)
            case Refused():
                return self._problem(422, "That cannot be asked", error.problems)
            case Parked():
                problems = (Problem("", str(error)),)
                return self._problem(503, "Nothing can be said of this company now", problems)
            case _:
                return self._problem(504, "Not yet", (Problem("at_least", str(error)),))

    def _problem(
        self, status: int, title: str, problems: tuple[Problem, ...], unknown: str | None = None
    ) -> Response:
        told: Mapping[str, Any] = {"title": title, "problems": problems, "unknown": unknown}
        return self._page("problem.html", status, **told)

    def _page(self, name: str, code: int = 200, **values: Any) -> Response:
        text = self._templates.get_template(name).render(**values)
        return Response(text, code, _GUARDED, media_type="text/html")
