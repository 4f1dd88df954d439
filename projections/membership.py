"""How the members of a list came and went, counted from its companies' stored readings. Pure."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from events.dates import Instant, on_the_calendar, show
from projections.rows import unpack

ON_IT: Final = frozenset({"designated", "enjoined"})
"""The statuses of those who stand on a list: a court keeps the effects away, not the entry."""
_NAMED: Final = 5


class Moved(NamedTuple):
    """Who came and who went on one day in the list's zone."""

    day: str
    at: Instant
    """The first moment of these."""
    added: int
    removed: int
    added_some: list[tuple[str, str]]
    """The first of them by id, each with its name."""
    removed_some: list[tuple[str, str]]


class Membership:
    """How many companies had which status at any moment, and who came and went when."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._deltas: dict[Instant, Counter[str]] = {}
        self._days: dict[str, Moved] = {}
        self._zone = zone
        self._shown: dict[Instant, str] = {}
        self._times: list[Instant] = []
        self._counts: list[Counter[str]] = []

    @property
    def moves(self) -> list[Moved]:
        """Who came and who went, day by day."""
        return sorted(self._days.values())

    def at(self, now: Instant) -> dict[str, int]:
        """How many companies have which status at a moment; of those not listed nothing is
        said."""
        if len(self._times) != len(self._deltas):
            self._times = sorted(self._deltas)
            self._counts = list(self._running())
        place = bisect_right(self._times, now)
        return dict(self._counts[place - 1]) if place else {}

    def _running(self) -> Iterator[Counter[str]]:
        counts = Counter[str]()
        for time in self._times:
            counts.update(self._deltas[time])
            yield +counts

    def take(self, company: str, name: str, packed: bytes) -> None:
        """Count a company by its packed readings on the list; all of them before the first
        question."""
        before = "not_listed"
        for at, status, _, _ in unpack(packed):
            if status == before:
                continue
            delta = self._deltas.setdefault(at, Counter())
            delta[before] -= before != "not_listed"
            delta[status] += status != "not_listed"
            if (status in ON_IT) != (before in ON_IT):
                self._move(at, (company, name), came=status in ON_IT)
            before = status

    def _move(self, at: Instant, who: tuple[str, str], *, came: bool) -> None:
        if at not in self._shown:
            self._shown[at] = show(on_the_calendar(at), self._zone)[:10]
        day = self._shown[at]
        found = self._days.get(day) or Moved(day, at, 0, 0, [], [])
        some = found.added_some if came else found.removed_some
        if len(some) < _NAMED:
            some.append(who)
        self._days[day] = found._replace(
            at=min(at, found.at), added=found.added + came, removed=found.removed + (not came)
        )
