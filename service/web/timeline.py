"""A company's lists along one axis of time: how each stood, what was forbidden, what happened.

Places are percentages of the width, so that a picture is as wide as there is room for, and its
text as large as text is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from events.dates import DAY, Instant, show, start
from projections.facts import LEGAL_TYPES
from service.web import wording

Json = Mapping[str, Any]
MARK: Final = 3.5
"""How far marks are apart, in percent: at the least width, what a finger needs."""

_MOST_TICKS: Final = 12
_STEPS: Final = (1, 3, 6, 12, 24, 60, 120, 600, 1_200, 12_000, 120_000)
"""Months between ticks."""
_STANDS: Final = frozenset({"designated", "enjoined", "scheduled"})
_EDGE: Final = 6.0
"""So far from the ends, in percent, stand names of ticks."""
_ROOM: Final = 9.0
"""A band that is so wide, in percent, has its status written into it."""


class Band(NamedTuple):
    """A stretch of a row."""

    x: float
    width: float
    status: str
    title: str
    words: str
    """Empty where there is no room for them."""


class Mark(NamedTuple):
    """One event, or several that are too close to be told apart."""

    x: float
    event: str
    """The first of them: where a mark leads."""
    title: str
    number: int
    legal: bool


class Row(NamedTuple):
    """A list."""

    about: str
    """Which one."""
    bands: list[Band]
    forbids: list[Band]
    """When some restriction was in force."""
    marks: list[Mark]


class Tick(NamedTuple):
    """The beginning of a year or a month."""

    x: float
    name: str


class Axis(NamedTuple):
    """From when to when."""

    begins: Instant
    ends: Instant

    def x(self, instant: Instant) -> float:
        """A place, in percent; what is outside is at the edge."""
        inside = min(max(instant, self.begins), self.ends)
        return round((inside - self.begins) * 100 / (self.ends - self.begins), 2)

    @property
    def first(self) -> str:
        """The day that ends where it begins: of a slider that is at its left end."""
        return show(self.begins - DAY)[:10]

    @property
    def days(self) -> int:
        """How many days it is long."""
        return (self.ends - self.begins) // DAY

    def day(self, date: str) -> int:
        """Where a slider is whose day ends there."""
        return min(max((start(date) - self.begins) // DAY + 1, 0), self.days)


class Timeline(NamedTuple):
    """All of them; `now` is where the question looks, `day` where its slider is then."""

    axis: Axis
    rows: list[Row]
    ticks: list[Tick]
    now: float
    day: int
    beyond: bool
    """Whether the question looks at a time that is later than all of it."""


def drawn(
    lists: Sequence[Json], events: Iterable[Json], as_of: str, asked: bool, today: Instant
) -> Timeline | None:
    """The lists of a story, with its events. The axis is the same whatever is `asked` for between
    its ends, so that pictures of two dates can be compared. None where there is nothing to draw."""
    if not any(one["intervals"] for one in lists):
        return None
    acts = [(at, one) for one in events if (at := _at(one)) is not None]
    now = start(as_of)
    axis = _axis(lists, [at for at, _ in acts], [now] if asked else [], today)
    rows = [
        Row(
            one["list"],
            [_band(axis, piece) for piece in _stretches(one["intervals"])],
            [_forbids(axis, piece) for piece in one["intervals"] if piece["restrictions"]],
            _marks(axis, [(at, act) for at, act in acts if act["list"] == one["list"]]),
        )
        for one in lists
    ]
    return Timeline(axis, rows, _ticks(axis), axis.x(now), axis.day(as_of[:10]), now > axis.ends)


def _at(event: Json) -> Instant | None:
    """When an event counts, or was told; days are read as UTC, as a place on an axis of years."""
    when = event["effective"] or event["announced"]
    return start(when["date"]) if when and event["list"] else None


def _axis(
    lists: Sequence[Json], acts: Sequence[Instant], asked: Sequence[Instant], today: Instant
) -> Axis:
    """From a little before the first that is known to a little after the last; to today only where
    something still stands, so that a story that is over is seen at its own size."""
    pieces = [piece for one in lists for piece in one["intervals"]]
    known = [start(piece[key]) for piece in pieces for key in ("from", "until") if piece[key]]
    known += [*acts, *asked]
    if any(one["intervals"] and one["intervals"][-1]["status"] in _STANDS for one in lists):
        known.append(today)
    first, latest = min(known), max(known)
    margin = max((latest - first) // 12, 45 * DAY)
    return Axis((first - margin) // DAY * DAY, (latest + margin) // DAY * DAY)


def _stretches(intervals: Sequence[Json]) -> list[Json]:
    """Neighbours with the same status together, whatever their restrictions."""
    found: list[Json] = []
    for piece in intervals:
        if found and found[-1]["status"] == piece["status"] and found[-1]["until"] == piece["from"]:
            found[-1] = {**found[-1], "until": piece["until"]}
        else:
            found.append(piece)
    return found


def _place(axis: Axis, piece: Json) -> tuple[float, float]:
    left = axis.x(start(piece["from"]))
    right = axis.x(start(piece["until"])) if piece["until"] else 100.0
    return left, max(round(right - left, 2), 0.15)


def _band(axis: Axis, piece: Json) -> Band:
    x, width = _place(axis, piece)
    words = wording.STATUS[piece["status"]][0]
    until = wording.when(piece["until"]) if piece["until"] else "no known end"
    title = f"{words}: {wording.when(piece['from'])} to {until}"
    return Band(x, width, piece["status"], title, words if width >= _ROOM else "")


def _forbids(axis: Axis, piece: Json) -> Band:
    x, width = _place(axis, piece)
    words = "; ".join(wording.RESTRICTION.get(kind, kind) for kind in piece["restrictions"])
    until = wording.when(piece["until"]) if piece["until"] else "no known end"
    return Band(x, width, "", f"{words}: {wording.when(piece['from'])} to {until}", "")


def _marks(axis: Axis, acts: list[tuple[Instant, Json]]) -> list[Mark]:
    groups: list[list[tuple[Instant, Json]]] = []
    for one in sorted(acts, key=lambda act: act[0]):
        if groups and axis.x(one[0]) - axis.x(groups[-1][0][0]) < MARK:
            groups[-1].append(one)
        else:
            groups.append([one])
    return [_mark(axis, group) for group in groups]


def _mark(axis: Axis, group: list[tuple[Instant, Json]]) -> Mark:
    legal = [one for _, one in group if one["type"] in LEGAL_TYPES]
    at, first = group[0]
    lead = legal[0] if legal else first
    when = (lead["effective"] or lead["announced"])["date"]
    title = f"{wording.event(lead['type'])}, {wording.day(when)}"
    if len(group) > 1:
        title += f", and {len(group) - 1} more until {show(group[-1][0])[:10]}"
    x = min(max(axis.x(at), MARK / 2), 100 - MARK / 2)
    return Mark(round(x, 2), lead["id"], title, len(group), bool(legal))


def _ticks(axis: Axis) -> list[Tick]:
    """Beginnings of years; of months, where there would be too few."""
    first, final = _months(axis.begins), _months(axis.ends)
    step = next(step for step in _STEPS if (final - first) // step < _MOST_TICKS)
    ticks: list[Tick] = []
    for month in range(first + 1, final + 1):
        if month % step == 0:
            name = f"{month // 12:04}-{month % 12 + 1:02}"
            x = axis.x(start(name))
            if _EDGE < x < 100 - _EDGE:
                ticks.append(Tick(x, wording.day(name if step < 12 else name[:4])))
    return ticks


def _months(instant: Instant) -> int:
    year, month = show(instant)[:7].split("-")
    return int(year) * 12 + int(month) - 1
