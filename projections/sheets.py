"""A company on one list, from one set of events: what an answer says of it, turn by turn.

Between two turns (a point, a flip, the end of a restriction that was only announced) an answer
says the same whatever the moment asked for, but for the list's coverage. So it is worked out once
for each turn, and written once.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from events.dates import ALWAYS, NEVER, Instant
from projections.facts import Entry, windows
from projections.status import acts, parts, together
from projections.timeline import Timeline


class Line(NamedTuple):
    """What an answer says of one list between two turns, as the text that answers are made of."""

    head: bytes
    """The JSON up to the coverage."""
    rest: bytes
    """The JSON behind it."""

    def told(self) -> dict[str, Any]:
        """All of it, anew for whoever asks."""
        found: dict[str, Any] = orjson.loads(self.head[:-1] + self.rest)
        return found


class Sheet:
    """`circular` are the company's events that take each other back."""

    def __init__(self, timeline: Timeline, circular: Sequence[Entry]) -> None:
        self._timeline = timeline
        self._circular = circular
        self.turns = sorted({*_turns(timeline), *(acts(one, timeline.info) for one in circular)})

    def turn(self, now: Instant) -> int:
        """Between which turns a moment is, counted from 0 before the first."""
        return bisect_right(self.turns, now)

    def line(self, turn: int) -> Line:
        """What is said there."""
        now = self.turns[turn - 1] if turn else ALWAYS
        head, rest = parts(self._timeline, self._circular, now)
        return Line(orjson.dumps(head)[:-1] + b",", b"," + orjson.dumps(rest)[1:])


def _turns(timeline: Timeline) -> Iterable[Instant]:
    """When an answer may come to say something else. What is upcoming of a listing that is open
    turns with its restrictions, and those are flips; of one that is announced, where its
    restrictions end before they begin."""
    yield from timeline.times
    yield from (flip.at for flip in timeline.flips())
    announced = {fact.id: fact for state in timeline.states for fact in state.announced}
    for fact in announced.values():
        ends = (one.end for one in windows(fact, fact.at, timeline.info))
        yield from (end for end in ends if end != NEVER)


def summary(lines: Iterable[Line]) -> bytes:
    """What several lists come to, see `together`: the JSON of an object without its braces."""
    return orjson.dumps(together([one.told() for one in lines]))[1:-1]
