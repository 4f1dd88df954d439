"""Events, records and questions, written shortly: for tests in which only the law matters."""

import os
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings

from events import vocabulary as words
from events.dates import NEVER, Instant, end, last, show, start
from events.lists import ListInfo, load_registry
from events.log import Record
from projections.coverage import UNCOVERED, Coverage
from projections.facts import Fact, entry
from projections.history import Cutoffs, History, View
from projections.status import parts
from projections.timeline import Timeline

Json = dict[str, Any]

REGISTRY = load_registry()
NEW_YORK = ZoneInfo("America/New_York")
CCMC = "us-dod-ccmc"
"""Purchases forbidden 60 days after the listing at 09:30; all until 2021-06-03."""
ENTITY = "us-bis-entity-list"
"""`export.license` from the listing on."""
LONG_AGO = "2000-01-01T00:00:00Z"
LONG_AFTER = "2100-01-01T00:00:00Z"
"""Recorded then, an event was announced when it took effect, unless it says otherwise."""


def tries(usual: int) -> settings:
    """How many examples: the usual number, or what STANDING_EXAMPLES says."""
    return settings(max_examples=int(os.environ.get("STANDING_EXAMPLES", usual)))


def at(text: str) -> Instant:
    """The start of what is written, in New York."""
    return start(text, NEW_YORK)


def through(text: str) -> Instant:
    """The first instant after what is written, in New York."""
    return end(text, NEW_YORK)


def told(instant: Instant) -> str:
    """An instant as New York writes it, without its offset and idle zeros."""
    text = show(instant, NEW_YORK)[:-6]
    return text.removesuffix(":00").removesuffix("T00:00")


def event(type_: str, id_: str | None = None, subject: str = "acme", **data: Any) -> Json:
    """An event as a caller sends it; what is None is left out, `from_` is `from`."""
    given = {key.rstrip("_"): value for key, value in data.items() if value is not None}
    if isinstance(given.get("ref"), str):
        given["reference"] = {"scheme": "uid", "id": given.pop("ref")}
    sent: Json = {"type": f"standing.{type_}", "subject": subject, "data": given}
    return sent if id_ is None else {"id": id_, **sent}


def issued(effective: str, id_: str | None = "issued", list_: str = CCMC, **data: Any) -> Json:
    """A designation."""
    return event("designation.issued", id_, list=list_, effective=effective, **data)


def amended(effective: str, id_: str | None = "amended", list_: str = CCMC, **data: Any) -> Json:
    """An amendment."""
    return event("designation.amended", id_, list=list_, effective=effective, **data)


def granted(effective: str, id_: str | None = "granted", list_: str = CCMC, **data: Any) -> Json:
    """An injunction; by default preliminary and of everything."""
    more = {"form": "preliminary", "scope": "all"} | data
    return event("injunction.granted", id_, list=list_, effective=effective, **more)


def ended(effective: str, id_: str | None = "ended", list_: str = CCMC, **data: Any) -> Json:
    """The end of an injunction; by default it was dissolved."""
    more = {"how": "dissolved"} | data
    return event("injunction.ended", id_, list=list_, effective=effective, **more)


def promised(announced: str, id_: str | None = "promised", list_: str = CCMC, **data: Any) -> Json:
    """A removal that was announced."""
    return event("removal.announced", id_, list=list_, announced=announced, **data)


def removed(effective: str, id_: str | None = "removed", list_: str = CCMC, **data: Any) -> Json:
    """A removal; by default a delisting."""
    more = {"how": "delisted"} | data
    return event("removal.issued", id_, list=list_, effective=effective, **more)


def retracted(target: str, id_: str | None = "retracted", **data: Any) -> Json:
    """A retraction."""
    return event("event.retracted", id_, event=target, reason="a slip", **data)


def passed(due: str) -> Json:
    """What the alarm writes."""
    return {"type": words.TIME_PASSED, "subject": words.CLOCK_SUBJECT, "data": {"due": due}}


def record(sent: Json, offset: int = 0, recorded: str = LONG_AGO) -> Record:
    """An event as the log would hold it."""
    return Record(offset, at(recorded), sent)


def records(events: Iterable[Json], recorded: str = LONG_AGO) -> list[Record]:
    """Events as the log would hold them, all taken in at one time."""
    return [record(sent, offset, recorded) for offset, sent in enumerate(events)]


def fact(sent: Json, recorded: str = LONG_AGO) -> Fact:
    """What an event means for its list."""
    found = entry(record(sent, recorded=recorded), REGISTRY).fact
    assert found is not None
    return found


def ask(
    events: Sequence[Json],
    as_of: str,
    list_: str = CCMC,
    *,
    announced_by: str | None = None,
    recorded: str = LONG_AFTER,
) -> Json:
    """What a list says of a company at the end of `as_of`."""
    history = History(REGISTRY, records(events, recorded))
    cut = Cutoffs(last(announced_by, NEW_YORK)) if announced_by else Cutoffs(NEVER)
    return list_status(history.view(cut), REGISTRY[list_], last(as_of, NEW_YORK), UNCOVERED)


def kinds(restrictions: Sequence[Json]) -> list[str]:
    """The kinds of the restrictions in an answer."""
    return [one["kind"] for one in restrictions]


def list_status(
    view: View,
    info: ListInfo,
    now: Instant,
    covered_by: Coverage,
) -> dict[str, Any]:
    """One list of a company at `now`. A list without any event of the company is `not_listed`."""
    timeline = view.timelines.get(info.id) or Timeline(info)
    told = parts(timeline, view.circular, now)
    coverage = {"covered": covered_by.holds(now, info), "coverage": covered_by.shown()}
    return {**told.head, **coverage, **told.rest}
