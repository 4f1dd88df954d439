"""Windows of digests, and quiet hours: on the wall clock, whatever happens to it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.quiet import Exempt, Quiet, passes, until
from alerts.windows import HOUR, WEEKDAYS, Cadence, Digest, closed, closes, minutes
from events.dates import DAY, SECOND, Instant, show, start
from projections.timeline import UNLISTED, Reading
from tests.contract.alert_twins import change

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # its clocks change by half an hour
    "America/St_Johns",
    "Pacific/Apia",  # had no 30th of December 2011
    "Africa/Casablanca",
    "Antarctica/Troll",  # by two hours
)
zones = st.sampled_from(ZONES)
instants = st.integers(start("2005"), start("2032")).map(lambda at: at // SECOND * SECOND)
clocks = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
digests = st.builds(
    Digest, time_zone=zones, at=clocks, weekday=st.sampled_from(WEEKDAYS), empty=st.booleans()
)
cadences = st.sampled_from(["hourly", "daily", "weekly"])


def local(at: Instant, name: str) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(microseconds=at)).astimezone(ZoneInfo(name))


def test_a_day_has_23_24_or_25_hours() -> None:
    digest = Digest(time_zone="Europe/Berlin", at="08:00")
    ends = closed("daily", digest, start("2026-03-27"), start("2026-03-31"))
    assert [show(one, ZoneInfo("Europe/Berlin")) for one in ends] == [
        "2026-03-27T08:00:00+01:00",
        "2026-03-28T08:00:00+01:00",
        "2026-03-29T08:00:00+02:00",
        "2026-03-30T08:00:00+02:00",
    ]
    assert [(b - a) // HOUR for a, b in pairwise(ends)] == [24, 23, 24]
    ends = closed("daily", digest, start("2026-10-24"), start("2026-10-27"))
    assert [(b - a) // HOUR for a, b in pairwise(ends)] == [25, 24]


def test_a_time_that_is_skipped_counts_as_if_it_were_not_and_one_that_comes_twice_once() -> None:
    digest = Digest(time_zone="America/New_York", at="02:30")
    (end,) = closed("daily", digest, start("2026-03-08"), start("2026-03-09"))
    assert show(end, ZoneInfo("America/New_York")) == "2026-03-08T03:30:00-04:00"
    digest = Digest(time_zone="America/New_York", at="01:30")
    (end,) = closed("daily", digest, start("2026-11-01"), start("2026-11-02"))
    assert show(end, ZoneInfo("America/New_York")) == "2026-11-01T01:30:00-04:00"


def test_every_hour_of_a_day_of_25_has_its_window() -> None:
    digest = Digest(time_zone="Europe/Berlin")
    begins, ends = start("2026-10-25T00:00:00+02:00"), start("2026-10-26T00:00:00+01:00")
    assert len(closed("hourly", digest, begins, ends)) == 25


def test_a_change_of_half_an_hour_makes_one_window_longer() -> None:
    digest = Digest(time_zone="Australia/Lord_Howe")
    found = closed("hourly", digest, start("2026-10-03T12:00:00Z"), start("2026-10-03T18:00:00Z"))
    assert [(b - a) * 60 // HOUR for a, b in pairwise(found)] == [60, 60, 90, 60, 60]
    found = closed("hourly", digest, start("2026-04-04T12:00:00Z"), start("2026-04-04T18:00:00Z"))
    assert [(b - a) * 60 // HOUR for a, b in pairwise(found)] == [60, 90, 60, 60]


def test_a_week_ends_on_its_day() -> None:
    digest = Digest(time_zone="Europe/Berlin", at="08:00", weekday="fri")
    found = closed("weekly", digest, start("2026-03-20T07:00:00Z"), start("2026-04-05"))
    assert [show(one) for one in found] == [
        "2026-03-27T07:00:00+00:00",
        "2026-04-03T06:00:00+00:00",
    ]


def test_a_day_that_a_zone_leaves_out_has_no_window() -> None:
    digest = Digest(time_zone="Pacific/Apia", at="08:00")
    found = closed("daily", digest, start("2011-12-28"), start("2012-01-01"))
    assert len(found) == len(set(found))
    assert all(0 < b - a <= 25 * HOUR for a, b in pairwise(found))


@given(cadences, digests, instants)
def test_windows_follow_each_other_without_a_gap(
    cadence: Cadence, digest: Digest, at: Instant
) -> None:
    """Whichever moment of a window is asked about, it closes at the same one."""
    end = closes(cadence, digest, at)
    assert at < end
    longest = {"hourly": 3 * HOUR, "daily": 49 * HOUR, "weekly": 8 * DAY}[cadence]
    assert end - at <= longest
    for within in (at, (at + end) // 2, end - 1):
        assert closes(cadence, digest, within) == end
    assert closes(cadence, digest, end) > end


@given(cadences, digests, instants, st.integers(0, 40 * 24))
def test_windows_missed_are_those_that_would_have_closed_one_by_one(
    cadence: Cadence, digest: Digest, at: Instant, hours: int
) -> None:
    now = at + hours * HOUR
    whole = closed(cadence, digest, at, now)
    middle = (at + now) // 2
    assert closed(cadence, digest, at, middle) + closed(cadence, digest, middle, now) == whole
    assert whole == sorted(set(whole))


@given(digests, instants)
def test_a_day_closes_at_the_wall_clock_time_asked_for(digest: Digest, at: Instant) -> None:
    """But where the clock skips it."""
    end = closes("daily", digest, at)
    shown = local(end, digest.time_zone)
    if f"{shown:%H:%M}" != digest.at:
        before = local(end - 3 * HOUR, digest.time_zone)
        assert before.utcoffset() != shown.utcoffset()


@given(digests, instants)
def test_hours_close_at_full_hours(digest: Digest, at: Instant) -> None:
    assert local(closes("hourly", digest, at), digest.time_zone).minute == 0


# --- quiet hours ----------------------------------------------------------------------------------


def quiet(**more: Any) -> Quiet:
    return Quiet.model_validate(
        {"time_zone": "Europe/Berlin", "from": "22:00", "to": "07:00"} | more
    )


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-03-28T21:59:59+01:00", None),
        ("2026-03-28T22:00:00+01:00", "2026-03-29T07:00:00+02:00"),
        ("2026-03-29T06:59:59+02:00", "2026-03-29T07:00:00+02:00"),
        ("2026-03-29T07:00:00+02:00", None),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T07:00:00+01:00"),
    ],
)
def test_it_is_quiet_from_the_first_moment_up_to_the_last(now: str, ends: str | None) -> None:
    assert until(quiet(), start(now)) == (None if ends is None else start(ends))


def test_it_is_quiet_only_on_the_days_on_which_it_begins() -> None:
    weekend = quiet(days=["fri"])
    assert until(weekend, start("2026-03-28T03:00:00+01:00")) is not None
    assert until(weekend, start("2026-03-28T23:00:00+01:00")) is None


def test_quiet_days_that_follow_each_other_end_with_the_last() -> None:
    whole = quiet(**{"from": "00:00", "to": "00:00", "days": ["sat", "sun"]})
    assert until(whole, start("2026-03-28T12:00:00+01:00")) == start("2026-03-30T00:00:00+02:00")


def test_who_wants_to_hear_nothing_ever_is_told() -> None:
    with pytest.raises(ValidationError, match="nothing would ever be sent"):
        quiet(to="22:00")


quiets = st.builds(
    lambda zone, begins, ends, days: Quiet.model_validate(
        {"time_zone": zone, "from": begins, "to": ends, "days": sorted(days)}
    ),
    zones,
    clocks,
    clocks,
    st.sets(st.sampled_from(WEEKDAYS), min_size=1, max_size=6),
)


@given(quiets, instants)
def test_quiet_ends_at_a_moment_that_is_not_quiet_and_holds_until_then(
    asked: Quiet, now: Instant
) -> None:
    end = until(asked, now)
    if end is None:
        return
    assert now < end <= now + 8 * DAY
    assert until(asked, end) is None
    assert until(asked, (now + end) // 2) == end
    assert until(asked, end - 1) == end


@given(quiets, instants)
def test_it_is_not_quiet_for_a_whole_week(asked: Quiet, now: Instant) -> None:
    assert any(until(asked, now + hour * HOUR // 2) is None for hour in range(16 * 24))


@given(quiets, instants)
def test_quiet_is_what_the_wall_clock_says(asked: Quiet, now: Instant) -> None:
    """Away from changes of clocks."""
    shown = local(now, asked.time_zone)
    steady = {local(now + hour * HOUR, asked.time_zone).utcoffset() for hour in range(-48, 49, 3)}
    if len(steady) > 1:
        return
    clock = shown.hour * 60 + shown.minute
    begins, ends = minutes(asked.from_), minutes(asked.to)
    days = {WEEKDAYS.index(day) for day in asked.days}
    today, yesterday = shown.weekday() in days, (shown.weekday() - 1) % 7 in days
    if begins < ends:
        expected = today and begins <= clock < ends
    else:
        expected = (today and clock >= begins) or (yesterday and clock < ends)
    assert (until(asked, now) is not None) == expected


def test_what_is_urgent_does_not_wait() -> None:
    listed = change(after=Reading("designated", None, ("property.blocked",)))
    removed = change(before=listed.after, after=Reading("removed", "delisted", ()))
    assert not passes(quiet(), listed)
    for asked in ({"to": ["designated"]}, {"from": ["not_listed"]}, {"kinds": ["changed"]}):
        assert passes(quiet(**{"except": {"restrictions": ["property.blocked"], **asked}}), listed)
    assert not passes(quiet(**{"except": {"to": ["designated"]}}), removed)
    assert not passes(quiet(**{"except": {"lists": ["us-bis-dpl"]}}), listed)
    assert passes(quiet(**{"except": {}}), change(before=UNLISTED))
    assert Exempt().to is None
