"""What is kept of an answer between two turns is what would be worked out anew."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from events.dates import ALWAYS, NEVER, Instant
from events.log import Record
from projections.coverage import UNCOVERED
from projections.dossier import Dossier
from projections.history import Cutoffs
from tests.unit import strategies
from tests.unit.making import CCMC, REGISTRY, at, issued, list_status, records, tries

CUTS = st.builds(
    Cutoffs,
    st.just(NEVER) | strategies.instants(),
    st.just(NEVER) | strategies.instants(),
    st.just(NEVER) | st.integers(-1, 30),
)


@tries(150)
@given(st.data(), CUTS, st.lists(strategies.instants(), min_size=1, max_size=8))
def test_between_turns_an_answer_is_as_it_would_be_at_each_moment(
    data: st.DataObject, cut: Cutoffs, moments: list[Instant]
) -> None:
    log = data.draw(strategies.histories().flatmap(strategies.records))
    dossier = Dossier("acme", REGISTRY, [Record(*one) for one in log])
    counted = dossier.counted(*dossier.knowledge(cut))
    view = dossier.history.view(_one_cut(cut))
    assert set(counted.lists) == set(view.timelines)
    for list_id in strategies.LISTS:
        events = counted.lists.get(list_id, ())
        sheet = dossier.sheet(REGISTRY[list_id], events, counted.circular)
        beside = (max(turn + by, ALWAYS) for turn, by in product(sheet.turns, (-1, 0, 1)))
        for now in (*moments, *beside):
            told = list_status(view, REGISTRY[list_id], now, UNCOVERED)
            kept = sheet.line(sheet.turn(now)).told()
            assert {**kept, "covered": False, "coverage": told["coverage"]} == told


def _one_cut(cut: Cutoffs) -> Cutoffs:
    """A question names a position or an instant, never both."""
    return cut if cut.offset == NEVER else cut._replace(known_at=NEVER)


def test_a_restriction_that_is_announced_is_upcoming_until_its_end_has_passed() -> None:
    late = issued("2021-08-01", "late", announced="2021-01-14")
    dossier = Dossier("acme", REGISTRY, records([late], "2021-01-14"))
    sheet = dossier.sheet(REGISTRY[CCMC], ("late",), ())
    ends = at("2021-06-03")
    before, after = (sheet.line(sheet.turn(now)).told()["upcoming"] for now in (ends - 1, ends))
    assert [one["kind"] for one in before] == ["investment.hold", "investment.purchase"]
    assert after == []
