"""Folding a whole log again: every status anew, beside the ones in use, taken into use at once.

What was told stays told: the changes are kept, and where other rules now give another standing,
the difference is published as a change with the rules' version as its cause. Where nothing was
told yet (a new store, or one that was thrown away), the changes are folded too, and come out as a
projector would have written them reading record by record.

The companies are shared out among processes; this one writes.
"""

import multiprocessing
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from events import vocabulary as words
from events.bulk import no_collection
from events.companies import Description, describe
from events.dates import NEVER, Instant
from events.lists import Registry, load_registry
from events.log import Record
from events.sqlite_log import SqliteEventLog
from projections.changes import Change
from projections.company import Company, next_due
from projections.draft import beside
from projections.history import standing
from projections.population import Population, is_about_a_company
from projections.revision import revised
from projections.rows import CompanyRow, Folded, Told, folded
from projections.store import Mark, ProjectionStore

_ALONE: Final = 50_000
"""Below so many events a second process costs more than it brings."""
_SHARES: Final = 16
"""Pieces of work for each process: progress is shown, and no one waits long for another."""

Progress = Callable[[int], None]
"""Called with how many more events were folded."""
Times = Sequence[tuple[Instant, int]]
"""Each recorded time of the log with the first offset that has it."""


class Task(NamedTuple):
    """A share of the companies, for another process to fold."""

    log: Path
    lists: Path | None
    mark: Mark
    first: str
    last: str | None
    bound_up: frozenset[str]
    with_changes: bool
    times: Times


def rebuild(
    log: SqliteEventLog,
    store: ProjectionStore,
    registry: Registry,
    lists: Path | None = None,
    progress: Progress = lambda _: None,
) -> Mark:
    """Fold every status anew, up to where the store has come, or the whole log into an empty one.

    `registry` is that of the file `lists`. The caller holds the projection. A crash leaves what
    was in use as it was.
    """
    fresh = store.mark.position < 0
    end = log.end()
    times = log.times(to=end) if fresh else []
    mark = Mark(end, times[-1][0] if times else 0) if fresh else store.mark
    groups = _bound_up(log.of_type(words.MERGED, to=mark.position))
    with beside(store) as draft:
        sequences = store.sequences()
        for batch in _fold(log, lists, mark, groups, times, with_changes=fresh, progress=progress):
            draft.put([one.counted(sequences) for one in batch])
        for group in {id(group): group for group in groups.values()}.values():
            together = list(_together(log, sorted(group), registry, times, mark))
            if not fresh:
                together = [one._replace(told=[]) for one in together]
            together = [one.counted(sequences) for one in together]
            draft.put(together)
        if not fresh:
            draft.tell(revised(store, draft, registry, mark))
        draft.publish(mark, registry.digest)
    return mark


def _fold(
    log: SqliteEventLog,
    lists: Path | None,
    mark: Mark,
    groups: dict[str, frozenset[str]],
    times: Times,
    *,
    with_changes: bool,
    progress: Progress,
) -> Iterator[list[Folded]]:
    workers = os.cpu_count() or 1 if mark.position >= _ALONE else 1
    borders = ["", *log.borders(workers * _SHARES if workers > 1 else 1)]
    tasks = [
        Task(log.path, lists, mark, first, last, frozenset(groups), with_changes, times)
        for first, last in zip(borders, [*borders[1:], None], strict=True)
    ]
    if workers == 1:
        for task in tasks:
            count, batch = fold_share(task)
            progress(count)
            yield batch
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for count, batch in pool.map(fold_share, tasks):
            progress(count)
            yield batch


def fold_share(task: Task) -> tuple[int, list[Folded]]:
    """Fold the companies of one share; how many events that were, and what came out."""
    registry = load_registry(task.lists)
    log = SqliteEventLog.reading(task.log)
    count, found = 0, []
    with no_collection():
        for company, records in log.by_company(
            to=task.mark.position, first=task.first, last=task.last
        ):
            count += len(records)
            if is_about_a_company(records[0]) and company not in task.bound_up:
                found.append(_alone(company, records, registry, task))
    log.close()
    return count, found


def _alone(company: str, records: list[Record], registry: Registry, task: Task) -> Folded:
    told: list[Told] = []
    try:
        if task.with_changes:
            kept = Company(company, registry)
            for record in records:
                if kept.due <= record.recorded:
                    told += _flips(kept.pass_time(record.recorded), task.times)
                told += [Told(record.offset, change) for change in kept.apply(record)]
            told += _flips(kept.pass_time(task.mark.clock), task.times)
            timelines = kept.timelines
        else:
            timelines = standing(records, registry)
        due = next_due(timelines.values(), task.mark.clock)
        row = CompanyRow(company, len(told), due)
        return folded(row, describe(records, company), timelines, told)
    except Exception as error:  # noqa: BLE001 - as live: a company is parked, its neighbours go on
        why = f"{type(error).__name__}: {error}"
        row = CompanyRow(company, len(told), NEVER, parked=why)
        return folded(row, Description(), {}, told)


def _together(
    log: SqliteEventLog, group: list[str], registry: Registry, times: Times, mark: Mark
) -> Iterator[Folded]:
    """Companies that were merged at some time go through a population of their own."""
    population = Population(registry, log)
    told: dict[str, list[Told]] = {company: [] for company in group}
    for record in log.of_subjects(group, to=mark.position):
        for change in population.apply(record):
            told[change.company] += _flips([change], times) or [Told(record.offset, change)]
    for change in population.pass_time(mark.clock):
        told[change.company] += _flips([change], times)
    population.position = mark.position
    for company in group:
        yield population.folded(company, told[company])


def _flips(changes: Iterable[Change], times: Times) -> list[Told]:
    """A flip is told on reading the first record that was taken in at or after its moment."""
    return [
        Told(times[bisect_left(times, (change.moment, -1))][1] if times else -1, change)
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
