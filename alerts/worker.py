"""The worker: delivers what the changes' topic says to those whom the subscriptions' topic names.

It sees to the partitions of the changes that fall to it; what it does for one is in `alerts.duty`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any

from alerts.duty import PATIENCE_S, Duty, Means
from alerts.names import sized
from events.aside import finished
from events.kafka.assignment import SESSION_S, serve_assigned


class AlertWorker:
    """See to the partitions that fall to this process: `run`, until cancelled. `tell` hears what an
    operator should know."""

    def __init__(
        self,
        means: Means,
        *,
        session_s: float = SESSION_S,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.assigned: frozenset[int] | None = None
        self.working: dict[int, Duty] = {}
        """By partition, those that are ours."""
        self._means = means
        self._session_s = session_s
        self._tell = tell
        self._sizes: dict[str, int] | None = None

    async def run(self) -> None:
        """Raises `StoreError` where the topics are not as they should be."""
        await self._size()
        await serve_assigned(
            self._means.connection,
            self._means.names.group,
            self._means.names.changes,
            self.serve,
            session_s=self._session_s,
            tell=self._tell,
            assigned=self._have,
        )

    def _have(self, partitions: frozenset[int]) -> None:
        self.assigned = partitions

    async def serve(self, partition: int) -> None:
        """See to one partition, until cancelled. Raises `Fenced` where another one does by now."""
        async with AsyncExitStack() as stack:
            # A client of Kafka that is interrupted while it connects leaves connections open.
            duty = await finished(asyncio.create_task(self._begun(partition, stack)))
            self.working[partition] = duty
            self._tell(f"partition {partition}: begins")
            try:
                await _all(duty.work())
            finally:
                del self.working[partition]

    async def _begun(self, partition: int, stack: AsyncExitStack) -> Duty:
        return await Duty.begun(self._means, await self._size(), partition, stack)

    async def _size(self) -> dict[str, int]:
        if self._sizes is None:
            self._sizes = await sized(self._means.connection, self._means.names, PATIENCE_S)
        return self._sizes


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it at once, until cancelled or one fails. Who is told to stop stops, whatever goes
    wrong on its way."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:  # of what goes wrong on the way, nobody needs to hear
            if not task.cancelled():
                task.exception()
    for task in done:
        task.result()
