"""The whole standing of one company on one list, past and known future, and how it moves when an
event arrives, late or not.

The points of all facts stand in order, each with the state that it leads to and the readings
until the next one. A new point touches only what follows it, and of that only as much as reads
differently: as soon as a state comes out as it was, everything behind it stands.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from events.dates import ALWAYS, NEVER, Instant
from events.lists import ListInfo
from projections.facts import Fact, Point, points
from projections.fold import NOT_LISTED, State, expire, step
from projections.restrictions import Kinds, turns, uncovered


class Reading(NamedTuple):
    """What a list says of a company at one moment."""

    status: str
    how: str | None
    kinds: Kinds
    """The restrictions in force, sorted."""


class Flip(NamedTuple):
    """From `at` on the list reads so."""

    at: Instant
    reading: Reading


UNLISTED: Final = Reading("not_listed", None, ())
_BEFORE: Final = Flip(ALWAYS, UNLISTED)
Span = tuple[Flip, ...]
_made: Final = tuple.__new__


class Timeline:
    """The points of one company on one list, kept folded."""

    def __init__(self, info: ListInfo, facts: Iterable[Fact] = ()) -> None:
        self.info = info
        self.points: list[Point] = sorted([point for fact in facts for point in points(fact)])
        self.times: list[Instant] = [point.at for point in self.points]
        self.states: list[State] = []
        self.openings: list[bool] = []
        self.anomalies: dict[str, str] = {}
        """For each fact that fits nowhere, why."""
        state = NOT_LISTED
        for point in self.points:
            while state.due <= point.at:
                state = expire(state)
            state, opened, anomaly = step(state, point, info)
            self.states.append(state)
            self.openings.append(opened)
            if anomaly:
                self.anomalies[point.id] = anomaly
        # Of most, only the last are ever asked for.
        self._spans: list[Span | None] = [None] * len(self.points)
        self._spread = False

    @property
    def spans(self) -> list[Span]:
        """The readings from each point to the next."""
        if not self._spread:
            for index in range(len(self._spans)):
                self.span(index)
            self._spread = True
        return self._spans  # type: ignore[return-value]  # none of them is None now

    @spans.setter
    def spans(self, spans: list[Span]) -> None:
        self._spans = [*spans]
        self._spread = True

    def span(self, index: int) -> Span:
        """The readings from one point to the next."""
        span = self._spans[index]
        if span is None:
            span = spread(self.states[index], self.times[index], self._end(index))
            self._spans[index] = span
        return span

    def add(self, fact: Fact) -> tuple[int, int]:
        """Take a fact in; the indexes from and to which the spans may read differently now."""
        return self._splice(fact, insert=True)

    def drop(self, fact: Fact) -> tuple[int, int]:
        """Take a fact out again; as `add`."""
        return self._splice(fact, insert=False)

    def _splice(self, fact: Fact, *, insert: bool) -> tuple[int, int]:
        first, last, spans = len(self.points), 0, self.spans
        for point in points(fact):
            index = bisect_left(self.points, point)
            if insert:
                last += last > index
                self.points.insert(index, point)
                self.times.insert(index, point.at)
                self.states.insert(index, NOT_LISTED)
                spans.insert(index, ())
                self.openings.insert(index, False)
            else:
                for kept in (self.points, self.times, self.states, spans, self.openings):
                    del kept[index]
                self.anomalies.pop(fact.id, None)
            until = self._refold(index, at_least=1 if insert else 0)
            first, last = min(first, max(index - 1, 0)), max(last, until)
        return first, last

    def _refold(self, index: int, at_least: int) -> int:
        """Fold again from `index` until a state comes out as it was; the index after the last."""
        state = self.states[index - 1] if index else NOT_LISTED
        if index:
            self.spans[index - 1] = spread(state, self.points[index - 1].at, self._end(index - 1))
        for here in range(index, len(self.points)):
            point = self.points[here]
            state = self._arrive(state, point, here)
            if here >= index + at_least and state == self.states[here]:
                return here
            self.states[here] = state
            self.spans[here] = spread(state, point.at, self._end(here))
        return len(self.points)

    def _arrive(self, state: State, point: Point, index: int) -> State:
        while state.due <= point.at:
            state = expire(state)
        after, self.openings[index], anomaly = step(state, point, self.info)
        if anomaly:
            self.anomalies[point.id] = anomaly
        elif self.anomalies and point.rank:
            self.anomalies.pop(point.id, None)
        return after

    def _end(self, index: int) -> Instant:
        return self.points[index + 1].at if index + 1 < len(self.points) else NEVER

    def index(self, now: Instant) -> int:
        """The index of the last point at or before `now`; -1 before the first."""
        return bisect_right(self.times, now) - 1

    def state(self, now: Instant) -> State:
        """The state at `now`, with what ran out since the last point gone."""
        index = self.index(now)
        state = self.states[index] if index >= 0 else NOT_LISTED
        while state.due <= now:
            state = expire(state)
        return state

    def reading(self, now: Instant) -> Reading:
        """What the list says at `now`."""
        return self.flip(now).reading

    def flip(self, now: Instant) -> Flip:
        """The span of readings that holds `now`: since when it reads as it does."""
        index = self.index(now)
        if index < 0:
            return _BEFORE
        # The last of several points at one instant is the one that has a span.
        span = self.span(index)
        if len(span) == 1:  # mostly
            return span[0]
        return next(flip for flip in reversed(span) if flip.at <= now)

    def flips(self, first: int = 0, last: int | None = None) -> Iterator[Flip]:
        """The readings in order, from the spans of these indexes; neighbours may read alike."""
        for index in range(*slice(first, last).indices(len(self._spans))):
            yield from self.span(index)

    def flips_after(self, now: Instant) -> Iterator[Flip]:
        """The flips that come after `now`: where status or restrictions read differently."""
        index = max(self.index(now), 0)
        if self._nothing_after(index, now):  # mostly
            return
        current = self.reading(now)
        for flip in self.flips(index):
            if flip.at > now and differs(flip.reading, current):
                current = flip.reading
                yield flip

    def _nothing_after(self, index: int, now: Instant) -> bool:
        """Whether the last flip of all has come by `now`, which is between this point and the
        next."""
        last = len(self._spans) - 1
        return index > last or (index == last and self.span(index)[-1].at <= now)

    def episode(self, now: Instant) -> int:
        """How many episodes have begun by `now`."""
        return sum(self.openings[: self.index(now) + 1])


def differs(one: Reading, other: Reading) -> bool:
    """Whether status or restrictions differ; how a company was removed is not a flip."""
    return one.status != other.status or one.kinds != other.kinds


def spread(state: State, begins: Instant, ends: Instant) -> Span:
    """The readings of a state over [begins, ends): it changes when listings and injunctions run
    out and when restrictions begin and end. Empty where the next point is at the same instant."""
    if begins >= ends:
        return ()
    flips: list[Flip] = []
    while True:
        listings, injunctions, _, _, how, _, _, status, due, _ = state
        upto = min(ends, due)
        if not listings or status == "enjoined":
            flips.append(_made(Flip, (begins, _made(Reading, (status, how, ())))))
        else:
            held: Kinds = ()
            for at, kinds in turns(listings, begins, upto):
                if at >= upto:
                    break
                if at > begins:
                    flips.append(_made(Flip, (begins, _made(Reading, (status, None, held)))))
                    begins = at
                held = uncovered(state, kinds) if injunctions else kinds
            flips.append(_made(Flip, (begins, _made(Reading, (status, None, held)))))
        if upto >= ends:
            return tuple(flips)
        begins = upto
        state = expire(state)
