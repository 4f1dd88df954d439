"""The gate: who is let in, and how long each answer took.

On a loopback address, whoever can reach it may do everything, so what reaches it must be meant
for it: a web page on this machine can send requests here too, by a name of its own that resolves
to 127.0.0.1, or with a form. Elsewhere, a token decides.
"""

import base64
import binascii
import time
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from events.errors import StoreError
from service.api.problems import problem
from service.metrics import Metrics
from service.tokens import OPERATOR, Caller, Role, Token, Tokens, caller

OPEN: Final = frozenset({"/healthz", "/readyz"})
"""What answers without a token; `/readyz` then says no more than whether it is ready."""

LINKS: Final = "/mail/"
"""Below it, whoever has a link may follow it, from wherever: its signature is the proof."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_GUESSED: Final = (b"x-content-type-options", b"nosniff")


class Gate:
    """ASGI middleware. With `tokens`, one is asked for; without, only this machine is served."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tokens: Tokens | None) -> None:
        self._app = app
        self._metrics = metrics
        self._tokens = tokens

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
        if scope["path"] in OPEN:
            return None
        if token is None:
            return _ask(scope, headers)
        scope["caller"] = caller(token)
        role = needed(scope["method"], scope["path"])
        if token.may(role):
            return None
        detail = f"{scope['method']} {scope['path']} needs the role {role!r}, not {token.role!r}"
        return problem(403, "role-needed", detail)


def needed(method: str, path: str) -> Role:
    """The role that a request needs. Of subscriptions everybody sees and changes their own, which
    is for those who answer to say."""
    if path.startswith("/v1/subscriptions"):
        return "read"
    if path.startswith(("/v1/deliveries", "/v1/audit")):
        return "admin"
    if path.startswith("/v1/review"):
        return "record"
    if method in _READING or path == "/v1/screen":
        return "read"
    return "record" if path == "/v1/events" else "admin"


def _given(tokens: Tokens, scope: Scope, headers: Headers) -> Token | None:
    """The token of a request: a bearer's, or for reading in a browser, the password that it asks
    its user for (any name will do)."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.verify(text.strip())
    if scheme.lower() == "basic" and scope["method"] in _READING:
        try:
            _, _, password = base64.b64decode(text, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return None
        return tokens.verify(password.decode("utf-8", "replace"))
    return None


def _ask(scope: Scope, headers: Headers) -> Response:
    # Browsers and feed readers know a password, and no other token.
    reads = "text/html" in headers.get("accept", "") or scope["path"].startswith("/feeds/")
    browser = reads and scope["method"] in _READING
    challenge = 'Basic realm="standing: any name, and a token as password"'
    return problem(
        401,
        "token-needed",
        "Send `Authorization: Bearer <token>`; `standing token create --role read` makes one.",
        headers={"www-authenticate": challenge if browser else 'Bearer realm="standing"'},
    )


def _foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site's page sent this. Programs say nothing."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()


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
