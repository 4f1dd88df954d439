"""The seven rules, one behaviour at a time, by small stories of one company on one list."""

from typing import Any

import pytest

from tests.unit.making import (
    ENTITY,
    amended,
    ask,
    ended,
    event,
    granted,
    issued,
    kinds,
    promised,
    removed,
    retracted,
)

Json = dict[str, Any]
PURCHASE = "investment.purchase"
NO_DESIGNATION = "an injunction with no designation to stop"
NOT_OPEN = "a removal of what is not open"
SECOND = "a second designation of an open listing"
NOT_AMENDED = "an amendment of a listing that is not open"
NOTHING_ACTIVE = "an ending of no active injunction"
PROMISED_NOTHING = "an announced removal of nothing"
UNKNOWN = "a removal with no designation known"

# A story, and by date: status, how, episode.
Outcome = tuple[str, str | None, int]
STORIES: dict[str, tuple[list[Json], dict[str, Outcome]]] = {
    "1: designated from the day on which it has effect": (
        [issued("2021-02")],
        {"2021-01": ("not_listed", None, 0), "2021-02-01": ("designated", None, 1)},
    ),
    "1: scheduled once it was announced": (
        [issued("2021-03-01", announced="2021-02-01")],
        {
            "2021-01-31": ("not_listed", None, 0),
            "2021-02-01T12:00:00-05:00": ("not_listed", None, 0),  # in doubt not known early
            "2021-02-01": ("scheduled", None, 0),
            "2021-03-01": ("designated", None, 1),
        },
    ),
    "1: announced after its effect, it was never scheduled": (
        [issued("2021-03-01", announced="2021-04-01")],
        {"2021-02": ("not_listed", None, 0), "2021-03-01": ("designated", None, 1)},
    ),
    "2: two listings make one episode": (
        [issued("2021", "a"), issued("2022", "b", ref="1"), removed("2023", ref="1")],
        {"2022-06": ("designated", None, 1), "2023-06": ("designated", None, 1)},
    ),
    "2: the later expiry of two counts": (
        [issued("2021", "a", expires="2021"), issued("2021-06", "b", expires="2022")],
        {"2022-06": ("designated", None, 1), "2023": ("removed", "expired", 1)},
    ),
    "2: a renewal that ends earlier shortens nothing": (
        [issued("2021", "a", expires="2022"), issued("2021-02", "b", expires="2021-03")],
        {"2021-06": ("designated", None, 1), "2023": ("removed", "expired", 1)},
    ),
    "2: a renewal without an end is open-ended": (
        [issued("2021", "a", expires="2021"), issued("2021-06", "b")],
        {"2030": ("designated", None, 1)},
    ),
    "2: an amendment may end a listing": (
        [issued("2021"), amended("2021-06-01", expires="2021-06-30")],
        {"2021-06-30": ("designated", None, 1), "2021-07-01": ("removed", "expired", 1)},
    ),
    "2: an amendment with an end that has passed ends it at once": (
        [issued("2021"), amended("2022-06-01", expires="2022-06-01T00:00:00-04:00")],
        {"2022-05": ("designated", None, 1), "2022-06-01": ("removed", "expired", 1)},
    ),
    "3: enjoined while an injunction of all is active": (
        [issued("2021"), granted("2021-03"), ended("2021-05")],
        {
            "2021-02": ("designated", None, 1),
            "2021-03": ("enjoined", None, 1),
            "2021-05": ("designated", None, 1),
        },
    ),
    "3: an injunction of some kinds does not make it enjoined": (
        [issued("2021"), granted("2021-03", scope=[PURCHASE])],
        {"2021-04": ("designated", None, 1)},
    ),
    "3: an injunction runs out at the start of its expires": (
        [issued("2021"), granted("2021-03-01", expires="2021-03-15")],
        {"2021-03-14": ("enjoined", None, 1), "2021-03-15": ("designated", None, 1)},
    ),
    "3: a grant with an active key replaces its terms": (
        [
            issued("2021"),
            granted("2021-03-01", "a", injunction="x", expires="2021-03-15"),
            granted("2021-03-10", "b", injunction="x", expires="2021-04-15"),
        ],
        {"2021-04-14": ("enjoined", None, 1), "2021-04-15": ("designated", None, 1)},
    ),
    "3: the docket is the key where none is given": (
        [
            issued("2021"),
            granted("2021-03-01", "a", docket="1:21"),
            granted("2021-03-02", "b", docket="1:21", scope=["other"]),
        ],
        {"2021-03-01": ("enjoined", None, 1), "2021-03-02": ("designated", None, 1)},
    ),
    "3: without key and docket each grant is its own": (
        [
            issued("2021"),
            granted("2021-03-01", "a"),
            granted("2021-03-02", "b", scope=["other"]),
        ],
        {"2021-03-02": ("enjoined", None, 1)},
    ),
    "3: ending one of two leaves the other": (
        [
            issued("2021"),
            granted("2021-03-01", "a", injunction="x"),
            granted("2021-03-02", "b", injunction="y"),
            ended("2021-04-01", injunction="x"),
        ],
        {"2021-04": ("enjoined", None, 1)},
    ),
    "3: an ending without a key ends them all": (
        [
            issued("2021"),
            granted("2021-03-01", "a", injunction="x"),
            granted("2021-03-02", "b", injunction="y"),
            ended("2021-04-01"),
        ],
        {"2021-04": ("designated", None, 1)},
    ),
    "3: granted before the listing it waits for it": (
        [issued("2021-03-01", announced="2021-01-15"), granted("2021-02-01")],
        {"2021-02": ("scheduled", None, 0), "2021-03-01": ("enjoined", None, 1)},
    ),
    "3: waiting, a grant with the same key replaces its terms": (
        [
            issued("2021-03-01", announced="2021-01-15"),
            granted("2021-02-01", "a", injunction="x"),
            granted("2021-02-02", "b", injunction="x", scope=[PURCHASE]),
        ],
        {"2021-03-01": ("designated", None, 1)},
    ),
    "3: waiting, it may run out first": (
        [
            issued("2021-03-01", announced="2021-01-15"),
            granted("2021-02-01", expires="2021-02-15"),
        ],
        {"2021-03-01": ("designated", None, 1)},
    ),
    "3: waiting, it may be ended first": (
        [
            issued("2021-03-01", announced="2021-01-15"),
            granted("2021-02-01"),
            ended("2021-02-15"),
        ],
        {"2021-03-01": ("designated", None, 1)},
    ),
    "3: it ends with its episode": (
        [issued("2021", "a"), granted("2021-02"), removed("2021-03"), issued("2021-04", "b")],
        {"2021-03": ("removed", "delisted", 1), "2021-04": ("designated", None, 2)},
    ),
    "4: a removal with a reference closes that listing": (
        [issued("2021", "a", ref="1"), issued("2021", "b", ref="2"), removed("2022", ref="1")],
        {"2022": ("designated", None, 1)},
    ),
    "4: a removal without one closes them all": (
        [issued("2021", "a", ref="1"), issued("2021", "b", ref="2"), removed("2022")],
        {"2022": ("removed", "delisted", 1)},
    ),
    "4: how it was removed is that of the last closing": (
        [
            issued("2021", "a", ref="1"),
            issued("2021", "b", ref="2"),
            removed("2022", "x", ref="1", how="vacated"),
            removed("2023", "y", ref="2", how="revoked"),
        ],
        {"2022": ("designated", None, 1), "2023": ("removed", "revoked", 1)},
    ),
    "4: a listing runs through its expires": (
        [issued("2021", expires="2021-06-02")],
        {"2021-06-02": ("designated", None, 1), "2021-06-03": ("removed", "expired", 1)},
    ),
    "4: a later stray removal does not change how": (
        [issued("2021"), removed("2022", "x"), removed("2023", "y", how="vacated")],
        {"2024": ("removed", "delisted", 1)},
    ),
    "4: what runs out goes before what comes at the same instant": (
        [issued("2021", expires="2021"), removed("2022-01-01", how="vacated")],
        {"2022": ("removed", "expired", 1)},
    ),
    "4: a removal withdraws what was announced and has no effect yet": (
        [issued("2021-03-01", announced="2021-01-15"), removed("2021-02-01")],
        {"2021-01": ("scheduled", None, 0), "2021-04": ("not_listed", None, 0)},
    ),
    "4: with a reference it withdraws that one": (
        [
            issued("2021-03-01", "a", ref="1", announced="2021-01-15"),
            issued("2021-03-01", "b", ref="2", announced="2021-01-15"),
            removed("2021-02-01", ref="1"),
        ],
        {"2021-02": ("scheduled", None, 0), "2021-03": ("designated", None, 1)},
    ),
    "4: it withdraws nothing that was announced later": (
        [issued("2021-03-01", announced="2021-02-15"), removed("2021-02-01")],
        {"2021-03": ("designated", None, 1)},
    ),
    "4: with something open it withdraws nothing": (
        [
            issued("2021", "a", ref="1"),
            issued("2021-03-01", "b", ref="2", announced="2021-01-15"),
            removed("2021-02-01"),
        ],
        {"2021-02": ("removed", "delisted", 1), "2021-03-01": ("designated", None, 2)},
    ),
    "5: a later designation opens the next episode": (
        [issued("2021", "a"), removed("2022"), issued("2023", "b")],
        {"2022": ("removed", "delisted", 1), "2023": ("designated", None, 2)},
    ),
    "5: until it takes effect it stays removed": (
        [issued("2021", "a"), removed("2022"), issued("2023", "b", announced="2022-06-01")],
        {"2022-07": ("removed", "delisted", 1), "2023": ("designated", None, 2)},
    ),
    "6: a promise changes no status": (
        [issued("2021"), promised("2021-03-01")],
        {"2021-04": ("designated", None, 1)},
    ),
    "7: a removal with no designation known still removes": (
        [removed("2021", how="vacated")],
        {"2020": ("not_listed", None, 0), "2021": ("removed", "vacated", 0)},
    ),
    "7: a later designation makes it fit": (
        [removed("2021-06"), issued("2021")],
        {"2021-06": ("removed", "delisted", 1)},
    ),
    "at one instant a removal goes before a designation": (
        [issued("2021", "a"), issued("2022", "b"), removed("2022")],
        {"2022": ("designated", None, 2)},
    ),
    "at one instant an ending goes before a grant": (
        [issued("2021"), granted("2021-03", "a"), granted("2021-04", "b"), ended("2021-04")],
        {"2021-04": ("enjoined", None, 1)},
    ),
    "at one instant the later announced has the last word": (
        [
            issued("2021", "a"),
            removed("2022", "x", how="vacated", announced="2022-02", ref="1"),
            removed("2022", "z", how="revoked"),
        ],
        {"2022": ("removed", "revoked", 1)},
    ),
    "a retracted event never counted": (
        [issued("2021"), removed("2022"), retracted("removed")],
        {"2023": ("designated", None, 1)},
    ),
    "a replacement stands in its place": (
        [issued("2021"), removed("2022", "x"), removed("2023", "y", replaces="x", how="vacated")],
        {"2022": ("designated", None, 1), "2023": ("removed", "vacated", 1)},
    ),
    "a note changes nothing": (
        [issued("2021"), event("note.recorded", "n", list="us-dod-ccmc", kind="news", text="t")],
        {"2021": ("designated", None, 1)},
    ),
}


@pytest.mark.parametrize(
    ("events", "as_of", "expected"),
    [
        pytest.param(events, as_of, expected, id=f"{name} [{as_of}]")
        for name, (events, outcomes) in STORIES.items()
        for as_of, expected in outcomes.items()
    ],
)
def test_status(events: list[Json], as_of: str, expected: Outcome) -> None:
    answer = ask(events, as_of)
    assert (answer["status"], answer["how"], answer["episode"]) == expected


# What fits nowhere: a story, from when on it is reported, and why.
ODD: dict[str, tuple[list[Json], str, str, str]] = {
    "an injunction with no designation": ([granted("2021")], "2021", "granted", NO_DESIGNATION),
    "a removal with no designation": ([removed("2021")], "2021", "removed", UNKNOWN),
    "a removal of a reference that is not open": (
        [issued("2021"), removed("2022", ref="1")],
        "2022",
        "removed",
        NOT_OPEN,
    ),
    "a removal after a removal": (
        [issued("2021"), removed("2022", "x"), removed("2023", "y")],
        "2023",
        "y",
        NOT_OPEN,
    ),
    "a removal of what was withdrawn": (
        [issued("2021-03", announced="2021-01"), removed("2021-02", "x"), removed("2021-04", "y")],
        "2021-04",
        "y",
        NOT_OPEN,
    ),
    "a second designation": ([issued("2021", "a"), issued("2022", "b")], "2022", "b", SECOND),
    "an amendment of nothing": ([amended("2021")], "2021", "amended", NOT_AMENDED),
    "an amendment of another reference": (
        [issued("2021", ref="1"), amended("2022")],
        "2022",
        "amended",
        NOT_AMENDED,
    ),
    "an injunction after removal": (
        [issued("2021"), removed("2022"), granted("2023")],
        "2023",
        "granted",
        NO_DESIGNATION,
    ),
    "an ending of nothing": ([issued("2021"), ended("2022")], "2022", "ended", NOTHING_ACTIVE),
    "an ending of another injunction": (
        [issued("2021"), granted("2021-02", injunction="x"), ended("2022", injunction="y")],
        "2022",
        "ended",
        NOTHING_ACTIVE,
    ),
    "a promised removal of nothing": ([promised("2021")], "2021", "promised", PROMISED_NOTHING),
}


@pytest.mark.parametrize(("events", "begins", "id_", "why"), ODD.values(), ids=ODD)
def test_what_fits_nowhere_is_reported_from_its_effect_on(
    events: list[Json], begins: str, id_: str, why: str
) -> None:
    assert ask(events, begins)["anomalies"] == [{"event": id_, "why": why}]
    assert ask(events, begins)["anomalies_count"] == 1
    assert ask(events, f"{int(begins[:4]) - 1}-12-31")["anomalies"] == []


FITTING: dict[str, list[Json]] = {
    "a designation for the grant": [granted("2021-06"), issued("2021")],
    "a designation for the removal": [removed("2021-06"), issued("2021")],
    "a listing for the amendment": [amended("2021-06"), issued("2021")],
    "a grant for the ending": [issued("2021"), ended("2021-06"), granted("2021-03")],
    "a listing for the promise": [promised("2021-06"), issued("2021")],
    "an announcement for the grant": [
        granted("2021-02"),
        issued("2021-03", announced="2021-01"),
    ],
    "a retraction of the odd one": [removed("2021"), retracted("removed")],
}


@pytest.mark.parametrize("events", FITTING.values(), ids=FITTING)
def test_a_later_event_may_make_it_fit(events: list[Json]) -> None:
    assert ask(events, "2022")["anomalies"] == []


def test_events_that_take_each_other_back_are_each_reported_and_stand() -> None:
    events = [
        issued("2021", "a", replaces="b"),
        issued("2021", "b", ref="1", replaces="a"),
    ]
    answer = ask(events, "2022")
    assert [one["event"] for one in answer["anomalies"]] == ["a", "b"]
    assert len(answer["listings"]) == 2


# --- restrictions ---------------------------------------------------------------------------------


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


# --- the promise of a removal ---------------------------------------------------------------------


def test_a_promise_stands_from_its_announcement_to_the_end_of_the_episode() -> None:
    events = [issued("2021", "a"), promised("2021-03"), removed("2022"), issued("2023", "b")]
    told = {day: ask(events, day)["pending_removal"] for day in ("2021-03-30", "2021-03-31")}
    assert told == {"2021-03-30": False, "2021-03-31": True}
    assert ask(events, "2021-12")["pending_removal"] is True
    assert ask(events, "2022")["pending_removal"] is False
    assert ask(events, "2024")["pending_removal"] is False


def test_a_promise_without_a_date_stands_from_when_it_was_recorded() -> None:
    sent = event("removal.announced", "p", list="us-dod-ccmc")
    events = [issued("2021"), sent]
    assert ask(events, "2022-04", recorded="2022-06-01T00:00:00Z")["pending_removal"] is False
    assert ask(events, "2022-06", recorded="2022-06-01T00:00:00Z")["pending_removal"] is True
