"""The next known flips: what reminders are made of. The port, and its form over the projection."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from alerts.matching import Who
from events.dates import ALWAYS, Instant
from projections.store import ProjectionStore
from projections.timeline import UNLISTED, Flip, Reading, differs


class Coming(NamedTuple):
    """What a list will say of a company from `at` on, as far as is known now."""

    company: str
    list: str
    at: Instant
    before: Reading
    after: Reading
    who: Who


class Flips(Protocol):
    """Of every company, the next flip of each list."""

    def version(self) -> int:
        """Another one when some of them may have become known, moved or been called off. Answers
        at once."""
        ...

    async def coming(self, now: Instant, before: Instant) -> Sequence[Coming] | None:
        """Those that come after `now` and before a moment; None while that is not known."""
        ...


class ProjectedFlips:
    """See `Flips`. Over the projection's file, on a connection of its own; `close` it."""

    def __init__(self, path: Path) -> None:
        self._store = ProjectionStore(path)
        self._known: dict[str, tuple[tuple[int, Instant], list[Coming]]] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def version(self) -> int:
        """See `Flips`."""
        return self._store.mark.position

    async def coming(self, now: Instant, before: Instant) -> Sequence[Coming] | None:
        """See `Flips`."""
        return await asyncio.to_thread(self._coming, now, before)

    def _coming(self, now: Instant, before: Instant) -> list[Coming]:
        known, self._known = self._known, {}
        for company, sequence, due in self._store.flipping(before):
            version = (sequence, due)
            kept = known.get(company)
            if kept is None or kept[0] != version or any(one.at <= now for one in kept[1]):
                kept = (version, self._of(company, now))
            self._known[company] = kept
        return [one for _, some in self._known.values() for one in some if one.at < before]

    def _of(self, company: str, now: Instant) -> list[Coming]:
        described = self._store.described(company) or {"country": None, "former_ids": ()}
        who = Who(described["country"], frozenset(described["former_ids"]))
        found = []
        for list_id, flips in self._store.readings(company).items():
            if (one := following(flips, now)) is not None:
                found.append(Coming(company, list_id, *one, who))
        return found


def following(flips: Sequence[Flip], now: Instant) -> tuple[Instant, Reading, Reading] | None:
    """When a list reads differently next, what it says until then, and what from then on."""
    current = UNLISTED
    for flip in (Flip(ALWAYS, UNLISTED), *flips):
        if flip.at <= now:
            current = flip.reading
        elif differs(flip.reading, current):
            return flip.at, current, flip.reading
    return None
