"""Where the changes come from: the port that the alert loop reads, and its form over the
projection."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from alerts.matching import Who
from alerts.messages import About
from alerts.places import Place, behind
from events.log import Record
from projections.causes import cause
from projections.changes import MOST, Change
from projections.rows import Told
from projections.store import ProjectionStore


class ChangeSource(Protocol):
    """All changes in their one order: of a log, or of one partition of a log of several. The calls
    that are not awaited answer at once."""

    async def changes(self, after: Place, limit: int) -> Sequence[Told]:
        """The next changes after a place, at most `limit`; fewer only where there are no more.
        What was told on reading one record becomes visible all at once."""
        ...

    def place(self, told: Told) -> Place:
        """Where one of them stands in that order."""
        ...

    def position(self) -> int:
        """The last offset whose changes are visible; -1 before the first. A source that is being
        filled again may be behind where it once was."""
        ...

    def head(self) -> Place:
        """The place behind all that was recorded or told until now: what is told later stands
        behind it."""
        ...

    def who(self, told: Told) -> Who:
        """The company of a change; also one that is not known at all."""
        ...

    def about(self, told: Told) -> About:
        """What is known of a change beside itself."""
        ...

    async def beyond(self, position: int) -> None:
        """Return when the source has come past a position, or earlier for no reason."""
        ...


class Projected:
    """See `ChangeSource`. Over the projection store, on the thread that owns its connection.

    `end` tells the log's last offset. `reached` waits until the projection has come to an offset
    (`Projector.reached`); without it, or for what another process projects, the source is looked
    at every `poll_s` seconds. `events` finds events by their ids.
    """

    def __init__(
        self,
        store: ProjectionStore,
        end: Callable[[], int],
        reached: Callable[[int], Awaitable[None]] | None = None,
        *,
        poll_s: float = 1.0,
        events: Callable[[Sequence[str]], Sequence[Record]] = lambda _: (),
    ) -> None:
        self._store = store
        self._end = end
        self._reached = reached
        self._poll_s = poll_s
        self._events = events

    async def changes(self, after: Place, limit: int) -> Sequence[Told]:
        """See `ChangeSource`."""
        return self._store.changes(after=after, limit=limit)

    def place(self, told: Told) -> Place:
        """See `ChangeSource`."""
        return told.place

    def position(self) -> int:
        """See `ChangeSource`."""
        return self._store.mark.position

    def head(self) -> Place:
        """See `ChangeSource`."""
        return behind(self._end(), int(self._store.meta("generation") or 0))

    def who(self, told: Told) -> Who:
        """See `ChangeSource`. The company is told of as it is known now."""
        described = self._store.described(told.change.company)
        if described is None:
            return Who()
        return Who(described["country"], frozenset(described["former_ids"]))

    def about(self, told: Told) -> About:
        """See `ChangeSource`."""
        described = self._store.described(told.change.company)
        return known(told.change, described, self._events(told.change.cause[:MOST]))

    async def beyond(self, position: int) -> None:
        """See `ChangeSource`."""
        if self._reached is None:
            await asyncio.sleep(self._poll_s)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._reached(position + 1)


def known(change: Change, described: Mapping[str, Any] | None, events: Sequence[Record]) -> About:
    """What is known of a change, out of what its company is described as, and of its causes."""
    found = {one.id: one for one in events}
    causes = tuple(cause(found[one]) for one in change.cause if one in found)
    return About(None if described is None else described["name"], causes)
