"""What a reader chose: light or dark, and the time zone that the browser says is theirs.

Both are kept in cookies, so that a page comes as it was chosen, without a script that changes it
before the reader's eyes.
"""

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from starlette.requests import Request
from starlette.responses import Response

from events.errors import Refused
from service.web import guards

THEMES: Final = ("auto", "light", "dark")
THEME: Final = "__Host-standing-theme"
ZONE: Final = "standing-zone"
"""Set by the script, which alone can know it."""

_DAYS: Final = 400


def theme(request: Request) -> str:
    """`auto` is what the machine has."""
    given = request.cookies.get(THEME, "auto")
    return given if given in THEMES else "auto"


def zone(request: Request) -> ZoneInfo | None:
    """The reader's zone, where it is known."""
    return _zone(request.cookies.get(ZONE, ""))


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    return ZoneInfo(name) if name in _names() else None


@lru_cache(maxsize=1)
def _names() -> set[str]:
    return available_timezones()


def chosen(response: Response, wanted: object) -> None:
    """Remember a theme. Raises `Refused`."""
    if wanted not in THEMES:
        raise Refused.field("theme", f"one of {', '.join(THEMES)}")
    guards.keep(response, THEME, str(wanted), days=_DAYS)


def back(request: Request) -> str:
    """The page of ours that a form was sent from."""
    found = urlsplit(request.headers.get("referer", ""))
    if found.netloc.lower() != request.headers.get("host", "").lower():
        return "/"
    return ours(f"{found.path}?{found.query}" if found.query else found.path)


def ours(path: str) -> str:
    """An address on this site, whoever wrote it; `/` for any other."""
    plain = path.isprintable() and path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if plain else "/"
