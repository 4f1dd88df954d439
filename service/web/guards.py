"""What browsers are told to keep to, and how a form shows that a page of ours sent it.

A form is sent with a hidden field that must equal a cookie (double submit). The cookie's name
begins with `__Host-`, so no neighbouring host can set it, and no other site's page can read it; the
gate has looked at `Origin` and `Sec-Fetch-Site` before.
"""

import hmac
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from events.errors import Refused

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}
FIELD: Final = "form"
"""The hidden field of a form."""

_COOKIE: Final = "__Host-standing-form"
_BYTES: Final = 24
_LENGTH: Final = 32


class Sealed:
    """The token of a page's forms: the one that the browser has, else a new one, which is given to
    it with the page if a form on it needs one."""

    def __init__(self, request: Request) -> None:
        given = request.cookies.get(_COOKIE, "")
        self._given = len(given) == _LENGTH and given.isascii()
        self._text = given if self._given else secrets.token_urlsafe(_BYTES)
        self._needed = False

    def __str__(self) -> str:
        self._needed = True
        return self._text

    def give(self, response: Response) -> None:
        """Let the browser have it."""
        if self._needed and not self._given:
            keep(response, _COOKIE, self._text)


def keep(
    response: Response, name: str, value: str, *, days: int | None = None, gone: bool = False
) -> None:
    """Let the browser keep something that scripts and other sites never see: until it is closed,
    or so many days; `gone` takes it away."""
    response.set_cookie(
        name,
        value,
        max_age=0 if gone else None if days is None else days * 86_400,
        secure=True,
        httponly=True,
        samesite="strict",
    )


def check(request: Request, field: object) -> None:
    """Raises `Refused` where a form was not sent from a page that this browser was given."""
    given = request.cookies.get(_COOKIE, "")
    if not (isinstance(field, str) and given):
        field = given = ""
    if not (given and hmac.compare_digest(given.encode(), field.encode())):
        raise Refused.field(
            FIELD,
            "this form is not from a page that your browser was given here, or it is too old, or "
            "cookies are off; open the page again, and send it once more",
        )
