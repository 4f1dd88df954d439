"""The index of subscriptions answers as asking each of them would."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.index import Index
from alerts.matching import Who, wants
from alerts.subscriptions import Filter
from projections.changes import Change, Interval
from projections.timeline import Flip, Reading
from tests.contract.alert_twins import change

COMPANIES = ["a", "b", "c", "a-old"]
LISTS = ["us-ofac-sdn", "us-dod-ccmc"]
COUNTRIES = ["CN", "RU"]
STATUSES = ["not_listed", "designated", "removed"]
KINDS = ["changed", "corrected", "scheduled", "noted"]
FORBIDDEN = ["investment.purchase", "investment.sale", "export.license"]


def some(values: list[str]) -> st.SearchStrategy[list[str] | None]:
    return st.none() | st.lists(st.sampled_from(values), max_size=3)


filters = st.fixed_dictionaries(
    {
        "companies": some(COMPANIES),
        "lists": some(LISTS),
        "countries": some(COUNTRIES),
        "from": some(STATUSES),
        "to": some(STATUSES),
        "kinds": some(KINDS),
        "restrictions": some(FORBIDDEN),
        "gained": some(FORBIDDEN),
        "lost": some(FORBIDDEN),
    }
).map(lambda fields: Filter.model_validate(mostly_any(fields)))
readings = st.builds(
    Reading,
    st.sampled_from(STATUSES),
    st.none(),
    st.lists(st.sampled_from(FORBIDDEN), unique=True).map(tuple),
)
flips = st.lists(st.builds(Flip, st.just(9), readings), max_size=2).map(tuple)
changes = st.builds(
    change,
    st.sampled_from(COMPANIES[:3]),
    list_id=st.none() | st.sampled_from(LISTS),
    kind=st.sampled_from([*KINDS, "of a later version"]),
    before=readings,
    after=readings,
    backfill=st.booleans(),
    intervals=st.lists(st.builds(Interval, st.just(1), st.just(2), readings, readings)).map(tuple),
    flips_before=flips,
    flips_after=flips,
)
whos = st.builds(
    Who, st.none() | st.sampled_from(COUNTRIES), st.frozensets(st.sampled_from(COMPANIES))
)
asking = st.tuples(st.integers(0, 9), filters | st.none(), st.booleans())


def mostly_any(fields: dict[str, Any]) -> dict[str, Any]:
    """So that a good part lets something through."""
    return {key: None if value and len(value) == 3 else value for key, value in fields.items()}


@settings(max_examples=400)
@given(st.lists(asking, max_size=25), st.lists(st.tuples(changes, whos), max_size=4))
def test_whatever_comes_and_goes_it_names_those_who_want_a_change(
    asks: list[tuple[int, Filter | None, bool]], told: list[tuple[Change, Who]]
) -> None:
    index = Index()
    kept: dict[str, tuple[Filter, bool]] = {}
    for number, asked, backfill in asks:
        if asked is None:
            index.drop(str(number))
            kept.pop(str(number), None)
        else:
            index.put(str(number), asked, backfill=backfill)
            kept[str(number)] = asked, backfill
    assert len(index) == len(kept)
    for one, who in told:
        found = index.wanting(one, who)
        wanting = {
            ident for ident, (asked, b) in kept.items() if wants(asked, one, who, backfill=b)
        }
        assert sorted(found) == sorted(wanting)


def test_who_goes_leaves_nothing_behind() -> None:
    index = Index()
    for _ in range(3):
        for number in range(100):
            index.put(str(number), Filter(companies=["a"], lists=[f"list-{number}"]))
            index.put(f"any-{number}", Filter(countries=["CN"]))
        assert len(index.wanting(change("a"), Who("CN"))) == 100
        for number in range(100):
            index.drop(str(number))
            index.drop(f"any-{number}")
    assert len(index) == 0
    assert "0" not in index
    assert index.wanting(change("a"), Who("CN")) == []


def test_many_forms_are_told_apart() -> None:
    index = Index()
    for number in range(300):
        index.put(str(number), Filter(lists=[f"list-{number}"]))
        index.put(f"a-{number}", Filter(companies=["a"], lists=[f"list-{number}"]))
    assert index.wanting(change("a", list_id="list-131"), Who()) == ["a-131", "131"]
