"""The episodes of a company on a list: when each began and ended, its listings and injunctions.

A timeline keeps states, not how one came about from another; here the states are walked through
and compared, once, for telling. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from events.dates import NEVER, Instant, show
from events.lists import ListInfo
from projections.facts import ENDED, GRANTED, REMOVED, Point
from projections.fold import Injunction, Listing, State, expire
from projections.timeline import Flip, Timeline


@dataclass(slots=True)
class Stretch:
    """Something that stood over [begins, ends), and how it ended."""

    begins: Instant
    ends: Instant = NEVER
    how: str | None = None


@dataclass(slots=True)
class Episode(Stretch):
    """One episode; what it held by the id of the event to which it is owed."""

    listings: dict[str, tuple[Listing, Stretch]] = field(default_factory=dict)
    injunctions: dict[str, tuple[Injunction, Stretch]] = field(default_factory=dict)


def episodes(timeline: Timeline) -> list[Episode]:
    """Every episode, the first one first."""
    found: list[Episode] = []
    current: Episode | None = None
    for at, state, point, opened in moments(timeline):
        if opened:
            current = Episode(at)
            found.append(current)
        if current is None:
            continue
        _follow_listings(current, at, state, point, opened=opened)
        _follow_injunctions(current, at, state, point)
        if not state.listings:
            current.ends, current.how = at, state.how
            current = None
    return found


def moments(timeline: Timeline) -> Iterator[tuple[Instant, State, Point | None, bool]]:
    """Every state that the timeline goes through: at each point, and where something runs out."""
    following = [*(point.at for point in timeline.points[1:]), NEVER]
    for index, point in enumerate(timeline.points):
        state = timeline.states[index]
        yield point.at, state, point, timeline.openings[index]
        while state.due < NEVER and state.due <= following[index]:
            at = state.due
            state = expire(state)
            yield at, state, None, False


def _follow_listings(
    episode: Episode, at: Instant, state: State, point: Point | None, *, opened: bool
) -> None:
    standing = {listing.issued for listing in state.listings}
    for listing in state.listings:
        if listing.issued not in episode.listings:
            episode.listings[listing.issued] = listing, Stretch(listing.opened)
    if opened and point is not None and point.id not in episode.listings:
        fact = point.fact  # it had run out before it began
        gone = Listing(fact.ref, at, fact.expires, (), fact.id, fact.id, fact.id)
        episode.listings[fact.id] = gone, Stretch(at)
    removed = point is not None and point.rank == REMOVED
    for issued, (_, stretch) in episode.listings.items():
        if issued not in standing and stretch.ends == NEVER:
            stretch.ends = at
            stretch.how = point.fact.key if removed and point is not None else "expired"


def _follow_injunctions(episode: Episode, at: Instant, state: State, point: Point | None) -> None:
    active = {order.granted for order in state.injunctions}
    for order in state.injunctions:
        if order.granted not in episode.injunctions:
            episode.injunctions[order.granted] = order, Stretch(at)
    for granted, (_, stretch) in episode.injunctions.items():
        if granted not in active and stretch.ends == NEVER:
            stretch.ends, stretch.how = at, _ended(state, point)


def _ended(state: State, point: Point | None) -> str:
    if point is not None and point.rank == ENDED:
        return str(point.fact.says["how"])
    if point is not None and point.rank == GRANTED:
        return "replaced"
    return "expired" if state.listings else "episode_ended"


def runs(timeline: Timeline) -> list[tuple[Flip, Instant]]:
    """The readings with their ends, neighbours that read alike together."""
    flips: list[Flip] = []
    for flip in timeline.flips():
        if not flips or flip.reading != flips[-1].reading:
            flips.append(flip)
    ends = [*(flip.at for flip in flips[1:]), NEVER]
    return list(zip(flips, ends, strict=True))


def shown(episode: Episode, number: int, info: ListInfo) -> dict[str, Any]:
    """An episode as JSON."""
    return {
        "episode": number,
        **_span(episode, info),
        "listings": [
            {
                "reference": {"scheme": one.ref[0], "id": one.ref[1]} if one.ref else None,
                **_span(stretch, info),
                "event": issued,
            }
            for issued, (one, stretch) in episode.listings.items()
        ],
        "injunctions": [
            {
                "injunction": order.key,
                "scope": "all" if order.kinds is None else list(order.kinds),
                **_span(stretch, info),
                "event": granted,
            }
            for granted, (order, stretch) in episode.injunctions.items()
        ],
    }


def intervals(timeline: Timeline, upto: Instant) -> list[dict[str, Any]]:
    """How the list reads, interval by interval, of those that begin by `upto`, as JSON."""
    info = timeline.info
    return [
        {
            "from": show(flip.at, info.zone),
            "until": _when(ends, info),
            "status": flip.reading.status,
            "how": flip.reading.how,
            "restrictions": list(flip.reading.kinds),
            "cause": timeline.state(flip.at).cause,
        }
        for flip, ends in runs(timeline)
        if flip.at <= upto
    ]


def begun(found: Sequence[Episode], upto: Instant) -> list[tuple[int, Episode]]:
    """The episodes that have begun by then, counted from 1."""
    return [(number, one) for number, one in enumerate(found, 1) if one.begins <= upto]


def _span(stretch: Stretch, info: ListInfo) -> dict[str, Any]:
    return {
        "from": show(stretch.begins, info.zone),
        "until": _when(stretch.ends, info),
        "how": stretch.how,
    }


def _when(instant: Instant, info: ListInfo) -> str | None:
    return None if instant == NEVER else show(instant, info.zone)
