"""Dates as law writes them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.dates import (
    DAY,
    NEVER,
    SECOND,
    BadDate,
    Instant,
    duration,
    end,
    last,
    local_day,
    local_wall,
    midnight,
    normalised,
    precision,
    show,
    start,
    wall,
)

NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
SANTIAGO = ZoneInfo("America/Santiago")
"""Its clocks go forward at midnight: on 2021-09-05 there is no 00:00."""
APIA = ZoneInfo("Pacific/Apia")
"""It left out a whole day: 2011-12-30."""


def utc(text: str) -> Instant:
    """What the standard library makes of a time with an offset."""
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021", "year"),
        ("2021-02", "month"),
        ("2021-02-03", "day"),
        ("2021-02-03T16:09:00-05:00", "instant"),
        ("2021-02-03T16:09Z", "instant"),
    ],
)
def test_precision_is_in_how_a_date_is_written(text: str, expected: str) -> None:
    assert precision(text) == expected


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2021", "2021-01-01T05:00:00Z", "2022-01-01T05:00:00Z"),
        ("2021-02", "2021-02-01T05:00:00Z", "2021-03-01T05:00:00Z"),
        ("2020-02", "2020-02-01T05:00:00Z", "2020-03-01T05:00:00Z"),
        ("2021-12", "2021-12-01T05:00:00Z", "2022-01-01T05:00:00Z"),
        ("2021-01-14", "2021-01-14T05:00:00Z", "2021-01-15T05:00:00Z"),
        ("2020-02-29", "2020-02-29T05:00:00Z", "2020-03-01T05:00:00Z"),
        ("2021-12-31", "2021-12-31T05:00:00Z", "2022-01-01T05:00:00Z"),
    ],
)
def test_a_period_runs_from_its_first_instant_to_the_first_after_it(
    text: str, begins: str, ends: str
) -> None:
    assert start(text, NEW_YORK) == utc(begins)
    assert end(text, NEW_YORK) == utc(ends)
    assert last(text, NEW_YORK) == utc(ends) - 1


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2021-03-14", 23), ("2021-11-07", 25), ("2021-03-13", 24), ("2021-03", 31 * 24 - 1)],
)
def test_a_day_on_which_clocks_change_is_shorter_or_longer(text: str, hours: int) -> None:
    assert end(text, NEW_YORK) - start(text, NEW_YORK) == hours * 3_600 * SECOND


def test_a_period_without_a_list_is_read_in_utc() -> None:
    assert start("1970-01-01") == 0
    assert end("1970-01-01") == DAY


@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO])
def test_an_instant_is_the_same_in_every_zone(zone: ZoneInfo) -> None:
    text = "2021-05-25T16:09:00-04:00"
    assert start(text, zone) == end(text, zone) == last(text, zone) == utc(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-02-03T16:09Z", "2021-02-03T16:09:00+00:00"),
        ("2021-02-03T16:09:00z", "2021-02-03T16:09:00+00:00"),
        ("2021-02-03T16:09:01.5Z", "2021-02-03T16:09:01.500000+00:00"),
        ("2021-02-03T16:09:01.123456789Z", "2021-02-03T16:09:01.123456+00:00"),
        ("2021-02-03T23:59:59.999999-12:00", "2021-02-04T11:59:59.999999+00:00"),
        ("2021-02-03T00:00:00+05:45", "2021-02-02T18:15:00+00:00"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999+00:00"),
    ],
)
def test_an_instant_is_exact_to_the_microsecond(text: str, expected: str) -> None:
    assert show(start(text)) == normalised(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "21",
        "2021-2",
        "2021-02-3",
        "2021/02/03",
        "20210203",
        " 2021",
        "2021\n",
        "٢٠٢١",
        "2021-W05",
        "2021-02-03T16:09:00",
        "2021-02-03 16:09:00Z",
        "2021-02-03T16:09:00-0500",
        "2021-02-03T16:09:00-5:00",
        "2021-02-03T16Z",
    ],
)
def test_what_is_no_date_is_told_so(text: str) -> None:
    for read in (precision, start, end, last, normalised):
        with pytest.raises(BadDate):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        "2021-00",
        "2021-13",
        "2021-02-29",
        "2021-04-31",
        "0000",
        "2021-02-03T24:00:00Z",
        "2021-02-03T16:60:00Z",
        "2021-02-03T16:09:60Z",
        "2021-02-30T16:09:00Z",
        "2021-02-03T16:09:00+00:60",
        "2021-02-03T16:09:00+25:00",
    ],
)
def test_what_is_not_in_the_calendar_is_told_so(text: str) -> None:
    with pytest.raises(BadDate, match="not in the calendar"):
        start(text)


def test_a_time_without_an_offset_says_what_is_missing() -> None:
    with pytest.raises(BadDate, match="no offset"):
        start("2021-02-03T16:09:00")


# --- the edges of the calendar --------------------------------------------------------------------


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31"])
@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO])
def test_the_last_year_has_an_end(text: str, zone: ZoneInfo) -> None:
    assert start(text, zone) < last(text, zone) < end(text, zone) < NEVER


@pytest.mark.parametrize("text", ["0001", "0001-01", "0001-01-01"])
@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO])
def test_the_first_year_has_a_start(text: str, zone: ZoneInfo) -> None:
    assert start(text, zone) < end(text, zone) < start("0002-02", zone)


@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO])
def test_what_lies_beyond_the_calendar_is_told_as_its_edge(zone: ZoneInfo) -> None:
    assert show(end("9999", zone), zone).startswith("9999-12-31T")
    assert show(NEVER, zone).startswith("9999-12-31T")
    assert show(start("0001", zone), zone).startswith("0001-01-01T")


def test_the_end_of_the_first_and_last_instants_can_be_written_with_any_offset() -> None:
    assert start("9999-12-31T23:59:59-12:00") < NEVER
    assert start("0001-01-01T00:00:00+12:00") < start("0001-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59+12:00", "0001-01-01T00:00:00+12:00"]
)
@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO])
def test_days_can_be_counted_from_anything_that_can_be_written(text: str, zone: ZoneInfo) -> None:
    assert wall(local_day(start(text), zone) + 60, 570, zone) > start(text)


def test_an_offset_with_seconds_is_not_iso_8601_and_is_told_in_utc() -> None:
    assert show(start("1800", NEW_YORK), NEW_YORK) == "1800-01-01T04:56:02+00:00"
    assert show(start("1900", NEW_YORK), NEW_YORK) == "1900-01-01T00:00:00-05:00"


# --- walls and days -------------------------------------------------------------------------------


def test_a_day_whose_midnight_is_skipped_begins_where_its_clocks_do() -> None:
    begins = start("2021-09-05", SANTIAGO)
    assert show(begins, SANTIAGO) == "2021-09-05T01:00:00-03:00"
    assert begins == end("2021-09-04", SANTIAGO)


def test_a_day_that_was_left_out_has_no_length() -> None:
    assert end("2011-12-29", APIA) <= start("2011-12-31", APIA)
    assert start("2011-12-31", APIA) == utc("2011-12-30T10:00:00Z")


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("2021-03-14T01:59", "2021-03-14T01:59:00-05:00"),
        ("2021-03-14T02:30", "2021-03-14T03:30:00-04:00"),
        ("2021-03-14T03:00", "2021-03-14T03:00:00-04:00"),
        ("2021-11-07T01:30", "2021-11-07T01:30:00-04:00"),
        ("2021-11-07T02:30", "2021-11-07T02:30:00-05:00"),
        ("2021-01-11T09:30", "2021-01-11T09:30:00-05:00"),
        ("2021-06-03", "2021-06-03T00:00:00-04:00"),
    ],
)
def test_a_wall_time_that_clocks_skip_counts_as_if_they_had_not(clock: str, expected: str) -> None:
    assert show(local_wall(clock, NEW_YORK), NEW_YORK) == expected


@pytest.mark.parametrize("text", ["T09:30", "2021-02-30", "soon", "2021-01-11T9h"])
def test_a_rules_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        local_wall(text, NEW_YORK)


@pytest.mark.parametrize(
    ("opened", "days", "minutes", "expected"),
    [
        ("2021-01-14", 60, 570, "2021-03-15T09:30:00-04:00"),
        ("2021-01-14T23:59:00-05:00", 60, 570, "2021-03-15T09:30:00-04:00"),
        ("2021-01-15T00:00:00Z", 60, 0, "2021-03-15T00:00:00-04:00"),
        ("2020-03-01", 365, 0, "2021-03-01T00:00:00-05:00"),
        ("2020-02-28", 366, 0, "2021-02-28T00:00:00-05:00"),
        ("2021-09-08", 60, 0, "2021-11-07T00:00:00-04:00"),
        ("2021-01-14", 0, 0, "2021-01-14T00:00:00-05:00"),
    ],
)
def test_days_after_a_listing_are_counted_on_the_lists_calendar(
    opened: str, days: int, minutes: int, expected: str
) -> None:
    found = wall(local_day(start(opened, NEW_YORK), NEW_YORK) + days, minutes, NEW_YORK)
    assert show(found, NEW_YORK) == expected


def test_days_after_a_listing_at_the_end_of_the_calendar_lie_beyond_it() -> None:
    day = local_day(start("9999-12-15", NEW_YORK), NEW_YORK)
    assert wall(day + 365, 0, NEW_YORK) > end("9999", NEW_YORK)


def test_midnight_is_a_wall_time_without_minutes() -> None:
    assert midnight(18_642, TOKYO) == wall(18_642, 0, TOKYO) == utc("2021-01-15T00:00:00+09:00")


# --- spans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P30D", 30 * DAY),
        ("1d", DAY),
        ("12h", DAY // 2),
        ("30m", 1_800 * SECOND),
        ("10s", 10 * SECOND),
    ],
)
def test_a_span_of_time(text: str, expected: Instant) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "30", "P1M", "1w", "-1d", "1.5h", "P30D ", "٣d"])
def test_what_is_no_span_of_time_is_told_so(text: str) -> None:
    with pytest.raises(BadDate):
        duration(text)


# --- in general -----------------------------------------------------------------------------------

zones = st.sampled_from([NEW_YORK, TOKYO, SANTIAGO, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")])


@given(st.dates(), zones)
def test_days_follow_each_other_without_gap_or_overlap(day: datetime, zone: ZoneInfo) -> None:
    text = day.isoformat()
    following = datetime.fromordinal(min(day.toordinal() + 1, 3_652_059)).date().isoformat()
    assert start(text, zone) <= last(text, zone)
    if following != text:
        assert end(text, zone) == start(following, zone)


@given(st.datetimes(timezones=st.just(UTC)), zones)
def test_what_is_shown_is_read_again_as_the_same_instant(when: datetime, zone: ZoneInfo) -> None:
    instant = start(when.isoformat().replace("+00:00", "Z"))
    assert start(show(instant, zone)) == instant
    assert normalised(show(instant, zone)) == show(instant)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones))  # noqa: DTZ001 - bounds
def test_an_instant_is_what_the_standard_library_makes_of_it(when: datetime) -> None:
    offset = when.utcoffset()
    if offset is not None and offset.seconds % 60 == 0:  # older zones have odd seconds
        since = when - datetime(1970, 1, 1, tzinfo=UTC)
        assert start(when.isoformat()) == (since.days * 86_400 + since.seconds) * SECOND + (
            since.microseconds
        )
