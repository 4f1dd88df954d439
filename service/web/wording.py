"""How pages say what answers say in the field's terms: dates, statuses, restrictions, events."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from alerts.words import EVENT, HOW, RESTRICTION, link, when
from events.dates import DAY, Instant, show, start

__all__ = ["HOW", "RESTRICTION", "STATUS", "bar", "event", "link", "theirs", "when"]

STATUS: Final = {
    "designated": ("Designated", "It stands on the list, and the list's restrictions apply."),
    "enjoined": ("Enjoined", "It is listed, but a court or the agency keeps that from applying."),
    "scheduled": ("Scheduled", "A designation is announced and not in effect yet."),
    "removed": ("Removed", "It was on the list and is no longer."),
    "not_listed": ("Not listed", "No designation of it counts at that moment."),
}
_WIDTH: Final = 1_000
_MOST_TICKS: Final = 10
_STEPS: Final = (1, 3, 6, 12, 24, 60, 120, 600, 1_200, 12_000, 120_000)
"""Months between ticks."""


def event(event_type: str) -> str:
    """An event type in words; one of a later version as it is."""
    return EVENT.get(event_type, event_type)


def theirs(text: str, zone: ZoneInfo | None) -> str:
    """A moment of the list's as the reader's clock showed it; empty where that is the same, is not
    known, or only a day was meant."""
    if zone is None or "T" not in text:
        return ""
    moment = datetime.fromisoformat(text)
    if moment.time() in (time.min, time.max):
        return ""
    there = moment.astimezone(zone)
    if there.utcoffset() == moment.utcoffset():
        return ""
    day = f" on {there.day} {there:%b}" if there.date() != moment.date() else ""
    return f"{there:%H:%M}{day} your time"


class Piece(NamedTuple):
    """A stretch of a bar."""

    x: float
    width: float
    status: str
    title: str


class Tick(NamedTuple):
    """A mark under a bar."""

    x: float
    name: str


class Bar(NamedTuple):
    """A list's intervals, drawn; `now` is where the question looks."""

    pieces: list[Piece]
    ticks: list[Tick]
    now: float


def bar(intervals: list[dict[str, Any]], as_of: str) -> Bar | None:
    """Draw intervals along time, from a little before the first to a little after the last known
    moment or the one that is asked for."""
    if not intervals:
        return None
    now = start(as_of)
    known = [start(one[key]) for one in intervals for key in ("from", "until") if one[key]]
    first, last = min(known), max(*known, now)
    margin = max((last - first) // 20, 20 * DAY)
    begins, ends = min(first, now) - margin, last + margin

    def x(instant: Instant) -> float:
        return round((instant - begins) * _WIDTH / (ends - begins), 1)

    pieces = []
    for one in intervals:
        left = x(start(one["from"]))
        right = x(start(one["until"])) if one["until"] else float(_WIDTH)
        words = STATUS[one["status"]][0]
        title = f"{words}: {when(one['from'])} to {when(one['until'])}"
        pieces.append(Piece(left, max(round(right - left, 1), 1.0), one["status"], title))
    return Bar(pieces, _ticks(begins, ends, x), x(now))


def _ticks(begins: Instant, ends: Instant, x: Callable[[Instant], float]) -> list[Tick]:
    """Beginnings of years; of months, where there would be too few."""
    first, last = _months(begins), _months(ends)
    step = next(step for step in _STEPS if (last - first) // step < _MOST_TICKS)
    ticks = []
    for month in range(first + 1, last + 1):
        if month % step == 0:
            name = f"{month // 12:04}-{month % 12 + 1:02}"
            ticks.append(Tick(x(start(name)), name if step < 12 else name[:4]))
    return ticks


def _months(instant: Instant) -> int:
    year, month = show(instant)[:7].split("-")
    return int(year) * 12 + int(month) - 1
