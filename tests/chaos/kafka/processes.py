"""Processes of standing that are to be killed, paused and watched."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

from events.dates import Instant
from tests.chaos.kafka.forked import Forked
from tests.chaos.kafka.frail import Harm, frail
from tests.chaos.kafka.plan import killed
from tests.chaos.kafka.unix import end_with_the_tests, stands_still

COMMAND: Final = Path(sys.executable).with_name("standing")
PATIENCE_S: Final = 300
"""How long a condition is waited for: far longer than it takes on a machine that does much else."""


ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "projections": ("worker", "projections"),
    "alerts": ("worker", "alerts"),
    "replica": ("serve",),
}
"""What is killed here, by name: the arguments of `standing`. One more role is one more entry."""


class Process:
    """One process, and what it told."""

    def __init__(self, process: asyncio.subprocess.Process | Forked) -> None:
        self.pid = process.pid
        self.told: list[str] = []
        self._process = process
        self._more = asyncio.Condition()
        self._told_all = False
        self.ended = asyncio.create_task(self._listen())
        """Done when it has ended, with its exit code; that is negative where a signal ended it."""

    async def _listen(self) -> int:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            async with self._more:
                self.told.append(line.decode(errors="replace").rstrip())
                self._more.notify_all()
        code = await self._process.wait()
        async with self._more:
            self._told_all = True
            self._more.notify_all()
        return code

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def was_killed(self) -> bool:
        """Whether it ended without a word."""
        return self.ended.done() and self.ended.result() == -signal.SIGKILL

    async def until(self, enough: Callable[["Process"], bool]) -> None:
        """Wait until what it told is enough. Fails where it ended before, or that takes too
        long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self._more:
                await self._more.wait_for(lambda: enough(self) or self._told_all)
        said = "\n".join(self.told[-50:])
        assert enough(self), f"{'in vain' if self.alive else 'it ended'}:\n{said}"

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        self._process.send_signal(number)

    async def kill(self) -> None:
        """Without a word; it has ended on return."""
        if self.alive:
            self._process.kill()
        await self.ended

    async def over(self) -> int:
        """Wait until it has ended by itself; its exit code."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.shield(self.ended)

    async def paused(self) -> None:
        """Wait until it stands still, by whatever paused it."""
        async with asyncio.timeout(PATIENCE_S):
            while not stands_still(self.pid):
                done, _ = await asyncio.wait([self.ended], timeout=0.1)
                assert not done, f"it ended: {self.told}"


_ASSIGNED: Final = re.compile(r"partitions ([\d, ]+|\(none\))$")
_BEGUN: Final = re.compile(r"partition (\d+): (?:going on after |begins$)")
_GIVEN_UP: Final = re.compile(r"partition (\d+): .*; trying again$")


def at_work(process: Process) -> frozenset[int]:
    """The partitions that a worker works on, after what it told last."""
    working: set[int] = set()
    for line in process.told:
        if found := _ASSIGNED.match(line):
            working &= set(map(int, re.findall(r"\d+", found[1])))
        elif found := _BEGUN.match(line):
            working.add(int(found[1]))
        elif found := _GIVEN_UP.match(line):
            working.discard(int(found[1]))
    return frozenset(working)


class Troop:
    """Starts processes, each in a home of its own, and kills at the end those that are left. What
    each told is kept beside its home."""

    def __init__(self, folder: Path, servers: str) -> None:
        self.started: list[Process] = []
        self._folder = folder
        self._numbers = count()
        self._servers = servers

    async def start(self, role: str, *more: str, **settings: str) -> Process:
        """As an operator does."""
        process = await asyncio.create_subprocess_exec(
            *(COMMAND, *ROLES[role], *more),
            env=self._environment(settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=end_with_the_tests,
        )
        return self._join(Process(process))

    async def frail(
        self,
        role: str,
        *,
        point: str = "",
        nth: int = 1,
        action: str = "SIGKILL",
        session: float = 2.0,
        many: int = 0,
        ahead: Instant = 0,
        **settings: str,
    ) -> Process:
        """One with a short session that does something to itself (`tests.chaos.kafka.frail`)."""
        harm = Harm(point, nth, action, session, many, ahead)
        forked = Forked(frail, (ROLES[role], harm), self._environment(settings))
        await forked.listen()
        return self._join(Process(forked))

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        home = self._folder / str(next(self._numbers))
        given = {key: value for key, value in os.environ.items() if not key.startswith("STANDING_")}
        mine = {"STANDING_KAFKA": self._servers, "STANDING_HOME": str(home)}
        return given | mine | settings

    def _join(self, process: Process) -> Process:
        self.started.append(process)
        return process

    async def __aenter__(self) -> "Troop":
        return self

    async def __aexit__(self, *_: object) -> None:
        killed["workers"] += sum(one.was_killed for one in self.started)
        await asyncio.gather(*(one.kill() for one in self.started))
        for number, one in enumerate(self.started):
            (self._folder / f"{number}.log").write_text("\n".join(one.told))
