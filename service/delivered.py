"""What was sent, as rows: one for each attempt, and one for a message that was not tried yet."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any, Final

from alerts.desk import Desk
from service.formats import Column, Kind, Table, encoded

_PAGE: Final = 500
_OF_CHANGE: Final = ("list", "kind", "effective", "announced", "recorded")
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
    "name": "text",
    "list": "text",
    "kind": "text",
    "from": "text",
    "to": "text",
    "gained": "texts",
    "lost": "texts",
    "effective": "text",
    "announced": "text",
    "recorded": "text",
    "causes": "texts",
    "sources": "texts",
}
ATTEMPTS: Final = Table(
    tuple(Column(name, kind, itemgetter(name)) for name, kind in _KINDS.items()), lambda row: row
)


def rows(deliveries: Iterable[dict[str, Any]], said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Latest first, as the deliveries are; with what each `said`, of those of which it is kept."""
    for one in deliveries:
        message = {key: one[key] for key in _OF_MESSAGE}
        message |= _of_change((said.get(one["delivery"]) or {}).get("data") or {})
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


def _of_change(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a change said; of other messages, as much of it as they have."""
    causes = data.get("causes") or ()
    sources = (one for cause in causes for one in cause.get("sources") or ())
    before, after = data.get("from"), data.get("to")
    return {
        "name": data.get("name"),
        **{key: data.get(key) for key in _OF_CHANGE},
        "from": before.get("status") if isinstance(before, Mapping) else None,
        "to": after.get("status") if isinstance(after, Mapping) else None,
        "gained": list(data.get("gained") or ()),
        "lost": list(data.get("lost") or ()),
        "causes": [cause["event"] for cause in causes],
        "sources": [one.get("url") or one.get("title") or "" for one in sources],
    }


async def as_csv(desk: Desk, subscription: str, limit: int | None = None) -> AsyncIterator[bytes]:
    """A CSV of the latest messages of a subscription, or of all that are kept; page by page."""
    before, left, first = 2**62, limit, True
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await desk.deliveries(subscription, limit=size, before=before)
        said = await desk.said([one["delivery"] for one in page])
        piece = b"".join(encoded(rows(page, said), ATTEMPTS, "csv"))
        yield piece if first else piece.partition(b"\r\n")[2]
        if len(page) < size:
            return
        first, before = False, page[-1]["seq"]
        left = None if left is None else left - size
