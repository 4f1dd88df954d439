"""How a page is drawn: the templates, and the files that they need beside them."""

from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

import jinja2

from service.web import marking, wording

STATIC: Final = "/static/"
"""Below it lies what needs no token: the style, the script, the mark."""

_FILTERS: Final = {
    "when": wording.when,
    "at": wording.at,
    "day": wording.day,
    "link": wording.link,
    "event_words": wording.event,
    "theirs": wording.theirs,
    "plain": wording.plain,
    "bdi": marking.bdi,
    "moment": marking.moment,
    "origin": marking.origin,
    "sources": marking.sources,
    "badge": marking.badge,
    "bands": marking.bands,
    "marks": marking.marks,
    "logged": marking.logged,
    "reason": marking.reason,
    "odd": marking.odd,
}
_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Asset(NamedTuple):
    """A file beside the pages, as it is served."""

    url: str
    body: bytes
    media_type: str


def assets() -> dict[str, Asset]:
    """By name, such as `style.css`. Its address has its hash in it, so that it may be kept for
    ever: another content has another address."""
    found = {}
    for file in sorted(files("service.web").joinpath("static").iterdir(), key=lambda one: one.name):
        stem, _, suffix = file.name.rpartition(".")
        body = file.read_bytes()
        url = f"{STATIC}{stem}.{sha256(body).hexdigest()[:12]}.{suffix}"
        found[file.name] = Asset(url, body, _TYPES[suffix])
    return found


def environment() -> jinja2.Environment:
    """The templates; all that is put into one is text."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("service.web", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters.update(_FILTERS)
    made.globals.update(
        statuses=wording.STATUS,
        restriction_words=wording.RESTRICTION,
        how_words=wording.HOW,
        rules=wording.RULES,
    )
    return made
