"""A company's history as people read it: its standing over time as a drawing, and tables.

The drawing reads without colour: each cell is a letter, and a capital where a restriction is in
force. A cell in which more than one status stood shows the strongest, and what has no cell is told
below the drawing, so that nothing short is lost.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.text import Text

from events.dates import DAY, NEVER, Instant, last, start
from events.vocabulary import STATUSES
from service.cli.common import cleaned
from service.cli.standings import OWNERSHIP, STYLES, day
from service.cli.stories import show_tables

_LETTERS: Final = {
    "designated": "d",
    "enjoined": "e",
    "scheduled": "s",
    "removed": "r",
    "not_listed": "·",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NARROWEST: Final = 24
_MARGIN: Final = 30 * DAY
_AHEAD: Final = 366 * DAY
"""So far beyond today, or beyond the date that is asked for, the drawing goes at most."""
Json = Mapping[str, Any]


class _Span(NamedTuple):
    since: str
    until: str
    begins: Instant
    ends: Instant
    status: str
    in_force: bool


def show_history(console: Console, told: Json, now: Instant) -> None:
    """Print a history as `projections.chronicle.history` tells it."""
    told = cleaned(told)
    name = f"{told['name']} ({told['company']})" if told["name"] else told["company"]
    also = "; ".join(told["aliases"])
    console.print(Text(name, style="bold"))
    if also:
        console.print(Text(f"also known as {also}", style="dim"))
    if told["lists"]:
        _draw(console, told["lists"], now, told["as_of"])
    show_tables(console, told)
    console.print(f"\n{OWNERSHIP}", style="dim")


# --- the drawing --------------------------------------------------------------------------------


def _draw(console: Console, lists: Sequence[Json], now: Instant, as_of: str | None) -> None:
    spans = {one["list"]: _spans(one["intervals"]) for one in lists}
    known = [span for some in spans.values() for span in some]
    if not known:
        return
    begins = min(span.begins for span in known) - _MARGIN
    latest = max(span.begins + DAY for span in known)
    asked = now if as_of is None else max(now, last(as_of))
    ends = max(now, begins + _MARGIN + DAY, min(latest, asked + _AHEAD)) + _MARGIN
    label = max(map(len, spans)) + 2
    width = max(console.width - label, _NARROWEST)
    console.print()
    left_out = []
    for list_id, some in spans.items():
        cells = _cells(some, begins, ends, width)
        console.print(Text(f"{list_id:{label}}").append_text(_bar(cells)))
        left_out += [(list_id, span) for span in some if span not in cells]
    console.print(Text(" " * label + _axis(begins, ends, width), style="dim"))
    marks = ", ".join(f"{letter} {status}" for status, letter in _LETTERS.items())
    console.print(Text(" " * label + _today(begins, ends, now, width)))
    console.print(Text(f"{marks}\na capital: restrictions in force, ^: today", style="dim"))
    for list_id, span in left_out:
        console.print(Text(f"not drawn: {list_id} {_told(span, ends)}"))


def _told(span: "_Span", ends: Instant) -> str:
    """A span for which there is no cell, in words."""
    until = "" if span.ends == NEVER else f" until {day(span.until)}"
    why = "beyond the drawing" if span.begins >= ends else "too short"
    return f"{span.status} from {day(span.since)}{until} ({why})"


def _spans(intervals: Sequence[Json]) -> list[_Span]:
    return [
        _Span(
            one["from"],
            one["until"] or "",
            start(one["from"]),
            start(one["until"]) if one["until"] else NEVER,
            one["status"],
            bool(one["restrictions"]),
        )
        for one in intervals
    ]


def _cells(
    spans: Sequence[_Span], begins: Instant, ends: Instant, width: int
) -> list[_Span | None]:
    """Which span each cell shows."""
    cells: list[_Span | None] = []
    for cell in range(width):
        first = begins + (ends - begins) * cell // width
        until = begins + (ends - begins) * (cell + 1) // width
        here = [span for span in spans if span.begins < until and span.ends > first]
        strongest = min(
            here,
            key=lambda span: (not span.in_force, STATUSES.index(span.status)),
            default=None,
        )
        cells.append(strongest)
    return cells


def _bar(cells: Sequence[_Span | None]) -> Text:
    text = Text()
    for span in cells:
        if span is None:
            text.append(_LETTERS["not_listed"], "dim")
        else:
            letter = _LETTERS[span.status]
            text.append(letter.upper() if span.in_force else letter, STYLES[span.status])
    return text


def _axis(begins: Instant, ends: Instant, width: int) -> str:
    """The years, each where it begins; where there is no room for all, some."""
    first, last = _year(begins) + 1, _year(ends)
    every = max(1, -(-(last - first + 1) * 6 // width))
    cells = [" "] * width
    for year in range(first, last + 1, every):
        at = (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
        cell = (at - begins) * width // (ends - begins)
        mark = f"|{year}"
        if cell >= 0 and cell + len(mark) <= width:
            cells[cell : cell + len(mark)] = mark
    return "".join(cells).rstrip()


def _today(begins: Instant, ends: Instant, now: Instant, width: int) -> str:
    return " " * min((now - begins) * width // (ends - begins), width - 1) + "^"


def _year(at: Instant) -> int:
    return (_EPOCH + timedelta(microseconds=at)).year
