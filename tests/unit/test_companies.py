"""Who a company is, and which company counts for which."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.companies import Description, describe, members, merges, root, says_nothing_new
from tests.unit.making import event, record, records, retracted

Json = dict[str, Any]


def described(id_: str = "d", subject: str = "acme", **data: Any) -> Json:
    """A description."""
    return event("company.described", id_, subject, **data)


def merged(old: str, into: str, id_: str | None = None) -> Json:
    """A merge."""
    return event("company.merged", id_ or f"{old}-{into}", old, into=into)


def known(*events: Json, company: str = "acme") -> Description:
    """What these events make known."""
    return describe(records(events), company)


def test_of_a_company_without_description_nothing_is_known() -> None:
    assert known() == Description()
    assert known().shown() == {
        "name": None,
        "aliases": [],
        "country": None,
        "kind": "unknown",
        "identifiers": [],
        "website": None,
        "former_ids": [],
    }


def test_the_latest_recorded_wins_field_by_field() -> None:
    found = known(
        described(name="Acme", country="CN", aliases=["A", "B"]),
        described("e", name="Acme Holdings", aliases=["C"], website="https://a.example"),
    )
    assert found == Description("Acme Holdings", ("C",), "CN", website="https://a.example")


def test_identifiers_are_told_with_their_schemes() -> None:
    identifiers = [{"scheme": "isin", "value": "KYG9830T1067"}, {"scheme": "lei", "value": "X"}]
    found = known(described(identifiers=identifiers, kind="vessel"))
    assert found.identifiers == (("isin", "KYG9830T1067"), ("lei", "X"))
    assert found.shown()["identifiers"] == identifiers
    assert found.shown()["kind"] == "vessel"


def test_a_description_that_was_retracted_never_was() -> None:
    found = known(described(name="Acme"), described("e", name="Wrong"), retracted("e"))
    assert found.name == "Acme"


def test_a_description_that_was_replaced_gives_way() -> None:
    found = known(described(name="Wrong", country="US"), described("e", name="A", replaces="d"))
    assert (found.name, found.country) == ("A", None)


def test_what_another_company_would_retract_stands() -> None:
    found = known(described(name="Acme"), {**retracted("d"), "subject": "other"}, company="acme")
    assert found.name == "Acme"


def test_a_merged_companys_names_are_aliases_and_fill_what_is_missing() -> None:
    found = known(
        described("1", "old", name="Old", aliases=["O"], country="CN", kind="company"),
        described("2", "old", name="Older", identifiers=[{"scheme": "lei", "value": "1"}]),
        described("3", name="Acme", aliases=["A"], identifiers=[{"scheme": "lei", "value": "2"}]),
    )
    assert found == Description(
        "Acme",
        ("A", "Older", "O", "Old"),
        "CN",
        "company",
        (("lei", "2"), ("lei", "1")),
        None,
        ("old",),
    )


def test_a_company_without_a_name_has_that_of_the_merged_one() -> None:
    found = known(described("1", "old", name="Old"), event("note.recorded", "n"))
    assert (found.name, found.aliases) == ("Old", ())


def test_a_merged_company_without_a_name_adds_none() -> None:
    found = known(described("1", "old", country="CN"), described("2", name="Acme"))
    assert found.aliases == ()
    assert found.former_ids == ("old",)


@pytest.mark.parametrize(
    ("data", "nothing_new"),
    [
        ({"name": "Acme"}, True),
        ({"aliases": ["B", "A"]}, True),
        ({"aliases": ["A"]}, False),
        ({"name": "Acme", "country": "CN"}, True),
        ({"name": "Other"}, False),
        ({"website": "https://a.example"}, False),
        ({"identifiers": [{"value": "1", "scheme": "lei"}]}, True),
        ({"name": "Acme", "sources": [{"title": "another"}], "effective": "2021"}, True),
        ({}, True),
    ],
    ids=str,
)
def test_a_description_may_say_nothing_new(data: Json, nothing_new: bool) -> None:
    now = Description("Acme", ("A", "B"), "CN", None, (("lei", "1"),))
    assert says_nothing_new(now, data) is nothing_new


# --- merges ---------------------------------------------------------------------------------------


def into(*events: Json) -> dict[str, str]:
    """Who counts for whom after these events."""
    return merges(records(events))


def test_without_merges_everybody_counts_for_themselves() -> None:
    assert into() == {}
    assert root({}, "a") == "a"
    assert members({}, "a") == ["a"]


def test_chains_lead_to_the_end() -> None:
    found = into(merged("a", "b"), merged("b", "c"), merged("d", "c"))
    assert found == {"a": "b", "b": "c", "d": "c"}
    assert [root(found, one) for one in "abcd"] == ["c"] * 4
    assert members(found, "c") == ["c", "a", "b", "d"]
    assert members(found, "b") == ["b"]


def test_the_latest_merge_of_a_company_wins() -> None:
    assert into(merged("a", "b"), merged("a", "c")) == {"a": "c"}


def test_a_merge_that_would_close_a_circle_has_no_effect() -> None:
    assert into(merged("a", "b"), merged("b", "a")) == {"a": "b"}
    assert into(merged("a", "b"), merged("b", "c"), merged("c", "a")) == {"a": "b", "b": "c"}


def test_retracting_a_merge_undoes_it() -> None:
    undo = {**retracted("a-b"), "subject": "a"}
    assert into(merged("a", "b"), undo) == {}
    assert into(merged("a", "b"), undo, {**retracted("retracted", "again"), "subject": "a"}) == {
        "a": "b"
    }


def test_retracting_the_latest_merge_brings_the_one_before_back() -> None:
    undo = {**retracted("a-c"), "subject": "a"}
    assert into(merged("a", "b"), merged("a", "c"), undo) == {"a": "b"}


names = st.sampled_from("abcde")


@given(st.lists(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), max_size=8))
def test_whatever_is_merged_every_company_has_one_end(pairs: list[tuple[str, str]]) -> None:
    found = merges(
        record(merged(old, new, f"e{number}"), number) for number, (old, new) in enumerate(pairs)
    )
    groups = {one: members(found, one) for one in "abcde" if one not in found}
    assert sorted(one for group in groups.values() for one in group) == list("abcde")
    assert all(root(found, one) == end for end, group in groups.items() for one in group)
