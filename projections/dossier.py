"""What the log tells of one company, with what was worked out from it for the cut-offs asked.

A cut-off only matters by which events it lets through. Those are a beginning of the log's order,
and what was public by some moment: so there are few different views of a company, however many
different dates are asked, and each is folded once.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from events import vocabulary as words
from events.companies import Description, describe, targets
from events.dates import ALWAYS, NEVER, UTC_ZONE
from events.lists import ListInfo, Registry
from events.log import Record
from projections.history import Cutoffs, History
from projections.sheets import Sheet, summary
from projections.timeline import Timeline

_KEPT: Final = 4_096
_TEXTS_KEPT: Final = 16_384


class Counted(NamedTuple):
    """What counts of a company: by list, the ids of its events; and those in a circle."""

    lists: dict[str, tuple[str, ...]]
    circular: tuple[str, ...]


class Dossier:
    """A company under one id, from all records that count for it."""

    def __init__(self, company: str, registry: Registry, records: Sequence[Record]) -> None:
        self.company = company
        self.records = records
        self.history = History(registry, records)
        self.description = describe(records, company)
        entries = self.history.entries.values()
        self.listed = tuple(sorted({one.list for one in entries if one.fact and one.list}))
        """The lists on which the company has an event, counted or not."""
        self._registry = registry
        self._offsets = [record.offset for record in records]
        self._recorded = [record.recorded for record in records]
        weighing = [one for one in entries if one.fact or one.targets]
        """Those on which it depends what counts."""
        self._weighing_offsets = sorted(one.record.offset for one in weighing)
        self._weighing_recorded = sorted(one.record.recorded for one in weighing)
        self._public = sorted({at for one in weighing for at in (one.seen_from, one.corrected)})
        self._telling = [
            held
            for held, one in enumerate(records, 1)
            if one.type == words.DESCRIBED or one.subject != company or targets(one.event)
        ]
        """After how many records the company may be described otherwise than before."""
        self._descriptions: dict[int, Description] = {}
        self._zones: dict[int, ZoneInfo] = {}

    def held(self, cut: Cutoffs) -> int:
        """How many of the records the log held at the cut."""
        if cut.offset != NEVER:
            return bisect_right(self._offsets, cut.offset)
        return bisect_right(self._recorded, cut.known_at)

    def zone(self, held: int) -> ZoneInfo:
        """In which dates are told: that of the lists that so many of the records name, where they
        agree."""
        if held not in self._zones:
            self._zones[held] = self._agreed_zone(held)
        return self._zones[held]

    def _agreed_zone(self, held: int) -> ZoneInfo:
        listed = self.listed
        if held < len(self.records):
            entries = [self.history.entries[one.id] for one in self.records[:held]]
            listed = tuple(one.list for one in entries if one.fact and one.list)
        zones = {self._registry[list_id].zone for list_id in listed}
        return zones.pop() if len(zones) == 1 else UTC_ZONE

    def described(self, held: int) -> Description:
        """Who the company was, by so many of the records."""
        told = bisect_right(self._telling, held)
        if told == len(self._telling):
            return self.description
        if told not in self._descriptions:
            some = self.records[: self._telling[told - 1]] if told else ()
            self._descriptions[told] = describe(some, self.company)
        return self._descriptions[told]

    def knowledge(self, cut: Cutoffs) -> tuple[int, int]:
        """What a cut lets through: equal for all cuts that let the same through."""
        public = bisect_right(self._public, cut.announced_by)
        if cut.offset != NEVER:
            return bisect_right(self._weighing_offsets, cut.offset), public
        return bisect_right(self._weighing_recorded, cut.known_at), public

    def counted(self, held: int, public: int) -> Counted:
        """What counts, by what a cut lets through."""
        offset = self._weighing_offsets[held - 1] if held else -1
        announced_by = self._public[public - 1] if public else ALWAYS
        facts, _, circular = self.history.counting(Cutoffs(announced_by, offset=offset))
        lists = {list_id: tuple(fact.id for fact in some) for list_id, some in facts.items()}
        return Counted(lists, tuple(one.record.id for one in circular))

    def sheet(self, info: ListInfo, events: tuple[str, ...], circular: tuple[str, ...]) -> Sheet:
        """The company on one list, where these of its events count."""
        entries = self.history.entries
        timeline = self.history.now.timelines.get(info.id)
        if timeline is None or {point.id for point in timeline.points} != set(events):
            facts = [entries[one].fact for one in events]
            timeline = Timeline(info, (one for one in facts if one is not None))
        return Sheet(timeline, [entries[one] for one in circular])


class Views:
    """What was worked out lately, over all companies. Most cut-offs let the same of a list
    through, and most moments fall between the same turns."""

    def __init__(self) -> None:
        self.counted: Final = lru_cache(_TEXTS_KEPT)(Dossier.counted)
        self.sheet: Final = lru_cache(_KEPT)(Dossier.sheet)
        self.line: Final = lru_cache(_TEXTS_KEPT)(Sheet.line)
        self.summary: Final = lru_cache(_TEXTS_KEPT)(summary)
