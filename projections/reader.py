"""Asking: what was a company's standing, under which cut-offs, and what is its history.

Answers are folded from the log itself, so that whoever has written reads what was written, and
any cut-off costs the same. Histories are kept in memory until the log has more about them.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from events import vocabulary as words
from events.companies import Description, describe, members, merges, root, targets
from events.dates import NEVER, UTC_ZONE, BadDate, Instant, last, show
from events.errors import Refused, UnknownCompany
from events.lists import Registry
from events.log import Position, Record
from projections.history import Cutoffs, History, View
from projections.population import is_about_a_company
from projections.projector import LocalLog
from projections.status import Coverage, coverage, list_status, together

_KEPT: Final = 10_000


class Question(NamedTuple):
    """A question as it was asked: texts as written, None where nothing was said."""

    lists: tuple[str, ...] = ()
    as_of: str | None = None
    announced_by: str | None = None
    known_at: str | None = None


EVERYTHING: Final = Question()


class Known(NamedTuple):
    """A company as a question may see it: under its present id, with the merged ones."""

    company: str
    history: History
    description: Description


class Reader:
    """Questions to one log. Not for several threads at once."""

    def __init__(self, log: LocalLog, registry: Registry, clock: Callable[[], Instant]) -> None:
        self.log = log
        self.registry = registry
        self._clock = clock
        self._seen = -1
        self._kept: OrderedDict[str, Known] = OrderedDict()
        self._merging: list[Record] | None = None
        self._coverage: dict[tuple[str, Cutoffs], Coverage] = {}

    def status(self, company: str, question: Question = EVERYTHING) -> dict[str, Any]:
        """The standing of a company. Raises `UnknownCompany`, or `Refused` by field."""
        position = self.refresh()
        for list_id in question.lists:
            self.registry.require(list_id, "list")
        cut = self.cutoffs(question, UTC_ZONE)
        known = self.known(company, cut)
        listed = {one.list for one in known.history.entries.values() if one.fact is not None}
        zones = {self.registry[one].zone for one in (question.lists or listed) if one}
        zone = zones.pop() if len(zones) == 1 else UTC_ZONE
        cut, now = self.cutoffs(question, zone), self.moment(question, zone)
        lists = self._lists(known, question, zone, now)
        return {
            "company": known.company,
            "name": known.description.name,
            "as_of": show(now, zone),
            "announced_by": None if cut.announced_by == NEVER else show(cut.announced_by, zone),
            "known_at": question.known_at
            if cut.offset != NEVER
            else (None if cut.known_at == NEVER else show(cut.known_at, zone)),
            "position": str(Position({0: position})),
            **together(lists),
            "ownership": "not_evaluated",
            "lists": lists,
        }

    def _lists(
        self, known: Known, question: Question, zone: ZoneInfo, now: Instant
    ) -> list[dict[str, Any]]:
        views: dict[ZoneInfo, tuple[View, Instant, Cutoffs]] = {}

        def view(of: ZoneInfo) -> tuple[View, Instant, Cutoffs]:
            if of not in views:
                cut = self.cutoffs(question, of)
                found = known.history.now if cut.none else known.history.view(cut)
                views[of] = found, now if of is zone else self.moment(question, of), cut
            return views[of]

        listed = question.lists or sorted(
            {
                one.list
                for one in known.history.entries.values()
                if one.list and one.fact is not None
            }
        )
        answers = []
        for list_id in listed:
            info = self.registry[list_id]
            timelines, at, cut = view(info.zone)
            if list_id in timelines.timelines or list_id in question.lists:
                answers.append(list_status(timelines, info, at, self.coverage(list_id, cut)))
        return answers

    def known(self, company: str, cut: Cutoffs | None = None) -> Known:
        """A company under the id that it has now. Raises `UnknownCompany` where the log, as far
        as the question may look back, never heard of it."""
        cut = cut or Cutoffs()
        if cut.known_at == NEVER and cut.offset == NEVER:
            return self._all_known(root(self._into(cut), company))
        into = self._into(cut)
        present = root(into, company)
        full = self._all_known(root(self._into(Cutoffs()), company))
        records = [one.record for one in full.history.entries.values() if cut.sees(one.record)]
        ids = set(members(into, present))
        if {one.record.subject for one in full.history.entries.values()} - ids:
            records = [one for one in records if one.subject in ids]
            full = Known(present, History(self.registry, records), full.description)
        elif present != full.company:
            full = Known(present, full.history, full.description)
        if not records:
            raise UnknownCompany(company)
        if len(records) < len(full.history.entries):
            return Known(present, full.history, describe(records, present))
        return full

    def _all_known(self, company: str) -> Known:
        kept = self._kept.get(company)
        if kept is None:
            ids = members(self._into(Cutoffs()), company)
            records = self.log.of_subjects(ids, to=self._seen)
            if not records or not is_about_a_company(records[0]):
                raise UnknownCompany(company)
            history = History(self.registry, records)
            kept = self._kept[company] = Known(company, history, describe(records, company))
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(company)
        return kept

    def resolve(self, company: str, question: Question = EVERYTHING) -> str:
        """The id that a company goes by, where it was merged into another."""
        self.refresh()
        return root(self._into(self.cutoffs(question, UTC_ZONE)), company)

    def coverage(self, list_id: str, cut: Cutoffs | None = None) -> Coverage:
        """Since when, and how lately, the log covers a list, as it was known at the cut."""
        key = (list_id, (cut or Cutoffs())._replace(announced_by=NEVER))
        if key not in self._coverage:
            subject = words.LIST_SUBJECT_PREFIX + list_id
            records = self.log.of_subjects([subject], to=self._seen)
            self._coverage[key] = coverage(
                one.event["data"]
                for one in records
                if one.type == words.LIST_CHECKED and key[1].sees(one)
            )
        return self._coverage[key]

    def refresh(self) -> int:
        """Look whether the log has more, and forget what that makes stale; its last offset."""
        end = self.log.end()
        if end > self._seen:
            self._coverage.clear()
            subjects = self.log.subjects(after=self._seen, to=end)
            if self._merging is not None and (
                len(subjects) > _KEPT or self._concern_merges(subjects, end)
            ):
                self._merging = None
                self._kept.clear()
            for company in subjects:
                self._kept.pop(root(self._into_unchecked(), company), None)
            self._seen = end
        return end

    def _concern_merges(self, subjects: Sequence[str], end: int) -> bool:
        merged = {one.subject for one in self._merging or ()}
        fresh = self.log.of_type(words.MERGED, to=end)
        return bool(merged.intersection(subjects)) or any(one.offset > self._seen for one in fresh)

    def _into_unchecked(self) -> dict[str, str]:
        return merges(self._merging) if self._merging else {}

    def _into(self, cut: Cutoffs) -> dict[str, str]:
        if self._merging is None:
            subjects = sorted(
                {one.subject for one in self.log.of_type(words.MERGED, to=self._seen)}
            )
            records = self.log.of_subjects(subjects, to=self._seen) if subjects else []
            self._merging = [
                one for one in records if one.type == words.MERGED or targets(one.event)
            ]
        if not self._merging:
            return {}
        return merges(one for one in self._merging if cut.sees(one))

    def moment(self, question: Question, zone: ZoneInfo) -> Instant:
        """What `as_of` means in a zone; now, where nothing was said."""
        return _instant(question.as_of, "as_of", zone) if question.as_of else self._clock()

    def cutoffs(self, question: Question, zone: ZoneInfo) -> Cutoffs:
        """What the other cut-offs mean in a zone. Raises `Refused` naming the one that is bad."""
        announced_by = known_at = offset = NEVER
        if question.announced_by:
            announced_by = _instant(question.announced_by, "announced_by", zone)
        if question.known_at:
            if ":" in question.known_at and "T" not in question.known_at:
                offset = self.offset(question.known_at, "known_at")
            else:
                known_at = _instant(question.known_at, "known_at", zone)
        return Cutoffs(announced_by, known_at, offset)

    def offset(self, text: str, field: str) -> int:
        """A position of this log, which has one partition. Raises `Refused` naming the field."""
        position = Position.parse(text, field)
        if set(position) != {0}:
            raise Refused.field(field, f"{text!r} should name the partition 0, and no other")
        if position[0] > self._seen:
            raise Refused.field(
                field, f"{text!r} is not written yet; the log ends at 0:{self._seen}"
            )
        return position[0]


def _instant(text: str, field: str, zone: ZoneInfo) -> Instant:
    try:
        return last(text, zone)
    except BadDate as error:
        raise Refused.field(field, str(error)) from None
