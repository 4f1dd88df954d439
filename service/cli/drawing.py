"""A company's history as people read it: its events, and its standing over time as a drawing.

The drawing reads without colour: each cell is a letter, and a capital where a restriction is in
force. A cell in which more than one status stood shows the strongest, so that nothing short is
lost.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from events.dates import DAY, NEVER, Instant, start
from events.vocabulary import STATUSES
from service.cli.common import cleaned
from service.cli.standings import OWNERSHIP, STYLES, day, what

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
Json = Mapping[str, Any]


class _Span(NamedTuple):
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
        _draw(console, told["lists"], now)
    _episodes(console, told["lists"])
    _events(console, told["events"])
    console.print(f"\n{OWNERSHIP}", style="dim")


# --- the drawing --------------------------------------------------------------------------------


def _draw(console: Console, lists: Sequence[Json], now: Instant) -> None:
    spans = {one["list"]: _spans(one["intervals"]) for one in lists}
    known = [span for some in spans.values() for span in some]
    if not known:
        return
    begins = min(span.begins for span in known) - _MARGIN
    ends = max([now, *(span.begins + DAY for span in known)]) + _MARGIN
    label = max(map(len, spans)) + 2
    width = max(console.width - label, _NARROWEST)
    console.print()
    for list_id, some in spans.items():
        console.print(Text(f"{list_id:{label}}").append_text(_bar(some, begins, ends, width)))
    console.print(Text(" " * label + _axis(begins, ends, width), style="dim"))
    marks = ", ".join(f"{letter} {status}" for status, letter in _LETTERS.items())
    console.print(Text(" " * label + _today(begins, ends, now, width)))
    console.print(Text(f"{marks}\na capital: restrictions in force, ^: today", style="dim"))


def _spans(intervals: Sequence[Json]) -> list[_Span]:
    return [
        _Span(
            start(one["from"]),
            start(one["until"]) if one["until"] else NEVER,
            one["status"],
            bool(one["restrictions"]),
        )
        for one in intervals
    ]


def _bar(spans: Sequence[_Span], begins: Instant, ends: Instant, width: int) -> Text:
    text = Text()
    for cell in range(width):
        first = begins + (ends - begins) * cell // width
        last = begins + (ends - begins) * (cell + 1) // width
        here = [span for span in spans if span.begins < last and span.ends > first]
        if here:
            best = min(here, key=lambda span: (STATUSES.index(span.status), not span.in_force))
            letter = _LETTERS[best.status]
            text.append(letter.upper() if best.in_force else letter, STYLES[best.status])
        else:
            text.append(_LETTERS["not_listed"], "dim")
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


# --- the tables ---------------------------------------------------------------------------------


def _episodes(console: Console, lists: Sequence[Json]) -> None:
    table = Table("list", "episode", "from", "until", "how", box=None, padding=(0, 2, 0, 0))
    for one in lists:
        for episode in one["episodes"]:
            until = day(episode["until"]) if episode["until"] else "open"
            number = str(episode["episode"])
            table.add_row(one["list"], number, day(episode["from"]), until, episode["how"])
            for order in episode["injunctions"]:
                ends = day(order["until"]) if order["until"] else "open"
                table.add_row("", "", day(order["from"]), ends, _injunction(order), style="yellow")
    if table.rows:
        console.print()
        console.print(table)


def _injunction(order: Json) -> str:
    scope = order["scope"] if isinstance(order["scope"], str) else ", ".join(order["scope"])
    return f"injunction {order['injunction']} ({scope})"


def _events(console: Console, events: Sequence[Json]) -> None:
    table = Table(
        "at", "effective", "announced", "what", "list", "source", box=None, padding=(0, 2, 0, 0)
    )
    for column in table.columns[:3]:
        column.no_wrap = True
    for one in events:
        sources = [source.get("title") or source.get("url") or "" for source in one["sources"][:1]]
        said = what(one)
        if one["retracted_by"]:
            said = f"{said}; taken back by {one['retracted_by']}"
        if one["anomaly"]:
            said = f"{said}; odd: {one['anomaly']}"
        style = "dim strike" if one["retracted_by"] else ""
        table.add_row(
            one["position"],
            _date(one["effective"]),
            _date(one["announced"]),
            said,
            one["list"],
            *sources,
            style=style,
        )
    console.print()
    console.print(table)


def _date(written: Json | None) -> str:
    return day(str(written["date"])) if written else ""
