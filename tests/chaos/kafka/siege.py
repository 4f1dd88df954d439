"""Some that share the work, and are killed and replaced, until every point had its kill."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from random import Random

from tests.chaos.kafka.processes import Process, at_work

Start = Callable[[str], Awaitable[Process]]
"""Starts one that kills itself at a point; at none, where there is none."""


class Siege:
    """Kills once at each of these points, and so many times `anywhere`: from outside, at any
    moment."""

    def __init__(
        self, random: Random, start: Start, points: Iterable[str], *, anywhere: int, at_once: int
    ) -> None:
        self.killed: list[str] = []
        self._random = random
        self._start = start
        self._at_once = at_once
        drawn = [*points, *[""] * anywhere]
        random.shuffle(drawn)
        self._points = iter(drawn)

    async def stand(self) -> None:
        """Until every point had its kill."""
        await asyncio.gather(*(self._one_after_the_other() for _ in range(self._at_once)))

    async def _one_after_the_other(self) -> None:
        for point in self._points:
            process = await self._start(point)
            if not point:
                if self._random.random() < 0.7:
                    await process.until(lambda one: bool(at_work(one)))
                await asyncio.wait([process.ended], timeout=self._random.uniform(0, 4))
                await process.kill()
            assert await process.over() == -signal.SIGKILL, "\n".join(process.told)
            self.killed.append(point or "anywhere")
