"""A batch of one partition, folded: what came of it, and what others need to have of it.

Each company belongs to the partition that its id leads to, and is folded there alone. Where it was
merged into one of another partition, its events are forwarded there, those that there are and those
to come, so that one population sees them all. Copies name where they come from, keep their id, and
say when a log first took them in; taking the merge back makes them void.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from events.companies import root
from events.dates import show
from events.log import Record
from events.vocabulary import CLOCK_SUBJECT, COPY_OF
from projections.population import Population, is_about_a_company
from projections.rows import Told


class Copy(NamedTuple):
    """An event on its way to the partition of `company`."""

    company: str
    event: Mapping[str, Any]


class Brought(NamedTuple):
    """What follows from a batch, to be made visible all at once."""

    told: list[Told]
    companies: list[str]
    """Of whom something is to be kept anew: everyone that a record was about, and more."""
    copies: list[Copy]
    passed: bool = False
    """Whether a record said that time has passed."""


def fold(population: Population, batch: Sequence[Record]) -> Brought:
    """Take in what follows in a partition, and stands in the population's archive already."""
    parked = set(population.parked)
    told: list[Told] = []
    touched: set[str] = set()
    passed = False
    copies: list[Copy] = []
    for record in batch:
        before = population.into
        told += [Told(record.offset, change) for change in population.apply(record)]
        if not is_about_a_company(record):
            passed |= record.subject == CLOCK_SUBJECT
            continue
        touched |= {record.subject, root(population.into, record.subject)}
        if before is not population.into:
            for into in (before, population.into):
                touched.update(into, into.values())
        if before or population.into:
            copies += _forwarded(population, record, before)
    touched.update(one.change.company for one in told)
    touched |= population.parked.keys() - parked
    return Brought(told, sorted(filter(population.owns, touched)), copies, passed)


def _forwarded(population: Population, record: Record, before: Mapping[str, str]) -> Iterable[Copy]:
    """The copies that a record makes necessary: of itself, and of all that has come to count for a
    company elsewhere by it."""
    into = population.into
    goal = _elsewhere(population, into, record.subject)
    if into is not before:
        moved = _moved(population, before)
        for company, subjects in moved.items():
            for one in population.archive.of_subjects(subjects, to=record.offset):
                yield _copy(one, company)
        former = _elsewhere(population, before, record.subject)
        if former is not None and former != goal:  # it took the merge back: there, too
            yield _copy(record, former)
        if record.subject in moved.get(goal or "", ()):
            return
    if goal is not None:
        yield _copy(record, goal)


def _moved(population: Population, before: Mapping[str, str]) -> dict[str, list[str]]:
    """By the company elsewhere for which they have come to count: those that did not before."""
    into = population.into
    moved: dict[str, list[str]] = {}
    for company in sorted(before.keys() | into.keys()):
        goal = _elsewhere(population, into, company)
        if goal is not None and goal != _elsewhere(population, before, company):
            moved.setdefault(goal, []).append(company)
    return moved


def _elsewhere(population: Population, into: Mapping[str, str], company: str) -> str | None:
    """The first company on the way to the end of its chain that follows one of ours and belongs to
    another partition, whose population sees to the rest of the way."""
    while company in into:
        following = into[company]
        if population.owns(company) and not population.owns(following):
            return following
        company = following
    return None


def _copy(record: Record, company: str) -> Copy:
    event = {COPY_OF: record.position, **record.event, "origintime": show(record.held)}
    return Copy(company, event)
