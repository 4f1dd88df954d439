"""Prints what is new in a feed of standing's, oldest first, once, each time that it is run:

    python feed.py 'http://127.0.0.1:8080/feeds/changes.atom?to=removed' known.json

Needs nothing but Python. `known.json` keeps what was printed and the feed's `ETag`, so that a feed
in which nothing is new is not sent again. A token is read from STANDING_TOKEN.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from xml.etree import ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"


def page(url: str, tag: str | None) -> tuple[Any, str | None]:
    """A page and its tag; nothing where it is the one that we have."""
    headers = {"If-None-Match": tag} if tag else {}
    if token := os.environ.get("STANDING_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    try:
        with urlopen(Request(url, headers=headers), timeout=60) as answer:  # noqa: S310
            return ElementTree.fromstring(answer.read()), answer.headers["ETag"]  # noqa: S314
    except HTTPError as error:
        if error.code == 304:
            return None, tag
        raise


def new(url: str, known: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Id, title and page of what is not known, latest first: back until something is."""
    found: list[tuple[str, str, str]] = []
    feed, known["tag"] = page(url, known.get("tag"))
    while feed is not None:
        for entry in feed.iter(f"{ATOM}entry"):
            ident = entry.findtext(f"{ATOM}id")
            if ident in known["ids"]:
                return found
            link = entry.find(f"{ATOM}link")
            found.append((ident, entry.findtext(f"{ATOM}title"), link.get("href")))
        following = feed.find(f"{ATOM}link[@rel='next']")
        feed = None if following is None else page(following.get("href"), None)[0]
    return found


if __name__ == "__main__":
    place = Path(sys.argv[2])
    state = json.loads(place.read_text()) if place.exists() else {"ids": []}
    some = new(sys.argv[1], state)
    for _, title, where in reversed(some):
        print(title, where, flush=True)
    state["ids"] = [ident for ident, _, _ in some] + state["ids"]
    place.write_text(json.dumps({**state, "ids": state["ids"][:10_000]}))
