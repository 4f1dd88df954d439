"""Which companies may be one."""

from typing import Any

from events.companies import Description
from projections.doubles import LIKE, Pair, Turn, pairs, question_id, relisted, turn
from projections.screening import Index, Known
from tests.unit.making import CCMC, issued, removed


def index(**companies: dict[str, Any]) -> Index:
    """Companies by id."""
    return Index(Known(key, Description(**given).shown()) for key, given in companies.items())


def test_like_names_are_asked_about_once_with_what_is_likest() -> None:
    """In whatever order, by name or alias."""
    some = index(
        a={"name": "Sokol Aviation", "aliases": ("Sokol Aviation Research",)},
        b={"name": "Sokol Research Aviation OOO", "aliases": ("Sokol",)},
        c={"name": "Falcon Steel"},
        d={},
    )
    (pair,) = pairs(some, "a")
    assert pair[:4] == ("a", "b", "name", 1.0)
    assert pair.because == "'Sokol Aviation Research' is like 'Sokol Research Aviation OOO'"
    assert [one[:4] for one in pairs(some, "b")] == [("a", "b", "name", 1.0)]
    assert list(pairs(some, "c")) == list(pairs(some, "d")) == []
    assert question_id("a", "b") == question_id("b", "a") != question_id("a", "c")
    assert LIKE == 0.85


def test_a_shared_identifier_is_asked_about_before_a_name() -> None:
    """Also where the names differ: registers reuse numbers, so it is only asked."""
    tax = (("tax", "7-777"),)
    some = index(
        a={"name": "Bank Melli", "identifiers": tax},
        b={"name": "Bank Saderat", "identifiers": tax},
        c={"name": "Melli Bank"},
        d={"name": "Melli Bank", "identifiers": (*tax, ("lei", "X"))},
    )
    found = {pair.second: pair for pair in pairs(some, "a")}
    assert found["b"] == Pair("a", "b", "identifier", 0.7, "both have tax 7-777")
    assert found["c"].kind == "name"
    assert found["d"].kind == "identifier"


def test_what_many_have_names_none_of_them() -> None:
    """A number that a source fills in for want of one."""
    tax = (("tax", "0000"),)
    made = {f"c{n}": {"name": f"{n}{n}{n} Works", "identifiers": tax} for n in range(6)}
    assert list(pairs(index(**made), "c1")) == []
    few = {f"c{n}": made[f"c{n}"] for n in range(2)}
    assert len(list(pairs(index(**few), "c1"))) == 1


def test_a_scrap_of_an_identifier_is_none() -> None:
    """A register's prefix, cut off before its number."""
    some = {"identifiers": (("registration", "C R"),)}
    assert list(pairs(index(a=some, b=some), "a")) == []


def test_a_person_or_a_ship_is_no_company() -> None:
    """Though they are called the same; two ships may be one."""
    some = index(
        ship={"name": "Sokol", "kind": "vessel"},
        other={"name": "Sokol", "kind": "vessel"},
        firm={"name": "Sokol", "kind": "company"},
        whatever={"name": "Sokol"},
    )
    assert [(one.first, one.second) for one in pairs(some, "ship")] == [("other", "ship")]
    assert [(one.first, one.second) for one in pairs(some, "firm")] == [("firm", "whatever")]


def test_one_taken_off_and_put_on_again_under_another_id_is_one_question() -> None:
    """With whoever is likest, and nobody twice."""
    some = index(
        old={"name": "Revolutionary Front of Sokol"},
        new={"name": "Revolutionary Front of Sokol", "aliases": ("Front",)},
        also={"name": "Sokol Revolutionary Front"},
        far={"name": "Falcon Steel"},
        gone={"name": "Amber"},
        nameless={},
        merged={"name": "X", "former_ids": ("before",)},
    )
    turns = [
        Turn("l", "2021", company, ended, f"{company}{ended}")
        for company, ended in (
            ("old", True),
            ("new", False),
            ("far", False),
            ("gone", True),
            ("nameless", True),
            ("before", True),
            ("unknown", False),
        )
    ]
    (pair,) = relisted(some, turns)
    assert pair[:4] == ("new", "old", "relisted", 1.0)
    assert pair.because == "one taken off l, the other put on it, at 2021"
    again = Turn("l", "2021", "also", True, "e")
    assert [one[:2] for one in relisted(some, [*turns, again])] == [("also", "new")]


def test_a_company_that_is_taken_off_and_put_on_is_itself() -> None:
    """Under another reference: nothing is to be asked."""
    some = index(a={"name": "Sokol"}, b={"name": "Sokol"})
    turns = [Turn("l", "2021", "a", ended, str(ended)) for ended in (False, True)]
    assert list(relisted(some, turns)) == []


def test_what_begins_or_ends_a_listing_by_its_id_is_a_turn() -> None:
    """Not what was there on the first publication, nor what names no entry."""
    reference = {"scheme": "uid", "id": "1"}
    began = issued("2021-01-01", "x", announced="2021-01-02", reference=reference)
    assert turn(began) == Turn(CCMC, "2021-01-02", "acme", False, "x")
    over = removed("2021-01-01", "y", reference=reference)
    assert turn(over) == Turn(CCMC, "2021-01-01", "acme", True, "y")
    assert turn(issued("2021-01-01")) is None
    baseline = issued("2021-01-01", reference=reference, effective_basis="baseline")
    assert turn(baseline) is None
    assert turn({"type": "standing.company.described", "id": "z", "data": {}}) is None
