"""The answer: what is a company's standing at a moment, under the cut-offs, and why. Pure.

Everything here is arithmetic on timelines; the shape is the one that the command line, HTTP and
the status topic share.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from events.dates import ALWAYS, NEVER, Instant, show, start
from events.dates import precision as precision_of
from events.lists import ListInfo
from projections.changes import MOST, overall
from projections.facts import Entry, Ref, Window
from projections.fold import State
from projections.restrictions import in_force, upcoming
from projections.timeline import Flip, Reading, Timeline


class Parts(NamedTuple):
    """What an answer says of one list, but for its coverage, which stands between the two."""

    head: dict[str, Any]
    rest: dict[str, Any]


def parts(timeline: Timeline, circular: Iterable[Entry], now: Instant) -> Parts:
    """One list of a company at `now`; `circular` are events that take each other back."""
    info = timeline.info
    zone = info.zone
    index = timeline.index(now)
    state = timeline.state(now)
    reading = timeline.reading(now)
    status = reading.status
    forced = in_force(state, now) if reading.kinds else []
    anomalies = _anomalies(circular, timeline, now)
    coming = list(timeline.flips_after(now))
    ends = next((flip.at for flip in coming if flip.reading.status != status), None)
    rest = {
        "status": status,
        "since": _when(_since(timeline, index, now, status), info),
        "until": _when(ends, info),
        "how": reading.how,
        "next": _next(coming[0], info) if coming else None,
        "episode": timeline.episode(now),
        "pending_removal": state.pending_removal,
        "restrictions": _restrictions(forced, info),
        "upcoming": _restrictions(upcoming(state, now, info), info),
        "references": [_reference(one.ref) for one in state.listings if one.ref],
        "listings": [_listing(state, number, info) for number in range(len(state.listings))],
        "injunctions": [
            {
                "injunction": order.key,
                "scope": "all" if order.kinds is None else list(order.kinds),
                "expires": None if order.expires == NEVER else show(order.expires, zone),
            }
            for order in state.injunctions
        ],
        "cause": state.cause,
        "anomalies": anomalies[:MOST],
        "anomalies_count": len(anomalies),
    }
    return Parts({"list": info.id, "list_version": info.version}, rest)


def together(lists: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A company's standing over several lists: the strongest status, and the union of what is in
    force and to come, each with the lists and events that it comes from."""
    standing = overall(
        Reading(one["status"], None, tuple(r["kind"] for r in one["restrictions"])) for one in lists
    )
    return {
        "status": standing.status,
        "restrictions": _union(lists, "restrictions"),
        "upcoming": _union(lists, "upcoming"),
    }


def _union(lists: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
    if len(lists) == 1:  # mostly
        (one,) = lists
        return [
            {
                "kind": restriction["kind"],
                "lists": [one["list"]],
                "events": restriction["events"],
                "from": restriction["from"],
            }
            for restriction in one[key]
        ]
    found: dict[str, dict[str, Any]] = {}
    for one in lists:
        for restriction in one[key]:
            mine = found.setdefault(
                restriction["kind"], {"kind": restriction["kind"], "lists": [], "events": []}
            )
            mine["lists"].append(one["list"])
            mine["events"] += [e for e in restriction["events"] if e not in mine["events"]]
            begins = restriction["from"]
            if "from" not in mine or start(begins) < start(mine["from"]):
                mine["from"] = begins
    return [found[kind] for kind in sorted(found)]


def _when(instant: Instant | None, info: ListInfo) -> str | None:
    if instant is None or instant in (NEVER, ALWAYS):
        return None
    return show(instant, info.zone)


def _since(timeline: Timeline, index: int, now: Instant, status: str) -> Instant | None:
    """The beginning of the run of this status that holds `now`."""
    begins: Instant | None = None
    ends = now + 1
    for here in range(index, -1, -1):
        at, state = timeline.times[here], timeline.states[here]
        if state.due >= ends:  # mostly: nothing ran out in between
            statuses = [(at, state.status)] if at < ends else []
        else:
            flips = [flip for flip in timeline.span(here) if flip.at <= now]
            statuses = [(flip.at, flip.reading.status) for flip in reversed(flips)]
        for since, was in statuses:
            if was != status:
                return begins
            begins = since
        ends = at
    return begins if status != "not_listed" else None


def _next(following: Flip, info: ListInfo) -> dict[str, Any]:
    return {
        "at": show(following.at, info.zone),
        "status": following.reading.status,
        "restrictions": list(following.reading.kinds),
    }


def _restrictions(windows: Sequence[tuple[Window, str]], info: ListInfo) -> list[dict[str, Any]]:
    """One entry a kind: in force since the first of its windows began, until the last one ends."""
    if not windows:
        return []
    found: dict[str, dict[str, Any]] = {}
    for window, cause in sorted(windows, key=_by_kind):
        mine = found.setdefault(
            window.kind,
            {
                "kind": window.kind,
                "basis": window.basis,
                "from": show(window.start, info.zone),
                "until": window.end,
                "events": [],
            },
        )
        mine["until"] = max(mine["until"], window.end)
        if cause not in mine["events"]:
            mine["events"].append(cause)
    for one in found.values():
        one["until"] = _when(one["until"], info)
    return list(found.values())


def _by_kind(one: tuple[Window, str]) -> tuple[str, Instant, str]:
    return one[0].kind, one[0].start, one[1]


def _reference(ref: Ref) -> dict[str, str] | None:
    return {"scheme": ref[0], "id": ref[1]} if ref else None


def _listing(state: State, number: int, info: ListInfo) -> dict[str, Any]:
    listing = state.listings[number]
    return {
        "reference": _reference(listing.ref),
        "since": show(listing.opened, info.zone),
        "expires": _when(listing.expires, info),
        "event": listing.issued,
    }


def _anomalies(circular: Iterable[Entry], timeline: Timeline, now: Instant) -> list[dict[str, str]]:
    known = timeline.anomalies
    upto = timeline.index(now) + 1 if known else 0
    found = {
        point.id: known[point.id]
        for point in timeline.points[:upto]
        if point.id in known and point.rank
    }
    for entry in circular:
        if entry.list in (None, timeline.info.id) and acts(entry, timeline.info) <= now:
            found[entry.record.id] = "taken back by an event that it takes back itself"
    return [{"event": key, "why": why} for key, why in sorted(found.items())]


def acts(entry: Entry, info: ListInfo) -> Instant:
    """When an event acts; a retraction counts whatever the moment."""
    if entry.fact is not None:
        return entry.fact.at
    effective = entry.record.event["data"].get("effective")
    return start(effective, info.zone) if effective else ALWAYS


def precision(text: str | None) -> str | None:
    """`day`, `month` or `year` where a date is no instant; None for an instant or no date."""
    if text is None:
        return None
    found = precision_of(text)
    return None if found == "instant" else found
