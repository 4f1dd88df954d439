"""What the log tells of one company, with what was worked out from it for the cut-offs asked.

A cut-off only matters by which events it lets through. Those are a beginning of the log's order,
and what was public by some moment: so there are few different views of a company, however many
different dates are asked, and each is folded once.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from events.companies import Description, describe
from events.dates import NEVER, UTC_ZONE
from events.lists import Registry
from events.log import Record
from projections.history import Cutoffs, History, View

_KEPT: Final = 4_096


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
        self._public = sorted(
            {one.seen_from for one in entries} | {one.corrected for one in entries}
        )
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
        if held == len(self.records):
            return self.description
        if held not in self._descriptions:
            self._descriptions[held] = describe(self.records[:held], self.company)
        return self._descriptions[held]

    def knowledge(self, cut: Cutoffs) -> tuple[int, int]:
        """What a cut lets through: equal for all cuts that let the same through."""
        return self.held(cut), bisect_right(self._public, cut.announced_by)


class Views:
    """The views that were folded lately, over all companies."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Dossier, int, int], View] = OrderedDict()

    def of(self, dossier: Dossier, cut: Cutoffs) -> View:
        """A company's lists under the cut-offs."""
        if cut.none:
            return dossier.history.now
        key = (dossier, *dossier.knowledge(cut))
        view = self._kept.get(key)
        if view is None:
            view = self._kept[key] = dossier.history.view(cut)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return view
