"""Asking: what was a company's standing, under which cut-offs, and what is its history.

Answers are folded from the log itself, so that whoever has written reads what was written, and
any cut-off costs the same. Histories are kept in memory until the log has more about them.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import orjson

from events import vocabulary as words
from events.companies import members, merges, root, targets
from events.dates import NEVER, UTC_ZONE, BadDate, Instant, last, show
from events.errors import Refused, StandingError, UnknownCompany
from events.lists import Registry
from events.log import Archive, Position, Record
from projections.coverage import Checks, Coverage, told
from projections.dossier import Dossier, Views
from projections.history import Cutoffs
from projections.population import is_about_a_company
from projections.sheets import Line

_KEPT: Final = 10_000
_TEXT: Final = b'%b,%b,"ownership":"not_evaluated","lists":[%b]}'


class Question(NamedTuple):
    """A question as it was asked: texts as written, None where nothing was said."""

    lists: tuple[str, ...] = ()
    as_of: str | None = None
    announced_by: str | None = None
    known_at: str | None = None
    apart: frozenset[str] = frozenset()
    """Companies whose own merge is passed over. Nobody asks so, but for `Readers`."""

    @property
    def everywhere(self) -> bool:
        """Whether the cut-offs mean the same in every time zone: none of them is a period."""
        cuts = (self.as_of, self.announced_by, self.known_at)
        return all(not text or ":" in text for text in cuts)


class Answer(NamedTuple):
    """A standing as JSON: of which company, and as of which offset of the log."""

    company: str
    position: int
    text: bytes


EVERYTHING: Final = Question()
EVERYTHING_KNOWN: Final = Cutoffs()
_NOBODY: Final = frozenset[str]()


class Parked(StandingError):
    """A company with an event that cannot be folded: nothing is said of it, rather than something
    wrong."""

    def __init__(self, company: str, why: str) -> None:
        super().__init__(f"{company!r} is parked: it has an event that cannot be folded ({why})")
        self.company = company
        self.why = why


class Seat(NamedTuple):
    """Which partition a reader reads, and of how many."""

    partition: int = 0
    of: int = 1


class Asked(Protocol):
    """Whom a question about a company is put to."""

    registry: Registry

    def seat(self, company: str, question: Question = EVERYTHING) -> tuple["Reader", Question]:
        """The reader that has the company, and the question as it is to be put to it."""
        ...


class Reader(Asked):
    """Questions to the log of one partition. Not for several threads at once."""

    def __init__(
        self,
        log: Archive,
        registry: Registry,
        clock: Callable[[], Instant],
        partition: Seat = Seat(),  # noqa: B008 - a tuple
    ) -> None:
        self.log = log
        self.registry = registry
        self.partition = partition
        self.holder: Callable[[str], Reader] = lambda _: self
        """The reader of the partition in which the events of a list stand."""
        self.ends: Callable[[], Position] = lambda: Position({partition.partition: self._seen})
        """How far the log was read, over all its partitions."""
        self._clock = clock
        self._seen = -1
        self._kept: OrderedDict[str, Dossier] = OrderedDict()
        self._views = Views()
        self._merging: list[Record] | None = None
        self._checks: dict[str, Checks] = {}

    def seat(
        self,
        company: str,  # noqa: ARG002 - there is but this one
        question: Question = EVERYTHING,
    ) -> tuple["Reader", Question]:
        """See `Asked`."""
        return self, question

    def status(self, company: str, question: Question = EVERYTHING) -> dict[str, Any]:
        """The standing of a company. Raises `UnknownCompany`, or `Refused` by field."""
        found: dict[str, Any] = orjson.loads(self.answer(company, question).text)
        return found

    def answer(self, company: str, question: Question = EVERYTHING) -> Answer:
        """The standing of a company as JSON. Raises `UnknownCompany`, or `Refused` by field."""
        position = self.refresh()
        for list_id in question.lists:
            self.registry.require(list_id, "list")
        general = self.cutoffs(question, UTC_ZONE)
        dossier = self._known(company, general, question.apart)
        zone = self._zone(dossier, question, general)
        everywhere = question.everywhere
        cut = general if everywhere else self.cutoffs(question, zone)
        now = self.moment(question, zone)
        known_at = None if cut.known_at == NEVER else show(cut.known_at, zone)
        head = {
            "company": dossier.company,
            "name": dossier.described(dossier.held(cut)).name,
            "as_of": show(now, zone),
            "announced_by": None if cut.announced_by == NEVER else show(cut.announced_by, zone),
            "known_at": question.known_at if cut.offset != NEVER else known_at,
            "position": f"{self.partition.partition}:{position}",
        }
        lines = self._lines(dossier, question, None if everywhere else zone, cut, now)
        summary = self._views.summary(tuple(line for line, _ in lines))
        texts = b",".join([line.head + covered + line.rest for line, covered in lines])
        return Answer(dossier.company, position, _TEXT % (orjson.dumps(head)[:-1], summary, texts))

    def _lines(
        self,
        dossier: Dossier,
        question: Question,
        zone: ZoneInfo | None,
        cut: Cutoffs,
        now: Instant,
    ) -> list[tuple[Line, bytes]]:
        """What is said of each list, and of its coverage. The cut-offs were read in `zone`; where
        that is None, they mean the same in every zone."""
        views = self._views
        lines = []
        for list_id in question.lists or dossier.listed:
            info = self.registry[list_id]
            mine, at = cut, now
            if zone is not None and info.zone is not zone:
                mine, at = self.cutoffs(question, info.zone), self.moment(question, info.zone)
            counted = views.counted(dossier, *dossier.knowledge(mine))
            events = counted.lists.get(list_id, ())
            if events or question.lists:
                sheet = views.sheet(dossier, info, events, counted.circular)
                line = views.line(sheet, sheet.turn(at))
                covered = self._covered(list_id, mine, question)
                lines.append((line, told(covered, info).at(at)))
        return lines

    def _zone(self, dossier: Dossier, question: Question, general: Cutoffs) -> ZoneInfo:
        if not question.lists:
            return dossier.zone(dossier.held(general))
        zones = {self.registry[list_id].zone for list_id in question.lists}
        return zones.pop() if len(zones) == 1 else UTC_ZONE

    def known(self, company: str, question: Question = EVERYTHING) -> Dossier:
        """What the log has about a company, under the id that it had at the cut. Raises
        `UnknownCompany` where the log, as far as the question may look back, never heard of it.
        """
        self.refresh()
        return self._known(company, self.cutoffs(question, UTC_ZONE), question.apart)

    def _known(self, company: str, cut: Cutoffs, apart: frozenset[str]) -> Dossier:
        into = self._into(cut, apart)
        present = root(into, company)
        ids = members(into, present)
        some = apart or self._merged(cut)
        if some and ids != members(self._into(EVERYTHING_KNOWN), present):
            records = self.log.of_subjects(ids, to=self._seen)
            dossier = self._read(present, records)
        else:
            dossier = self._dossier(present)
        if not dossier.held(cut):
            raise UnknownCompany(company)
        return dossier

    def _merged(self, cut: Cutoffs) -> bool:
        """Whether merges are known that the cut does not see."""
        return any(not cut.sees(one) for one in self._merging or ())

    def _dossier(self, company: str) -> Dossier:
        """With the records of every id that was ever merged into it, as far as is known now."""
        kept = self._kept.get(company)
        if kept is None:
            ids = members(self._into(EVERYTHING_KNOWN), company)
            records = self.log.of_subjects(ids, to=self._seen)
            if not records or not is_about_a_company(records[0]):
                raise UnknownCompany(company)
            kept = self._kept[company] = self._read(company, records)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(company)
        return kept

    def _read(self, company: str, records: Sequence[Record]) -> Dossier:
        try:
            return Dossier(company, self.registry, records)
        except Exception as error:
            raise Parked(company, f"{type(error).__name__}: {error}") from error

    def resolve(self, company: str, question: Question = EVERYTHING) -> str:
        """The id that a company goes by, where it was merged into another."""
        return root(self.merged(question), company)

    def merged(self, question: Question = EVERYTHING) -> dict[str, str]:
        """Which company counts for which, as this partition knew it at the cut."""
        self.refresh()
        return self._into(self.cutoffs(question, UTC_ZONE), question.apart)

    @property
    def merges(self) -> bool:
        """Whether there ever was a merge, taken back or not."""
        self.refresh()
        self._into(EVERYTHING_KNOWN)
        return bool(self._merging)

    def coverage(self, list_id: str, question: Question = EVERYTHING) -> Coverage:
        """Since when, and how lately, the log covers a list, as it was known at the cut."""
        cut = self.cutoffs(question, self.registry[list_id].zone)
        return self._covered(list_id, cut, question)

    def _covered(self, list_id: str, cut: Cutoffs, question: Question) -> Coverage:
        holder = self.holder(list_id)
        if holder is not self:
            holder.refresh()
            if question.known_at is not None and cut.offset != NEVER:
                cut = cut._replace(offset=holder.offset(question.known_at, "known_at"))
        return holder.covers(list_id, cut)

    def covers(self, list_id: str, cut: Cutoffs) -> Coverage:
        """The coverage of a list whose events stand in this partition."""
        checks = self._checks.get(list_id)
        if checks is None:
            records = self.log.of_subjects([words.LIST_SUBJECT_PREFIX + list_id], to=self._seen)
            checks = Checks([one for one in records if one.type == words.LIST_CHECKED])
            self._checks[list_id] = checks
        return checks.at(cut)

    def refresh(self) -> int:
        """Look whether the log has more, and forget what that makes stale; its last offset."""
        end = self.log.end()
        if end > self._seen:
            many = end - self._seen > _KEPT
            subjects = [] if many else self.log.subjects(after=self._seen, to=end)
            for list_id in list(self._checks):
                if many or words.LIST_SUBJECT_PREFIX + list_id in subjects:
                    del self._checks[list_id]
            if many or self._concern_merges(subjects, end):
                self._merging = None
                self._kept.clear()
            else:
                into = merges(self._merging or [])
                for company in subjects:
                    self._kept.pop(root(into, company), None)
            self._seen = end
        return end

    def _concern_merges(self, subjects: Sequence[str], end: int) -> bool:
        merged = {one.subject for one in self._merging or ()}
        fresh = self.log.of_type(words.MERGED, to=end)
        return bool(merged.intersection(subjects)) or any(one.offset > self._seen for one in fresh)

    def _into(self, cut: Cutoffs, apart: frozenset[str] = _NOBODY) -> dict[str, str]:
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
        return merges(one for one in self._merging if cut.sees(one) and one.subject not in apart)

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
        """What a position of the whole log says of this partition. Raises `Refused` naming the
        field, also where it names other partitions than there are."""
        partition, count = self.partition
        position = Position.parse(text, field)
        if position.keys() != set(range(count)):
            named = "the partition 0, and no other" if count == 1 else f"each of {count} partitions"
            raise Refused.field(field, f"{text!r} should name {named}")
        ends = self.ends()
        if any(offset > ends.get(one, offset) for one, offset in position.items()):
            raise Refused.field(field, f"{text!r} is not written yet; the log ends at {ends}")
        return position[partition]


def _instant(text: str, field: str, zone: ZoneInfo) -> Instant:
    try:
        return last(text, zone)
    except BadDate as error:
        raise Refused.field(field, str(error)) from None
