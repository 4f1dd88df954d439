"""From a record to what it means for a list: facts, read once, so that folding is arithmetic.

Dates become instants in the list's zone here, with the defaults of the contract: what an event
does not say about its announcement is the earlier of its effective and its recorded time.
"""

from collections.abc import Mapping
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
    add_days,
    end,
    last,
    start,
)
from events.lists import ListInfo, Registry
from events.log import Record

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
    event = record.event
    data = event["data"]
    list_id = data.get("list")
    info = registry.find(list_id) if list_id else None
    zone = info.zone if info else UTC_ZONE
    effective = start(data["effective"], zone) if "effective" in data else None
    if "announced" in data:
        announced = stated = last(data["announced"], zone)
    else:
        stated = ALWAYS
        announced = record.held
        if effective is not None and effective < announced:
            announced = effective
    rank = _RANKS.get(event["type"])
    fact = None
    if rank is not None and info is not None:
        acts = announced if rank == PENDING or effective is None else effective
        fact = _fact(event, rank, info, acts=acts, announced=announced, stated=stated)
    if not takes_back(data):
        return Entry(record, list_id, fact, (), announced, ALWAYS)
    correction = data.get("correction_announced")
    corrected = last(correction, zone) if correction else ALWAYS
    return Entry(record, list_id, fact, targets(event), max(announced, corrected), corrected)


def _fact(
    event: Mapping[str, Any],
    rank: int,
    info: ListInfo,
    *,
    acts: Instant,
    announced: Instant,
    stated: Instant,
) -> Fact:
    data = event["data"]
    reference = data.get("reference")
    terms = data.get("restrictions")
    kinds: tuple[str, ...] | None = None
    key = ""
    expires = NEVER
    if rank == GRANTED:
        key = data.get("injunction") or data.get("docket") or event["id"]
        kinds = None if data["scope"] == "all" else tuple(data["scope"])
        if "expires" in data:
            expires = start(data["expires"], info.zone)
    elif rank == ENDED:
        key = data.get("injunction", "")
    elif rank == REMOVED:
        key = data["how"]
    elif "expires" in data:
        expires = end(data["expires"], info.zone)
    return Fact(
        event["id"],
        rank,
        acts,
        announced,
        stated,
        (reference["scheme"], reference["id"]) if reference else None,
        key,
        expires,
        kinds,
        None if terms is None else tuple(_term(term, info) for term in terms),
        data,
    )


def _term(term: Mapping[str, Any], info: ListInfo) -> Term:
    return Term(
        term["kind"],
        start(term["from"], info.zone) if term.get("from") else ALWAYS,
        end(term["until"], info.zone) if term.get("until") else NEVER,
    )


def points(fact: Fact) -> tuple[Point, ...]:
    """Where a fact acts: a designation that was announced before its effect acts twice."""
    at = Point(fact.at, fact.rank, fact.stated, fact.id, fact)
    if fact.rank == ISSUED and fact.announced < fact.at:
        return (Point(fact.announced, ANNOUNCED, fact.stated, fact.id, fact), at)
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
        Window(
            rule.kind,
            rule.basis,
            max(
                opened,
                rule.not_before,
                opened
                if rule.after is None
                else add_days(opened, rule.after, rule.minutes, info.zone),
            ),
            rule.until,
        )
        for rule in info.rules
    )
