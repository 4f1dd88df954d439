"""A standing that runs: the log is followed, alerts go out, the alarm is set, questions are
answered. One process, tasks in one loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from events.admitted import Admitted
from events.log import Position, Receipt
from projections.projector import Projector
from projections.store import ProjectionStore
from service.alarm import Alarm
from service.compose import Standing


class Service:
    """What the HTTP API stands on. Made by `running`."""

    def __init__(self, standing: Standing, store: ProjectionStore, projector: Projector) -> None:
        self.standing = standing
        self.store = store
        self.projector = projector
        self.alarm = Alarm(lambda: projector.due, self._append, standing.clock)
        self.moved = asyncio.Event()
        """Set whenever the projection has moved; whoever waits clears it."""

    @property
    def lag(self) -> int:
        """How many offsets the projection is behind the log."""
        return self.standing.log.end() - self.projector.position

    async def record(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """Append, and wait until the projection has what was appended: whoever wrote reads it."""
        receipts = await self.standing.log.append(events, atomic=atomic)
        await self.reached(self.standing.log.end())
        return receipts

    async def reached(self, offset: int) -> None:
        """Wait until everything up to this offset was projected."""
        await self.projector.reached(offset)

    async def _append(self, raw: dict[str, object]) -> None:
        await self.standing.log.append([self.standing.admit(raw)])

    async def follow(self) -> None:
        """Project what comes, and let the alarm and the alerts know."""
        log = self.standing.log
        async for batch in log.follow(Position({0: self.projector.position})):
            await self.projector.take(batch)
            self.alarm.set()
            self.moved.set()


@asynccontextmanager
async def running(standing: Standing) -> AsyncIterator[Service]:
    """Run a standing until the block ends; a task that fails ends it with its error."""
    with standing.projecting() as (store, projector):
        service = Service(standing, store, projector)
        await projector.catch_up()
        tasks = [asyncio.create_task(service.follow(), name="projector")]
        service.alarm.start()
        try:
            yield service
        finally:
            service.alarm.stop()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
