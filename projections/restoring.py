"""A change as its message had it: what `projections.messages.change` was given. Pure.

An instant that is not known is None, whether it lies before all times or behind them. Fields that a
later version added are passed over; raises `KeyError` where one is missing.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import orjson

from events.dates import ALWAYS, NEVER, Instant, start
from projections.changes import Change, Interval, Overall
from projections.rows import Told
from projections.timeline import Flip, Reading

_NO_FLIPS: Final[Mapping[str, Any]] = {"before": (), "after": ()}
_NO_REST: Final[Mapping[str, Any]] = {**_NO_FLIPS, "intervals": ()}

Unknown = TypeVar("Unknown", Instant, None)
"""What an instant is where nothing is said."""


def read_change(value: bytes) -> Told:
    """The value of a message."""
    return restored(orjson.loads(value))


def restored(said: Mapping[str, Any]) -> Told:
    """`read_change`, of a value that was parsed already."""
    place, overall, flips = said["place"], said["overall"], said.get("flips", _NO_FLIPS)
    more = said.get("rest", _NO_REST)
    one = Change(
        said["company"],
        said["list"],
        said["sequence"],
        said["kind"],
        _reading(said["from"]),
        _reading(said["to"]),
        _overall(overall["before"]),
        _overall(overall["after"]),
        effective=_instant(said["effective"], None),
        announced=_instant(said["announced"], None),
        cause=tuple(said["cause"]),
        recorded=start(said["recorded"]),
        moment=_instant(place["moment"], NEVER + place["revisions"]),
        backfill=said["backfill"],
        intervals=tuple(map(_interval, (*said.get("intervals", ()), *more["intervals"]))),
        flips_before=tuple(map(_flip, (*flips["before"], *more["before"]))),
        flips_after=tuple(map(_flip, (*flips["after"], *more["after"]))),
    )
    return Told(int(place["position"].partition(":")[2]), one)


def _interval(said: Mapping[str, Any]) -> Interval:
    begins, ends = _instant(said["from"], ALWAYS), _instant(said["until"], NEVER)
    return Interval(begins, ends, _reading(said["before"]), _reading(said["after"]))


def _flip(said: Mapping[str, Any]) -> Flip:
    return Flip(_instant(said["at"], NEVER), _reading(said))


def _reading(said: Mapping[str, Any]) -> Reading:
    return Reading(said["status"], said["how"], tuple(said["restrictions"]))


def _overall(said: Mapping[str, Any]) -> Overall:
    return Overall(said["status"], tuple(said["restrictions"]))


def _instant(text: str | None, otherwise: Unknown) -> Instant | Unknown:
    return otherwise if text is None else start(text)
