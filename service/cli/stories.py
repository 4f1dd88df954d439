"""A company's history in tables: episodes, what the public knew and when, what this log told and
when, and every event."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.standings import day, moment, what

_MOST: Final = 100
"""Rows of what was known; the JSON has them all."""
_TIMES: Final = ("effective", "announced")
Json = Mapping[str, Any]


def show_tables(console: Console, told: Json) -> None:
    """Print the tables of a history as `projections.chronicle.history` tells it."""
    _episodes(console, told["lists"])
    _public(console, told["public"])
    _known(console, [one for one in told["known"] if one["kind"] != "noted"])
    _events(console, told["events"])


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, padding=(0, 2, 0, 0))


def _put(console: Console, table: Table, title: str = "", left: int = 0) -> None:
    if not table.rows:
        return
    console.print()
    if title:
        console.print(Text(title, style="bold"))
    console.print(table)
    if left > 0:
        console.print(Text(f"and {left:,} before these; --json has all", style="dim"))


def _episodes(console: Console, lists: Sequence[Json]) -> None:
    table = _table("list", "episode", "from", "until", "how")
    for one in lists:
        for episode in one["episodes"]:
            until = day(episode["until"]) if episode["until"] else "open"
            number = str(episode["episode"])
            table.add_row(one["list"], number, day(episode["from"]), until, episode["how"])
            for order in episode["injunctions"]:
                ends = day(order["until"]) if order["until"] else "open"
                table.add_row("", "", day(order["from"]), ends, _injunction(order), style="yellow")
    _put(console, table)


def _injunction(order: Json) -> str:
    scope = order["scope"] if isinstance(order["scope"], str) else ", ".join(order["scope"])
    return f"injunction {order['injunction']} ({scope})"


def _public(console: Console, turns: Sequence[Json]) -> None:
    table = _table("from", "list", "status", "in force")
    for one in turns[-_MOST:]:
        how = f" ({one['how']})" if one["how"] else ""
        kinds = ", ".join(one["restrictions"])
        table.add_row(day(one["at"]), one["list"], f"{one['status']}{how}", kinds)
    _put(console, table, "as the public saw it", len(turns) - _MOST)


def _known(console: Console, changes: Sequence[Json]) -> None:
    table = _table("recorded (UTC)", "kind", "list", "what", "effective", "announced")
    for one in changes[-_MOST:]:
        effective, announced = (day(one[key]) if one[key] else "" for key in _TIMES)
        said = f"{_standing(one['from'])} -> {_standing(one['to'])}"
        recorded = _utc(one["recorded"])
        table.add_row(recorded, one["kind"], one["list"] or "", said, effective, announced)
    _put(console, table, "as this log knew it", len(changes) - _MOST)


def _standing(reading: Json) -> str:
    kinds = ", ".join(reading["restrictions"])
    return f"{reading['status']} ({kinds})" if kinds else str(reading["status"])


def _utc(recorded: str) -> str:
    return moment(recorded).removesuffix("+00:00")


def _events(console: Console, events: Sequence[Json]) -> None:
    table = _table("at", "recorded (UTC)", "effective", "announced", "what")
    for column in table.columns[:1]:
        column.no_wrap = True
    by_id = {one["id"]: one for one in events}
    for one in events:
        table.add_row(
            one["position"],
            _utc(one["recorded"]),
            _date(one["effective"]),
            _date(one["announced"]),
            _said(one, by_id),
            style="dim strike" if one["retracted_by"] else "",
        )
    _put(console, table, "events")


def _said(one: Json, events: Mapping[str, Json]) -> str:
    """An event, the list, what it takes back or is taken back by, and its first source."""
    parts = [what(one)]
    if one["list"]:
        parts[0] += f", {one['list']}"
    for key, verb in (("event", "takes back"), ("replaces", "replaces")):
        if key in one["data"]:
            parts.append(f"{verb} {_named(one['data'][key], events)}")
    if one["data"].get("reason"):
        parts.append(one["data"]["reason"])
    if one["retracted_by"]:
        parts.append(f"taken back by {_named(one['retracted_by'], events)}")
    if one["anomaly"]:
        parts.append(f"odd: {one['anomaly']}")
    parts += [source.get("title") or source.get("url") or "" for source in one["sources"][:1]]
    return "; ".join(parts)


def _named(event_id: str, events: Mapping[str, Json]) -> str:
    found = events.get(event_id)
    return f"{event_id} (at {found['position']}, {what(found)})" if found else event_id


def _date(written: Json | None) -> str:
    return moment(str(written["date"])) if written else ""
