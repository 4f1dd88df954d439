"""The record of what was asked for and done: kept before it is answered."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import operations
from service.api.answers import answer
from service.api.gate import LINKS
from service.api.query import Query
from service.audit import Audit
from service.tokens import Caller

_ACTING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_RECORDED: Final = (
    *("/v1/subscriptions", "/v1/review", "/v1/parked"),
    *("/subscriptions", "/review", "/operate", LINKS),
)
_ONLY_ASKS: Final = "preview"
_PAGE: Final = 100
_MOST: Final = 1_000
_QUERY: Final = frozenset({"limit", "before", "object"})
_WORDS: Final[Mapping[str, str]] = {
    "set_watchlist": "watchlist",
    "unsubscribe": "remove",
    "decide": "review",
}
"""What an act is called, where not as its handler."""


def acted(request: Request, object_: str, action: str | None = None, detail: str = "") -> None:
    """Say of what is being done what its address does not: on what, and what exactly."""
    request.scope["acted"] = (object_, action, detail or None)


def acted_by_link(request: Request, object_: str, action: str, mailbox: str) -> None:
    """Say that the owner of a mailbox did something, by a link that was sent there."""
    request.scope["caller"] = Caller(f"mailto:{mailbox}")
    acted(request, object_, action, "by a link in a mail")


class Audited:
    """ASGI middleware: whatever changes a subscription, also by a link in a mail, or decides a
    review is recorded, once it is done and before that is answered."""

    def __init__(self, app: ASGIApp, audit: Audit) -> None:
        self._app = app
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if (
            scope["type"] != "http"
            or scope["method"] not in _ACTING
            or not scope["path"].startswith(_RECORDED)
        ):
            await self._app(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                await self._note(scope)
            await send(message)

        await self._app(scope, receive, telling)

    async def _note(self, scope: Scope) -> None:
        name = getattr(scope.get("route"), "name", "")
        if name == _ONLY_ASKS or "caller" not in scope:  # a link that changed nothing
            return
        object_, action, detail = scope.get("acted", (None, None, None))
        if object_ is None:
            object_ = next(iter(scope.get("path_params", {}).values()), scope["path"])
        action = action or _WORDS.get(name, name)
        note = self._audit.note
        await run_in_threadpool(note, scope["caller"], action, object_, detail)


class Audits:
    """`/v1/audit`."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self.router = APIRouter()
        self.router.add_api_route("/v1/audit", self.acts, **operations.AUDIT)

    async def acts(self, request: Request) -> Response:
        """Who did what, latest first: all, or what was done to one `object`, such as a
        subscription. Never a secret. Go on with the `next` as `before`."""
        query = Query(request, _QUERY)
        limit = query.number("limit", _PAGE, _MOST)
        before = query.number("before", 2**62, 2**62)
        found = await run_in_threadpool(self._audit.acts, limit, before, query.one("object"))
        return answer({"acts": found, "next": found[-1]["seq"] if len(found) == limit else None})
