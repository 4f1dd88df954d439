"""The fold: the standing of one company on one list, moved on by one point at a time.

`step` and `expire` are the seven rules. A state is immutable and says all that later points can
depend on, and nothing that only counts how one got there, so that two ways to the same law end in
equal states. Instants are microseconds UTC; intervals are [start, end).
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from events.dates import NEVER, Instant
from events.lists import ListInfo
from projections.facts import (
    AMENDED,
    ANNOUNCED,
    ENDED,
    GRANTED,
    ISSUED,
    PENDING,
    REMOVED,
    Fact,
    Point,
    Ref,
    Window,
    windows,
)


class Listing(NamedTuple):
    """An open entry of the company on the list."""

    ref: Ref
    opened: Instant
    expires: Instant
    windows: tuple[Window, ...]
    own: bool
    """Whether the windows are the designation's own, not the list's rules."""
    issued: str
    """The id of the event that opened it."""
    latest: str
    """The id of the event that last changed its expiry: the cause if it runs out."""


class Injunction(NamedTuple):
    """An order that keeps restrictions from being enforced; `kinds` None is all of them."""

    key: str
    kinds: tuple[str, ...] | None
    expires: Instant
    granted: str


class State(NamedTuple):
    """Where a company stands on a list right after a point."""

    status: str = "not_listed"
    how: str | None = None
    listings: tuple[Listing, ...] = ()
    injunctions: tuple[Injunction, ...] = ()
    waiting: tuple[Injunction, ...] = ()
    """Granted before the listing they concern had effect."""
    announced: tuple[Fact, ...] = ()
    """Designations that the public knows of and that have no effect yet."""
    pending_removal: bool = False
    due: Instant = NEVER
    """When the next listing or injunction runs out."""
    cause: str | None = None
    """The event to which the status is owed."""
    known: bool = False
    """Whether any designation was ever announced or in effect, withdrawn ones included."""


NOT_LISTED: Final = State()


class Step(NamedTuple):
    """A new state; `opened` where an episode began; why the point fits nowhere, if so."""

    state: State
    opened: bool = False
    anomaly: str | None = None


def step(state: State, point: Point, info: ListInfo) -> Step:
    """Move a state on by one point; what runs out by then must have been expired before."""
    return _RULES[point.rank](state, point.fact, point.at, info)


def expire(state: State) -> State:
    """Move a state on to its `due`: injunctions and listings that run out then are gone."""
    now = state.due
    gone = [order for order in (*state.injunctions, *state.waiting) if order.expires <= now]
    closed = [listing for listing in state.listings if listing.expires <= now]
    after = state
    if gone:
        after = after._replace(
            injunctions=tuple(order for order in state.injunctions if order.expires > now),
            waiting=tuple(order for order in state.waiting if order.expires > now),
        )
        after = _settled(after, state, gone[-1].granted)
    if closed:
        left = tuple(listing for listing in state.listings if listing.expires > now)
        after = _closed(after, left, "expired", closed[-1].latest)
    return after._replace(due=_due(after))


def _due(state: State) -> Instant:
    return min(
        (
            one.expires
            for some in (state.listings, state.injunctions, state.waiting)
            for one in some
        ),
        default=NEVER,
    )


def _settled(after: State, before: State, cause: str) -> State:
    """Name the status that the parts of a state amount to, and what it is owed to."""
    if after.listings:
        all_stopped = any(order.kinds is None for order in after.injunctions)
        status = "enjoined" if all_stopped else "designated"
    elif after.how is not None:
        status = "removed"
    else:
        status = "scheduled" if after.announced else "not_listed"
    if status == before.status:
        return after
    return after._replace(status=status, cause=None if status == "not_listed" else cause)


def _closed(state: State, left: tuple[Listing, ...], how: str, cause: str) -> State:
    """Close listings; with the last one the episode ends, and its injunctions with it."""
    if left:
        return state._replace(listings=left)
    after = state._replace(listings=(), injunctions=(), pending_removal=False, how=how)
    return _settled(after, state, cause)


def _announce(state: State, fact: Fact, now: Instant, info: ListInfo) -> Step:
    after = state._replace(announced=(*state.announced, fact), known=True)
    return Step(_settled(after, state, fact.id))


def _issue(state: State, fact: Fact, now: Instant, info: ListInfo) -> Step:
    if fact.announced < now:
        left = tuple(one for one in state.announced if one.id != fact.id)
        if len(left) == len(state.announced):
            return Step(state)  # withdrawn before it took effect
        state = state._replace(announced=left)
    known = next((one for one in state.listings if one.ref == fact.ref), None)
    if known is not None:
        return _renew(state, known, fact, now, info)
    listing = Listing(
        fact.ref,
        now,
        fact.expires,
        windows(fact, now, info),
        fact.terms is not None,
        fact.id,
        fact.id,
    )
    opened = not state.listings
    after = state._replace(listings=(*state.listings, listing), how=None, known=True)
    if opened and state.waiting:
        after = after._replace(injunctions=state.waiting, waiting=())
    after = _settled(after, state, fact.id)
    return Step(_timely(after, now), opened)


def _renew(state: State, known: Listing, fact: Fact, now: Instant, info: ListInfo) -> Step:
    expires = max(known.expires, fact.expires)
    renewed = known._replace(
        expires=expires, latest=known.latest if expires == known.expires else fact.id
    )
    if fact.terms is not None:
        renewed = renewed._replace(windows=windows(fact, known.opened, info), own=True)
    after = _timely(_with(state, known, renewed), now)
    return Step(after, anomaly="a second designation of an open listing")


def _amend(state: State, fact: Fact, now: Instant, info: ListInfo) -> Step:
    known = next((one for one in state.listings if one.ref == fact.ref), None)
    if known is None:
        return Step(state, anomaly="an amendment of a listing that is not open")
    amended = known
    if fact.expires != NEVER:
        amended = amended._replace(expires=fact.expires, latest=fact.id)
    if fact.terms is not None:
        amended = amended._replace(windows=windows(fact, known.opened, info), own=True)
    return Step(_timely(_with(state, known, amended), now))


def _with(state: State, old: Listing, new: Listing) -> State:
    return state._replace(
        listings=tuple(new if listing is old else listing for listing in state.listings)
    )


def _grant(state: State, fact: Fact, now: Instant, info: ListInfo) -> Step:
    order = Injunction(fact.key, fact.kinds, fact.expires, fact.id)
    if state.listings:
        others = tuple(one for one in state.injunctions if one.key != fact.key)
        after = state._replace(injunctions=(*others, order))
        return Step(_timely(_settled(after, state, fact.id), now))
    if state.announced:
        others = tuple(one for one in state.waiting if one.key != fact.key)
        return Step(_timely(state._replace(waiting=(*others, order)), now))
    return Step(state, anomaly="an injunction with no designation to stop")


def _end(state: State, fact: Fact, now: Instant, info: ListInfo) -> Step:
    active = tuple(one for one in state.injunctions if fact.key not in ("", one.key))
    waiting = tuple(one for one in state.waiting if fact.key not in ("", one.key))
    if len(active) == len(state.injunctions) and len(waiting) == len(state.waiting):
        return Step(state, anomaly="an ending of no active injunction")
    after = _settled(state._replace(injunctions=active, waiting=waiting), state, fact.id)
    return Step(after._replace(due=_due(after)))


def _remove(state: State, fact: Fact, now: Instant, info: ListInfo) -> Step:
    left = () if fact.ref is None else tuple(o for o in state.listings if o.ref != fact.ref)
    if len(left) < len(state.listings):
        after = _closed(state, left, fact.key, fact.id)
        return Step(after._replace(due=_due(after)))
    kept = () if fact.ref is None else tuple(o for o in state.announced if o.ref != fact.ref)
    if len(kept) < len(state.announced):
        return Step(_settled(state._replace(announced=kept), state, fact.id))
    if not state.known and state.how is None:
        after = _settled(state._replace(how=fact.key), state, fact.id)
        return Step(after, anomaly="a removal with no designation known")
    return Step(state, anomaly="a removal of what is not open")


def _await_removal(state: State, fact: Fact, now: Instant, info: ListInfo) -> Step:
    if not state.listings:
        return Step(state, anomaly="an announced removal of nothing")
    return Step(state._replace(pending_removal=True))


def _timely(state: State, now: Instant) -> State:
    """Set when the next thing runs out; what an event gave an end in the past is gone at once."""
    after = state._replace(due=_due(state))
    while after.due <= now:
        after = expire(after._replace(due=now))
    return after


_RULES: Final[dict[int, Callable[[State, Fact, Instant, ListInfo], Step]]] = {
    ANNOUNCED: _announce,
    ENDED: _end,
    REMOVED: _remove,
    ISSUED: _issue,
    AMENDED: _amend,
    GRANTED: _grant,
    PENDING: _await_removal,
}


def in_force(state: State, now: Instant) -> list[Window]:
    """The restrictions in force, those that an active injunction covers left out."""
    found = [
        window
        for listing in state.listings
        for window in listing.windows
        if window.start <= now < window.end
    ]
    return [window for window in found if not covered(state, window.kind)] if found else found


def covered(state: State, kind: str) -> bool:
    """Whether an active injunction keeps this kind from being enforced."""
    return any(order.kinds is None or kind in order.kinds for order in state.injunctions)


def upcoming(state: State, now: Instant, info: ListInfo) -> list[Window]:
    """The restrictions that an open or an announced designation will bring, as known at `now`.

    An end of the listing that comes first does not count against one: it was not known then.
    """
    forced = {window.kind for window in in_force(state, now)}
    coming = [window for listing in state.listings for window in listing.windows]
    opened = {listing.ref: listing for listing in state.listings}
    for fact in state.announced:
        known = opened.get(fact.ref)
        if known is None:
            coming.extend(windows(fact, fact.at, info))
        elif fact.terms is not None:
            own = windows(fact, known.opened, info)
            coming.extend(one._replace(start=max(one.start, fact.at)) for one in own)
    return [
        window
        for window in coming
        if window.start > now
        and now < window.end
        and window.kind not in forced
        and not covered(state, window.kind)
    ]
