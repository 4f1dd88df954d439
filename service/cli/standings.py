"""A status as people read it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from events import vocabulary as words
from service.cli.common import cleaned

STYLES: Final = {
    "designated": "bold red",
    "enjoined": "bold yellow",
    "scheduled": "bold magenta",
    "removed": "bold cyan",
    "not_listed": "bold",
}
OWNERSHIP: Final = (
    "Ownership is not evaluated: neither the 50 % rule nor rules on affiliates are in this answer."
)
_CLOCK: Final = re.compile(r"(\d\d:\d\d)(:\d\d)?(?:\.\d+)?(.*)")
_WHAT: Final = {
    words.DESIGNATION_ISSUED: "designation issued",
    words.DESIGNATION_AMENDED: "designation amended",
    words.INJUNCTION_GRANTED: "injunction granted",
    words.INJUNCTION_ENDED: "injunction ended",
    words.REMOVAL_ANNOUNCED: "removal announced",
    words.REMOVAL_ISSUED: "removal issued",
    words.NOTE_RECORDED: "note",
    words.EVENT_RETRACTED: "retraction",
    words.DESCRIBED: "described",
    words.MERGED: "merged",
}
Json = Mapping[str, Any]
Row = tuple[str, Text]


def show_status(console: Console, answer: Json, events: Mapping[str, Json]) -> None:
    """Print an answer. `events` are those of the company, by id, for why it is so."""
    answer = cleaned(answer)
    console.print(_headline(answer))
    console.print(_cut_offs(answer), style="dim")
    if not answer["lists"]:
        console.print("\nNo event that counts puts it on any list. That is no clearance: ask")
        console.print("which lists this log covers with `--list`.")
    for one in answer["lists"]:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for label, text in _rows(one, events):
            table.add_row(label, text)
        console.print(Text(f"\n{one['list']}", style="bold"))
        console.print(table)
    console.print(f"\n{OWNERSHIP}", style="dim")


def _headline(answer: Json) -> Text:
    name = f"{answer['name']} ({answer['company']})" if answer["name"] else answer["company"]
    status = answer["status"]
    return Text.assemble((name, "bold"), ": ", (status, STYLES[status]), _kinds(answer))


def _kinds(answer: Json) -> str:
    kinds = [one["kind"] for one in answer["restrictions"]]
    return f", {', '.join(kinds)} in force" if kinds else ", no restriction in force"


def _cut_offs(answer: Json) -> str:
    told = [f"as of {day(answer['as_of'])}"]
    if answer["announced_by"]:
        told.append(f"announced by {day(answer['announced_by'])}")
    if answer["known_at"]:
        told.append(f"known at {day(answer['known_at'])}")
    return ", ".join([*told, f"log at {answer['position']}"])


def _rows(one: Json, events: Mapping[str, Json]) -> Iterator[Row]:
    yield "status", _status(one)
    if one["cause"] in events:
        event = cleaned(events[one["cause"]])
        yield "why", why(event, ran_out=_ran_out(one, event))
    for key, label in (("restrictions", "in force"), ("upcoming", "upcoming")):
        for number, restriction in enumerate(one[key]):
            yield "" if number else label, _restriction(restriction)
    for order in one["injunctions"]:
        scope = order["scope"] if isinstance(order["scope"], str) else ", ".join(order["scope"])
        ends = f", expires {day(order['expires'])}" if order["expires"] else ""
        yield "injunction", Text(f"{order['injunction']}: {scope}{ends}")
    if one["next"]:
        kinds = ", ".join(one["next"]["restrictions"]) or "no restriction"
        yield "next", Text(f"{one['next']['status']} with {kinds} from {day(one['next']['at'])}")
    yield from _warnings(one)


def _status(one: Json) -> Text:
    text = Text(one["status"], STYLES[one["status"]])
    if one["since"]:
        text.append(f" since {day(one['since'])}", "none")
    if one["until"]:
        text.append(f", until {day(one['until'])}", "none")
    if one["how"]:
        text.append(f" ({one['how']})", "none")
    return text


def _warnings(one: Json) -> Iterator[Row]:
    if one["pending_removal"]:
        yield "removal", Text("announced, without legal effect yet", "cyan")
    if one["episode"] > 1:
        yield "episode", Text(f"{one['episode']}: it was on this list before")
    for anomaly in one["anomalies"]:
        yield "odd", Text(f"{anomaly['event']}: {anomaly['why']}", "yellow")
    if not one["covered"]:
        yield "coverage", Text(_uncovered(one), "yellow")


def _uncovered(one: Json) -> str:
    begins = one["coverage"]["from"]
    if begins is None:
        return "no reading of this list is in the log: that nothing is known here clears nobody"
    return f"outside what was read of this list (from {begins}): silence here clears nobody"


def _restriction(restriction: Json) -> Text:
    text = Text(restriction["kind"], "red")
    text.append(f" from {day(restriction['from'])}", "none")
    if restriction["until"]:
        text.append(f" until {day(restriction['until'])}", "none")
    if restriction["basis"]:
        text.append(f"; {restriction['basis']}", "dim")
    return text


def why(event: Json, *, ran_out: bool = False) -> Text:
    """An event in one line: what, when, and where it was read; whether it has run out since."""
    data = event["data"]
    parts = [what(event)]
    if ran_out:
        parts.append(f"which ran out ({moment(data['expires'])})")
    if data.get("effective"):
        parts.append(f"effective {moment(data['effective'])}")
    if data.get("announced"):
        parts.append(f"announced {moment(data['announced'])}")
    text = Text(", ".join(parts))
    for source in data.get("sources", ())[:1]:
        text.append(f"; {source.get('title') or source.get('url') or ''}", "dim")
    return text


def _ran_out(one: Json, event: Json) -> bool:
    """Whether the status is owed to what an event brought having run out by itself."""
    if not event["data"].get("expires"):
        return False
    if event["type"] == words.INJUNCTION_GRANTED:
        data = event["data"]
        key = data.get("injunction") or data.get("docket") or event["id"]
        return all(order["injunction"] != key for order in one["injunctions"])
    return bool(one["status"] == "removed")


def what(event: Json) -> str:
    """What an event says, in a few words."""
    data = event["data"]
    told = _WHAT.get(event["type"], str(event["type"]))
    detail = data.get("how") or data.get("form") or (data.get("kind") if "text" in data else None)
    return f"{told} ({detail})" if detail else told


def day(instant: str) -> str:
    """An instant as briefly as it can be said: a day, if it is its start or its end."""
    date, _, clock = instant.partition("T")
    if clock.startswith("23:59:59.999999"):
        return f"the end of {date}"
    return date if clock.startswith("00:00:00") else moment(instant)


def moment(text: str) -> str:
    """A date as it was written; an instant without the seconds that it does not have."""
    date, _, clock = text.partition("T")
    if not clock:
        return text
    found = _CLOCK.match(clock)
    if found is None:
        return text
    seconds = "" if found[2] in (None, ":00") else found[2]
    return f"{date} {found[1]}{seconds}{found[3]}"
