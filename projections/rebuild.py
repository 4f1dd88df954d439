"""Folding a whole log again, company by company, into a new store beside the one in use.

The result is what the projector would have written reading record by record: which record set off
a flip follows from the log's times alone.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from events import vocabulary as words
from events.companies import Description, describe
from events.dates import NEVER, Instant
from events.lists import Registry
from events.log import Record
from events.sqlite_log import SqliteEventLog
from events.sqlite_store import transaction
from projections.changes import Change
from projections.company import Company
from projections.population import Population, is_about_a_company
from projections.store import CompanyRow, Mark, ProjectionStore, Told
from projections.timeline import Timeline

_BATCH: Final = 2_000
Folded = tuple[CompanyRow, Description, dict[str, Timeline], list[Told]]
Progress = Callable[[int], None]
"""Called with how many more events were folded."""


def rebuild(
    log: SqliteEventLog, path: Path, registry: Registry, progress: Progress = lambda _: None
) -> Mark:
    """Write the projection of the log, as it stands now, to a new file at `path`.

    A crash leaves a file without a position, which nobody takes for a projection.
    """
    end = log.end()
    times = log.times(to=end)
    mark = Mark(end, times[-1][0] if times else 0)
    store = ProjectionStore(path, bulk=True)
    try:
        folded = fold_all(log, registry, times, mark, progress)
        for batch in _batches(folded):
            with transaction(store.db):
                store.put_companies((row, described) for row, described, _, _ in batch)
                store.put_standings((row.company, timelines) for row, _, timelines, _ in batch)
                store.put_changes(told for *_, some in batch for told in some)
        store.finish()
        with transaction(store.db):
            store.put_meta("registry", registry.digest)
            store.put_meta("position", mark.position)
            store.put_meta("clock", mark.clock)
        store.db.execute("PRAGMA synchronous = FULL")
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        store.close()
    return mark


def fold_all(
    log: SqliteEventLog,
    registry: Registry,
    times: list[tuple[Instant, int]],
    mark: Mark,
    progress: Progress,
) -> Iterator[Folded]:
    """Every company of the log up to the mark, folded."""
    bound_up = _bound_up(log.of_type(words.MERGED, to=mark.position))
    for company, records in log.by_company(to=mark.position):
        progress(len(records))
        if is_about_a_company(records[0]) and company not in bound_up:
            yield _alone(company, records, registry, times, mark)
    for group in {id(group): group for group in bound_up.values()}.values():
        yield from _together(log, sorted(group), registry, times, mark)


def _alone(
    company: str,
    records: list[Record],
    registry: Registry,
    times: list[tuple[Instant, int]],
    mark: Mark,
) -> Folded:
    kept = Company(company, registry)
    told: list[Told] = []
    try:
        for record in records:
            if kept.due <= record.recorded:
                told += _flips(kept.pass_time(record.recorded), times)
            told += [Told(record.offset, change) for change in kept.apply(record)]
        told += _flips(kept.pass_time(mark.clock), times)
    except Exception as error:  # noqa: BLE001 - as live: a company is parked, its neighbours go on
        parked = f"{type(error).__name__}: {error}"
        sequence = max((one.change.sequence for one in told), default=0)
        row = CompanyRow(company, sequence, NEVER, None, parked, None, None, None)
        return row, Description(), {}, told
    described = describe(records, company)
    row = CompanyRow(
        company,
        kept.sequence,
        kept.due,
        None,
        None,
        described.name,
        described.country,
        described.kind,
    )
    return row, described, kept.timelines, told


def _together(
    log: SqliteEventLog,
    group: list[str],
    registry: Registry,
    times: list[tuple[Instant, int]],
    mark: Mark,
) -> Iterator[Folded]:
    """Companies that were merged at some time go through a population of their own."""
    population = Population(registry, log)
    told: list[Told] = []
    for record in log.of_subjects(group, to=mark.position):
        for change in population.apply(record):
            told += _flips([change], times) or [Told(record.offset, change)]
    for change in population.pass_time(mark.clock):
        told += _flips([change], times)
    population.position = mark.position
    by_company: dict[str, list[Told]] = {}
    for one in told:
        by_company.setdefault(one.change.company, []).append(one)
    for company in group:
        kept = population.company(company)
        described = population.describe(company)
        row = CompanyRow(
            company,
            kept.sequence,
            kept.due,
            population.into.get(company),
            population.parked.get(company),
            described.name,
            described.country,
            described.kind,
        )
        yield row, described, kept.timelines, by_company.get(company, [])


def _flips(changes: Iterable[Change], times: list[tuple[Instant, int]]) -> list[Told]:
    """A flip is told on reading the first record that was taken in at or after its moment."""
    return [
        Told(times[bisect_left(times, (change.moment, -1))][1], change)
        for change in changes
        if change.moment != NEVER
    ]


def _bound_up(merges: Iterable[Record]) -> dict[str, frozenset[str]]:
    """For each company that was ever merged, all that it was ever merged with, over chains."""
    groups: dict[str, frozenset[str]] = {}
    for record in merges:
        pair = frozenset({record.subject, record.event["data"]["into"]})
        group = pair.union(*(groups.get(company, frozenset()) for company in pair))
        groups.update(dict.fromkeys(group, group))
    return groups


def _batches(folded: Iterable[Folded]) -> Iterator[list[Folded]]:
    numbered = enumerate(folded)
    for _, batch in groupby(numbered, key=lambda pair: pair[0] // _BATCH):
        yield [one for _, one in batch]
