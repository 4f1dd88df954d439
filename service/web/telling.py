"""What a company's pages tell, made ready of what answers and stories have."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from events.dates import Instant, show, start
from events.lists import ListInfo, Registry
from service.web import wording

SHOWN: Final = 100
"""So many events, the latest, are on a page."""

_TOLD: Final = ("court", "docket", "judge", "form", "program", "basis", "expires", "expected")
Json = dict[str, Any]


def now(instant: Instant) -> str:
    """A moment in UTC, to the second."""
    return f"{show(instant)[:19]}+00:00"


def events(story: Json) -> dict[str, Json]:
    """By id, with their words, and what else they say of law."""
    return {one["id"]: {**one, **_said(one)} for one in story["events"]}


def _said(event: Json) -> Json:
    data = event["data"]
    how = data.get("how")
    facts = [str(data[name]) for name in _TOLD if data.get(name)]
    return {
        "words": wording.event(event["type"]),
        "text": data.get("text") or data.get("reason") or "",
        "facts": [*([wording.HOW.get(how, how)] if how else []), *facts],
        "effective_words": wording.day(event["effective"]["date"]) if event["effective"] else "",
        "announced_words": wording.day(event["announced"]["date"]) if event["announced"] else "",
    }


def latest(found: Mapping[str, Json]) -> list[Json]:
    """Those that stand on a page."""
    return list(found.values())[-SHOWN:]


def lists(status: Json, story: Json, found: Mapping[str, Json], registry: Registry) -> list[Json]:
    """Each list of an answer, with its law and its story."""
    stories = {one["list"]: one for one in story["lists"]}
    as_of = start(status["as_of"])
    return [
        {
            **one,
            "info": registry[one["list"]],
            "why": found.get(one["cause"]),
            "restrictions": _lawful(one["restrictions"], registry[one["list"]], found),
            "upcoming": _lawful(one["upcoming"], registry[one["list"]], found),
            "intervals": stories[one["list"]]["intervals"] if one["list"] in stories else [],
            "steps": _steps(stories[one["list"]], found, as_of) if one["list"] in stories else [],
        }
        for one in status["lists"]
    ]


def _lawful(some: Sequence[Json], info: ListInfo, found: Mapping[str, Json]) -> list[Json]:
    """Restrictions with the rule that they come from, and the events."""
    rules = {(rule["kind"], rule["basis"]): rule for rule in info.described.get("rules", ())}
    return [
        {
            **one,
            "rule": rules.get((one["kind"], one["basis"])),
            "events": [found[id_] for id_ in one["events"] if id_ in found],
            "never": bool(one["until"]) and start(one["until"]) <= start(one["from"]),
        }
        for one in some
    ]


def _steps(story: Json, found: Mapping[str, Json], as_of: Instant) -> list[Json]:
    """Why it stands so: what events did, and what dates that came did to restrictions, in order;
    those that are later than the date that is asked for say so."""
    steps = [
        {
            **one,
            "words": wording.REASON[one["did"]],
            "event": found.get(one["event"]),
            "later": start(one["at"]) > as_of,
        }
        for one in story["steps"]
    ]
    moments = {one["at"] for one in steps}
    held: set[str] = set()
    for piece in story["intervals"]:
        begun, over = (
            sorted({*piece["restrictions"]} - held),
            sorted(held - {*piece["restrictions"]}),
        )
        held = {*piece["restrictions"]}
        if piece["from"] not in moments and (begun or over):
            steps.append(_passing(piece, begun, over, as_of))
    return sorted(steps, key=lambda one: start(one["at"]))


def _passing(piece: Json, begun: list[str], over: list[str], as_of: Instant) -> Json:
    told = [f"{wording.RESTRICTION.get(kind, kind)}: from now on." for kind in begun]
    told += [f"{wording.RESTRICTION.get(kind, kind)}: no longer." for kind in over]
    return {
        "at": piece["from"],
        "did": "date_came",
        "rule": None,
        "words": "A date of the list's rules comes. " + " ".join(told),
        "event": None,
        "status": piece["status"],
        "how": piece["how"],
        "later": start(piece["from"]) > as_of,
    }


def odd(story: Json, found: Mapping[str, Json]) -> list[Json]:
    """What was corrected, taken back or fits nowhere."""
    told = [
        {
            "change": None,
            "event": one,
            "by": found.get(one["retracted_by"]),
            "anomaly": one["anomaly"],
        }
        for one in found.values()
        if not one["counts"] or one["anomaly"]
    ]
    corrected = [
        {"change": one, "causes": [found[id_] for id_ in one["cause"] if id_ in found]}
        for one in story["known"]
        if one["kind"] == "corrected" and not one["backfill"]
    ]
    return [*told, *corrected][-SHOWN:]
