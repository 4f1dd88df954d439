"""What a new version of the lists' rules changed: the difference between two projections of the
same events, told as changes whose cause is the version."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from events.dates import NEVER, Instant, start
from events.lists import Registry
from projections.changes import Change, Overall, difference, overall
from projections.draft import Draft
from projections.history import WHOLE, Touched
from projections.messages import Place
from projections.partition import Brought
from projections.population import Population
from projections.published import Outcome, Statement, outcome
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
            revision = Revision(company, before, after, registry, mark, draft.generation)
            yield from revision.changes(row.sequence if row else 0)


def republished(
    population: Population, statements: Iterable[Statement], place: Place, sequences: dict[str, int]
) -> Outcome:
    """What other rules than those under which a partition's statuses were published make of them:
    each anew, and the differences as changes. Published statuses tell of the present and the next
    flip alone: what differs of the past is told of nowhere. `sequences` are moved on."""
    mark = Mark(population.position, place.recorded)
    generation = next_generation(sequences.values())
    told: list[Told] = []
    for one in statements:
        said = one.told
        company = said["company"]
        if company in population.parked or company in population.into:
            continue
        kept = population.company(company)
        revision = revision_of(said, kept.timelines, population.registry, mark, generation)
        for each in list(revision.changes(kept.sequence)):
            kept.sequence = each.change.sequence
            told.append(each)
    return outcome(population, Brought(told, sorted(sequences), []), place, sequences)


def next_generation(sequences: Iterable[int]) -> int:
    """Greater than that of any revision before: of each, somebody was told."""
    return 1 + sum(sequences)


def revision_of(
    said: Mapping[str, Any],
    timelines: Mapping[str, Timeline],
    registry: Registry,
    mark: Mark,
    generation: int,
) -> "Revision":
    """From what a status message says of a company to what its lists are now."""
    before = {each["list"]: _published(each, mark.clock) for each in said.get("lists", ())}
    after = {one: _from_now(timeline, mark.clock) for one, timeline in timelines.items()}
    return Revision(said["company"], before, after, registry, mark, generation)


def _published(told: Mapping[str, Any], now: Instant) -> Flips:
    """A list as a status message tells of it."""
    flips = [Flip(now, Reading(told["status"], told["how"], _kinds(told["restrictions"])))]
    if following := told["next"]:
        reading = Reading(following["status"], None, tuple(following["restrictions"]))
        flips.append(Flip(start(following["at"]), reading))
    return tuple(flips)


def _kinds(restrictions: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(one["kind"] for one in restrictions)


def _from_now(timeline: Timeline, now: Instant) -> Flips:
    """The same of a timeline."""
    following = (Flip(one.at, one.reading._replace(how=None)) for one in timeline.flips_after(now))
    return (Flip(now, timeline.reading(now)), *islice(following, 1))


class Revision(NamedTuple):
    """The readings of one company before and after, by list. `generation` tells several revisions
    at one mark apart, later ones having a greater one."""

    company: str
    before: Mapping[str, Flips]
    after: Mapping[str, Flips]
    registry: Registry
    mark: Mark
    generation: int

    def changes(self, sequence: int) -> Iterator[Told]:
        """What to tell of it, after the change of this sequence."""
        if self.before == self.after:
            return
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
