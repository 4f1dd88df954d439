"""What the open listings of a state forbid, and when, less what injunctions keep from being
enforced. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from events.dates import Instant
from events.lists import ListInfo
from projections.facts import Window, windows
from projections.fold import Listing, State, listing_of

Kinds = tuple[str, ...]


def in_force(state: State, now: Instant) -> list[tuple[Window, str]]:
    """The restrictions in force, each with the event that brought it; those that an active
    injunction covers are left out."""
    forced = [
        (window, listing.terms)
        for listing in state.listings
        for window in listing.windows
        if window.start <= now < window.end
    ]
    if state.injunctions:
        return [one for one in forced if not covered(state, one[0].kind)]
    return forced


class Turn(NamedTuple):
    """From `at` on these kinds of restriction stand, sorted, whether enjoined or not."""

    at: Instant
    kinds: Kinds


def turns(listings: Sequence[Listing], begins: Instant, ends: Instant) -> Iterable[Turn]:
    """The kinds of restriction that open listings bring: at least those from `begins` to `ends`,
    in order. An injunction may cover some of them."""
    if len(listings) == 1:
        own = listings[0].windows
        if len(own) == 1 and own[0].start < own[0].end:  # mostly
            return Turn(own[0].start, (own[0].kind,)), Turn(own[0].end, ())
        return _calendar(own)
    windows = [window for listing in listings for window in listing.windows]
    moments = {at for window in windows for at in window[2:] if begins < at < ends}
    return [Turn(at, _kinds(windows, at)) for at in sorted({begins, *moments})]


@lru_cache(maxsize=65_536)
def _calendar(windows: tuple[Window, ...]) -> tuple[Turn, ...]:
    """All turns of one listing. Many companies are listed on the same day, by the same rules."""
    moments = {at for window in windows for at in window[2:]}
    return tuple([Turn(at, _kinds(windows, at)) for at in sorted(moments)])


def _kinds(windows: Iterable[Window], at: Instant) -> Kinds:
    return tuple(sorted({one.kind for one in windows if one.start <= at < one.end}))


def uncovered(state: State, kinds: Kinds) -> Kinds:
    """Of these kinds, those that no active injunction keeps from being enforced."""
    return tuple([kind for kind in kinds if not covered(state, kind)])


def covered(state: State, kind: str) -> bool:
    """Whether an active injunction keeps this kind from being enforced."""
    return any(order.kinds is None or kind in order.kinds for order in state.injunctions)


def upcoming(state: State, now: Instant, info: ListInfo) -> list[tuple[Window, str]]:
    """The restrictions that an open or an announced designation will bring, as known at `now`,
    each with the event that brings it.

    An end of the listing that comes first does not count against one: it was not known then.
    """
    coming = [
        (window, one.terms)
        for one in state.listings
        for window in one.windows
        if now < window.start and now < window.end
    ]
    for fact in state.announced:
        known = listing_of(state, fact.ref)
        if known is None:
            coming += [(window, fact.id) for window in windows(fact, fact.at, info)]
        elif fact.terms is not None:
            own = windows(fact, known.opened, info)
            coming += [(one._replace(start=max(one.start, fact.at)), fact.id) for one in own]
    if not coming:
        return []
    forced = {window.kind for window, _ in in_force(state, now)}
    return [
        (window, cause)
        for window, cause in coming
        if now < window.start
        and now < window.end
        and window.kind not in forced
        and not covered(state, window.kind)
    ]
