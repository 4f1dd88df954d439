"""The seven rules, one behaviour at a time, by small stories of one company on one list."""

from typing import Any

import pytest

from tests.unit.making import (
    amended,
    ask,
    ended,
    event,
    granted,
    issued,
    promised,
    removed,
    retracted,
)

Json = dict[str, Any]
PURCHASE = "investment.purchase"

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
