"""From a record to what it means for a list: facts, read once, so that folding is arithmetic.

Dates become instants in the list's zone here, with the defaults of the contract: what an event
does not say about its announcement is the earlier of its effective and its recorded time.
"""

from collections.abc import Mapping
from datetime import tzinfo
from functools import lru_cache
from typing import Any, Final, NamedTuple

from events import vocabulary as words
from events.admitted import takes_back
from events.companies import targets
from events.dates import (
    ALWAYS,
    NEVER,
    UTC_ZONE,
    Instant,
    end,
    last,
    local_day,
    start,
    wall,
)
from events.lists import ListInfo, Registry, Rule
from events.log import Record, first_held

# The order of points at one instant: what runs out has gone already, then an announcement, then
# the order of the contract; an announced removal changes no status and comes last.
ANNOUNCED: Final = 0
ENDED: Final = 1
REMOVED: Final = 2
ISSUED: Final = 3
AMENDED: Final = 4
GRANTED: Final = 5
PENDING: Final = 6

_RANKS: Final = {
    words.INJUNCTION_ENDED: ENDED,
    words.REMOVAL_ISSUED: REMOVED,
    words.DESIGNATION_ISSUED: ISSUED,
    words.DESIGNATION_AMENDED: AMENDED,
    words.INJUNCTION_GRANTED: GRANTED,
    words.REMOVAL_ANNOUNCED: PENDING,
}
LEGAL_TYPES: Final = frozenset(_RANKS)

Ref = tuple[str, str] | None

_made: Final = tuple.__new__
"""A named tuple from all its fields at once, in half the time: millions of them are made."""


class Window(NamedTuple):
    """A restriction of one listing: in force over [start, end) while the listing is open."""

    kind: str
    basis: str
    start: Instant
    end: Instant


class Term(NamedTuple):
    """A restriction as a designation states it for itself."""

    kind: str
    start: Instant
    end: Instant


class Fact(NamedTuple):
    """An event of a company on one list, with every date an instant."""

    id: str
    rank: int
    at: Instant
    """When it acts: its effective time; of an announced removal, its announced time."""
    announced: Instant
    """When the public could know: what `announced_by` cuts on."""
    stated: Instant
    """The announced time as the event says it, for order; `ALWAYS` where it says none."""
    ref: Ref
    key: str
    """Of an injunction, its key; of an ending, the key or "" for all; of a removal, how."""
    expires: Instant
    kinds: tuple[str, ...] | None
    """An injunction's scope; None is all."""
    terms: tuple[Term, ...] | None
    """A designation's own restrictions; None where the list's rules hold."""
    says: Mapping[str, Any]
    """The event's data, for what is only told and not computed with."""


class Point(NamedTuple):
    """A moment at which a fact acts on the state of a list. Points sort by their first four."""

    at: Instant
    rank: int
    stated: Instant
    id: str
    fact: Fact


class Entry(NamedTuple):
    """A record of a company as its history keeps it, whatever its type."""

    record: Record
    list: str | None
    fact: Fact | None
    targets: tuple[str, ...]
    """The ids that it takes back."""
    seen_from: Instant
    """From when `announced_by` sees it, its public correction included."""
    corrected: Instant
    """From when `announced_by` sees what it takes back taken back; `ALWAYS` for a slip of ours."""


def entry(record: Record, registry: Registry) -> Entry:
    """Read one record. A type, list or word of a later version gives an entry without a fact."""
    data = record.event["data"]
    list_id = data.get("list")
    fact = fact_of(record, registry)
    if fact is not None:
        announced = fact.announced
    else:
        info = registry.find(list_id) if list_id else None
        zone = info.zone if info else UTC_ZONE
        _, announced, _ = _dates(record.event, record.recorded, zone)
    if not takes_back(data):
        return Entry(record, list_id, fact, (), announced, ALWAYS)
    zone = registry[list_id].zone if list_id in registry else UTC_ZONE
    correction = data.get("correction_announced")
    corrected = last(correction, zone) if correction else ALWAYS
    targeted = targets(record.event)
    return Entry(record, list_id, fact, targeted, max(announced, corrected), corrected)


def fact_of(record: Record, registry: Registry) -> Fact | None:
    """What a record means for its list; None where it means nothing for any list known here."""
    _, recorded, event, _ = record
    rank = _RANKS.get(event["type"])
    if rank is None:
        return None
    data = event["data"]
    info = registry.find(data.get("list"))
    if info is None:
        return None
    zone = info.zone
    effective, announced, stated = _dates(event, recorded, zone)
    reference = data.get("reference")
    terms = data.get("restrictions")
    kinds: tuple[str, ...] | None = None
    key = ""
    expires = NEVER
    if rank == GRANTED:
        key = data.get("injunction") or data.get("docket") or event["id"]
        kinds = None if data["scope"] == "all" else tuple(data["scope"])
        if "expires" in data:
            expires = start(data["expires"], zone)
    elif rank == ENDED:
        key = data.get("injunction", "")
    elif rank == REMOVED:
        key = data["how"]
    elif "expires" in data:
        expires = end(data["expires"], zone)
    return _made(
        Fact,
        (
            event["id"],
            rank,
            announced if rank == PENDING or effective is None else effective,
            announced,
            stated,
            (reference["scheme"], reference["id"]) if reference else None,
            key,
            expires,
            kinds,
            None if terms is None else tuple([_term(term, info) for term in terms]),
            data,
        ),
    )


def _dates(
    event: Mapping[str, Any], recorded: Instant, zone: tzinfo
) -> tuple[Instant | None, Instant, Instant]:
    """When an event has effect, if it says so; when the public could know of it; and the same as
    the event itself says it."""
    data = event["data"]
    effective = start(data["effective"], zone) if "effective" in data else None
    if "announced" in data:
        announced = last(data["announced"], zone)
        return effective, announced, announced
    announced = first_held(event, recorded) if "origintime" in event else recorded
    if effective is not None and effective < announced:
        announced = effective
    return effective, announced, ALWAYS


def _term(term: Mapping[str, Any], info: ListInfo) -> Term:
    return Term(
        term["kind"],
        start(term["from"], info.zone) if term.get("from") else ALWAYS,
        end(term["until"], info.zone) if term.get("until") else NEVER,
    )


def points(fact: Fact) -> tuple[Point, ...]:
    """Where a fact acts: a designation that was announced before its effect acts twice."""
    id_, rank, acts, announced, stated, _, _, _, _, _, _ = fact
    at = _made(Point, (acts, rank, stated, id_, fact))
    if rank == ISSUED and announced < acts:
        return (_made(Point, (announced, ANNOUNCED, stated, id_, fact)), at)
    return (at,)


def windows(fact: Fact, opened: Instant, info: ListInfo) -> tuple[Window, ...]:
    """The restrictions that a designation brings, for a listing opened at `opened`: its own, or
    those of the list's rules."""
    if fact.terms is None:
        return by_the_rules(info, opened)
    basis = fact.says.get("basis", "")
    return tuple(Window(term.kind, basis, max(opened, term.start), term.end) for term in fact.terms)


@lru_cache(maxsize=65_536)
def by_the_rules(info: ListInfo, opened: Instant) -> tuple[Window, ...]:
    """The restrictions of a list's own law, for a listing opened at `opened`."""
    return tuple(
        [
            _made(Window, (rule.kind, rule.basis, _begins(rule, opened, info), rule.until))
            for rule in info.rules
        ]
    )


def _begins(rule: Rule, opened: Instant, info: ListInfo) -> Instant:
    first = max(opened, rule.not_before)
    if rule.after is None:
        return first
    day = local_day(opened, info.zone) + rule.after
    return max(first, wall(day, rule.minutes, info.zone))
