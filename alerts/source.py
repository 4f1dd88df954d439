"""Where the changes come from: the port that the alert loop reads, and its form over the
projection."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from alerts.matching import Who
from events.dates import ALWAYS, Instant
from projections.store import ProjectionStore, Told

Place = tuple[int, Instant, str, int]
"""Where in the order of all changes: position, moment, company, sequence. A rebuild of the
projection yields the same places, so a place outlives it."""


def behind(position: int) -> Place:
    """The place behind all that was told on reading the records up to an offset."""
    return (position + 1, ALWAYS, "", 0)


BEGINNING: Final[Place] = behind(-1)


def place(told: Told) -> Place:
    """The place of one change."""
    change = told.change
    return (told.position, change.moment, change.company, change.sequence)


class ChangeSource(Protocol):
    """All changes in their one order. The calls that are not awaited answer at once."""

    def changes(self, after: Place, limit: int) -> Sequence[Told]:
        """The next changes after a place, at most `limit`; fewer only where there are no more.
        What was told on reading one record becomes visible all at once."""
        ...

    def position(self) -> int:
        """The last offset whose changes are visible; -1 before the first. A source that is being
        filled again may be behind where it once was."""
        ...

    def end(self) -> int:
        """The last offset of the log itself, which the source may not have reached yet."""
        ...

    def who(self, company: str) -> Who:
        """The company as it is known now; also one that is not known at all."""
        ...

    async def beyond(self, position: int) -> None:
        """Return when the source has come past a position, or earlier for no reason."""
        ...


class Projected:
    """See `ChangeSource`. Over the projection store, on the thread that owns its connection.

    `end` tells the log's last offset. `reached` waits until the projection has come to an offset
    (`Projector.reached`); without it, or for what another process projects, the source is looked
    at every `poll_s` seconds.
    """

    def __init__(
        self,
        store: ProjectionStore,
        end: Callable[[], int],
        reached: Callable[[int], Awaitable[None]] | None = None,
        *,
        poll_s: float = 1.0,
    ) -> None:
        self._store = store
        self._end = end
        self._reached = reached
        self._poll_s = poll_s

    def changes(self, after: Place, limit: int) -> Sequence[Told]:
        """See `ChangeSource`."""
        return self._store.changes(after=after, limit=limit)

    def position(self) -> int:
        """See `ChangeSource`."""
        return self._store.mark.position

    def end(self) -> int:
        """See `ChangeSource`."""
        return self._end()

    def who(self, company: str) -> Who:
        """See `ChangeSource`."""
        described = self._store.described(company)
        if described is None:
            return Who()
        return Who(described["country"], frozenset(described["former_ids"]))

    async def beyond(self, position: int) -> None:
        """See `ChangeSource`."""
        if self._reached is None:
            await asyncio.sleep(self._poll_s)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._reached(position + 1)
