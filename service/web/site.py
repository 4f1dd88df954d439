"""The pages as one site: how a page is drawn, sent, asked for and refused."""

import gzip
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.opened import UnknownSubscription
from alerts.outbox import UnknownDelivery
from events.errors import Conflict, Problem, Refused, StoreError, UnknownCompany
from projections.reader import Parked
from service.api.answers import NotAcceptable, accepted
from service.api.asking import Asking
from service.api.body import MOST_BYTES, TooLarge
from service.api.gate import CHALLENGE, asked_for, by_people, needed
from service.api.problems import NotYet, http_error
from service.review import UnknownQuestion
from service.standing import Service
from service.tokens import ROLES, Caller, Role, Tokens
from service.web import guards, rendering, wording
from service.web.preferences import back, theme, zone
from service.web.wishes import subscribe_link

Handler = Callable[[Request], Awaitable[Response]]
Kind = Literal["html", "json", "csv"]

PLACES: Final = (
    ("Search", "/search"),
    ("Lists", "/lists"),
    ("Changes", "/changes"),
    ("Compare", "/compare"),
    ("Screen", "/screen"),
    ("Subscriptions", "/subscriptions"),
    ("Review", "/review"),
    ("Operate", "/operate"),
)
"""The navigation: each sees of it where they would be let in."""

_KEPT: Final = {"vary": "accept, accept-encoding, cookie", "cache-control": "private, no-cache"}
_WORTH_IT: Final = 1_400
_LEVEL: Final = 4
_KINDS: Final[Mapping[str, Kind]] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "json",
    "text/csv": "csv",
}
_TITLES: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (Conflict, 409, "The log has that otherwise"),
    (Refused, 422, "That cannot be asked"),
    (UnknownCompany, 404, "Unknown company"),
    (UnknownSubscription, 404, "Unknown subscription"),
    (UnknownDelivery, 404, "Unknown delivery"),
    (UnknownQuestion, 404, "Unknown question"),
    (TooLarge, 413, "That is too much at once"),
    (NotAcceptable, 406, "No such form of this page"),
    (Parked, 503, "Nothing can be said of this company now"),
    (NotYet, 504, "Not yet"),
    (StoreError, 503, "Nothing can be said now"),
)
TOLD: Final = tuple(kind for kind, _, _ in _TITLES)
"""What a page tells of itself; anything else is an error of ours."""


class View:
    """What every template knows of the request: `view`."""

    def __init__(self, request: Request, asks: bool) -> None:
        self.path: str = request.scope["path"]
        self.query: str = request.scope["query_string"].decode("latin-1")
        found = request.scope.get("caller")
        self.caller: Caller | None = found if isinstance(found, Caller) else None
        self.role: Role | None = request.scope.get("role") if asks else "admin"
        """What whoever asks may do; everything where no token is asked for."""
        self.places = [(name, path) for name, path in PLACES if self.may("GET", path)]
        self.subscribe = subscribe_link(self.path, self.query)
        """Where one subscribes to what the page is about."""
        self.theme = theme(request)
        self.zone: ZoneInfo | None = zone(request)
        self.asks_for_tokens = asks
        self.form = guards.Sealed(request)
        """`{{ view.form }}` is the token that a form needs; see the macro `sealed`."""

    def may(self, method: str, path: str) -> bool:
        """Whether whoever asks would be let in there."""
        role = needed(method, path)
        return self.role is not None and ROLES.index(self.role) >= ROLES.index(role)


class Site:
    """Pages stand on it: they are added to it, and drawn and refused by it."""

    def __init__(self, service: Service, asking: Asking, tokens: Tokens | None) -> None:
        self.service = service
        self.asking = asking
        self.tokens = tokens
        self.router = APIRouter(include_in_schema=False)
        self._assets = rendering.assets()
        self._files = {one.url: one for one in self._assets.values()}
        self._templates = rendering.environment()
        self._templates.globals["asset"] = lambda name: self._assets[name].url
        self.router.add_api_route(
            f"{rendering.STATIC}{{name}}", self._file, response_class=Response
        )

    def add(self, path: str, handler: Handler, *, method: str = "GET", name: str = "") -> None:
        """Serve a page. What its handler raises of `TOLD` is told as a page, or as a problem to
        who wants JSON. `name` is what an act is called in the record of who did what."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except TOLD as error:
                return self.failed(request, error)

        self.router.add_api_route(
            path,
            answered,
            methods=[method],
            name=name or getattr(handler, "__name__", ""),
            response_class=Response,
        )

    def page(
        self,
        request: Request,
        template: str,
        code: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """Draw a page. Beside `values` its template knows the `view`."""
        view = View(request, self.tokens is not None)
        text = self._templates.get_template(template).render(view=view, **values)
        sent = {**guards.HEADERS, **_KEPT, **(headers or {})}
        body, encoding = _packed(text.encode(), request)
        response = Response(body, code, {**sent, **encoding}, "text/html")
        view.form.give(response)
        return response

    def failed(self, request: Request, error: Exception) -> Response:
        """What a question or a form is refused with."""
        if self.kind(request, strict=False) != "html":
            raise error
        code, title = next(
            (code, title) for kind, code, title in _TITLES if isinstance(error, kind)
        )
        problems: tuple[Problem, ...] = ()
        match error:
            case Refused():
                problems = error.problems
            case UnknownCompany():
                problems = ()
            case _:
                problems = (Problem("", str(error)),)
        unknown = error.company if isinstance(error, UnknownCompany) else None
        return self.page(
            request, "problem.html", code, title=title, problems=problems, unknown=unknown
        )

    def barred(self, request: Request, role: Role) -> Response:
        """What people are told whose token may not, for want of a role, or who have none and sent
        a form; with the way to sign in by another one."""
        sent = request.method not in ("GET", "HEAD")
        has: Role | None = request.scope.get("role")
        known = has is not None
        return self.page(
            request,
            "barred.html",
            HTTPStatus.FORBIDDEN if known else HTTPStatus.UNAUTHORIZED,
            {} if known else {"www-authenticate": CHALLENGE},
            title=f"Your token may not {'do' if sent else 'see'} this"
            if known
            else "You are not signed in any more",
            role=role,
            may=wording.ROLE[role],
            has=has,
            sent=sent,
            on=back(request) if sent else asked_for(request.scope),
        )

    async def lost(self, request: Request, error: Exception) -> Response:
        """No such address: a page for people, a problem for programs."""
        missing = isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND
        if missing and by_people(request.scope, request.headers):
            detail = f"{request.scope['path']} leads nowhere here."
            title, problems = "There is no such page", (Problem("", detail),)
            return self.page(
                request, "problem.html", 404, title=title, problems=problems, unknown=None
            )
        return await http_error(request, error)

    def kind(self, request: Request, *, strict: bool = True) -> Kind:
        """In which form a page is wanted: by the end of its address (`.json`, `.csv`), else by
        `Accept`. Raises `NotAcceptable`, unless not `strict`."""
        path = request.scope["path"]
        if path.endswith(".json"):
            return "json"
        if path.endswith(".csv"):
            return "csv"
        try:
            return accepted(request, _KINDS, "html")
        except NotAcceptable:
            if strict:
                raise
            return "html"

    async def form(self, request: Request, most_files: int = 1) -> FormData:
        """The fields of a form that one of our pages sent; close them where there are files. Raises
        `Refused` for any other form, and `TooLarge`."""
        length = request.headers.get("content-length", "")
        if not (length.isascii() and length.isdecimal()) or int(length[:12]) > MOST_BYTES:
            raise TooLarge(f"At most {MOST_BYTES:,} bytes are taken at once; send it in pieces.")
        fields = await request.form(max_files=most_files, max_part_size=MOST_BYTES)
        try:
            guards.check(request, fields.get(guards.FIELD))
        except Refused:
            await fields.close()
            raise
        return fields

    async def _file(self, request: Request) -> Response:
        found = self._files.get(request.scope["path"])
        if found is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(found.body, headers=headers, media_type=found.media_type)


def _packed(body: bytes, request: Request) -> tuple[bytes, dict[str, str]]:
    """Compressed, for who takes that. What is secret on a page cannot be guessed by its length:
    the cookies without which it would not be there are sent for no other site's page."""
    if len(body) < _WORTH_IT or "gzip" not in request.headers.get("accept-encoding", ""):
        return body, {}
    return gzip.compress(body, _LEVEL, mtime=0), {"content-encoding": "gzip"}


def onward(path: str) -> Response:
    """After a form was taken: on to a page, which may be loaded again without sending it twice."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER, {"cache-control": "no-store"})
