"""Processes that are forked from one that has imported everything.

To import what a worker needs takes more than two seconds of a processor: of the life of a worker
that is killed soon, that would be most. What runs in each is the same.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, Final

from tests.chaos.kafka.unix import end_with_the_tests

_FORKING: Final = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["service.server", "service.working", "tests.chaos.kafka.frail"])

Main = Callable[..., int]
"""Of a module, so that it can be named to another process."""


class Forked:
    """One such process, as `asyncio.subprocess.Process` would show it."""

    def __init__(self, main: Main, arguments: Sequence[Any], settings: Mapping[str, str]) -> None:
        """Start it; it has `settings` for its environment, and nothing else."""
        self.stdout = asyncio.StreamReader()
        """What it prints, errors too."""
        self._told, theirs = _FORKING.Pipe(duplex=False)
        self._process = _FORKING.Process(target=_run, args=(theirs, main, arguments, settings))
        self._process.start()
        theirs.close()
        self._gone = asyncio.Event()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.exitcode

    async def listen(self) -> None:
        """Begin to take in what it prints."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, self._has_ended)
        pipe = os.fdopen(os.dup(self._told.fileno()), "rb", buffering=0)
        self._told.close()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self.stdout), pipe)

    def _has_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._gone.set()

    def send_signal(self, number: int) -> None:
        """Of one that has ended, the number may be another's by now."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Without a word."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Until it has ended; its exit code."""
        await self._gone.wait()
        assert self.returncode is not None
        return self.returncode


def _run(
    told: Connection, main: Main, arguments: Sequence[Any], settings: Mapping[str, str]
) -> None:
    """In the new process."""
    end_with_the_tests()
    for stream in (sys.stdout, sys.stderr):
        os.dup2(told.fileno(), stream.fileno())
    told.close()
    os.environ.clear()
    os.environ.update(settings)
    sys.exit(main(*arguments))
