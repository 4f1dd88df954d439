"""Since when, and how lately, a source of a list was read: outside of that, silence about a company
is worth nothing. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import accumulate
from typing import Any, Final, NamedTuple

import orjson

from events.dates import ALWAYS, DAY, NEVER, Instant, end, last, start
from events.lists import ListInfo
from events.log import Record
from projections.history import Cutoffs

DAYS_FRESH: Final = 7
"""How long after it was last read a list that still grows counts as covered."""


class Coverage(NamedTuple):
    """Since when, and how lately, a source of a list was read into the log."""

    begins: str | None = None
    """The first publication that was read, as written."""
    checked: str | None = None
    """When a source was last retrieved; None where nobody said."""
    latest: str | None = None
    """The latest publication that was read, as written."""

    def holds(self, at: Instant, info: ListInfo) -> bool:
        """Whether the list was covered at that moment."""
        first, upto, _ = told(self, info)
        return first <= at <= upto

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"from": self.begins, "checked": self.checked}


UNCOVERED: Final = Coverage()


class Told(NamedTuple):
    """A coverage as answers tell it: what goes between two others' members of a JSON object."""

    first: Instant
    upto: Instant
    """The list was covered from the one to the other, both included."""
    text: tuple[bytes, bytes]
    """Outside of that, and within."""

    def at(self, now: Instant) -> bytes:
        """What is said of a moment."""
        return self.text[self.first <= now <= self.upto]


@lru_cache(maxsize=4_096)
def told(coverage: Coverage, info: ListInfo) -> Told:
    """What is to be told of a coverage. A list that has ended needs no further reading."""
    begins, checked, latest = coverage
    shown = orjson.dumps(coverage.shown())
    text = (b'"covered":false,"coverage":' + shown, b'"covered":true,"coverage":' + shown)
    if begins is None:
        return Told(NEVER, ALWAYS, text)
    first = start(begins, info.zone)
    if info.ended and latest and end(latest, info.zone) > start(info.ended, info.zone):
        return Told(first, NEVER, text)
    reached = max(last(one, info.zone) for one in (latest, checked) if one)
    return Told(first, reached + DAYS_FRESH * DAY, text)


def coverage(checks: Iterable[Mapping[str, Any]]) -> Coverage:
    """Fold the data of a list's `list.checked` events."""
    return reduce(_read, checks, UNCOVERED)


def _read(known: Coverage, data: Mapping[str, Any]) -> Coverage:
    begins, checked, latest = known
    publication, retrieved = data["publication"], data.get("retrieved")
    if begins is None or start(publication) < start(begins):
        begins = publication
    if latest is None or start(publication) > start(latest):
        latest = publication
    if retrieved and (checked is None or start(retrieved) > start(checked)):
        checked = retrieved
    return Coverage(begins, checked, latest)


class Checks:
    """The `list.checked` events of one list, in the log's order: its coverage at any cut."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._offsets = [one.offset for one in records]
        self._recorded = [one.recorded for one in records]
        data = (one.event["data"] for one in records)
        self._known = list(accumulate(data, _read, initial=UNCOVERED))

    def at(self, cut: Cutoffs) -> Coverage:
        """The coverage as it was known at the cut."""
        if cut.offset != NEVER:
            return self._known[bisect_right(self._offsets, cut.offset)]
        return self._known[bisect_right(self._recorded, cut.known_at)]
