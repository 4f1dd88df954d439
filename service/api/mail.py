"""Where the links in mails lead: a page that asks, and does it when the button is pressed.

Mail systems and scanners open links, so a GET does nothing. A POST does what the link is for,
without a question where a mail program sends it (RFC 8058). Nobody needs a token of ours for it,
and from which site it comes does not matter: whoever has the link may follow it.
"""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.desk import Desk
from alerts.links import Purpose
from alerts.subscriptions import Subscription
from alerts.targets import EmailTarget
from events.errors import Refused
from service.api.audited import acted_by_link
from service.api.gate import LINKS
from service.web.site import Site

_LONGEST: Final = 500
_SECRET: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
"""The address has the token in it."""
_ASKS: Final[dict[Purpose, tuple[str, str, str]]] = {
    "confirm": (
        "Be told of changes?",
        "Mails go to {to} when companies are put on government lists. Each can stop them.",
        "Yes, write to me",
    ),
    "unsubscribe": ("Stop these mails?", "No more mails of this kind go to {to}.", "Stop them"),
}
_DONE: Final[dict[Purpose, tuple[str, str]]] = {
    "confirm": ("You will be told", "Mails go to {to} from now on. You may close this page."),
    "unsubscribe": ("You are unsubscribed", "No more mails of this kind go to {to}."),
}


class MailLinks:
    """`/mail/confirm/{token}` and `/mail/unsubscribe/{token}`. `desk` raises `StoreError` where
    there is none now."""

    def __init__(self, desk: Callable[[], Desk], site: Site) -> None:
        self._desk = desk
        self._site = site
        self.router = APIRouter(include_in_schema=False)
        for purpose in _ASKS:
            path = f"{LINKS}{purpose}/{{token}}"
            for method in ("GET", "POST"):
                self.router.add_api_route(
                    path, self._route(purpose, method), methods=[method], response_class=Response
                )

    def _route(self, purpose: Purpose, method: str) -> Callable[[Request], Any]:
        async def ask(request: Request) -> Response:
            """What the link would do."""
            try:
                found = await self._desk().meant(_token(request), purpose)
            except Refused as refused:
                return self._refused(request, refused)
            title, text, button = _ASKS[purpose]
            if purpose == "confirm" and found.confirmed is not None:
                title, text = _DONE[purpose]
                button = ""
            return self._page(request, title, text.format(to=_to(found)), button)

        async def follow(request: Request) -> Response:
            """Do it."""
            try:
                before = await self._desk().meant(_token(request), purpose)
                found = await self._desk().follow(_token(request), purpose)
            except Refused as refused:
                return self._refused(request, refused)
            if (found.confirmed, found.disabled) != (before.confirmed, before.disabled):
                acted_by_link(request, found.id, purpose, _to(found))
            title, text = _DONE[purpose]
            return self._page(request, title, text.format(to=_to(found)))

        return ask if method == "GET" else follow

    def _refused(self, request: Request, refused: Refused) -> Response:
        said = "; ".join(one.detail for one in refused.problems)
        text = f"{said[:1].upper()}{said[1:]}."
        return self._page(request, "This link does nothing", text, code=422)

    def _page(
        self, request: Request, title: str, text: str, button: str = "", code: int = 200
    ) -> Response:
        told = {"title": title, "text": text, "button": button}
        return self._site.page(request, "mail.html", code, _SECRET, **told)


def _token(request: Request) -> str:
    return str(request.path_params["token"])[:_LONGEST]


def _to(found: Subscription) -> str:
    channel = found.request.channel
    return channel.to if isinstance(channel, EmailTarget) else ""
