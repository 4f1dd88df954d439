"""One company as its projector keeps it: its history, its clock and its changes.

The same object serves live, in a rebuild and after a restart; only the log drives it. Time passes
for it when a record is read: what was due by that record's time is told first, then what the
record itself brings.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from events import vocabulary as words
from events.admitted import takes_back
from events.companies import Description, describe
from events.dates import ALWAYS, NEVER, Instant, start
from events.lists import Registry
from events.log import Record
from projections.changes import Change, Overall, difference, overall
from projections.facts import LEGAL_TYPES, Entry
from projections.history import WHOLE, History, Touched
from projections.restrictions import in_force
from projections.timeline import UNLISTED, Reading, Timeline, differs

_NOTED = LEGAL_TYPES | {words.NOTE_RECORDED, words.EVENT_RETRACTED}


def next_due(timelines: Iterable[Timeline], now: Instant) -> Instant:
    """When the next flip comes after `now`; `NEVER` where none is known."""
    due = NEVER
    for timeline in timelines:
        for flip in timeline.flips_after(now):
            due = min(due, flip.at)
            break
    return due


class Company:
    """A company under its own id. `sequence` is that of its latest change."""

    def __init__(
        self,
        company: str,
        registry: Registry,
        records: Iterable[Record] = (),
        *,
        sequence: int = 0,
        clock: Instant = ALWAYS,
    ) -> None:
        """Restore a company: everything recorded about it up to `clock`, told up to `sequence`."""
        self.company = company
        self.sequence = sequence
        self.history = History(registry, records)
        self._clock = clock
        self._description: Description | None = None
        self._current: dict[str, Reading] = {}
        self._due: dict[str, Instant] = {}
        for list_id in self.timelines:
            self._look(list_id)

    @property
    def timelines(self) -> dict[str, Timeline]:
        """The lists as they stand without cut-offs."""
        return self.history.now.timelines

    @property
    def description(self) -> Description:
        """Who it is."""
        if self._description is None:
            records = [one.record for one in self.history.entries.values()]
            self._description = describe(records, self.company)
        return self._description

    @property
    def due(self) -> Instant:
        """When the next flip comes that needs no event; `NEVER` where none is known."""
        return min(self._due.values(), default=NEVER)

    def pass_time(self, now: Instant) -> list[Change]:
        """Tell the flips that were due by `now`, in order."""
        changes: list[Change] = []
        while (at := self.due) <= now:
            before = overall(self._current.values())
            flipped = sorted(list_id for list_id, due in self._due.items() if due == at)
            earlier = {list_id: self.timelines[list_id].reading(at - 1) for list_id in flipped}
            self._clock = at
            for list_id in flipped:
                self._look(list_id)
            after = overall(self._current.values())
            changes += [
                self._flipped(list_id, at, earlier[list_id], before, after) for list_id in flipped
            ]
        self._clock = max(self._clock, now)
        return changes

    def apply(self, record: Record) -> list[Change]:
        """Take in the next record about the company; time must have been passed up to it."""
        self._clock = record.recorded
        self._freshen()
        if self._may_describe(record):
            self._description = None
        entry, touched = self.history.add(record)
        if touched:
            return self._compare(entry, touched)
        if record.event["type"] in _NOTED:
            return [self._noted(entry)]
        return []

    def rest(self) -> None:
        """Count for another company from now on: keep what was last told, and let no time pass."""
        self._due.clear()

    def become(self, records: Iterable[Record], cause: Record) -> list[Change]:
        """Have another history from now on, because `cause` merged companies or undid it."""
        old = dict(self.timelines)
        self._clock = cause.recorded
        self._freshen()
        self.history = History(self.history.registry, records)
        self._description = None
        taken_back = cause.type != words.MERGED
        touched = {}
        for list_id in sorted(old.keys() | self.timelines.keys()):
            before = old[list_id].spans if list_id in old else []
            times = old[list_id].times if list_id in old else []
            timeline = self.timelines.get(list_id)
            timeline = timeline or Timeline(self.history.registry[list_id])
            rewritten_by_it = taken_back and before != timeline.spans
            touched[list_id] = Touched(timeline, before, times, (WHOLE,), rewritten_by_it)
        return self._compare(Entry(cause, None, None, (), cause.recorded, ALWAYS), touched)

    def _may_describe(self, record: Record) -> bool:
        """Whether who the company is may follow from a record."""
        event = record.event
        return (
            event["type"] == words.DESCRIBED
            or event["subject"] != self.company
            or takes_back(event["data"])
        )

    def _freshen(self) -> None:
        """How a company was removed may change at a moment at which nothing flips."""
        for list_id in self._due:
            if self._current[list_id].how is not None:
                self._current[list_id] = self.timelines[list_id].reading(self._clock)

    def _look(self, list_id: str) -> None:
        timeline = self.timelines.get(list_id)
        if timeline is None:
            self._current.pop(list_id, None)
            self._due.pop(list_id, None)
            return
        self._current[list_id] = timeline.reading(self._clock)
        following = next(timeline.flips_after(self._clock), None)
        self._due[list_id] = following.at if following else NEVER

    def _compare(self, entry: Entry, touched: dict[str, Touched]) -> list[Change]:
        earlier = {list_id: self._current.get(list_id, UNLISTED) for list_id in touched}
        before = overall(self._current.values())
        for list_id in touched:
            self._look(list_id)
        after = overall(self._current.values())
        changes: list[Change] = []
        for list_id in sorted(touched):
            tell = _Told(self, entry, list_id, earlier[list_id], before, after)
            changes += self._differences(tell, touched[list_id])
        return changes

    def _differences(self, tell: "_Told", one: Touched) -> list[Change]:
        """What became of one list, in the order of the kinds."""
        found: list[Change] = []
        if differs(tell.earlier, self.reading(tell.list)):
            found.append(tell.of("changed"))
        intervals, flips_before, flips_after = difference(one, self._clock)
        if intervals or one.taken_back:
            found.append(tell.of("corrected", intervals=intervals))
        if flips_before != flips_after:
            found.append(tell.of("scheduled", flips_before=flips_before, flips_after=flips_after))
        if not found and tell.entry.fact:
            found.append(tell.of("noted"))
        return found

    def _noted(self, entry: Entry) -> Change:
        current = self._current.get(entry.list or "", UNLISTED)
        standing = overall(self._current.values())
        return _Told(self, entry, entry.list or "", current, standing, standing).of("noted")

    def counted(self) -> int:
        """The number of the next change."""
        self.sequence += 1
        return self.sequence

    def reading(self, list_id: str) -> Reading:
        """What a list says of the company now."""
        return self._current.get(list_id, UNLISTED)

    def _flipped(
        self, list_id: str, at: Instant, earlier: Reading, before: Overall, after: Overall
    ) -> Change:
        causes = self._causes(list_id, at, earlier)
        facts = [self.history.entries[cause].fact for cause in causes]
        known = [fact.announced for fact in facts if fact]
        return Change(
            self.company,
            list_id,
            self.counted(),
            "changed",
            earlier,
            self._current[list_id],
            before,
            after,
            effective=at,
            announced=min(known, default=None),
            cause=causes,
            recorded=at,
            moment=at,
            backfill=False,
        )

    def _causes(self, list_id: str, at: Instant, earlier: Reading) -> tuple[str, ...]:
        """The events to which a flip is owed: those of the status, and of what began or ended."""
        timeline = self.timelines[list_id]
        now, then = timeline.state(at), timeline.state(at - 1)
        kinds = set(earlier.kinds) ^ set(self._current[list_id].kinds)
        windows = [*in_force(then, at - 1), *in_force(now, at)]
        causes = {cause for window, cause in windows if window.kind in kinds}
        if now.status != earlier.status and now.cause:
            causes.add(now.cause)
        return tuple(sorted(causes))


class _Told(NamedTuple):
    """What every change that one event brings to one list has in common."""

    company: Company
    entry: Entry
    list: str
    earlier: Reading
    before: Overall
    after: Overall

    def of(self, kind: str, **detail: Any) -> Change:
        entry = self.entry
        event = entry.record.event
        return Change(
            self.company.company,
            self.list or None,
            self.company.counted(),
            kind,
            self.earlier,
            self.company.reading(self.list),
            self.before,
            self.after,
            effective=entry.fact.at if entry.fact else self._effective(),
            announced=entry.seen_from,
            cause=(event["id"],),
            recorded=entry.record.recorded,
            moment=NEVER,
            backfill=bool(event.get("backfill"))
            or event["data"].get("effective_basis") == "baseline",
            **detail,
        )

    def _effective(self) -> Instant | None:
        effective = self.entry.record.event["data"].get("effective")
        if not effective:
            return None
        info = self.company.history.registry.find(self.list)
        return start(effective, info.zone) if info else start(effective)
