"""What was sent, as rows: one for each attempt, and one for a message that was not tried yet."""

from collections.abc import AsyncIterator, Iterable, Iterator
from operator import itemgetter
from typing import Any, Final

from alerts.desk import Desk
from service.formats import Column, Kind, Table, encoded

_PAGE: Final = 500
_OF_MESSAGE: Final = ("delivery", "company", "n", "change", "type", "state", "since", "due")
_KINDS: Final[dict[str, Kind]] = {
    "delivery": "text",
    "company": "text",
    "n": "number",
    "change": "text",
    "type": "text",
    "state": "text",
    "since": "text",
    "due": "text",
    "attempt": "number",
    "at": "text",
    "outcome": "text",
    "status": "number",
    "latency_ms": "share",
    "error": "text",
}
ATTEMPTS: Final = Table(
    tuple(Column(name, kind, itemgetter(name)) for name, kind in _KINDS.items()), lambda row: row
)


def rows(deliveries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Latest first, as the deliveries are."""
    for one in deliveries:
        message = {key: one[key] for key in _OF_MESSAGE}
        latest = one["attempts_count"]
        for number, tried in enumerate(one["attempts"] or [{}]):
            attempt = {key: tried.get(key) for key in ("at", "outcome", "status", "error")}
            shown = latest - number if tried else None
            yield {
                **message,
                "attempt": shown,
                **attempt,
                "latency_ms": tried.get("latency_ms"),
            }


async def as_csv(desk: Desk, subscription: str, limit: int | None = None) -> AsyncIterator[bytes]:
    """A CSV of the latest messages of a subscription, or of all that are kept; page by page."""
    before, left, first = 2**62, limit, True
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await desk.deliveries(subscription, limit=size, before=before)
        piece = b"".join(encoded(rows(page), ATTEMPTS, "csv"))
        yield piece if first else piece.partition(b"\r\n")[2]
        if len(page) < size:
            return
        first, before = False, page[-1]["seq"]
        left = None if left is None else left - size
