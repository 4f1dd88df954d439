"""Where the links in mails lead: a page that asks, and does it when the button is pressed.

Mail systems and scanners open links, so a GET does nothing. A POST does what the link is for,
without a question where a mail program sends it (RFC 8058). Nobody needs a token of ours for it,
and from which site it comes does not matter: whoever has the link may follow it.
"""

from collections.abc import Callable
from typing import Any, Final

import jinja2
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

_LONGEST: Final = 500
_GUARDED: Final = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
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

    def __init__(self, desk: Callable[[], Desk]) -> None:
        self._desk = desk
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("service", "pages"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
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
                return self._refused(refused)
            title, text, button = _ASKS[purpose]
            if purpose == "confirm" and found.confirmed is not None:
                title, text = _DONE[purpose]
                button = ""
            return self._page(title, text.format(to=_to(found)), button)

        async def follow(request: Request) -> Response:
            """Do it."""
            try:
                before = await self._desk().meant(_token(request), purpose)
                found = await self._desk().follow(_token(request), purpose)
            except Refused as refused:
                return self._refused(refused)
            if (found.confirmed, found.disabled) != (before.confirmed, before.disabled):
                acted_by_link(request, found.id, purpose, _to(found))
            title, text = _DONE[purpose]
            return self._page(title, text.format(to=_to(found)))

        return ask if method == "GET" else follow

    def _refused(self, refused: Refused) -> Response:
        said = "; ".join(one.detail for one in refused.problems)
        return self._page("This link does nothing", f"{said[:1].upper()}{said[1:]}.", code=422)

    def _page(self, title: str, text: str, button: str = "", code: int = 200) -> Response:
        page = self._templates.get_template("mail.html")
        told = page.render(title=title, text=text, button=button)
        return Response(told, code, _GUARDED, media_type="text/html")


def _token(request: Request) -> str:
    return str(request.path_params["token"])[:_LONGEST]


def _to(found: Subscription) -> str:
    channel = found.request.channel
    return channel.to if isinstance(channel, EmailTarget) else ""
