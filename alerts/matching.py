"""Whether a change is what a subscription asked for. Pure."""

from itertools import pairwise
from typing import NamedTuple

from alerts.places import place
from alerts.subscriptions import Filter, Request, Start
from projections.changes import Change
from projections.rows import Told


class Who(NamedTuple):
    """The company of a change as it is known now: its country, and the ids merged into it."""

    country: str | None = None
    former: frozenset[str] = frozenset()


class Moved(NamedTuple):
    """The kinds of restrictions that a change brings, and those that it takes away."""

    gained: frozenset[str]
    lost: frozenset[str]

    @property
    def either(self) -> frozenset[str]:
        """Both."""
        return self.gained | self.lost


def sends(request: Request, start: Start, told: Told, who: Who) -> bool:
    """Whether a subscription is to be told: it lasted then, and its filter wants it."""
    return lasts(request, start, told) and wants(
        request.filter, told.change, who, backfill=request.backfill
    )


def lasts(request: Request, start: Start, told: Told) -> bool:
    """Whether a subscription had begun when a change was told, and not ended."""
    return (
        place(told) > start.after
        and told.change.recorded >= start.since
        and (request.expires is None or told.change.recorded <= request.until)
    )


def wants(asked: Filter, change: Change, who: Who, *, backfill: bool = False) -> bool:
    """Whether the filter lets the change through; loaded history only where `backfill` asks."""
    if change.backfill and not backfill:
        return False
    if asked.kinds is None:
        if change.kind == "noted":
            return False
    elif change.kind not in asked.kinds:
        return False
    return (
        (asked.companies is None or _names(asked.companies, change.company, who))
        and (asked.lists is None or change.list in asked.lists)
        and (asked.countries is None or who.country in asked.countries)
        and (asked.from_ is None or change.before.status in asked.from_)
        and (asked.to is None or change.after.status in asked.to)
        and _restrictions(asked, change)
    )


def _restrictions(asked: Filter, change: Change) -> bool:
    if asked.restrictions is None and asked.gained is None and asked.lost is None:
        return True
    found = moved(change)
    return (
        (asked.restrictions is None or not found.either.isdisjoint(asked.restrictions))
        and (asked.gained is None or not found.gained.isdisjoint(asked.gained))
        and (asked.lost is None or not found.lost.isdisjoint(asked.lost))
    )


def moved(change: Change) -> Moved:
    """What a change brings and takes away: now, in the intervals that it corrects, or at the flips
    to come that it moves, as they were and as they are."""
    steps = [(change.before, change.after)]
    steps += [(one.before, one.after) for one in change.intervals]
    for flips in (change.flips_before, change.flips_after):
        steps += pairwise([change.after, *(flip.reading for flip in flips)])
    gained, lost = set[str](), set[str]()
    for one, other in steps:
        gained.update(set(other.kinds).difference(one.kinds))
        lost.update(set(one.kinds).difference(other.kinds))
    return Moved(frozenset(gained), frozenset(lost))


def _names(companies: list[str], company: str, who: Who) -> bool:
    return company in companies or not who.former.isdisjoint(companies)
