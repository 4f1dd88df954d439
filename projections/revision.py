"""What a new version of the lists' rules changed: the difference between two projections of the
same events, told as changes whose cause is the version."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from events.dates import NEVER, Instant
from events.lists import Registry
from projections.changes import Change, Overall, difference, overall
from projections.draft import Draft
from projections.history import WHOLE, Touched
from projections.rows import Told
from projections.store import Mark, ProjectionStore
from projections.timeline import UNLISTED, Flip, Reading, Timeline, differs

Flips = Sequence[Flip]


def revised(store: ProjectionStore, draft: Draft, registry: Registry, mark: Mark) -> Iterator[Told]:
    """The changes that bring everybody from the statuses in use to those of the draft."""
    if store.meta("registry") == registry.digest:
        return
    for company in draft.companies():
        before, after = store.readings(company), draft.readings(company)
        if before != after:
            row = store.row(company)
            revision = _Revision(company, before, after, registry, mark, draft.generation)
            yield from revision.changes(row.sequence if row else 0)


class _Revision(NamedTuple):
    """The readings of one company before and after."""

    company: str
    before: Mapping[str, Flips]
    after: Mapping[str, Flips]
    registry: Registry
    mark: Mark
    generation: int

    def changes(self, sequence: int) -> Iterator[Told]:
        now = self.mark.clock
        was = overall(_at(flips, now) for flips in self.before.values())
        is_ = overall(_at(flips, now) for flips in self.after.values())
        for list_id in sorted(self.before.keys() | self.after.keys()):
            for kind, detail in self._kinds(list_id):
                sequence += 1
                change = self._change(list_id, sequence, kind, was, is_)
                yield Told(self.mark.position, replace(change, **detail))

    def _kinds(self, list_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        old, new = self.before.get(list_id, ()), self.after.get(list_id, ())
        if old == new or list_id not in self.registry:
            return
        now = self.mark.clock
        timeline = Timeline(self.registry[list_id])
        if new:
            timeline.spans, timeline.times = [tuple(new)], [new[0].at]
        began = [old[0].at] if old else []
        spans = [tuple(old)] if old else []
        touched = Touched(timeline, spans, began, (WHOLE,), taken_back=False)
        if differs(_at(old, now), _at(new, now)):
            yield "changed", {}
        intervals, flips_before, flips_after = difference(touched, now)
        if intervals:
            yield "corrected", {"intervals": intervals}
        if flips_before != flips_after:
            yield "scheduled", {"flips_before": flips_before, "flips_after": flips_after}

    def _change(self, list_id: str, sequence: int, kind: str, was: Overall, is_: Overall) -> Change:
        """`moment` lies behind those of events, so that a reader who has come to the end of this
        position sees it still."""
        now = self.mark.clock
        version = f"list:{list_id}@{self.registry[list_id].version}"
        return Change(
            self.company,
            list_id,
            sequence,
            kind,
            _at(self.before.get(list_id, ()), now),
            _at(self.after.get(list_id, ()), now),
            was,
            is_,
            effective=None,
            announced=None,
            cause=(version, f"rules:{self.registry.digest}"),
            recorded=now,
            moment=NEVER + self.generation,
            backfill=False,
        )


def _at(flips: Flips, now: Instant) -> Reading:
    reading = UNLISTED
    for flip in flips:
        if flip.at > now:
            break
        reading = flip.reading
    return reading
