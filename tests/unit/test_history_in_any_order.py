"""The order of arrival never decides an answer."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.dates import NEVER
from events.log import Record
from projections.coverage import UNCOVERED
from projections.history import Cutoffs, History
from tests.unit import strategies
from tests.unit.making import LONG_AGO, REGISTRY, at, list_status, tries

RECORDED = st.sampled_from([at(LONG_AGO), at("2021-02-01"), at("2023-01-01")])
CUTS = st.builds(Cutoffs, st.just(NEVER) | strategies.instants())


def answers(history: History, cut: Cutoffs, moments: list[int]) -> list[Any]:
    """What both lists say at these moments."""
    view = history.view(cut)
    return [
        list_status(view, REGISTRY[list_id], now, UNCOVERED)
        for list_id in strategies.LISTS
        for now in moments
    ]


@tries(100)
@given(
    strategies.histories().flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))),
    RECORDED,
    CUTS,
    st.lists(strategies.instants(), min_size=3, max_size=8),
)
def test_the_same_events_in_any_order_give_the_same_answers(
    both: tuple[list[Any], list[Any]], recorded: int, cut: Cutoffs, moments: list[int]
) -> None:
    told, shuffled = (
        [Record(offset, recorded, one) for offset, one in enumerate(some)] for some in both
    )
    expected = answers(History(REGISTRY, told), cut, moments)
    assert answers(History(REGISTRY, shuffled), cut, moments) == expected
    grown = History(REGISTRY)
    for record in shuffled:
        grown.add(record)
    assert answers(grown, cut, moments) == expected
