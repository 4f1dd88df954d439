"""The question that is asked most, answered without the way through the routes."""

import re
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from events.errors import StandingError
from service.api.answers import JSON
from service.api.asking import Asking
from service.api.query import STATUS, Query

_PATH: Final = re.compile(r"/v1/companies/([^/]+)/status")
_JSON: Final = (b"content-type", JSON.encode())


class AtOnce:
    """ASGI middleware. A company's status that is there to be told is told; all else, such as a
    wait, an id that counts for another, or what is refused, goes on to `route` and is told there.
    """

    def __init__(self, app: ASGIApp, asking: Asking, route: BaseRoute) -> None:
        self._app = app
        self._asking = asking
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        text = self._text(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if text is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = self._route
        headers = [(b"content-length", b"%d" % len(text)), _JSON]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    def _text(self, scope: Scope) -> bytes | None:
        match = _PATH.fullmatch(scope["path"])
        if match is None:
            return None
        try:
            query = Query(Request(scope), STATUS)
            if query.one("at_least"):
                return None
            found = self._asking.answer(match[1], query.question())
        except StandingError:
            return None
        return found.text if found.company == match[1] else None
