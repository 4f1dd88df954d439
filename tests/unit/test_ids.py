"""The same fact has the same id wherever and however it is told."""

from typing import Any
from uuid import UUID, uuid5

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from events.dates import show, start
from events.door import admit
from events.ids import NAMESPACE, canonical, derived_id, fact_id, legal
from tests.unit import strategies
from tests.unit.making import REGISTRY, granted, issued, retracted

Json = dict[str, Any]

keys = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
whole_numbers = st.integers(-(2**53) + 1, 2**53 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
simple = st.none() | st.booleans() | whole_numbers | texts
documents: st.SearchStrategy[Any] = st.deferred(
    lambda: simple | st.lists(documents, max_size=3) | st.dictionaries(keys, documents, max_size=3)
)


@given(documents)
def test_the_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(documents)
def test_a_derived_id_is_a_uuid_v5_over_the_canonical_form(value: Any) -> None:
    name = rfc8785.dumps(value)
    told = UUID(derived_id(value))
    assert told.version == 5
    assert told == uuid5(NAMESPACE, name.decode())


def test_ids_never_change() -> None:
    """One fixed example: were it another, every log would hear every fact again."""
    data = {"list": "us-dod-ccmc", "effective": "2021-01-14", "restrictions": []}
    told = fact_id("standing.designation.issued", "xiaomi", data)
    document = {"data": data, "subject": "xiaomi", "type": "standing.designation.issued"}
    assert told == str(uuid5(NAMESPACE, rfc8785.dumps(document).decode()))
    assert told == "f7bea2a8-f913-5365-8114-e15aece81c41"


def id_of(sent: Json) -> str:
    """The id that the door gives."""
    return admit(sent, REGISTRY).fingerprint


@given(strategies.histories(), st.randoms())
def test_an_id_does_not_depend_on_the_order_of_keys(history: list[Json], random: Any) -> None:
    for sent in history:
        shuffled = list(sent["data"].items())
        random.shuffle(shuffled)
        other = {**sent, "data": dict(shuffled)}
        assert id_of(other) == id_of(sent)


@given(st.permutations(["investment.purchase", "investment.hold", "export.license"]))
def test_an_id_does_not_depend_on_the_order_of_a_set(scope: list[str]) -> None:
    assert id_of(granted("2021", None, scope=scope)) == id_of(
        granted("2021", None, scope=sorted(scope))
    )


def test_a_set_that_says_a_thing_twice_says_it_once() -> None:
    twice = [{"kind": "other"}, {"kind": "other", "until": None}]
    assert id_of(issued("2021", None, restrictions=twice)) == id_of(
        issued("2021", None, restrictions=twice[:1])
    )


@pytest.mark.parametrize("key", ["effective", "announced", "expires"])
def test_an_id_does_not_depend_on_how_an_instant_is_spelled(key: str) -> None:
    spelled = ["2021-05-25T16:09:00-04:00", "2021-05-25T20:09Z", "2021-05-25T20:09:00.000z"]
    told = {id_of(granted(**{"effective": "2021", key: text, "id_": None})) for text in spelled}
    assert len(told) == 1


def test_dates_inside_a_restriction_are_normalised_too() -> None:
    def sent(text: str) -> Json:
        return issued("2021", None, restrictions=[{"kind": "other", "from": text}])

    instant = "2021-05-25T16:09:00-04:00"
    assert id_of(sent(instant)) == id_of(sent(show(start(instant))))
    assert id_of(sent(instant)) != id_of(sent("2021-05-25"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2021-01-14", "2021-01-14T00:00:00-05:00"),  # the precision is part of what is said
        ("2021-01", "2021-01-01"),
        ("2021-01-14T00:00:00Z", "2021-01-14T00:00:00-05:00"),
    ],
)
def test_another_date_is_another_fact(one: str, other: str) -> None:
    assert id_of(issued(one, None)) != id_of(issued(other, None))


def test_sources_and_a_retractions_reason_make_no_other_fact() -> None:
    assert id_of(issued("2021", None, sources=[{"title": "x"}])) == id_of(issued("2021", None))
    one, other = retracted("a", None), retracted("a", None)
    other["data"]["reason"] = "another"
    assert id_of(one) == id_of(other)


def test_type_and_subject_are_part_of_a_fact() -> None:
    one = issued("2021", None)
    assert id_of({**one, "subject": "other"}) != id_of(one)
    assert id_of({**one, "type": "standing.designation.amended"}) != id_of(one)


def test_what_is_null_is_not_said() -> None:
    assert legal({"a": None, "list": "x"}) == {"list": "x"}


def test_a_scope_of_all_is_no_set() -> None:
    assert legal({"scope": "all"}) == {"scope": "all"}
