"""The gate: who is let in, and how long each answer took.

On a loopback address, whoever can reach it may do everything, so what reaches it must be meant
for it: a web page on this machine can send requests here too, by a name of its own that resolves
to 127.0.0.1, or with a form. Elsewhere, a token decides.
"""

import base64
import binascii
import time
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from events.errors import StoreError
from service.api.problems import problem
from service.metrics import Metrics
from service.tokens import OPERATOR, Caller, Role, Token, Tokens, caller

OPEN: Final = frozenset({"/healthz", "/readyz"})
"""What answers without a token; `/readyz` then says no more than whether it is ready."""

SIGN_IN: Final = "/sign-in"
SIGNED_IN: Final = "__Host-standing-token"
"""The cookie that has the token of who signed in on a page."""

CHALLENGE: Final = 'Bearer realm="standing"'
"""What a program is asked for."""

LINKS: Final = "/mail/"
"""Below it, whoever has a link may follow it, from wherever: its signature is the proof."""

_ASSETS: Final = "/static/"
_UNGUARDED: Final = OPEN | {SIGN_IN, "/theme"}
_NO_PAGES: Final = ("/v1/", "/feeds/", "/metrics", "/openapi.json", "/asyncapi.json")
_ONLY_ASKS: Final = frozenset(
    {"/screen", "/screen.csv", "/compare", "/compare.json", "/compare.csv", "/sign-out"}
)
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_GUESSED: Final = (b"x-content-type-options", b"nosniff")


class Gate:
    """ASGI middleware. With `tokens`, one is asked for; without, only this machine is served.
    `bar` answers people whose token may not do what needs a role, or who have none."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        tokens: Tokens | None,
        bar: Callable[[Request, Role], Response],
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._tokens = tokens
        self._bar = bar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def telling(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), _NOT_GUESSED]
            await send(message)

        try:
            stopped = self._stopped(scope)
            if stopped is not None:
                await stopped(scope, receive, telling)
            else:
                await self._app(scope, receive, telling)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.answered(route, scope["method"], status, time.perf_counter() - began)

    def _stopped(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["path"].startswith(LINKS):
            scope["may_see"] = False
            return None
        host = headers.get("host", "")
        if scope["method"] not in _READING and _foreign(headers, host):
            return problem(403, "cross-site", "A page of another site sent this; nothing was done.")
        if self._tokens is None:
            scope["may_see"] = _is_here(host)
            scope["caller"] = OPERATOR
            if scope["may_see"] or scope["path"] in OPEN:
                return None
            return problem(
                421,
                "foreign-host",
                f"{host!r} is no name of this machine. Without tokens only localhost is served; "
                "serve on another address to ask for tokens.",
            )
        return self._without_right(self._tokens, scope, headers)

    def _without_right(self, tokens: Tokens, scope: Scope, headers: Headers) -> Response | None:
        try:
            token = _given(tokens, scope, headers)
        except StoreError as error:
            return problem(503, "store", str(error))
        scope["may_see"] = token is not None
        if token is not None:
            scope["caller"] = caller(token)
            scope["role"] = token.role
        if scope["path"] in _UNGUARDED or scope["path"].startswith(_ASSETS):
            return None
        role = needed(scope["method"], scope["path"])
        if token is not None and token.may(role):
            return None
        people = by_people(scope, headers)
        if people and (token is not None or scope["method"] not in _READING):
            return self._bar(Request(scope), role)
        if token is None:
            return _ask(scope, headers, people=people)
        detail = f"{scope['method']} {scope['path']} needs the role {role!r}, not {token.role!r}"
        return problem(403, "role-needed", detail)


def needed(method: str, path: str) -> Role:
    """The role that a request needs, a page the same as the part of the API that has its name. Of
    subscriptions everybody sees and changes their own, which is for those who answer to say."""
    place = path.removeprefix("/v1")
    if place.startswith("/subscriptions"):
        return "read"
    if place.startswith(("/deliveries", "/audit")):
        return "admin"
    if place.startswith("/review"):
        return "record"
    if method in _READING or place in _ONLY_ASKS:
        return "read"
    return "record" if place == "/events" else "admin"


def _given(tokens: Tokens, scope: Scope, headers: Headers) -> Token | None:
    """The token of a request: a bearer's; for reading in a feed reader, the password that it asks
    its user for (any name will do); or that of who signed in on a page, with which a browser may
    write only where it says that a page of this site sends it."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.verify(text.strip())
    if scheme.lower() == "basic" and scope["method"] in _READING:
        try:
            _, _, password = base64.b64decode(text, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return None
        return tokens.verify(password.decode("utf-8", "replace"))
    signed_in = cookie_parser(headers.get("cookie", "")).get(SIGNED_IN)
    if signed_in and not scheme and (scope["method"] in _READING or _ours(headers)):
        return tokens.verify(signed_in)
    return None


def by_people(scope: Scope, headers: Headers) -> bool:
    """Whether somebody looks at a page, or sends the form of one."""
    return "text/html" in headers.get("accept", "") and not scope["path"].startswith(_NO_PAGES)


def asked_for(scope: Scope) -> str:
    """The address that was asked for, with its question."""
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _ask(scope: Scope, headers: Headers, *, people: bool) -> Response:
    if people:
        on = quote(asked_for(scope))
        return RedirectResponse(f"{SIGN_IN}?next={on}", 303, {"cache-control": "no-store"})
    # Feed readers, and a browser that looks at the API, know a password and no other token.
    reads = "text/html" in headers.get("accept", "") or scope["path"].startswith("/feeds/")
    browser = reads and scope["method"] in _READING
    challenge = 'Basic realm="standing: any name, and a token as password"'
    return problem(
        401,
        "token-needed",
        "Send `Authorization: Bearer <token>`; `standing token create --role read` makes one.",
        headers={"www-authenticate": challenge if browser else CHALLENGE},
    )


def _foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site's page sent this. Programs say nothing."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()


def _ours(headers: Headers) -> bool:
    """Whether a browser says, and not only fails to deny, that a page of this site sent this; what
    others sent has been refused."""
    return headers.get("sec-fetch-site") == "same-origin" or "origin" in headers


@lru_cache(maxsize=64)
def _is_here(host: str) -> bool:
    """Whether a Host header names this machine by a name that no other site can take."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def may_see(request: Request) -> bool:
    """Whether the caller may see more than that the service is there."""
    return bool(request.scope.get("may_see"))


def who_asks(request: Request) -> Caller:
    """Whom the gate has let in."""
    found = request.scope["caller"]
    if not isinstance(found, Caller):
        raise TypeError(f"no caller: {found}")
    return found
