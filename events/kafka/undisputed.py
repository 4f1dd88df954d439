"""Whether the events of a company need comparing at all. Pure.

Who reads everything at once has all events of a company in hand. Where no two of them can be the
same fact and none has the id of another, all of them stand: `events.kafka.first` would say so, at
the cost of a canonical form and a hash for each.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from events import vocabulary as words
from events.admitted import takes_back
from events.companies import targets
from events.dates import normalised
from events.kafka.binding import MALFORMED


class Undisputed(NamedTuple):
    """What the events of a company name, all of which stand."""

    others: list[str]
    """The ids that they take back and that are not among those of the company before them:
    whether others have these, who knows all can tell."""
    plain: bool
    """Whether none takes back anything."""


def undisputed(events: Sequence[Mapping[str, Any]], ids: set[str]) -> Undisputed | None:
    """None where `sift` is to decide. `ids` is filled with the company's own."""
    facts: set[Hashable] = set()
    others: list[str] = []
    plain = True
    notes = 0
    try:
        for event in events:
            kind, data = event["type"], event["data"]
            if takes_back(data):
                plain = False
                others += [one for one in targets(event) if one not in ids]
            elif kind == words.NOTE_RECORDED:  # whether it stands, no status tells
                notes += 1
                ids.add(event["id"])
                continue
            if kind == words.MERGED or words.COPY_OF in event:
                return None
            ids.add(event["id"])
            facts.add(_roughly(kind, data))
    except MALFORMED:
        return None
    if len(ids) < len(events) or len(facts) + notes < len(events):
        return None
    return Undisputed(others, plain)


def _roughly(kind: str, data: Mapping[str, Any]) -> Hashable:
    """The same for the same fact; mostly another for another one."""
    if kind == words.DESCRIBED:
        return kind, data.get("name"), frozenset(data.get("aliases") or ())
    when = data.get("effective") or data.get("announced")
    reference = data.get("reference")
    return (
        kind,
        data.get("list"),
        normalised(when) if when else when,
        reference["id"] if reference else None,
        data.get("event"),
    )
