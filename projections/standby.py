"""Keeping the mirrors of partitions that are others', so that taking one over is quick."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing, closing
from typing import Final

from events.errors import StoreError
from events.kafka.mirror import Mirror, taken
from events.kafka.together import Together

_AGAIN_S: Final = 1.0


class Standby:
    """Follows partitions into their mirrors, until they are left. `mirror` opens one."""

    def __init__(
        self, together: Together, mirror: Callable[[int], Mirror], tell: Callable[[str], None]
    ) -> None:
        self._together = together
        self._mirror = mirror
        self._tell = tell
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def keep(self, partitions: Iterable[int]) -> None:
        """Follow these too, from now on."""
        for partition in partitions:
            if partition not in self._tasks:
                self._tasks[partition] = asyncio.create_task(self._follow(partition))

    async def leave(self, *partitions: int) -> None:
        """Let go of the mirrors of these; of all, where none is named."""
        asked = self._tasks.keys() & (partitions or self._tasks.keys())
        leaving = [self._tasks.pop(one) for one in asked]
        for task in leaving:
            task.cancel()
        for outcome in await asyncio.gather(*leaving, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _follow(self, partition: int) -> None:
        while True:
            try:
                with closing(self._mirror(partition)) as mirror:
                    async with aclosing(self._together.follow(partition, mirror.end())) as coming:
                        async for _ in taken(mirror, coming):
                            """What does not count is for its worker to tell."""
            except StoreError as error:
                self._tell(f"partition {partition}, standing by: {error}; trying again")
            await asyncio.sleep(_AGAIN_S)
