"""Prints every change of standing once, in order, and goes on where it was after any interruption.

    python follow.py http://127.0.0.1:8080 place.txt company=xiaomi to=removed

Needs nothing but Python. `place.txt` keeps the id of the last change that was printed; without it,
it begins at the first change that there is. A token is read from STANDING_TOKEN.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

SILENCE_S = 60
"""Heartbeats come every 15 seconds: after so long a silence the line is dead."""


def events(url: str, last: str | None) -> Iterator[tuple[str, str, str]]:
    """The events of one connection: name, id and data."""
    headers = {"Accept": "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = last
    if token := os.environ.get("STANDING_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    with urlopen(Request(url, headers=headers), timeout=SILENCE_S) as answer:  # noqa: S310
        event = {"event": "message", "id": "", "data": ""}
        for raw in answer:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif event["data"]:
                yield event["event"], event["id"], event["data"]
                event = {"event": "message", "id": "", "data": ""}


def follow(url: str, place: Path, query: list[tuple[str, str]]) -> None:
    """For ever."""
    while True:
        last = place.read_text() if place.exists() else None
        asked = query if last else [*query, ("after", "0:-1")]
        try:
            for name, ident, data in events(f"{url}/v1/changes/stream?{urlencode(asked)}", last):
                if name == "message":
                    change = json.loads(data)
                    was, now = change["from"]["status"], change["to"]["status"]
                    print(change["company"], change["sequence"], was, "->", now, flush=True)
                # What was printed is over; whoever ends here prints one change twice at most.
                kept = place.with_suffix(".new")
                kept.write_text(ident)
                kept.replace(place)
        except HTTPError as error:
            if error.code < 500:
                raise  # it will not be better the next time
        except (OSError, HTTPException):
            """The line broke; what came after is told again."""
        time.sleep(3)


if __name__ == "__main__":
    pairs = [(name, value) for name, _, value in (one.partition("=") for one in sys.argv[3:])]
    follow(sys.argv[1], Path(sys.argv[2]), pairs)
