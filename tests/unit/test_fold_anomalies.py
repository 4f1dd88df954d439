"""What fits nowhere is kept and told, and what makes it fit."""

from typing import Any

import pytest

from tests.unit.making import amended, ask, ended, granted, issued, promised, removed, retracted

Json = dict[str, Any]
NO_DESIGNATION = "an injunction with no designation to stop"
NOT_OPEN = "a removal of what is not open"
SECOND = "a second designation of an open listing"
NOT_AMENDED = "an amendment of a listing that is not open"
NOTHING_ACTIVE = "an ending of no active injunction"
PROMISED_NOTHING = "an announced removal of nothing"
UNKNOWN = "a removal with no designation known"

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
