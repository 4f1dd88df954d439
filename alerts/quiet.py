"""Quiet hours: when somebody is not to be disturbed, and by what all the same. Pure."""

from typing import Final, get_args

from pydantic import ConfigDict, Field, model_validator

from alerts.windows import WEEKDAYS, Clock, Weekday, Zone, local_day, minutes, weekday, zone
from events.dates import Instant, wall
from events.models import ListId, Strict
from events.vocabulary import ChangeKind, RestrictionKind, Status
from projections.changes import Change

_A_WEEK: Final = 7
_EVERY_DAY: Final[list[Weekday]] = list(get_args(Weekday))


class Exempt(Strict):
    """What does not wait. A field that is absent means any."""

    model_config = ConfigDict(populate_by_name=True)

    kinds: list[ChangeKind] | None = None
    lists: list[ListId] | None = None
    from_: list[Status] | None = Field(default=None, alias="from")
    to: list[Status] | None = None
    restrictions: list[RestrictionKind] | None = None
    """Kinds that are in force after it and were not before, or the other way round."""


class Quiet(Strict):
    """On these days from one time on the wall clock to another; to one that is not later, it is
    that of the next day."""

    model_config = ConfigDict(populate_by_name=True)

    time_zone: Zone = "UTC"
    from_: Clock = Field(alias="from")
    to: Clock
    days: list[Weekday] = Field(default=_EVERY_DAY, min_length=1, max_length=7)
    """On which it begins."""
    except_: Exempt | None = Field(default=None, alias="except")

    @model_validator(mode="after")
    def _not_always(self) -> "Quiet":
        if self.from_ == self.to and set(self.days) == set(WEEKDAYS):
            raise ValueError("from and to are the same on every day: nothing would ever be sent")
        return self


def until(quiet: Quiet, now: Instant) -> Instant | None:
    """When the quiet ends that holds at a moment; None where it is not quiet."""
    end = now
    for _ in range(_A_WEEK + 1):  # of days that follow each other, the last one's
        later = _until(quiet, end)
        if later is None:
            break
        end = later
    return None if end == now else end


def passes(quiet: Quiet, change: Change) -> bool:
    """Whether a change does not wait."""
    asked = quiet.except_
    if asked is None:
        return False
    moved = set(change.before.kinds) ^ set(change.after.kinds)
    return (
        (asked.kinds is None or change.kind in asked.kinds)
        and (asked.lists is None or change.list in asked.lists)
        and (asked.from_ is None or change.before.status in asked.from_)
        and (asked.to is None or change.after.status in asked.to)
        and (asked.restrictions is None or not moved.isdisjoint(asked.restrictions))
    )


def _until(quiet: Quiet, now: Instant) -> Instant | None:
    where = zone(quiet.time_zone)
    begins, ends = minutes(quiet.from_), minutes(quiet.to)
    today = local_day(now, where)
    found = [
        wall(day + (ends <= begins), ends, where)
        for day in (today - 1, today)
        if weekday(day) in quiet.days and wall(day, begins, where) <= now
    ]
    return max((end for end in found if end > now), default=None)
