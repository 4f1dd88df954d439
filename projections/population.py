"""All companies of a log as one projector keeps them: who is in memory, whose flip is next, and
which company counts for which.

Records go in one by one, in log order. Companies that were not touched for a while are let go;
their history is in the log, from where they are restored exactly.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Final

from events import vocabulary as words
from events.companies import Description, describe, members, merges, named, root, targets
from events.dates import NEVER, Instant
from events.lists import Registry
from events.log import Archive, Record
from projections.changes import Change
from projections.company import Company
from projections.rows import CompanyRow, Folded, Told, folded

_KEPT: Final = 4_096


class Population:
    """`archive` holds the log; `sequence_of` tells a company's latest sequence when it is
    restored; `dues` are the flips that are known to come, by company. Of companies that it does not
    `own` nothing is told: each partition has a population of its own."""

    def __init__(
        self,
        registry: Registry,
        archive: Archive,
        *,
        position: int = -1,
        clock: Instant = 0,
        sequence_of: Callable[[str], int] = lambda _: 0,
        dues: Iterable[tuple[Instant, str]] = (),
        parked: Mapping[str, str] | None = None,
        owns: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.registry = registry
        self.position = position
        self.clock = clock
        self.parked = dict(parked or {})
        """Companies with an event that could not be folded, and why; their neighbours go on."""
        self.skipped = 0
        """Events taken in here of a type or list that only a later version knows; they are kept in
        the log and count once they are understood."""
        self.archive = archive
        self._sequence_of = sequence_of
        self.owns = owns
        self._kept: OrderedDict[str, Company] = OrderedDict()
        self._queue = list(dues)
        heapify(self._queue)
        self._dues = {company: due for due, company in self._queue}
        self._merging = _merge_records(archive, position)
        self.into = merges(self._merging)

    @property
    def due(self) -> Instant:
        """When the next flip of any company comes that needs no event."""
        while self._queue and self._dues.get(self._queue[0][1]) != self._queue[0][0]:
            heappop(self._queue)
        return self._queue[0][0] if self._queue else NEVER

    def apply(self, record: Record) -> list[Change]:
        """Take in the next record of the log; what it and the time that passed have changed."""
        changes = self.pass_time(record.recorded)
        if is_about_a_company(record):
            self.skipped += not self._understands(record)
            company = root(self.into, record.subject)
            changes += self._guarded(company, partial(self._take_in, company, record))
        self.position, self.clock = record.offset, record.recorded
        return changes

    def pass_time(self, now: Instant) -> list[Change]:
        """Tell the flips that were due by `now`, over all companies, in order."""
        changes: list[Change] = []
        while self.due <= now:
            due, company = heappop(self._queue)
            changes += self._guarded(company, partial(self._pass_time, company, due))
        return changes

    def company(self, company: str) -> Company:
        """A company, restored from the log where it is not in memory."""
        kept = self._kept.get(company)
        if kept is None:
            records = self.archive.of_subjects(members(self.into, company), to=self.position)
            kept = Company(
                company,
                self.registry,
                records,
                sequence=self._sequence_of(company),
                clock=self.clock,
            )
            if company in self.into:
                kept.rest()
            self._kept[company] = kept
        self._kept.move_to_end(company)
        return kept

    def folded(self, company: str, told: Sequence[Told], sequence: int = 0) -> Folded:
        """What to keep of a company; `sequence` is the one that it had before these changes."""
        if company in self.parked:
            latest = max((one.change.sequence for one in told), default=sequence)
            row = CompanyRow(company, latest, NEVER, parked=self.parked[company])
            return folded(row, Description(), {}, told)
        kept = self.company(company)
        into = self.into.get(company)
        records = [entry.record for entry in kept.history.entries.values()]
        if into is not None:  # what is kept of it ends with the merge; it has no standing now
            records = self.archive.of_subjects([company], to=self.position)
        row = CompanyRow(company, kept.sequence, kept.due, into, known=bool(records))
        timelines = {} if into is not None else kept.timelines
        return folded(row, describe(records, company), timelines, told)

    def free(self, only: Collection[str] | None = None) -> list[str]:
        """Try those that are parked again, or `only` some of them, as an earlier version may have
        parked them, or their event was retracted; who can be folded now."""
        freed = []
        for company in sorted(self.parked if only is None else self.parked.keys() & set(only)):
            del self.parked[company]
            self._guarded(company, partial(self._restore, company))
            if company not in self.parked:
                freed.append(company)
        return freed

    def let_go(self) -> None:
        """Forget the companies that were not touched for longest; call it between batches, when
        the store has their sequences."""
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _understands(self, record: Record) -> bool:
        list_id = record.event["data"].get("list")
        return record.event["type"] in words.TYPES and (list_id is None or list_id in self.registry)

    def _guarded(self, company: str, work: Callable[[], list[Change]]) -> list[Change]:
        if company in self.parked:
            return []
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, others must go on
            self.parked[company] = f"{type(error).__name__}: {error}"
            self._kept.pop(company, None)
            self._dues.pop(company, None)
            return []

    def _restore(self, company: str) -> list[Change]:
        self._await(self.company(company))
        return []

    def _pass_time(self, company: str, due: Instant) -> list[Change]:
        kept = self.company(company)
        changes = kept.pass_time(due)
        self._await(kept)
        return changes

    def _take_in(self, company: str, record: Record) -> list[Change]:
        if record.type == words.MERGED or self._is_about_a_merge(record):
            return self._regroup(company, record)
        return self._apply(company, record) if self.owns(company) else []

    def _apply(self, company: str, record: Record) -> list[Change]:
        kept = self.company(company)
        changes = kept.apply(record)
        self._await(kept)
        return changes

    def _await(self, company: Company) -> None:
        due = company.due
        if due == NEVER:
            self._dues.pop(company.company, None)
        elif self._dues.get(company.company) != due:
            self._dues[company.company] = due
            heappush(self._queue, (due, company.company))

    def _is_about_a_merge(self, record: Record) -> bool:
        return bool(targets(record.event)) and any(
            one.subject == record.subject for one in self._merging
        )

    def _regroup(self, company: str, record: Record) -> list[Change]:
        """A merge or its retraction: companies take over or give back each other's events."""
        if record.type == words.MERGED and named(record) is None:
            raise ValueError("a merge names the company that it is into")
        before = self.into
        self._merging.append(record)
        after = merges(self._merging)
        concerned = before.keys() | after.keys() | set(before.values()) | set(after.values())
        regrouped = sorted(
            one
            for one in concerned
            if self.owns(one) and _who_counts(before, one) != _who_counts(after, one)
        )
        kept = [self._as_last_told(one) for one in regrouped]
        self.into = after
        changes: list[Change] = []
        for one in kept:
            if one.company in after:
                one.rest()
            else:
                ids = members(after, one.company)
                changes += one.become(self.archive.of_subjects(ids, to=record.offset), record)
            self._await(one)
        if company not in regrouped and self.owns(company):
            # the same ids count for it still, and the record does, too
            changes += self._apply(company, record)
        return changes

    def _as_last_told(self, company: str) -> Company:
        """A company as its own subscribers last heard of it: one that counts for another, as it
        stood when it was merged."""
        kept = self.company(company)
        if company not in self.into:
            return kept
        merge = max(
            (one for one in self._merging if one.subject == company and one.type == words.MERGED),
            key=lambda one: (named(one) == self.into[company], one.offset),
        )
        earlier = [one for one in self._merging if one.offset < merge.offset]
        kept = self._kept[company] = Company(
            company,
            self.registry,
            self.archive.of_subjects(members(merges(earlier), company), to=merge.offset - 1),
            sequence=kept.sequence,
            clock=merge.recorded,
        )
        return kept


def is_about_a_company(record: Record) -> bool:
    """Whether a record concerns a company, and not a list or the clock."""
    return is_a_company(record.event["subject"])


def is_a_company(subject: str) -> bool:
    """Whether a subject is a company, and not a list or the clock."""
    return subject != words.CLOCK_SUBJECT and not subject.startswith(words.LIST_SUBJECT_PREFIX)


def _who_counts(into: Mapping[str, str], company: str) -> list[str]:
    return [] if company in into else members(into, company)


def _merge_records(archive: Archive, position: int) -> list[Record]:
    subjects = sorted({one.subject for one in archive.of_type(words.MERGED, to=position)})
    if not subjects:
        return []
    records = archive.of_subjects(subjects, to=position)
    return [one for one in records if one.type == words.MERGED or targets(one.event)]
