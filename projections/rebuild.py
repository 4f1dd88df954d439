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
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from events import vocabulary as words
from events.bulk import no_collection
from events.companies import Description, describe, named
from events.dates import NEVER, Instant
from events.lists import Registry, load_registry
from events.log import Record
from events.sqlite_archive import SqliteArchive
from projections.changes import Change
from projections.company import Company, next_due
from projections.draft import beside
from projections.history import History, standing
from projections.population import Population, is_a_company
from projections.revision import revised
from projections.rows import CompanyRow, Folded, Kept, Told, folded
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
    """A share of the companies, for another process to fold: those of [first, last), but for
    those that are `bound_up` with others."""

    log: Path
    kept: Path
    lists: Path | None
    mark: Mark
    bound_up: frozenset[str]
    parked: frozenset[str]
    with_changes: bool
    times: Times
    first: str = ""
    last: str | None = None


class Share(NamedTuple):
    """What came out of a task."""

    events: int
    found: list[Folded]
    """The companies that are not kept so."""
    gone: list[str]
    """Those that are kept, but are not in the log."""


def rebuild(
    log: SqliteArchive,
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
    bound_up, parked = frozenset(groups), frozenset(store.parked())
    with beside(store) as draft:
        whole = Task(log.path, store.path, lists, mark, bound_up, parked, fresh, times)
        for share in _fold(log, whole):
            progress(share.events)
            draft.put(share.found, share.gone)
        for group in {id(group): group for group in groups.values()}.values():
            together = list(_together(log, sorted(group), registry, times, mark))
            if not fresh:
                kept = [(one, store.row(one.row.company)) for one in together]
                together = [one.told_before(row.sequence if row else 0) for one, row in kept]
            draft.put(together)
        if not fresh:
            draft.tell(revised(store, draft, registry, mark))
        draft.publish(mark, registry.digest)
    return mark


def _fold(log: SqliteArchive, whole: Task) -> Iterator[Share]:
    workers = os.cpu_count() or 1 if whole.mark.position >= _ALONE else 1
    if workers == 1:
        try:
            share = fold_share(whole)
        finally:
            _opened(log.path, whole.lists)[0].close()
            _opened.cache_clear()
        yield share
        return
    borders = ["", *log.borders(workers * _SHARES)]
    tasks = [
        whole._replace(first=first, last=last)
        for first, last in zip(borders, [*borders[1:], None], strict=True)
    ]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(fold_share, tasks)


def fold_share(task: Task) -> Share:
    """Fold the companies of one share."""
    count, found = 0, []
    with no_collection():
        log, registry = _opened(task.log, task.lists)
        kept = {} if task.with_changes else _kept(task)
        for company, number, some in log.by_company(
            to=task.mark.position, first=task.first, last=task.last, context=task.with_changes
        ):
            count += number
            if not is_a_company(company) or company in task.bound_up:
                continue
            if company in task.parked:  # what parked it may be a note, and is to be read, too
                some = log.of_subjects([company], to=task.mark.position)  # noqa: PLW2901
            before = kept.pop(company, None)
            new = _alone(company, some, registry, task, before[0][1] if before else 0)
            if new.kept != before:
                found.append(new)
    return Share(count, found, [company for company in kept if company not in task.bound_up])


@lru_cache(maxsize=1)
def _opened(path: Path, lists: Path | None) -> tuple[SqliteArchive, Registry]:
    """What a process needs for each of its shares: a log warms up as it is read."""
    return SqliteArchive(path), load_registry(lists)


def _kept(task: Task) -> dict[str, Kept]:
    store = ProjectionStore(task.kept)
    try:
        return store.kept(task.first, task.last)
    finally:
        store.close()


def _alone(
    company: str, records: list[Record], registry: Registry, task: Task, sequence: int
) -> Folded:
    """`sequence` is that of the last change, where none are told now."""
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
        elif company in task.parked:
            timelines = History(registry, records).now.timelines
        else:
            timelines = standing(records, registry)
        due = next_due(timelines.values(), task.mark.clock)
        row = CompanyRow(company, len(told) or sequence, due)
        return folded(row, describe(records, company), timelines, told)
    except Exception as error:  # noqa: BLE001 - as live: a company is parked, its neighbours go on
        why = f"{type(error).__name__}: {error}"
        row = CompanyRow(company, len(told) or sequence, NEVER, parked=why)
        return folded(row, Description(), {}, told)


def _together(
    log: SqliteArchive, group: list[str], registry: Registry, times: Times, mark: Mark
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
        pair = frozenset({record.subject, named(record) or record.subject})
        group = pair.union(*(groups.get(company, frozenset()) for company in pair))
        groups.update(dict.fromkeys(group, group))
    return groups
