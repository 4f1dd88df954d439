"""Which events count: retractions, replacements, and those of retractions themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.counted import Verdict, verdict

# Who takes back whom, then who is taken back by whom, then who is in a circle.
CASES: dict[str, tuple[str, dict[str, str], str]] = {
    "nothing": ("", {}, ""),
    "one": ("ra", {"a": "r"}, ""),
    "a retraction that is retracted has no effect": ("ra sr", {"r": "s"}, ""),
    "three deep": ("ra sr ts", {"a": "r", "s": "t"}, ""),
    "twice retracted, the first in order is named": ("sa ra", {"a": "r"}, ""),
    "one of two retractions is retracted": ("ra sa tr", {"a": "s", "r": "t"}, ""),
    "one event takes back two": ("ra rb", {"a": "r", "b": "r"}, ""),
    "itself": ("aa", {}, "a"),
    "each other": ("ab ba", {}, "ab"),
    "three in a circle": ("ab bc ca", {}, "abc"),
    "a circle takes nothing back outside it": ("ab ba ax", {}, "ab"),
    "a circle that is opened from outside": ("ab ba ra", {"a": "r"}, ""),
    "two circles, one behind the other": ("ab ba bc cd dc", {}, "abcd"),
    "a circle behind one that is void": ("aa ab bc cb", {}, "abc"),
    "itself and another": ("aa ab", {}, "a"),
    "a chain into a circle": ("ra ab ba bx", {"a": "r", "x": "b"}, ""),
}


@pytest.mark.parametrize(("edges", "taken_back", "circular"), CASES.values(), ids=CASES)
def test_who_counts(edges: str, taken_back: dict[str, str], circular: str) -> None:
    found = verdict([(pair[0], pair[1]) for pair in edges.split()])
    assert found == Verdict(taken_back, frozenset(circular))


ids = st.sampled_from("abcdef")
graphs = st.lists(st.tuples(ids, ids), max_size=10)


@given(graphs.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_in_which_edges_are_known_decides_nothing(
    both: tuple[list[tuple[str, str]], list[tuple[str, str]]],
) -> None:
    assert verdict(both[0]) == verdict(both[1])


@given(graphs)
def test_every_verdict_is_just(edges: list[tuple[str, str]]) -> None:
    """An event is taken back exactly when one that counts, and is in no circle, names it."""
    found = verdict(edges)
    events = {event for edge in edges for event in edge}
    for event in events:
        takers = {
            taker
            for taker, target in edges
            if target == event and taker not in found.taken_back and taker not in found.circular
        }
        assert (event in found.taken_back) == bool(takers)
        assert found.taken_back.get(event, None) in (takers or {None})
