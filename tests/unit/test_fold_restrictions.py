"""What is forbidden by a listing, what will be, and what an injunction keeps from it."""

from typing import Any

from tests.unit.making import ENTITY, amended, ask, granted, issued, kinds

Json = dict[str, Any]
PURCHASE = "investment.purchase"


def forced(*events: Json, as_of: str, list_: str = "us-dod-ccmc") -> list[str]:
    """Which kinds are in force."""
    return kinds(ask(events, as_of, list_)["restrictions"])


def coming(*events: Json, as_of: str, list_: str = "us-dod-ccmc") -> list[str]:
    """Which kinds are to come."""
    return kinds(ask(events, as_of, list_)["upcoming"])


def test_a_designations_own_restrictions_stand_instead_of_the_rules() -> None:
    own = [{"kind": "other", "from": "2021-02", "until": "2021-03"}]
    sent = issued("2021", restrictions=own, basis="by itself")
    assert forced(sent, as_of="2021-01") == []
    assert forced(sent, as_of="2021-03-31") == ["other"]
    assert forced(sent, as_of="2021-04-01") == []
    (restriction,) = ask([sent], "2021-03")["restrictions"]
    assert restriction == {
        "kind": "other",
        "basis": "by itself",
        "from": "2021-02-01T00:00:00-05:00",
        "until": "2021-04-01T00:00:00-04:00",
        "events": ["issued"],
    }


def test_no_restrictions_of_its_own_means_none() -> None:
    assert forced(issued("2021", restrictions=[]), as_of="2021-05") == []


def test_a_restriction_does_not_begin_before_the_listing() -> None:
    sent = issued("2021-02", restrictions=[{"kind": "other", "from": "2020"}])
    assert forced(sent, as_of="2021-01-31") == []
    assert forced(sent, as_of="2021-02-01") == ["other"]


def test_after_still_counts_from_the_opening_when_a_listing_is_renewed() -> None:
    events = (issued("2021-01-14", "a"), issued("2021-03-01", "b"))
    assert forced(*events, as_of="2021-03-15") == [PURCHASE]


def test_a_renewal_with_restrictions_replaces_them_and_without_keeps_them() -> None:
    own = issued("2021", "a", restrictions=[{"kind": "other"}])
    assert forced(own, issued("2021-02", "b"), as_of="2021-05") == ["other"]
    renewed = issued("2021-02", "b", restrictions=[{"kind": "debt-equity"}])
    assert forced(own, renewed, as_of="2021-05") == ["debt-equity"]


def test_an_amendment_with_restrictions_replaces_them_from_then_on() -> None:
    events = (issued("2021"), amended("2021-04-01", restrictions=[{"kind": "other"}]))
    assert forced(*events, as_of="2021-03-31") == [PURCHASE]
    assert forced(*events, as_of="2021-04-01") == ["other"]
    assert ask(events, "2021-04")["restrictions"][0]["events"] == ["amended"]


def test_an_amendment_of_something_else_keeps_restrictions_and_end() -> None:
    events = (issued("2021", expires="2021-05"), amended("2021-04-01", program="P"))
    assert forced(*events, as_of="2021-05-31") == [PURCHASE]
    assert forced(*events, as_of="2021-06-01") == []


def test_an_injunction_of_some_kinds_stops_those() -> None:
    own = issued("2021", restrictions=[{"kind": "other"}, {"kind": "debt-equity"}])
    events = (own, granted("2021-03", scope=["other"]))
    assert forced(*events, as_of="2021-02") == ["debt-equity", "other"]
    assert forced(*events, as_of="2021-03") == ["debt-equity"]


def test_an_injunction_of_all_stops_everything() -> None:
    assert forced(issued("2021"), granted("2021-04"), as_of="2021-05") == []


def test_a_restriction_that_two_listings_bring_names_both_events() -> None:
    events = [
        issued("2021-02-01", "a", ENTITY, ref="1"),
        issued("2021-01-01", "b", ENTITY, ref="2", expires="2021"),
    ]
    (restriction,) = ask(events, "2021-06", ENTITY)["restrictions"]
    assert restriction["events"] == ["b", "a"]
    assert restriction["from"] == "2021-01-01T00:00:00-05:00"
    assert restriction["until"] is None


def test_a_restriction_that_one_event_states_twice_names_it_once() -> None:
    own = [{"kind": "other"}, {"kind": "other", "from": "2021-02", "until": "2021-05"}]
    (restriction,) = ask([issued("2021", restrictions=own)], "2021-03")["restrictions"]
    assert restriction["events"] == ["issued"]
    assert (restriction["from"], restriction["until"]) == ("2021-01-01T00:00:00-05:00", None)


def test_upcoming_holds_what_an_open_designation_will_bring() -> None:
    assert coming(issued("2021-01-14"), as_of="2021-03-14") == ["investment.hold", PURCHASE]
    assert coming(issued("2021-01-14"), as_of="2021-03-15") == ["investment.hold"]


def test_what_would_begin_after_its_own_until_is_still_to_come_until_then() -> None:
    """An end that comes before the start was not known then, and does not count against it."""
    assert coming(issued("2021-04-20"), as_of="2021-05") == ["investment.hold", PURCHASE]
    assert coming(issued("2021-04-20"), as_of="2021-06-03") == []


def test_upcoming_holds_what_an_announced_designation_will_bring() -> None:
    sent = issued("2021-03-01", list_=ENTITY, announced="2021-01")
    assert coming(sent, as_of="2020-12", list_=ENTITY) == []
    assert coming(sent, as_of="2021-02", list_=ENTITY) == ["export.license"]
    assert coming(sent, as_of="2021-03", list_=ENTITY) == []


def test_upcoming_holds_what_an_announced_renewal_will_change() -> None:
    events = (
        issued("2021", "a", restrictions=[]),
        issued("2021-05-01", "b", announced="2021-02", restrictions=[{"kind": "other"}]),
        issued("2021-06-01", "c", announced="2021-02"),
    )
    answer = ask(events, "2021-04")
    assert [(one["kind"], one["from"]) for one in answer["upcoming"]] == [
        ("other", "2021-05-01T00:00:00-04:00")
    ]


def test_an_injunction_covers_what_is_to_come_too() -> None:
    assert coming(issued("2021-01-14"), granted("2021-02"), as_of="2021-03-01") == []


def test_what_is_in_force_is_not_to_come() -> None:
    own = [{"kind": "other"}, {"kind": "other", "from": "2022"}]
    assert coming(issued("2021", restrictions=own), as_of="2021-05") == []
