"""What follows from a batch of a partition, as messages; and what is known again from those that
were published, so that whoever comes next goes on from there. Pure.

Every record about a company has a status published: of that company, or of the one that it counts
for. So the latest position among the statuses of a partition says how far it was folded, and no
offset is kept beside them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from events import vocabulary as words
from events.companies import Description, named
from events.dates import NEVER, Instant, start
from events.lists import Registry
from events.log import Archive, Position
from projections import messages
from projections.company import Company
from projections.facts import Entry
from projections.messages import Message, Place
from projections.partition import Brought
from projections.population import Population
from projections.rows import Told

_NOT_KNOWN: Final = (messages.UNKNOWN, MappingProxyType[str, Entry]({}))


@dataclass(slots=True)
class Restored:
    """How a partition stood when it was last published."""

    position: int = -1
    clock: Instant = 0
    sequences: dict[str, int] = field(default_factory=dict)
    """The latest sequence of each company."""
    dues: list[tuple[Instant, str]] = field(default_factory=list)
    """The flips that are known to come."""
    parked: dict[str, str] = field(default_factory=dict)
    other_rules: bool = False
    """Whether something was published by another version of the lists."""


class Statement(NamedTuple):
    """A message of the status topic that is the latest of its company."""

    value: bytes
    headers: Iterable[tuple[str, bytes]]

    @property
    def told(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = orjson.loads(self.value)
        return found


def restored(statements: Iterable[Statement], registry: Registry) -> Restored:
    """What is known from the latest statuses of a partition, tombstones left out."""
    found = Restored()
    for one in statements:
        told = one.told
        headers = dict(one.headers)
        company, kind = told["company"], headers["ce_type"].decode()
        said_by = messages.status_id(kind, company, told["position"], registry)
        found.other_rules |= headers["ce_id"].decode() != said_by
        ((_, offset),) = Position.parse(told["position"], "position").items()
        if offset > found.position:
            found.position, found.clock = offset, start(headers["ce_time"].decode())
        found.sequences[company] = told["sequence"]
        if "parked" in told:
            found.parked[company] = told["parked"]
        elif (due := _due(told)) < NEVER:
            found.dues.append((due, company))
    return found


def _due(told: Mapping[str, Any]) -> Instant:
    flips = (one["next"] for one in told.get("lists", ()))
    return min((start(flip["at"]) for flip in flips if flip), default=NEVER)


def forgotten(
    archive: Archive, registry: Registry, owns: Callable[[str], bool], found: Restored
) -> dict[str, int]:
    """The sequences of companies of which nothing is published any more, and something was: others
    were merged into them, which was taken back, and the log has nothing else of them."""
    merged = archive.of_type(words.MERGED, to=found.position)
    into = {company for one in merged if (company := named(one))}
    targets = into - found.sequences.keys()
    if not any(map(owns, targets)):
        return {}
    population = Population(registry, archive, owns=owns)
    told: dict[str, int] = {}
    group = sorted(into.union(one.subject for one in merged))
    for record in archive.of_subjects(group, to=found.position):
        for change in population.apply(record):
            told[change.company] = change.sequence
    return {company: told.get(company, 0) for company in targets if owns(company)}


class Outcome(NamedTuple):
    """The messages that a batch brings, for the topics of the partition."""

    statuses: list[Message]
    changes: list[Message]


def outcome(
    population: Population, brought: Brought, place: Place, sequences: dict[str, int]
) -> Outcome:
    """What to publish of a batch that was folded up to `place`. `sequences` are those that were
    reached before, and are moved on."""
    for one in brought.told:
        sequences[one.change.company] = one.change.sequence
    return Outcome(
        _statuses(population, brought, place, sequences),
        _changes(population, brought.told, place),
    )


def _changes(population: Population, told: Sequence[Told], place: Place) -> list[Message]:
    """In the order in which they are told, whoever asks; with each company as it is known by the
    end of the batch; one that is parked is not known."""
    partition = int(place.position.partition(":")[0])
    about = {
        company: _about(population.company(company))
        for company in {one.change.company for one in told} - population.parked.keys()
    }
    return [
        messages.change(
            one, population.registry, partition, *about.get(one.change.company, _NOT_KNOWN)
        )
        for one in sorted(told, key=attrgetter("place"))
    ]


def _about(company: Company) -> tuple[Description, Mapping[str, Entry]]:
    return company.description, company.history.entries


def _statuses(
    population: Population, brought: Brought, place: Place, sequences: Mapping[str, int]
) -> list[Message]:
    found = [
        messages.status(population, company, place, sequences.get(company, 0))
        for company in brought.companies
    ]
    return [*found, messages.passed(place)] if brought.passed else found
