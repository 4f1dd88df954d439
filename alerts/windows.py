"""The windows of digests: where each closes, on the subscriber's wall clock. Pure.

A window ends where the next one begins: together they cover all time, also where clocks change. A
time that a change of clocks skips counts as if it had not been skipped; one that comes twice is the
first. A full hour that comes twice closes two windows.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, StringConstraints

from events.dates import SECOND, Instant, wall
from events.models import Strict

Cadence = Literal["immediate", "hourly", "daily", "weekly"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOUR: Final[Instant] = 3_600 * SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)


@lru_cache(maxsize=1_000)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises `ValueError` where there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"{name!r} is no time zone; one such as Europe/Berlin is needed") from None


def _a_zone(name: str) -> str:
    zone(name)
    return name


Zone = Annotated[
    str, StringConstraints(min_length=1, max_length=64), AfterValidator(_a_zone)
]  # of the IANA database
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Digest(Strict):
    """When the windows of a digest close. Hourly ones close at each full hour there."""

    time_zone: Zone = "UTC"
    at: Clock = "08:00"
    """Of daily and weekly ones."""
    weekday: Weekday = "mon"
    """Of weekly ones."""
    empty: bool = False
    """Whether to be told that there is nothing to tell."""


def minutes(clock: str) -> int:
    """After midnight."""
    return int(clock[:2]) * 60 + int(clock[3:])


def local_day(instant: Instant, where: ZoneInfo) -> int:
    """The day there, counted from 1970-01-01."""
    return _local(instant, where).toordinal() - _EPOCH_DAY


def weekday(day: int) -> str:
    """Of a day that is counted from 1970-01-01, a Thursday."""
    return WEEKDAYS[(day + 3) % 7]


def closes(cadence: Cadence, digest: Digest, after: Instant) -> Instant:
    """When the first window closes that is open right behind a moment."""
    where = zone(digest.time_zone)
    if cadence == "hourly":
        return _next_hour(after, where)
    today = local_day(after, where)
    days = range(today - 1, today + 9)
    if cadence == "weekly":
        days = range(next(day for day in days if weekday(day) == digest.weekday), days[-1] + 8, 7)
    # A zone that skips a whole day has the same moment for two of them.
    ends = (wall(day, minutes(digest.at), where) for day in days)
    return next(end for end in ends if end > after)


def closed(cadence: Cadence, digest: Digest, after: Instant, now: Instant) -> list[Instant]:
    """Where the windows ended that have closed since a moment, in order."""

    def ends() -> Iterator[Instant]:
        end = after
        while True:
            end = closes(cadence, digest, end)
            yield end

    return list(takewhile(lambda end: end <= now, ends()))


def _next_hour(after: Instant, where: ZoneInfo) -> Instant:
    """The next full hour, by the clock as it is now, or as it is after a change of clocks."""
    offsets = {
        _offset(after, where),
        _offset(after + HOUR, where),
        _offset(after + 2 * HOUR, where),
    }
    found = []
    for offset in offsets:
        first = after - (after + offset) % HOUR + HOUR
        found += [end for end in (first, first + HOUR) if _offset(end, where) == offset]
    return min(found)


def _offset(instant: Instant, where: ZoneInfo) -> Instant:
    offset = _local(instant, where).utcoffset()
    return offset // _MICROSECOND if offset else 0


def _local(instant: Instant, where: ZoneInfo) -> datetime:
    return (_EPOCH + instant * _MICROSECOND).astimezone(where)
