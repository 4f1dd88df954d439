"""Everything the log holds about one company, and how it looks under the cut-offs.

A history is kept along the recorded axis: entries are only ever added. What counts among them, and
where it stands on the effective axis, is worked out for each pair of cut-offs; the view without
any is kept and moved on, because it is the one that every new event changes.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from events.admitted import takes_back
from events.companies import takings_back
from events.counted import NOTHING_TAKEN_BACK, Verdict, verdict
from events.dates import ALWAYS, NEVER, Instant
from events.lists import Registry
from events.log import Record
from events.vocabulary import DESCRIBED, EVENT_RETRACTED, MERGED
from projections.facts import Entry, Fact, entry, fact_of
from projections.timeline import Span, Timeline

_WHATEVER_THE_PUBLIC_KNEW: Final = frozenset({DESCRIBED, MERGED, EVENT_RETRACTED})


class Cutoffs(NamedTuple):
    """What an answer may see: `announced_by` the public's, `known_at` this log's knowledge, as an
    instant or as an offset. All inclusive; `NEVER` is no cut."""

    announced_by: Instant = NEVER
    known_at: Instant = NEVER
    offset: int = NEVER

    def sees(self, record: Record) -> bool:
        """Whether the log held the record by then."""
        return record.recorded <= self.known_at and record.offset <= self.offset


_NO_CUT = Cutoffs()


class Counting(NamedTuple):
    """What counts of a company under the cut-offs: by list its facts, in the log's order."""

    facts: dict[str, list[Fact]]
    who_counts: Verdict
    circular: tuple[Entry, ...]
    """Events that take each other back in a circle."""


class View(NamedTuple):
    """The lists of a company as the cut-offs show them, and who counts."""

    timelines: dict[str, Timeline]
    who_counts: Verdict
    circular: tuple[Entry, ...]
    """Events that take each other back in a circle."""


class Part(NamedTuple):
    """A stretch of time in which a list may read differently now."""

    begins: Instant
    ends: Instant


WHOLE = Part(ALWAYS, NEVER)


class Touched(NamedTuple):
    """What one more event did to one list: the spans as they were, with the time of the point
    that each follows, and the parts that may read differently now, apart and in order.
    `taken_back` where an event ceased to count, or counts again."""

    timeline: Timeline
    before: Sequence[Span]
    times: Sequence[Instant]
    parts: tuple[Part, ...]
    taken_back: bool


def _with(parts: tuple[Part, ...], new: Part) -> tuple[Part, ...]:
    """The parts and one more; what meets is one."""
    apart: list[Part] = []
    for part in sorted((*parts, new)):
        if apart and part.begins <= apart[-1].ends:
            apart[-1] = Part(apart[-1].begins, max(apart[-1].ends, part.ends))
        else:
            apart.append(part)
    return tuple(apart)


def standing(records: Sequence[Record], registry: Registry) -> dict[str, Timeline]:
    """The lists of a company without cut-offs, where only the outcome is wanted: as the view of
    its history, which is only made where something is taken back."""
    if any(takes_back(record.event["data"]) for record in records):
        return History(registry, records).now.timelines
    return standing_plainly(records, registry)


def standing_plainly(records: Iterable[Record], registry: Registry) -> dict[str, Timeline]:
    """`standing` where nothing is taken back, as then everything counts."""
    facts: dict[str, list[Fact]] = {}
    for record in records:
        fact = fact_of(record, registry)
        if fact is not None:
            facts.setdefault(record[2]["data"]["list"], []).append(fact)
    return {list_id: Timeline(registry[list_id], some) for list_id, some in facts.items()}


class History:
    """The entries of one company, merged ids included, with the view without cut-offs."""

    def __init__(self, registry: Registry, records: Iterable[Record] = ()) -> None:
        self.registry = registry
        self.entries: dict[str, Entry] = {}
        self.listed: set[str] = set()
        """The lists of which something was ever told."""
        self._graph: dict[str, set[str]] = {}
        known = list(records)
        for record in known:
            self._keep(self._entry(record, known))
        found = self.view(_NO_CUT)
        # One dictionary, moved on in place: a long history of corrections is not copied at each.
        self._taken_back = dict(found.who_counts.taken_back)
        self.now = found._replace(who_counts=Verdict(self._taken_back, found.who_counts.circular))

    def _entry(self, record: Record, known: Sequence[Record]) -> Entry:
        """Read one. One that cannot be read says nothing where it was taken back: so a company
        that it has parked is freed."""
        try:
            return entry(record, self.registry)
        except Exception:
            if record.id not in takings_back(known).taken_back:
                raise
            listed = record.event["data"].get("list")
            return Entry(record, listed, None, (), record.recorded, ALWAYS)

    def _keep(self, new: Entry) -> None:
        self.entries[new.record.event["id"]] = new
        if new.fact is not None and new.list is not None:
            self.listed.add(new.list)
        for target in new.targets:
            self._graph.setdefault(new.record.id, set()).add(target)
            self._graph.setdefault(target, set()).add(new.record.id)

    def view(self, cut: Cutoffs) -> View:
        """The company's lists under the cut-offs, folded from the beginning."""
        facts, who_counts, circular = self.counting(cut)
        timelines = {
            list_id: Timeline(self.registry[list_id], some) for list_id, some in facts.items()
        }
        return View(timelines, who_counts, circular)

    def counting(self, cut: Cutoffs) -> Counting:
        """What counts under the cut-offs."""
        who_counts = self._verdict(self._graph, cut) if self._graph else NOTHING_TAKEN_BACK
        announced_by, known_at, offset = cut
        facts: dict[str, list[Fact]] = {}
        for key, (record, list_id, fact, _, seen_from, _) in self.entries.items():
            if (
                fact is not None
                and list_id is not None
                and seen_from <= announced_by
                and record.recorded <= known_at
                and record.offset <= offset
                and key not in who_counts.taken_back
            ):
                facts.setdefault(list_id, []).append(fact)
        circular = [self.entries[key] for key in sorted(who_counts.circular)]
        seen = [
            one
            for one in circular
            if one.seen_from <= announced_by or one.record.type in _WHATEVER_THE_PUBLIC_KNEW
        ]
        return Counting(facts, who_counts, tuple(seen))

    def _verdict(self, among: Iterable[str], cut: Cutoffs) -> Verdict:
        """Who counts: only what the log held, of one subject; a public correction only where the
        public knew of it, a slip of ours whatever the public knew."""
        edges = []
        for key in among:
            taker = self.entries.get(key)
            if taker is None or not taker.targets or not cut.sees(taker.record):
                continue
            if taker.corrected > cut.announced_by:
                continue
            for target in taker.targets:
                known = self.entries.get(target)
                if (
                    known is not None
                    and known.record.subject == taker.record.subject
                    and cut.sees(known.record)
                ):
                    edges.append((key, target))
        return verdict(edges)

    def add(self, record: Record) -> tuple[Entry, dict[str, Touched]]:
        """Take one more record in, later than all before; what it did to which lists."""
        new = entry(record, self.registry)
        self._keep(new)
        if new.record.id not in self._graph:
            return new, self._change([new], [], taken_back=False)
        return new, self._resettle(new)

    def _resettle(self, new: Entry) -> dict[str, Touched]:
        """Judge again who counts, among those that the new event is bound up with."""
        bound = self._bound_up(new.record.id)
        judged = self._verdict(bound, _NO_CUT)
        before = self.now.who_counts
        was_out = {key for key in bound if key in before.taken_back}
        is_out = set(judged.taken_back)
        for key in was_out:
            del self._taken_back[key]
        self._taken_back.update(judged.taken_back)
        circular = (before.circular - bound) | judged.circular
        self.now = View(
            self.now.timelines,
            Verdict(self._taken_back, circular),
            tuple(self.entries[key] for key in sorted(circular)),
        )
        me = new.record.id
        gone = [self.entries[key] for key in is_out - was_out if key != me]
        back = [self.entries[key] for key in was_out - is_out]
        come = [*back, *([] if me in is_out else [new])]
        return self._change(come, gone, taken_back=bool(gone or back))

    def _bound_up(self, event: str) -> set[str]:
        found: set[str] = set()
        rest = [event]
        while rest:
            here = rest.pop()
            if here not in found:
                found.add(here)
                rest.extend(self._graph.get(here, ()))
        return found

    def _change(
        self, come: list[Entry], gone: list[Entry], *, taken_back: bool
    ) -> dict[str, Touched]:
        touched: dict[str, Touched] = {}
        timelines = self.now.timelines
        for one, arrives in [(one, False) for one in gone] + [(one, True) for one in come]:
            if one.fact is None or one.list is None:
                continue
            timeline = timelines.get(one.list)
            if timeline is None:
                timeline = timelines[one.list] = Timeline(self.registry[one.list])
            known = touched.get(one.list)
            if known is None:
                spans, times = list(timeline.spans), list(timeline.times)
                known = Touched(timeline, spans, times, (), taken_back)
            first, last = timeline.add(one.fact) if arrives else timeline.drop(one.fact)
            begins = timeline.points[first].at if 0 < first < len(timeline.points) else ALWAYS
            ends = timeline.points[last].at if last < len(timeline.points) else NEVER
            parts = _with(known.parts, Part(begins, ends))
            touched[one.list] = known._replace(parts=parts)
        for list_id in [key for key, one in touched.items() if not one.timeline.points]:
            del timelines[list_id]
        return touched
