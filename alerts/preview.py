"""What a subscription would have been sent."""

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from alerts.matching import Who, wants
from alerts.messages import UNKNOWN, About, data, draft
from alerts.places import BEGINNING, Place, place
from alerts.subscriptions import Filter, Start, filtered, started
from events.dates import DAY, Instant, show, start
from events.errors import Refused
from events.lists import Registry
from projections.changes import Change
from projections.rows import Told

YEAR: Final = "P1Y"
"""How far back a preview looks, where nothing is said."""
_SPAN: Final = re.compile(r"P(\d{1,4})([YMWD])")
_MONTH: Final = 7
"""Of a time as it is shown, the characters up to its month."""
_NO_LIST: Final = "none"


def since(text: str, now: Instant, heads: Sequence[Place]) -> Start:
    """From when on: a span back from now (`P1Y`, `P6M`, `P2W`, `P90D`), or as a subscription's
    start is written. Raises `Refused`."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return started(text, heads, "since")
    number, unit = int(match[1]), match[2]
    try:
        first = now - number * DAY * 7 ** (unit == "W") if unit in "WD" else _back(now, match)
    except ValueError:
        raise Refused.field("since", f"{text!r} is before there were dates") from None
    return Start(BEGINNING, first, (BEGINNING,) * (len(heads) - 1))


def _back(now: Instant, match: re.Match[str]) -> Instant:
    """So many years or months; of a day that the month has not, the month's last."""
    today = datetime.fromisoformat(show(now)).astimezone(UTC)
    months = today.year * 12 + today.month - 1 - int(match[1]) * 12 ** (match[2] == "Y")
    year, month = months // 12, months % 12 + 1
    day = min(today.day, monthrange(year, month)[1])
    return start(today.replace(year=year, month=month, day=day).isoformat())


class Preview:
    """Counts what would have been sent, and shows the first of it."""

    def __init__(self, asked: Filter, registry: Registry, limit: int, *, backfill: bool) -> None:
        self._asked = asked
        self._registry = registry
        self._limit = limit
        self._backfill = backfill
        self._numbers: Counter[str] = Counter()
        self._loaded = 0
        self._by = {name: Counter[str]() for name in ("kind", "list", "month")}
        self._bodies: list[Any] = []

    @classmethod
    def of(cls, filter_: Any, registry: Registry, limit: int, *, backfill: bool) -> "Preview":
        """Raises `Refused`."""
        return cls(filtered(filter_, registry), registry, limit, backfill=backfill)

    def look(self, told: Told, begins: Start, who: Who, about: About = UNKNOWN) -> None:
        """At the next change."""
        change = told.change
        when = _when(change)
        if (
            place(told) <= begins.after
            or when < begins.since
            or not wants(self._asked, change, who, backfill=True)
        ):
            return
        if change.backfill and not self._backfill:
            self._loaded += 1
            return
        self._numbers[change.company] += 1
        self._by["kind"][change.kind] += 1
        self._by["list"][change.list or _NO_LIST] += 1
        self._by["month"][show(when)[:_MONTH]] += 1
        if len(self._bodies) < self._limit:
            body = draft("", change, data(change, self._registry, about))
            self._bodies.append(orjson.loads(body.body(self._numbers[change.company])))

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "count": self._numbers.total(),
            "companies": len(self._numbers),
            "by": {
                "kind": dict(self._by["kind"].most_common()),
                "list": dict(self._by["list"].most_common()),
                "month": dict(sorted(self._by["month"].items())),
            },
            "loaded": self._loaded,
            "messages": self._bodies,
        }


def _when(change: Change) -> Instant:
    """When it was news: when it was recorded; of loaded history, when the public could know."""
    if not change.backfill:
        return change.recorded
    for moment in (change.announced, change.effective):
        if moment is not None:
            return min(moment, change.recorded)
    return change.recorded
