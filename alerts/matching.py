"""Whether a change is what a subscription asked for. Pure."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from alerts.places import place
from alerts.subscriptions import Filter, Request, Start
from projections.changes import Change
from projections.rows import Told
from projections.timeline import Flip, Reading


class Who(NamedTuple):
    """The company of a change as it is known now: its country, and the ids merged into it."""

    country: str | None = None
    former: frozenset[str] = frozenset()


def sends(request: Request, start: Start, told: Told, who: Who) -> bool:
    """Whether a subscription is to be told: it had begun by then, and its filter wants it."""
    return (
        place(told) > start.after
        and told.change.recorded >= start.since
        and wants(request.filter, told.change, who, backfill=request.backfill)
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
        and (asked.restrictions is None or not moved(change).isdisjoint(asked.restrictions))
    )


def moved(change: Change) -> set[str]:
    """The kinds of restrictions that a change brings or takes away: now, in the intervals that it
    corrects, or at the flips to come that it moves."""
    found = _between(change.before, change.after)
    for interval in change.intervals:
        found |= _between(interval.before, interval.after)
    for flips in (change.flips_before, change.flips_after):
        found |= _along(change.after, flips)
    return found


def _names(companies: list[str], company: str, who: Who) -> bool:
    return company in companies or not who.former.isdisjoint(companies)


def _between(one: Reading, other: Reading) -> set[str]:
    return set(one.kinds) ^ set(other.kinds)


def _along(current: Reading, flips: Iterable[Flip]) -> set[str]:
    found: set[str] = set()
    for one, other in pairwise([current, *(flip.reading for flip in flips)]):
        found |= _between(one, other)
    return found
