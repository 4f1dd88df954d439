"""Why a company stands on a list as it does: what each event did there, by which of the rules.

The fold keeps states, not how one came about from another; here they are walked through and
compared, once, for telling. Pure.
"""

from collections.abc import Callable
from typing import Any, Final

from events.dates import Instant, show
from projections.episodes import moments
from projections.facts import AMENDED, ANNOUNCED, ENDED, GRANTED, ISSUED, PENDING, REMOVED, Point
from projections.fold import NOT_LISTED, State
from projections.timeline import Timeline

RULES: Final = {
    "announced": 1,
    "opened": 2,
    "added": 2,
    "renewed": 2,
    "amended": 2,
    "enjoined": 3,
    "covered": 3,
    "waits": 3,
    "ended": 3,
    "order_ran_out": 3,
    "closed": 4,
    "closed_one": 4,
    "ran_out": 4,
    "ran_out_one": 4,
    "withdrawn": 4,
    "never_began": 4,
    "removed": 7,
    "opened_again": 5,
    "agreed": 6,
    "fits_nowhere": 7,
}
"""What an event, or a date that came, can do; and by which rule of those of a status."""


def reasons(timeline: Timeline, upto: Instant) -> list[dict[str, Any]]:
    """What was done to the standing on one list, in order, to that moment: by events, and where
    something ran out. What only the passing of a restriction's dates does is told by intervals."""
    found = []
    before, episode = NOT_LISTED, 0
    for at, state, point, opened in moments(timeline):
        if at > upto:
            break
        episode += opened
        did = _opened(episode) if opened else _did(timeline, before, state, point)
        found.append(
            {
                "at": show(at, timeline.info.zone),
                "event": None if point is None else point.id,
                "did": did,
                "rule": RULES[did],
                "status": state.status,
                "how": state.how,
                "episode": episode,
            }
        )
        before = state
    return found


def _opened(episode: int) -> str:
    return "opened" if episode == 1 else "opened_again"


def _did(timeline: Timeline, before: State, after: State, point: Point | None) -> str:
    if point is None:
        return _ran_out(before, after)
    if before == after and point.id in timeline.anomalies:
        return "fits_nowhere"
    return _DID[point.rank](before, after, point)


def _ran_out(before: State, after: State) -> str:
    if len(after.listings) == len(before.listings):
        return "order_ran_out"
    return "ran_out_one" if after.listings else "ran_out"


def _designated(before: State, after: State, _: Point) -> str:
    if len(after.listings) > len(before.listings):
        return "added"
    return "never_began" if after == before else "renewed"


def _granted(_: State, after: State, point: Point) -> str:
    if any(one.granted == point.id for one in after.waiting):
        return "waits"
    if not any(one.granted == point.id for one in after.injunctions):
        return "order_ran_out"
    return "enjoined" if point.fact.kinds is None else "covered"


def _removed(before: State, after: State, _: Point) -> str:
    if len(after.listings) < len(before.listings):
        return "closed_one" if after.listings else "closed"
    return "withdrawn" if len(after.announced) < len(before.announced) else "removed"


_DID: Final[dict[int, Callable[[State, State, Point], str]]] = {
    ANNOUNCED: lambda *_: "announced",
    ENDED: lambda *_: "ended",
    REMOVED: _removed,
    ISSUED: _designated,
    AMENDED: lambda *_: "amended",
    GRANTED: _granted,
    PENDING: lambda *_: "agreed",
}
