"""A share of a partition's companies, each folded from its beginning: what a projector that read
record by record would have told of them in the end, with each company's status once.

Runs in helper processes, which read the partition's mirror; the fold itself is the live one.
"""

import os
import signal
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from events import vocabulary as words
from events.bulk import no_collection
from events.companies import named
from events.dates import NEVER, Instant
from events.kafka.packing import Packed, packed
from events.kafka.partitioner import partition_of
from events.kafka.topics import CHANGES, STATUS
from events.lists import Registry
from events.log import Record
from events.sqlite_archive import SqliteArchive
from projections import messages
from projections.changes import Change
from projections.company import Company
from projections.messages import Message, Place
from projections.outgoing import outgoing
from projections.partition import Brought, Copy, fold
from projections.population import Population, is_a_company
from projections.published import outcome
from projections.rows import Told

Times = Sequence[tuple[Instant, int]]
"""Each recorded time of the partition with the first offset that has it."""


class Stretch(NamedTuple):
    """The companies of [first, last) in a partition that is folded up to `position`, but for
    those that are `bound_up` with others. `clock` is when that position was taken in."""

    mirror: Path
    partition: int
    partitions: int
    position: int
    clock: Instant
    bound_up: frozenset[str]
    first: str = ""
    last: str | None = None

    @property
    def place(self) -> Place:
        """Up to where everything of the partition is told."""
        return Place(f"{self.partition}:{self.position}", self.clock)

    def owns(self, company: str) -> bool:
        """Whether the company belongs to this partition."""
        return partition_of(company, self.partitions) == self.partition


class Share(NamedTuple):
    """What is to be published of a stretch."""

    events: int
    changes: list[Message]
    statuses: list[Message]
    copies: Sequence[Copy] = ()


class Parcel(NamedTuple):
    """A share, ready to be sent: little to hand over from process to process."""

    events: int
    batches: list[Packed]
    copies: Sequence[Copy] = ()


def parcelled(share: Share, partition: int) -> Parcel:
    """A share as it goes to the topics."""
    told = chain(
        outgoing(CHANGES, partition, share.changes), outgoing(STATUS, partition, share.statuses)
    )
    return Parcel(share.events, packed(told), share.copies)


def fold_share(registry: Registry, stretch: Stretch) -> Share:
    """Fold the companies of a stretch that count for themselves."""
    share = Share(0, [], [])
    count = 0
    with no_collection():
        archive, times = _opened(stretch.mirror, stretch.partition, stretch.position)
        for company, number, records in archive.by_company(
            to=stretch.position, first=stretch.first, last=stretch.last
        ):
            count += number
            if is_a_company(company) and company not in stretch.bound_up and stretch.owns(company):
                _alone(Company(company, registry), records, times, stretch, share)
    return share._replace(events=count)


def _alone(
    kept: Company, records: Sequence[Record], times: Times, stretch: Stretch, share: Share
) -> None:
    registry = kept.history.registry
    told: list[Told] = []
    known, entries = messages.UNKNOWN, kept.history.entries
    try:
        for record in records:
            if kept.due <= record.recorded:
                told += _placed(kept.pass_time(record.recorded), record.offset, times)
            told += _placed(kept.apply(record), record.offset, times)
        told += _placed(kept.pass_time(stretch.clock), stretch.position, times)
        status = messages.current(kept, stretch.place)
        known = kept.description
    except Exception as error:  # noqa: BLE001 - as live: a company is parked, its neighbours go on
        why = f"{type(error).__name__}: {error}"
        status = messages.parked(kept.company, why, len(told), registry, stretch.place)
    share.changes.extend(
        messages.change(one, registry, stretch.partition, known, entries) for one in told
    )
    share.statuses.append(status)


def fold_group(
    archive: SqliteArchive, group: Sequence[str], registry: Registry, to: Stretch
) -> Share:
    """Fold companies that were merged at some time: through a population of their own, record by
    record, as what one is told depends on the others."""
    population = Population(registry, archive, owns=to.owns)
    times = archive.times(to=to.position)
    records = archive.of_subjects(group, to=to.position)
    told: list[Told] = []
    companies: set[str] = set()
    copies: list[Copy] = []
    with no_collection():
        for record in records:
            brought = fold(population, [record])
            told += _placed((one.change for one in brought.told), record.offset, times)
            companies.update(brought.companies)
            copies += brought.copies
        told += _placed(population.pass_time(to.clock), to.position, times)
        population.position, population.clock = to.position, to.clock
        out = outcome(population, Brought(told, sorted(companies), copies), to.place, {})
    return Share(len(records), out.changes, out.statuses, copies)


def groups(archive: SqliteArchive, to: int) -> list[list[str]]:
    """The companies that were ever merged, each with all that it was ever merged with."""
    found: dict[str, frozenset[str]] = {}
    for record in archive.of_type(words.MERGED, to=to):
        pair = frozenset({record.subject, named(record) or record.subject})
        group = pair.union(*(found.get(company, frozenset()) for company in pair))
        found.update(dict.fromkeys(group, group))
    return sorted(sorted(group) for group in set(found.values()))


def _placed(changes: Iterable[Change], offset: int, times: Times) -> list[Told]:
    """Each with the record on whose reading it is told. A flip: the first of the partition that
    was taken in at or after its moment."""
    return [
        Told(
            offset if change.moment == NEVER else times[bisect_left(times, (change.moment, -1))][1],
            change,
        )
        for change in changes
    ]


# --- in a helper process ----------------------------------------------------------------------

_own: dict[str, Registry] = {}


def prepared(registry: Registry) -> None:
    """Make this process a helper: it knows the lists, leaves Ctrl-C to the other, and ends with
    it, however that ends."""
    _own["registry"] = registry
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def helped(stretch: Stretch) -> Parcel:
    """`fold_share`, in a process that was prepared."""
    return parcelled(fold_share(_own["registry"], stretch), stretch.partition)


@lru_cache(maxsize=1)
def _opened(path: Path, partition: int, position: int) -> tuple[SqliteArchive, Times]:
    archive = SqliteArchive(path, partition)
    return archive, archive.times(to=position)
