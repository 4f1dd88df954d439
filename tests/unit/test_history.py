"""A company's events under the three cut-offs."""

from typing import Any

import pytest

from events.log import Record
from projections.history import Cutoffs, History
from projections.timeline import UNLISTED, Reading
from tests.unit.making import (
    CCMC,
    LONG_AFTER,
    REGISTRY,
    at,
    event,
    issued,
    record,
    records,
    removed,
    retracted,
)

Json = dict[str, Any]
DESIGNATED = Reading("designated", None, ("investment.purchase",))
REMOVED = Reading("removed", "delisted", ())
NOW = at("2021-05-01")


def reading(history: History, cut: Cutoffs = Cutoffs(), now: int = NOW) -> Reading:  # noqa: B008 - frozen
    """What the list says."""
    line = history.view(cut).timelines.get(CCMC)
    return line.reading(now) if line else UNLISTED


def history(*told: tuple[str, Json]) -> History:
    """A history of events, each with when it was recorded."""
    return History(REGISTRY, [record(sent, n, when) for n, (when, sent) in enumerate(told)])


# --- known_at -------------------------------------------------------------------------------------

TOLD = history(("2021-02-01", issued("2021-01-14")), ("2021-04-01", removed("2021-03-01")))


@pytest.mark.parametrize(
    ("known_at", "expected"),
    [
        ("2021-01-31", UNLISTED),
        ("2021-02-01", DESIGNATED),
        ("2021-03-31", DESIGNATED),
        ("2021-04-01", REMOVED),
    ],
)
def test_known_at_an_instant_cuts_on_recorded(known_at: str, expected: Reading) -> None:
    assert reading(TOLD, Cutoffs(known_at=at(known_at))) == expected


@pytest.mark.parametrize(("offset", "expected"), [(-1, UNLISTED), (0, DESIGNATED), (1, REMOVED)])
def test_known_at_a_position_cuts_on_the_offset(offset: int, expected: Reading) -> None:
    assert reading(TOLD, Cutoffs(offset=offset)) == expected


# --- announced_by ---------------------------------------------------------------------------------


def test_announced_by_cuts_on_what_the_public_could_know() -> None:
    told = history((LONG_AFTER, issued("2021-01-14", announced="2021-02-10")))
    assert reading(told, Cutoffs(at("2021-02-10T12:00:00-05:00"))) == UNLISTED
    assert reading(told, Cutoffs(at("2021-02-11"))) == DESIGNATED


@pytest.mark.parametrize(
    ("recorded", "announced_by", "expected"),
    [
        (LONG_AFTER, "2021-01-13", UNLISTED),
        (LONG_AFTER, "2021-01-14", DESIGNATED),  # by its effect, at the latest
        ("2021-01-04", "2021-01-03", UNLISTED),
        ("2021-01-04", "2021-01-04", DESIGNATED),  # or when the log had it
    ],
)
def test_unsaid_it_is_the_earlier_of_effective_and_recorded(
    recorded: str, announced_by: str, expected: Reading
) -> None:
    assert reading(history((recorded, issued("2021-01-14"))), Cutoffs(at(announced_by))) == expected


def test_a_log_that_was_moved_keeps_when_it_first_had_an_event() -> None:
    moved = {**issued("2021-01-14"), "origintime": "2021-01-04T05:00:00Z"}
    assert reading(history((LONG_AFTER, moved)), Cutoffs(at("2021-01-04"))) == DESIGNATED
    later = {**moved, "origintime": "2200-01-01T00:00:00Z"}
    assert reading(history(("2021-01-04", later)), Cutoffs(at("2021-01-04"))) == DESIGNATED


# --- corrections ----------------------------------------------------------------------------------


def test_a_slip_of_ours_never_counted_whatever_the_public_knew() -> None:
    told = history(("2021-02-01", issued("2021-01-14")), ("2022-01-01", retracted("issued")))
    assert reading(told) == UNLISTED
    assert reading(told, Cutoffs(at("2021-03-01"))) == UNLISTED
    assert reading(told, Cutoffs(known_at=at("2021-03-01"))) == DESIGNATED


def test_a_public_correction_is_seen_from_its_announcement_on() -> None:
    correction = retracted("issued", correction_announced="2021-06-01")
    told = history(("2021-02-01", issued("2021-01-14")), ("2021-02-02", correction))
    assert reading(told, Cutoffs(at("2021-06-01T12:00:00-04:00"))) == DESIGNATED
    assert reading(told, Cutoffs(at("2021-06-02"))) == UNLISTED
    assert reading(told, now=at("2021-01-20")) == UNLISTED  # whatever as_of is


def test_a_public_replacement_takes_the_others_place_when_it_is_announced() -> None:
    correction = issued("2021-04", "b", replaces="issued", correction_announced="2021-06-01")
    told = history(("2021-02-01", issued("2021-01-14")), ("2021-02-02", correction))
    assert reading(told, Cutoffs(at("2021-05-20"))) == DESIGNATED
    after = told.view(Cutoffs(at("2021-06-02"))).timelines[CCMC]
    assert [point.id for point in after.points if point.rank] == ["b"]


def test_a_slip_whose_replacement_the_public_has_not_heard_of_is_gone_already() -> None:
    slip = issued("2021-04", "b", replaces="issued", announced="2021-06-01")
    told = history(("2021-02-01", issued("2021-01-14")), ("2021-02-02", slip))
    assert reading(told, Cutoffs(at("2021-05-20"))) == UNLISTED


def test_a_retraction_that_is_retracted_has_no_effect() -> None:
    told = history(
        ("2021-02-01", issued("2021-01-14")),
        ("2021-02-02", retracted("issued", "r")),
        ("2021-02-03", retracted("r", "s")),
    )
    assert reading(told) == DESIGNATED
    assert told.now.who_counts.taken_back == {"r": "s"}


def test_a_retraction_of_what_is_not_there_waits_for_it() -> None:
    told = history(("2021-02-01", retracted("issued")))
    assert reading(told) == UNLISTED
    told.add(record(issued("2021-01-14"), 1, "2021-02-02"))
    assert reading(told) == UNLISTED
    assert told.now.who_counts.taken_back == {"issued": "retracted"}


def test_what_another_company_would_retract_stands() -> None:
    other = {**retracted("issued"), "subject": "other"}
    assert reading(history(("2021-02-01", issued("2021-01-14")), ("2021-02-02", other))) == (
        DESIGNATED
    )


def test_what_takes_itself_back_stands_and_is_told() -> None:
    told = history(("2021-02-01", issued("2021-01-14", replaces="issued")))
    assert reading(told) == DESIGNATED
    assert [one.record.id for one in told.now.circular] == ["issued"]


def test_a_circle_that_was_not_known_yet_is_not_told() -> None:
    told = history(
        ("2021-02-01", issued("2021-01-14", "a", replaces="b")),
        ("2021-03-01", issued("2021-01-14", "b", ref="1", replaces="a")),
    )
    assert [one.record.id for one in told.view(Cutoffs()).circular] == ["a", "b"]
    assert told.view(Cutoffs(offset=0)).circular == ()


def test_a_retraction_in_a_circle_is_told_though_it_has_no_standing_of_its_own() -> None:
    told = history(("2021-02-01", retracted("s", "r")), ("2021-02-02", retracted("r", "s")))
    assert [one.record.id for one in told.now.circular] == ["r", "s"]


def test_a_note_in_a_circle_is_told_once_the_public_knew_it() -> None:
    """Notes are public, as designations are; descriptions, merges and retractions are ours."""
    note = event("note.recorded", "n", list=CCMC, announced="2021", kind="news", text="one")
    note["data"]["replaces"] = "n"
    told = history(("2021-02-01", issued("2020-01-14")), ("2021-02-01", note))
    assert told.view(Cutoffs(announced_by=at("2021-06-01"))).circular == ()
    assert [one.record.id for one in told.view(Cutoffs()).circular] == ["n"]


# --- what this version does not know --------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        event("sanction.imagined", "x", list=CCMC, effective="2021"),
        issued("2021", list_="xx-later-list"),
        event("designation.issued", "x"),
        event("note.recorded", "n", kind="news", text="t"),
        event("company.described", "d", name="A"),
    ],
    ids=str,
)
def test_what_has_no_meaning_here_is_kept_and_changes_nothing(sent: Json) -> None:
    told = History(REGISTRY, records([sent]))
    assert told.now.timelines == {}
    assert list(told.entries) == [sent["id"]]
    _, touched = told.add(record(issued("2021-01-14"), 1))
    assert set(touched) == {CCMC}


def test_adding_says_which_lists_were_touched() -> None:
    told = History(REGISTRY)
    entry, touched = told.add(record(issued("2021-01-14")))
    assert entry.record == Record(0, entry.record.recorded, issued("2021-01-14"))
    assert set(touched) == {CCMC}
    assert told.add(record(event("note.recorded", "n", kind="news", text="t"), 1))[1] == {}


def test_a_list_without_events_that_count_is_gone() -> None:
    told = history(("2021-02-01", issued("2021-01-14")))
    assert CCMC in told.now.timelines
    told.add(record(retracted("issued"), 1, "2021-02-02"))
    assert told.now.timelines == {}


@pytest.mark.parametrize(
    "bad",
    [
        event("removal.issued", "bad", list=CCMC, effective="2021"),
        event("designation.issued", "bad", list=CCMC, effective="some day"),
        event("note.recorded", "bad", kind="news", text="t", announced="some day"),
    ],
)
def test_what_cannot_be_read_says_nothing_once_it_is_taken_back(bad: Json) -> None:
    """Until then nothing can be said; a retraction that is retracted does not help."""
    told = [issued("2021-01-14"), bad]
    with pytest.raises((KeyError, ValueError)):
        History(REGISTRY, records(told))
    gone = retracted("bad", id_="gone")
    found = History(REGISTRY, records([*told, gone]))
    assert reading(found) == DESIGNATED
    assert found.now.who_counts.taken_back == {"bad": "gone"}
    with pytest.raises((KeyError, ValueError)):
        History(REGISTRY, records([*told, gone, retracted("gone", id_="back")]))
