"""Which events count: retractions, replacements, and those of retractions themselves.

Every edge says "this event takes that one back". An event has effect unless one that has effect
takes it back; what takes each other back in a circle has no effect. The same holds in every order
of arrival, because the whole graph decides and not its history.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Edge = tuple[str, str]
"""(the event that takes back, the event that it takes back)"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`taken_back`: for each event that does not count, one that has effect and took it back.
    `circular`: events that take each other back in a circle; as takings-back they are void."""

    taken_back: Mapping[str, str] = field(default_factory=dict)
    circular: frozenset[str] = frozenset()


NOTHING_TAKEN_BACK = Verdict()


def verdict(edges: Iterable[Edge]) -> Verdict:
    """Decide who counts. Edges to events that are not there must be left out by the caller."""
    takers: dict[str, list[str]] = {}
    for taker, target in edges:
        takers.setdefault(target, []).append(taker)
    if not takers:
        return NOTHING_TAKEN_BACK
    circular: set[str] = set()
    while True:
        taken_back, open_ = _grounded(takers, circular)
        circle = _on_a_circle(takers, open_)
        if not circle:
            return Verdict(taken_back, frozenset(circular))
        circular |= circle


def _grounded(takers: Mapping[str, list[str]], void: set[str]) -> tuple[dict[str, str], set[str]]:
    """Settle what can be settled from the events that nobody takes back."""
    taken_back: dict[str, str] = {}
    in_force: set[str] = set()
    undecided = set(takers) | {taker for some in takers.values() for taker in some}
    progress = True
    while progress:
        progress = False
        for event in sorted(undecided):
            others = [taker for taker in takers.get(event, ()) if taker not in void]
            if effective := [taker for taker in others if taker in in_force]:
                taken_back[event] = min(effective)
            elif all(taker in taken_back for taker in others):
                in_force.add(event)
            else:
                continue
            undecided.discard(event)
            progress = True
    return taken_back, undecided


def _on_a_circle(takers: Mapping[str, list[str]], undecided: set[str]) -> set[str]:
    """Of the undecided events, those that are reached from themselves."""
    return {event for event in undecided if event in _behind(event, takers, undecided)}


def _behind(event: str, takers: Mapping[str, list[str]], within: set[str]) -> set[str]:
    seen: set[str] = set()
    rest = [taker for taker in takers.get(event, ()) if taker in within]
    while rest:
        taker = rest.pop()
        if taker not in seen:
            seen.add(taker)
            rest.extend(other for other in takers.get(taker, ()) if other in within)
    return seen
