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
    terms: str
    """The id of the event that the windows come from."""
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

    listings: tuple[Listing, ...] = ()
    injunctions: tuple[Injunction, ...] = ()
    waiting: tuple[Injunction, ...] = ()
    """Granted before the listing they concern had effect."""
    announced: tuple[Fact, ...] = ()
    """Designations that the public knows of and that have no effect yet."""
    how: str | None = None
    """How the last episode ended, until the next begins."""
    known: bool = False
    """Whether any designation was ever announced or in effect, withdrawn ones included."""
    pending_removal: bool = False
    status: str = "not_listed"
    due: Instant = NEVER
    """When the next listing or injunction runs out."""
    cause: str | None = None
    """The event to which the status is owed."""


NOT_LISTED: Final = State()
_made: Final = tuple.__new__
"""A named tuple from all its fields at once, in half the time: millions of them are made."""


Step = tuple[State, bool, str | None]
"""A new state; whether an episode began; why the point fits nowhere, if so."""


def step(state: State, point: Point, info: ListInfo) -> Step:
    """Move a state on by one point; what runs out by then must have been expired before."""
    return _RULES[point.rank](state, point.fact, info)


def expire(state: State) -> State:
    """Move a state on to its `due`: injunctions and listings that run out then are gone."""
    return _run_out(state, state.due)


def _run_out(state: State, now: Instant) -> State:
    gone = [one for one in (*state.injunctions, *state.waiting) if one.expires <= now]
    closed = [one for one in state.listings if one.expires <= now]
    if gone:
        state = _state(
            state,
            gone[-1].granted,
            injunctions=tuple(one for one in state.injunctions if one.expires > now),
            waiting=tuple(one for one in state.waiting if one.expires > now),
        )
    if closed:
        left = tuple(one for one in state.listings if one.expires > now)
        state = _closed(state, left, "expired", closed[-1].latest)
    return state


def _state(
    before: State,
    cause: str,
    *,
    listings: tuple[Listing, ...] | None = None,
    injunctions: tuple[Injunction, ...] | None = None,
    waiting: tuple[Injunction, ...] | None = None,
    announced: tuple[Fact, ...] | None = None,
    how: str | None = None,
    pending: bool | None = None,
) -> State:
    """The state with other parts: the status that they amount to, and when the next runs out."""
    listed, stayed, waited, awaited, over, known, pended, was, _, owed = before
    listings = listed if listings is None else listings
    injunctions = stayed if injunctions is None else injunctions
    waiting = waited if waiting is None else waiting
    announced = awaited if announced is None else announced
    how = over if how is None else how
    pending = pended if pending is None else pending
    known = known or bool(announced) or bool(listings)
    due = NEVER
    if listings:
        how, status = None, "designated"
        for listing in listings:
            due = min(due, listing.expires)
        for order in injunctions:
            due = min(due, order.expires)
            if order.kinds is None:
                status = "enjoined"
    elif how is not None:
        status = "removed"
    else:
        status = "scheduled" if announced else "not_listed"
    for order in waiting:
        due = min(due, order.expires)
    if status != was:
        owed = cause if status != "not_listed" else None
    return _made(
        State,
        (listings, injunctions, waiting, announced, how, known, pending, status, due, owed),
    )


def _closed(state: State, left: tuple[Listing, ...], how: str, cause: str) -> State:
    """Close listings; with the last one the episode ends, and its injunctions with it."""
    if left:
        return _state(state, cause, listings=left)
    return _state(state, cause, listings=(), injunctions=(), how=how, pending=False)


def _timely(state: State, now: Instant) -> State:
    """What an event gave an end that has passed is gone at once."""
    return _run_out(state, now) if state.due <= now else state


def _announce(state: State, fact: Fact, _: ListInfo) -> Step:
    return _state(state, fact.id, announced=(*state.announced, fact)), False, None


def _issue(state: State, fact: Fact, info: ListInfo) -> Step:
    id_, _, at, announced_at, _, ref, _, expires, _, _, _ = fact
    announced = state.announced
    if announced_at < at:
        announced = tuple([one for one in announced if one.id != id_])
        if len(announced) == len(state.announced):
            return state, False, None  # withdrawn before it took effect
    known = listing_of(state, ref)
    if known is not None:
        return _renew(state, known, fact, announced, info)
    listing = _made(Listing, (ref, at, expires, windows(fact, at, info), id_, id_, id_))
    opens = not state.listings
    after = _state(
        state,
        id_,
        listings=(*state.listings, listing),
        injunctions=state.waiting if opens else state.injunctions,
        waiting=() if opens else state.waiting,
        announced=announced,
    )
    return _timely(after, at), opens, None


def _renew(
    state: State, known: Listing, fact: Fact, announced: tuple[Fact, ...], info: ListInfo
) -> Step:
    renewed = known
    if fact.expires > known.expires:
        renewed = renewed._replace(expires=fact.expires, latest=fact.id)
    if fact.terms is not None:
        own = windows(fact, known.opened, info)
        renewed = renewed._replace(windows=own, terms=fact.id)
    after = _state(state, fact.id, listings=_with(state, known, renewed), announced=announced)
    return _timely(after, fact.at), False, "a second designation of an open listing"


def _amend(state: State, fact: Fact, info: ListInfo) -> Step:
    known = listing_of(state, fact.ref)
    if known is None:
        return state, False, "an amendment of a listing that is not open"
    amended = known
    if fact.expires != NEVER:
        amended = amended._replace(expires=fact.expires, latest=fact.id)
    if fact.terms is not None:
        own = windows(fact, known.opened, info)
        amended = amended._replace(windows=own, terms=fact.id)
    after = _state(state, fact.id, listings=_with(state, known, amended))
    return _timely(after, fact.at), False, None


def listing_of(state: State, ref: Ref) -> Listing | None:
    """The open listing with this reference."""
    for listing in state.listings:
        if listing.ref == ref:
            return listing
    return None


def _with(state: State, old: Listing, new: Listing) -> tuple[Listing, ...]:
    return tuple([new if one is old else one for one in state.listings])


def _grant(state: State, fact: Fact, _: ListInfo) -> Step:
    order = Injunction(fact.key, fact.kinds, fact.expires, fact.id)
    if state.listings:
        others = tuple([one for one in state.injunctions if one.key != fact.key])
        after = _state(state, fact.id, injunctions=(*others, order))
    elif state.announced:
        others = tuple([one for one in state.waiting if one.key != fact.key])
        after = _state(state, fact.id, waiting=(*others, order))
    else:
        return state, False, "an injunction with no designation to stop"
    return _timely(after, fact.at), False, None


def _end(state: State, fact: Fact, _: ListInfo) -> Step:
    active = tuple([one for one in state.injunctions if fact.key not in ("", one.key)])
    waiting = tuple([one for one in state.waiting if fact.key not in ("", one.key)])
    if len(active) == len(state.injunctions) and len(waiting) == len(state.waiting):
        return state, False, "an ending of no active injunction"
    return _state(state, fact.id, injunctions=active, waiting=waiting), False, None


def _remove(state: State, fact: Fact, _: ListInfo) -> Step:
    left = () if fact.ref is None else tuple([o for o in state.listings if o.ref != fact.ref])
    if len(left) < len(state.listings):
        return _closed(state, left, fact.key, fact.id), False, None
    kept = () if fact.ref is None else tuple([o for o in state.announced if o.ref != fact.ref])
    if len(kept) < len(state.announced):
        return _state(state, fact.id, announced=kept), False, None
    if not state.known and state.how is None:
        after = _state(state, fact.id, how=fact.key)
        return after, False, "a removal with no designation known"
    return state, False, "a removal of what is not open"


def _await_removal(state: State, _: Fact, __: ListInfo) -> Step:
    if not state.listings:
        return state, False, "an announced removal of nothing"
    return state._replace(pending_removal=True), False, None


_RULES: Final[dict[int, Callable[[State, Fact, ListInfo], Step]]] = {
    ANNOUNCED: _announce,
    ENDED: _end,
    REMOVED: _remove,
    ISSUED: _issue,
    AMENDED: _amend,
    GRANTED: _grant,
    PENDING: _await_removal,
}
