"""Additions to a list and removals from it, drawn along time: up and down from one line."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from events.dates import DAY, Instant, show, start
from projections.membership import Moved

WIDTH: Final = 1_000
HEIGHT: Final = 150
_ROOM: Final = 62
"""For the longest bar, on either side of the line."""
_LINE: Final = 66
_MOST_BARS: Final = 90
_MOST_TICKS: Final = 9
_MONTHS: Final = {"day": 0, "month": 1, "quarter": 3, "year": 12}
_STEPS: Final = (1, 3, 6, 12, 24, 60, 120, 600, 1_200, 12_000, 120_000)
"""Months between ticks."""


class Bar(NamedTuple):
    """A stretch of time in which some came or went."""

    x: float
    width: float
    up: float
    down: float
    title: str


class Chart(NamedTuple):
    """Bars along time; `now` is where the question looks."""

    unit: str
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    now: float | None
    most: int
    """What the longest bar stands for."""
    line: float = _LINE
    height: float = HEIGHT


def chart(moves: Sequence[Moved], now: Instant) -> Chart | None:
    """Draw who came and went, a bar for each day, or for a longer time where there are many."""
    if not moves:
        return None
    first, last = moves[0].at, moves[-1].at
    months = _month(moves[-1].day) - _month(moves[0].day) + 1
    days = (last - first) // DAY + 1
    spans = {"day": days, "month": months, "quarter": months / 3}
    unit = next((name for name, many in spans.items() if many <= _MOST_BARS), "year")
    length = _MONTHS[unit]
    bins = _bins(moves, length)
    margin = max((last - first) // 40, 20 * DAY)
    begins, ends = min(map(start, bins)) - margin // 2, last + margin

    def x(instant: Instant) -> float:
        return round((instant - begins) * WIDTH / (ends - begins), 1)

    most = max(max(pair) for pair in bins.values())
    span = WIDTH * DAY * (30.4 * length if length else 1) / (ends - begins)
    width = round(min(max(span * 0.7, 5.0), 24.0), 1)
    bars = [
        Bar(
            x(start(name)),
            width,
            _length(up, most),
            _length(down, most),
            _title(name, up, down, length),
        )
        for name, (up, down) in sorted(bins.items())
    ]
    return Chart(unit, bars, _ticks(begins, ends), x(now) if begins <= now <= ends else None, most)


def _bins(moves: Sequence[Moved], length: int) -> dict[str, list[int]]:
    """How many came and went in each stretch of so many months, or on each day."""
    bins: dict[str, list[int]] = {}
    for one in moves:
        found = bins.setdefault(_bin(one.day, length), [0, 0])
        found[0] += one.added
        found[1] += one.removed
    return bins


def _length(count: int, most: int) -> float:
    """A single one can still be seen."""
    return round(max(_ROOM * count / most, 2.0), 1) if count else 0.0


def _title(name: str, up: int, down: int, length: int) -> str:
    when = name if length < 12 else name[:4]
    if length == 3:
        when = f"{name[:4]}, quarter {(int(name[5:7]) + 2) // 3}"
    told = [f"{up:,} added"] * bool(up) + [f"{down:,} removed"] * bool(down)
    return f"{when}: {', '.join(told)}"


def _bin(day: str, length: int) -> str:
    if not length:
        return day
    month = (int(day[5:7]) - 1) // length * length + 1
    return f"{day[:4]}-{month:02}"


def _month(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def _ticks(begins: Instant, ends: Instant) -> list[tuple[float, str]]:
    """Beginnings of years; of months, where there would be too few."""
    first, last = _month(show(begins)), _month(show(ends))
    step = next(step for step in _STEPS if (last - first) // step < _MOST_TICKS)
    found = []
    for month in range(first + 1, last + 1):
        if month % step == 0:
            name = f"{month // 12:04}-{month % 12 + 1:02}"
            place = round((start(name) - begins) * WIDTH / (ends - begins), 1)
            found.append((place, name if step < 12 else name[:4]))
    return found
