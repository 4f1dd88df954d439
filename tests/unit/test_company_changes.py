"""What a company's subscribers are told, as its records come and time passes."""

from typing import Any

import pytest

from events.dates import NEVER
from projections.changes import Change, Interval, Overall
from projections.company import Company
from projections.timeline import UNLISTED, Reading
from tests.unit.making import (
    CCMC,
    ENTITY,
    REGISTRY,
    at,
    event,
    granted,
    issued,
    promised,
    record,
    removed,
    retracted,
    told,
)
from tests.unit.stories import Story

Json = dict[str, Any]
DESIGNATED = Reading("designated", None, ())
BANNED = Reading("designated", None, ("investment.purchase",))
ENJOINED = Reading("enjoined", None, ())
LICENSED = Reading("designated", None, ("export.license",))


def of_kinds(changes: list[Change]) -> list[str]:
    """Their kinds."""
    return [one.kind for one in changes]


# --- changed --------------------------------------------------------------------------------------


def test_a_designation_that_has_effect_is_a_change() -> None:
    (changed, *_) = Story().record("2021-01-15", issued("2021-01-14", announced="2021-01-14"))
    assert changed.kind == "changed"
    assert (changed.company, changed.list, changed.sequence) == ("acme", CCMC, 1)
    assert (changed.before, changed.after) == (UNLISTED, DESIGNATED)
    assert changed.overall_before == Overall("not_listed", ())
    assert changed.overall_after == Overall("designated", ())
    assert changed.effective == at("2021-01-14")
    assert changed.announced == at("2021-01-15") - 1
    assert changed.recorded == at("2021-01-15")
    assert changed.cause == ("issued",)
    assert changed.moment == NEVER
    assert not changed.backfill


def test_what_changes_nothing_is_noted() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-14", "a", ENTITY))
    (noted,) = story.record("2021-01-16", promised("2021-01-16", list_=ENTITY))
    assert (noted.kind, noted.before, noted.after) == ("noted", LICENSED, LICENSED)


@pytest.mark.parametrize(
    ("sent", "kinds"),
    [
        (event("note.recorded", "n", kind="news", text="t"), ["noted"]),
        (
            event("note.recorded", "n", list=CCMC, kind="news", text="t", effective="2021"),
            ["noted"],
        ),
        (retracted("nothing"), ["noted"]),
        (issued("2021", list_="xx-later"), ["noted"]),
        (event("company.described", "d", name="A"), []),
        (event("sanction.imagined", "x"), []),
    ],
    ids=str,
)
def test_what_has_no_standing_is_told_only_to_those_who_ask(sent: Json, kinds: list[str]) -> None:
    assert of_kinds(Story().record("2021-01-15", sent)) == kinds


def test_a_note_says_on_what_and_since_when() -> None:
    dated = event("note.recorded", "n", list=CCMC, kind="news", text="t", effective="2021-01-03")
    (noted,) = Story().record("2021-01-15", dated)
    assert (noted.list, noted.effective) == (CCMC, at("2021-01-03"))
    undated = event("note.recorded", "m", kind="news", text="t")
    (noted,) = Story().record("2021-01-15", undated)
    assert (noted.list, noted.effective, noted.announced) == (None, None, at("2021-01-15"))


# --- time passes ----------------------------------------------------------------------------------


def test_a_flip_is_told_when_time_passes_it_with_its_own_moment() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-14", announced="2021-01-14"))
    assert told(story.company.due) == "2021-03-15T09:30"
    assert story.wait("2021-03-15T09:29:59-04:00") == []
    (flip,) = story.wait("2021-04-01")
    assert (flip.kind, flip.before, flip.after) == ("changed", DESIGNATED, BANNED)
    assert told(flip.recorded) == told(flip.moment) == "2021-03-15T09:30"
    assert flip.effective == flip.moment
    assert flip.announced == at("2021-01-15") - 1
    assert flip.cause == ("issued",)
    assert told(story.company.due) == "2021-06-03"


def test_flips_are_told_in_the_order_of_their_moments() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-14", expires="2021-04"))
    story.record("2021-01-16", granted("2021-02-01", expires="2021-03-01"))
    flips = story.wait("2022")
    assert [(told(one.moment), one.after.status) for one in flips] == [
        ("2021-02-01", "enjoined"),
        ("2021-03-01", "designated"),
        ("2021-03-15T09:30", "designated"),
        ("2021-05-01", "removed"),
    ]
    assert [one.cause for one in flips] == [("granted",), ("granted",), ("issued",), ("issued",)]
    assert story.company.due == NEVER


def test_flips_of_two_lists_at_one_moment_share_what_stood_before_and_after() -> None:
    story = Story()
    for number, list_id in enumerate((CCMC, ENTITY)):
        story.record("2021-01-01", issued("2021-01-14", f"i{number}", list_id))
    one, other = story.wait("2021-01-14")
    assert (one.list, other.list) == (ENTITY, CCMC)
    assert one.overall_before == other.overall_before == Overall("scheduled", ())
    assert one.overall_after == other.overall_after == Overall("designated", ("export.license",))


def test_a_record_at_the_moment_of_a_flip_comes_after_it() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-14"))
    story.changes.clear()
    story.record("2021-03-15T09:30:00-04:00", removed("2021-03-15T09:30:00-04:00"))
    assert [(one.kind, one.cause) for one in story.changes][:2] == [
        ("changed", ("issued",)),
        ("changed", ("removed",)),
    ]
    assert story.changes[1].before == BANNED


def test_nothing_is_due_where_nothing_is_known() -> None:
    company = Company("acme", REGISTRY)
    assert company.due == NEVER
    assert company.pass_time(at("2100")) == []


# --- scheduled ------------------------------------------------------------------------------------


def test_a_flip_that_became_known_is_scheduled() -> None:
    story = Story()
    scheduled = story.record("2021-01-15", issued("2021-01-14"))[-1]
    assert scheduled.kind == "scheduled"
    assert scheduled.flips_before == ()
    assert [(told(flip.at), flip.reading) for flip in scheduled.flips_after] == [
        ("2021-03-15T09:30", BANNED),
        ("2021-06-03", DESIGNATED),
    ]


def test_a_flip_that_moves_or_is_called_off_is_scheduled_anew() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-14"))
    story.record("2021-02-01", granted("2021-03-12", scope=["investment.purchase"]))
    called_off = story.changes[-1]
    assert of_kinds(story.changes[-1:]) == ["scheduled"]
    assert [told(flip.at) for flip in called_off.flips_before] == ["2021-03-15T09:30", "2021-06-03"]
    assert called_off.flips_after == ()


def test_an_announced_designation_changes_to_scheduled_and_schedules_its_flips() -> None:
    found = Story().record("2021-01-15", issued("2021-03-01", list_=ENTITY, announced="2021-01-14"))
    assert of_kinds(found) == ["changed", "scheduled"]
    assert found[0].after.status == "scheduled"
    assert [told(flip.at) for flip in found[1].flips_after] == ["2021-03-01"]


# --- corrected ------------------------------------------------------------------------------------


def test_an_interval_that_had_ended_and_reads_differently_is_corrected() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-01", list_=ENTITY))
    story.record("2021-04-01", removed("2021-03-01", list_=ENTITY))
    (corrected,) = story.record("2021-05-01", granted("2021-02-01", list_=ENTITY))
    assert corrected.kind == "corrected"
    assert corrected.intervals == (
        Interval(at("2021-02-01"), at("2021-03-01"), LICENSED, ENJOINED),
    )


def test_a_late_event_about_what_stands_still_is_no_correction() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-01", list_=ENTITY))
    (changed,) = story.record("2021-05-01", granted("2021-02-01", list_=ENTITY))
    assert (changed.kind, changed.before, changed.after) == ("changed", LICENSED, ENJOINED)


@pytest.mark.parametrize("goes_on", [True, False])
def test_an_interval_that_is_over_is_corrected_whether_or_not_the_old_reading_goes_on(
    *, goes_on: bool
) -> None:
    story = Story()
    story.record("2021-01-02", issued("2021-01-01", "a", ENTITY))
    story.record("2021-03-02", issued("2021-03-01", "b", ENTITY, ref="1"))
    story.record("2021-03-03", issued("2021-03-02", "c", ENTITY, ref="2"))
    if not goes_on:
        story.record("2021-05-02", removed("2021-05-01", list_=ENTITY))
    order = granted("2021-02-01", list_=ENTITY, expires="2021-02-15")
    (corrected,) = story.record("2021-06-01", order)
    assert corrected.kind == "corrected"
    assert corrected.intervals == (
        Interval(at("2021-02-01"), at("2021-02-15"), LICENSED, ENJOINED),
    )


def test_one_event_may_change_correct_and_schedule() -> None:
    story = Story()
    story.record("2021-01-02", issued("2021-01-01", list_=ENTITY))
    story.record("2021-02-02", removed("2021-02-01", "x", ENTITY))
    found = story.record("2021-05-01", removed("2021-09-01", "y", ENTITY, replaces="x"))
    assert of_kinds(found) == ["changed", "corrected", "scheduled"]
    assert all((one.before.status, one.after) == ("removed", LICENSED) for one in found)
    assert all(one.cause == ("y",) for one in found)
    assert [told(flip.at) for flip in found[2].flips_after] == ["2021-09-01"]


def test_an_event_that_was_taken_back_is_corrected_though_nothing_had_ended() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-14", list_=ENTITY))
    found = story.record("2021-02-01", retracted("issued"))
    assert of_kinds(found) == ["changed", "corrected"]
    assert found[1].intervals == ()
    assert all(one.cause == ("retracted",) for one in found)


def test_a_replacement_is_corrected() -> None:
    story = Story()
    story.record("2021-01-15", issued("2021-01-14", "a", ENTITY))
    found = story.record("2021-02-01", issued("2021-01-13", "b", ENTITY, replaces="a"))
    assert of_kinds(found) == ["corrected"]


def test_equal_neighbouring_intervals_are_told_as_one() -> None:
    story = Story()
    story.record("2021-01-02", issued("2021-01-01", "a", ENTITY))
    story.record("2021-01-03", issued("2021-01-02", "b", ENTITY, ref="1"))
    story.record("2021-04-02", removed("2021-04-01", list_=ENTITY))
    found = story.record("2021-05-01", granted("2021-01-01", list_=ENTITY))
    (corrected,) = found
    (interval,) = corrected.intervals
    assert (told(interval.begins), told(interval.ends)) == ("2021-01-01", "2021-04-01")


def test_the_second_of_two_equal_instants_holds_no_interval() -> None:
    story = Story()
    story.record("2021-01-01", issued("2021-01-14", "a"))
    story.record("2021-01-01", granted("2021-01-14", scope=["investment.purchase"]))
    found = story.record("2021-01-21", issued("2021-01-14", "b"))
    assert of_kinds(found) == ["noted"]


# --- backfill -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        {**issued("2021-01-14"), "backfill": True},
        issued("2021-01-14", effective_basis="baseline"),
    ],
    ids=["marked", "baseline"],
)
def test_history_that_is_loaded_is_marked(sent: Json) -> None:
    assert all(one.backfill for one in Story().record("2021-01-15", sent))


def test_what_is_observed_is_news() -> None:
    found = Story().record("2021-01-15", issued("2021-01-14", effective_basis="observed"))
    assert not any(one.backfill for one in found)


# --- how it was removed ---------------------------------------------------------------------------


def test_how_a_company_was_removed_may_change_without_a_flip() -> None:
    zero = issued("2021-03-15T04:00:00Z", "zero", ENTITY, expires="2021-03-15T04:00:00Z")
    story = Story()
    for when, sent in (
        ("2021-01-01", issued("2021-01-01", "a", ENTITY)),
        ("2021-01-16", removed("2021-01-15", "r", ENTITY)),
        ("2021-01-17", zero),
    ):
        story.record(when, sent)
    assert story.company.due == NEVER
    (noted,) = story.record("2021-04-02", removed("2021-04-01", "s", ENTITY))
    assert (noted.before.how, noted.after.how) == ("expired", "expired")


def test_a_restored_company_goes_on_as_if_it_had_never_been_away() -> None:
    happened = [
        ("2021-01-15", issued("2021-01-14")),
        ("2021-02-01", granted("2021-02-01", expires="2021-03-01")),
        ("2021-02-02", removed("2021-05-01")),
    ]
    story = Story()
    for when, sent in happened:
        story.record(when, sent)
    kept = [record(sent, number, when) for number, (when, sent) in enumerate(happened)]
    again = Company(
        "acme", REGISTRY, kept, sequence=story.company.sequence, clock=kept[-1].recorded
    )
    assert again.due == story.company.due
    assert again.pass_time(at("2022")) == story.wait("2022")
    assert again.sequence == story.company.sequence
