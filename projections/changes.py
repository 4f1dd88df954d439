"""What changed: the difference between two timelines of one list, told as changes. Pure.

Only the part that may read differently is compared. Ids are derived from what caused a change and
where, so that reading the log again yields the same ones.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from events.dates import ALWAYS, NEVER, Instant, show
from events.ids import derived_id
from events.lists import Registry
from events.vocabulary import STATUSES
from projections.history import Part, Touched
from projections.timeline import UNLISTED, Flip, Reading, Span, differs

MOST: Final = 100
"""How many intervals, flips, anomalies or sources an answer lists; the count tells of the rest."""
MORE: Final = 900
"""How many further ones a message of the topic has, which is all of one that a broker takes."""

When = Callable[[Instant | None], str | None]

_STRENGTH: Final = {status: strength for strength, status in enumerate(STATUSES)}


class Overall(NamedTuple):
    """A company's standing over all its lists."""

    status: str
    kinds: tuple[str, ...]


class Interval(NamedTuple):
    """A past stretch of time that now reads differently."""

    begins: Instant
    ends: Instant
    before: Reading
    after: Reading


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one company on one list; `sequence` counts the company's, gapless from 1."""

    company: str
    list: str | None
    sequence: int
    kind: str
    before: Reading
    after: Reading
    overall_before: Overall
    overall_after: Overall
    effective: Instant | None
    announced: Instant | None
    cause: tuple[str, ...]
    recorded: Instant
    moment: Instant
    """Orders the changes that one record sets off: the instant of a flip, else `NEVER` or more."""
    backfill: bool
    intervals: tuple[Interval, ...] = ()
    flips_before: tuple[Flip, ...] = ()
    flips_after: tuple[Flip, ...] = ()

    @property
    def id(self) -> str:
        """The same on every reading of the log."""
        by: Any = self.cause if self.moment >= NEVER else self.moment
        return derived_id(["change", self.company, self.list, self.kind, by])


def overall(readings: Iterable[Reading]) -> Overall:
    """The strongest status, and the union of what is in force."""
    status, kinds = "not_listed", set[str]()
    for reading in readings:
        if _STRENGTH[reading.status] < _STRENGTH[status]:
            status = reading.status
        kinds.update(reading.kinds)
    return Overall(status, tuple(sorted(kinds)))


class Difference(NamedTuple):
    """What an event changed beside the present reading."""

    intervals: tuple[Interval, ...]
    """The intervals that had ended and now read differently."""
    flips_before: tuple[Flip, ...]
    """The flips to come within the touched part, as they were."""
    flips_after: tuple[Flip, ...]


def difference(touched: Touched, now: Instant) -> Difference:
    """Compare the touched parts of a list before and after, as of `now`."""
    intervals: list[Interval] = []
    flips_before: list[Flip] = []
    flips_after: list[Flip] = []
    for part in touched.parts:
        old = _within(touched.before, touched.times, part)
        new = _within(touched.timeline.spans, touched.timeline.times, part)
        if part.begins < min(now, part.ends):
            intervals += _rewritten(old, new, part, now)
        if part.ends > now:
            flips_before += _to_come(old, now)
            flips_after += _to_come(new, now)
    return Difference(tuple(intervals), tuple(flips_before), tuple(flips_after))


def _rewritten(
    old: Sequence[Flip], new: Sequence[Flip], part: Part, now: Instant
) -> list[Interval]:
    """Where what differs lasts until now, it is the present that changed, and only intervals that
    had ended in the old reading are told of; where it is over, it is told of whole."""
    pieces = [Interval(*piece) for piece in _pieces(old, new, min(now, part.ends), part.begins)]
    over = len(pieces)
    if part.ends > now:
        alike = (place for place, one in enumerate(pieces, 1) if one.before == one.after)
        over = max(alike, default=0)
    found: list[Interval] = []
    for place, one in enumerate(pieces):
        if one.before == one.after:
            continue
        if place < over or _run_ends(old, one.begins) <= now:
            if found and found[-1].ends == one.begins and found[-1][2:] == one[2:]:
                one = found.pop()._replace(ends=one.ends)  # noqa: PLW2901 - told as one
            found.append(one)
    return found


def _within(spans: Sequence[Span], times: Sequence[Instant], part: Part) -> list[Flip]:
    """The flips of a part, from the reading with which it begins to the one that follows it."""
    found: list[Flip] = []
    first = Flip(part.begins, UNLISTED)
    for index in range(bisect_left(times, part.begins), len(spans)):
        for flip in spans[index]:
            if flip.at <= part.begins:
                first = Flip(part.begins, flip.reading)
            else:
                found.append(flip)
                if flip.at >= part.ends:
                    return [first, *found]
    return [first, *found]


def _pieces(
    old: Sequence[Flip], new: Sequence[Flip], upto: Instant, begins: Instant
) -> Iterator[tuple[Instant, Instant, Reading, Reading]]:
    """Cut [begins, upto) wherever either side flips."""
    cuts = sorted({flip.at for flip in (*old, *new) if begins <= flip.at < upto})
    a = b = 0
    for cut, following in zip(cuts, [*cuts[1:], upto], strict=True):
        while a + 1 < len(old) and old[a + 1].at <= cut:
            a += 1
        while b + 1 < len(new) and new[b + 1].at <= cut:
            b += 1
        yield cut, following, old[a].reading, new[b].reading


def _run_ends(old: Sequence[Flip], begins: Instant) -> Instant:
    """When the old interval that holds `begins` ended; what goes on behind the touched part has
    not ended yet."""
    current = UNLISTED
    for flip in old:
        if flip.at <= begins:
            current = flip.reading
        elif flip.reading != current:
            return flip.at
    return NEVER


def _to_come(flips: Sequence[Flip], now: Instant) -> tuple[Flip, ...]:
    found: list[Flip] = []
    current: Reading | None = None
    for flip in flips:
        if flip.at > now and current is not None and differs(flip.reading, current):
            found.append(flip)
        current = flip.reading
    return tuple(found)


def shown(change: Change, registry: Registry) -> dict[str, Any]:
    """A change as JSON, its times in the list's zone."""
    when = _times(change, registry)
    told: dict[str, Any] = {
        "change": change.id,
        "company": change.company,
        "list": change.list,
        "sequence": change.sequence,
        "kind": change.kind,
        "from": _reading(change.before),
        "to": _reading(change.after),
        "overall": {
            "before": _overall(change.overall_before),
            "after": _overall(change.overall_after),
        },
        "effective": when(change.effective),
        "announced": when(change.announced),
        "recorded": show(change.recorded),
        "cause": list(change.cause),
        "backfill": change.backfill,
    }
    if change.kind == "corrected":
        told["intervals"] = _intervals(change.intervals[:MOST], when)
        told["intervals_count"] = len(change.intervals)
    if change.kind == "scheduled":
        told["flips"] = {
            "before": _flips(change.flips_before[:MOST], when),
            "after": _flips(change.flips_after[:MOST], when),
        }
    return told


def rest(change: Change, registry: Registry) -> dict[str, Any] | None:
    """What `shown` leaves out, up to `MORE` of each; None where that is nothing."""
    when = _times(change, registry)
    part = slice(MOST, MOST + MORE)
    found = {
        "intervals": _intervals(change.intervals[part], when),
        "before": _flips(change.flips_before[part], when),
        "after": _flips(change.flips_after[part], when),
    }
    return found if any(found.values()) else None


def _times(change: Change, registry: Registry) -> When:
    info = registry.find(change.list) if change.list else None

    def when(instant: Instant | None) -> str | None:
        if instant is None or instant in (NEVER, ALWAYS):
            return None
        return show(instant, info.zone) if info else show(instant)

    return when


def _intervals(intervals: Iterable[Interval], when: When) -> list[dict[str, Any]]:
    return [
        {
            "from": when(one.begins),
            "until": when(one.ends),
            "before": _reading(one.before),
            "after": _reading(one.after),
        }
        for one in intervals
    ]


def _flips(flips: Iterable[Flip], when: When) -> list[dict[str, Any]]:
    return [{"at": when(flip.at), **_reading(flip.reading)} for flip in flips]


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "status": reading.status,
        "how": reading.how,
        "restrictions": list(reading.kinds),
    }


def _overall(standing: Overall) -> dict[str, Any]:
    return {"status": standing.status, "restrictions": list(standing.kinds)}
