"""The messages of the topics that are derived from the log: status, changes and rejected. Pure.

CloudEvents 1.0 in the binary mode of their Kafka binding: the value is the data, the attributes
are headers. Ids follow from what a message says, so that what is written again after a crash can
be known for a repeat. A tombstone is no event, and has no headers.
"""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from events.admitted import DEFAULT_SOURCE
from events.companies import Description
from events.dates import NEVER, UTC_ZONE, Instant, show
from events.errors import Problem
from events.ids import derived_id
from events.lists import Registry
from events.vocabulary import CLOCK_SUBJECT
from projections.causes import causes
from projections.changes import MOST, rest, shown
from projections.company import Company
from projections.facts import Entry
from projections.population import Population
from projections.rows import Told
from projections.status import parts, together
from projections.timeline import Timeline

TYPE_PREFIX: Final = "standing.status."
"""Of the types of changes; a change's kind follows."""
CURRENT: Final = "standing.status.current"
MERGED: Final = "standing.status.merged"
PARKED: Final = "standing.status.parked"
REJECTED: Final = "standing.event.rejected"
PLACE: Final = "place"
"""The header that says how far a partition was folded, where there is no value to say it."""
LARGEST: Final = 500_000
"""How many bytes of a rejected message are repeated, so that what is said of it fits into one."""
_LONGEST: Final = 1_000
"""Of a text about what is wrong, in characters."""
_ALWAYS_THERE: Final = (
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_source", DEFAULT_SOURCE.encode()),
)
UNKNOWN: Final = Description()
_NONE: Final[Mapping[str, Entry]] = {}


class Message(NamedTuple):
    """A message as a producer takes it. Without a value it is a tombstone: what the key named is
    there no more."""

    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Place(NamedTuple):
    """How far a partition was folded: the position of its last record, and when that was taken
    in."""

    position: str
    recorded: Instant


def attributes(
    event_id: str, kind: str, subject: str | None, time: Instant
) -> tuple[tuple[str, bytes], ...]:
    """The headers of a CloudEvent in binary mode."""
    about = () if subject is None else (("ce_subject", subject.encode()),)
    return (
        *_ALWAYS_THERE,
        ("ce_id", event_id.encode()),
        ("ce_type", kind.encode()),
        *about,
        ("ce_time", show(time).encode()),
    )


def status(population: Population, company: str, place: Place, sequence: int) -> Message:
    """What `standing.status.v1` says of a company, at the place up to which its partition was
    folded: its standing, the id that it counts for, or why nothing can be said; a tombstone where
    the log has nothing of it. `sequence` is that of its latest change."""
    why = population.parked.get(company)
    if why is not None:
        return parked(company, why, sequence, population.registry, place)
    into = population.into.get(company)
    if into is not None:
        told = {"sequence": sequence, "merged_into": into}
        return _about(company, MERGED, told, population.registry, place)
    return current(population.company(company), place)


def passed(place: Place) -> Message:
    """That a record was folded which says that time has passed: what proves the way from the log to
    here. To who reads statuses it is the tombstone of nobody, as no company has this name; it says
    the place all the same."""
    said = (("ce_time", show(place.recorded).encode()), (PLACE, place.position.encode()))
    return Message(CLOCK_SUBJECT.encode(), None, said)


def parked(company: str, why: str, sequence: int, registry: Registry, place: Place) -> Message:
    """Why nothing can be said of a company."""
    return _about(company, PARKED, {"sequence": sequence, "parked": why}, registry, place)


def current(company: Company, place: Place) -> Message:
    """The standing of a company that counts for itself; a tombstone where it has no event."""
    if not company.history.entries:
        return Message(company.company.encode(), None)
    return known(company).message(company.sequence, place)


def standing(company: Company, now: Instant) -> dict[str, Any]:
    """The status answer of a company that counts for itself."""
    return known(company).answer(company.sequence, now)


def known(company: Company) -> "Standing":
    """What there is to say of it."""
    history = company.history
    name, registry, view = company.description.name, history.registry, history.now
    return Standing(company.company, registry, name, history.listed, view.timelines, view.circular)


class Standing(NamedTuple):
    """What there is to say of a company that counts for itself, whenever."""

    company: str
    registry: Registry
    name: str | None
    listed: Collection[str]
    """The lists that it has facts of, whether or not they count."""
    timelines: Mapping[str, Timeline]
    circular: Sequence[Entry] = ()

    def message(self, sequence: int, place: Place) -> Message:
        """What `standing.status.v1` says of it; see `status`."""
        told = self.answer(sequence, place.recorded)
        return _about(self.company, CURRENT, told, self.registry, place)

    def answer(self, sequence: int, now: Instant) -> dict[str, Any]:
        """The status answer at `now`, without cut-offs and without the coverage of the lists."""
        lists = []
        for list_id in sorted(self.timelines):
            one = parts(self.timelines[list_id], self.circular, now)
            lists.append({**one.head, **one.rest})
        return {
            "name": self.name,
            "as_of": show(now, self._zone),
            "announced_by": None,
            "known_at": None,
            "sequence": sequence,
            **together(lists),
            "ownership": "not_evaluated",
            "lists": lists,
        }

    @property
    def _zone(self) -> ZoneInfo:
        """In which dates are told: that of the company's lists, where they agree."""
        zones = {self.registry[list_id].zone for list_id in self.listed}
        return zones.pop() if len(zones) == 1 else UTC_ZONE


def _about(
    company: str, kind: str, told: Mapping[str, Any], registry: Registry, place: Place
) -> Message:
    value = {"company": company, "position": place.position, **told}
    event_id = status_id(kind, company, place.position, registry)
    return Message(
        company.encode(),
        orjson.dumps(value),
        attributes(event_id, kind, company, place.recorded),
    )


def status_id(kind: str, company: str, position: str, registry: Registry) -> str:
    """Of a message about a company: another one under other rules."""
    return derived_id([kind, company, position, registry.digest])


def change(
    told: Told,
    registry: Registry,
    partition: int,
    company: Description = UNKNOWN,
    entries: Mapping[str, Entry] = _NONE,
) -> Message:
    """What `standing.changes.v1` says of a change that was told on reading a record of this
    partition, `company` being whom it is about, as it was known then, `entries` its events by their
    ids."""
    one = told.change
    behind_all = one.moment >= NEVER
    value = {
        **shown(one, registry),
        "place": {
            "position": f"{partition}:{told.position}",
            "moment": None if behind_all else show(one.moment),
            "revisions": one.moment - NEVER if behind_all else 0,
        },
        "country": company.country,
        "name": company.name,
        "former_ids": list(company.former_ids),
    }
    more = rest(one, registry)
    if more is not None:
        value["rest"] = more
    if entries:
        value["causes"] = causes(one, entries)
    return Message(
        one.company.encode(),
        orjson.dumps(value),
        attributes(value["change"], TYPE_PREFIX + one.kind, one.company, one.recorded),
    )


def rejected(
    place: Place,
    problems: Sequence[Problem],
    *,
    event: Mapping[str, Any] | None = None,
    key: bytes | None = None,
    raw: bytes | None = None,
) -> Message:
    """What `standing.rejected.v1` says of a record that does not count, `place` being its own.

    `event` is what was read; where nothing could be, `key` and `raw` are the record's. What is too
    large to be repeated whole is cut, and `raw_size` tells of it; the log has the rest.
    """
    subject, event_id = _text(event, "subject"), _text(event, "id")
    if event is not None:
        body = orjson.dumps(event)
        if len(body) > LARGEST:
            event, raw = None, body
    if subject is None and key is not None:
        subject = key.decode(errors="replace")
    value = {
        "position": place.position,
        "subject": subject,
        "id": event_id,
        "errors": [
            {"field": one.field[:_LONGEST], "detail": one.detail[:_LONGEST]}
            for one in problems[:MOST]
        ],
        "event": event,
        "raw": None if raw is None else b64encode(raw[:LARGEST]).decode(),
        "raw_size": None if raw is None else len(raw),
    }
    return Message(
        key if key is not None else (subject or "").encode(),
        orjson.dumps(value),
        attributes(derived_id([REJECTED, place.position]), REJECTED, subject, place.recorded),
    )


def _text(event: Mapping[str, Any] | None, name: str) -> str | None:
    found = None if event is None else event.get(name)
    return found if isinstance(found, str) else None
