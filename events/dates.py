"""Dates as law writes them: an instant, a day, a month or a year, read in a list's time zone.

An `Instant` is an int: microseconds since 1970-01-01T00:00:00Z. What is written as a period
(`2021`, `2021-02`, `2021-02-03`) has a start, a last instant and an end (the first instant that
no longer belongs to it). Which of the three counts depends on the field, see the events' models.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

Instant = int
Precision = Literal["instant", "day", "month", "year"]

SECOND: Final[Instant] = 1_000_000
DAY: Final[Instant] = 86_400 * SECOND
NEVER: Final[Instant] = 2**62
"""Later than every date that can be written: an end that is not known."""
ALWAYS: Final[Instant] = -(2**62)
"""Earlier than every date that can be written: a start that is not known."""
UTC_ZONE: Final = ZoneInfo("UTC")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final[Instant] = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST: Final[Instant] = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_PERIOD: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_INSTANT: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?"
    r"(Z|z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_DURATION: Final = re.compile(r"(?:P(\d+)D|(\d+)([dhms]))", re.ASCII)


class BadDate(ValueError):
    """Text that is no date; says what would be one."""


@lru_cache(maxsize=65_536)
def precision(text: str) -> Precision:
    """How exactly `text` names a moment. Raises `BadDate` where it names none."""
    if match := _PERIOD.fullmatch(text):
        _first_day(text, match)
        return "year" if match[2] is None else "month" if match[3] is None else "day"
    _at(text)
    return "instant"


@lru_cache(maxsize=65_536)
def start(text: str, zone: tzinfo = UTC_ZONE) -> Instant:
    """The first instant of what is written: of the day, month or year in `zone`, or the instant."""
    match = _PERIOD.fullmatch(text)
    return midnight(_first_day(text, match), zone) if match else _at(text)


@lru_cache(maxsize=65_536)
def end(text: str, zone: tzinfo = UTC_ZONE) -> Instant:
    """The first instant after what is written; of an instant, itself."""
    match = _PERIOD.fullmatch(text)
    if not match:
        return _at(text)
    year, month, day = (int(part) if part else None for part in match.groups())
    first = _first_day(text, match)
    if day:
        following = first + 1
    elif month:
        following = _day_number(year or 0, month + 1, 1) if month < 12 else _new_year(year or 0)
    else:
        following = _new_year(year or 0)
    return midnight(following, zone)


@lru_cache(maxsize=65_536)
def last(text: str, zone: tzinfo = UTC_ZONE) -> Instant:
    """The last instant of what is written: one microsecond before the end of a period."""
    return end(text, zone) - (1 if _PERIOD.fullmatch(text) else 0)


@lru_cache(maxsize=65_536)
def show(instant: Instant, zone: tzinfo = UTC_ZONE) -> str:
    """ISO 8601 with the offset of `zone`; what lies beyond the calendar is told as its edge."""
    moment = _local(instant, zone)
    shown = moment.isoformat()
    if shown[-6] in "+-":
        return shown
    return moment.astimezone(UTC).isoformat()  # local mean time, before zones: not in ISO 8601


def on_the_calendar(instant: Instant) -> Instant:
    """The instant, or the edge of the years 1 to 9999 that it lies beyond."""
    return max(_FIRST, min(instant, _LAST))


def local_day(instant: Instant, zone: tzinfo) -> int:
    """The day in `zone` that an instant falls on, counted from 1970-01-01."""
    return _local(instant, zone).toordinal() - _EPOCH_DAY


def _local(instant: Instant, zone: tzinfo) -> datetime:
    """The wall clock in `zone`, as far as the calendar of the years 1 to 9999 reaches."""
    moment = _EPOCH + timedelta(microseconds=on_the_calendar(instant))
    try:
        return moment.astimezone(zone)
    except OverflowError:  # the first and last hours in UTC, which some zones do not have
        return moment


def midnight(day: int, zone: tzinfo) -> Instant:
    """The first instant of a day, counted from 1970-01-01, in `zone`."""
    return wall(day, 0, zone)


@lru_cache(maxsize=65_536)
def wall(day: int, minutes: int, zone: tzinfo) -> Instant:
    """A wall-clock time of a day in `zone`; one that a change of clocks skips counts as if it
    had not been skipped, one that comes twice is the first."""
    naive = day * DAY + minutes * 60 * SECOND
    ordinal = min(day + _EPOCH_DAY, date.max.toordinal())
    local = datetime.combine(date.fromordinal(ordinal), datetime.min.time(), zone)
    offset = (local + timedelta(minutes=minutes)).utcoffset()
    return naive - (offset // _MICROSECOND if offset else 0)


@lru_cache(maxsize=65_536)
def normalised(text: str) -> str:
    """The one spelling of a date for ids: periods as written, instants in UTC."""
    return text if _PERIOD.fullmatch(text) else show(_at(text))


def duration(text: str) -> Instant:
    """A span such as `P30D`, `1d`, `12h`, `30m`, `10s`, in microseconds."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise BadDate(f"{text!r} is no span of time; write 1d, 12h, 30m or P30D")
    if match[1]:
        return int(match[1]) * DAY
    return int(match[2]) * {"d": DAY, "h": DAY // 24, "m": 60 * SECOND, "s": SECOND}[match[3]]


def local_wall(text: str, zone: tzinfo) -> Instant:
    """A rule's date: a day (`2021-08-02`, its start) or a local time (`2021-01-11T09:30`)."""
    day, _, clock = text.partition("T")
    hours, _, minutes = clock.partition(":")
    match = _PERIOD.fullmatch(day)
    if not match:
        raise BadDate(f"{day!r} is no day")
    return wall(_first_day(day, match), int(hours or 0) * 60 + int(minutes or 0), zone)


def _first_day(text: str, match: re.Match[str]) -> int:
    try:
        return _day_number(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError as error:
        raise BadDate(f"{text!r} is not in the calendar: {error}") from None


def _day_number(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - _EPOCH_DAY


def _new_year(year: int) -> int:
    return _day_number(year, 12, 31) + 1


@lru_cache(maxsize=65_536)
def _at(text: str) -> Instant:
    match = _INSTANT.fullmatch(text)
    if not match:
        raise BadDate(
            f"{text!r} is no date; write 2021, 2021-02, 2021-02-03 or 2021-02-03T16:09:00-05:00"
        )
    *parts, seconds, fraction, offset = match.groups()
    if offset is None:
        raise BadDate(f"{text!r} has no offset from UTC; add Z or one such as -05:00")
    try:
        zone = UTC if offset in "Zz" else _offset(offset)
        micro = int((fraction or "").ljust(6, "0")[:6])
        year, month, day, hour, minute = map(int, parts)
        moment = datetime(year, month, day, hour, minute, int(seconds or 0), micro, tzinfo=zone)
    except ValueError as error:
        raise BadDate(f"{text!r} is not in the calendar: {error}") from None
    return (moment - _EPOCH) // _MICROSECOND


def _offset(text: str) -> timezone:
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("an offset has at most 23 hours and 59 minutes")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if text[0] == "-" else size)
