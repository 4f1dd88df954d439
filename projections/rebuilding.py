"""All partitions of the topics rebuilt from the log on Kafka, several at once in processes of their
own: each reads, folds and hands over by itself; this one says which, and tells how far they are.

All are folded before the first is handed over, so that until then nobody notices anything, and
whoever is interrupted has changed nothing. Each partition is taken into use at once.
"""

import asyncio
import gc
import multiprocessing
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Final

from events.errors import StandingError, StoreError
from events.kafka.connection import Connection
from events.kafka.lean import read_leanly
from events.lists import Registry
from projections.handover import PartitionRebuild, Renewed
from projections.share import prepared
from projections.sources import Where

_SAID: Final = "said"
_FOLDED: Final = "folded"
_DONE: Final = "done"
_FAILED: Final = "failed"
_AT_ONCE: Final = 2
"""Partitions that a process reads, or hands over, at once."""
_OFTEN: Final = 10_000
"""Events after which it is told that they were folded."""


async def rebuild_published(
    wheres: Sequence[Where],
    registry: Registry,
    tell: Callable[[str], None] = lambda _: None,
    folded: Callable[[int], None] = lambda _: None,
    processes: int | None = None,
) -> list[Renewed]:
    """Put everything right that is published of these partitions and should read otherwise; what
    became of each.

    `tell` hears of each step before it goes on, `folded` of how many more events were read or
    folded, each of which is a half. Raises `StoreError`; then it says what was not done.
    """
    number = min(processes or os.cpu_count() or 1, len(wheres))
    helpers = [_Helper(registry, tell, folded) for _ in range(number)]
    size = min(_AT_ONCE, len(wheres) // number) if number else 1
    todo = deque(wheres[first : first + size] for first in range(0, len(wheres), size))
    try:
        await _all(one.fold(todo) for one in helpers)
        found = await _all(one.hand_over() for one in helpers)
    finally:
        for one in helpers:
            one.end()
        for where in wheres:
            await asyncio.to_thread(shutil.rmtree, where.folder, ignore_errors=True)
    return sorted(one for some in found for one in some)


async def _all(work: Iterable[Any]) -> list[Any]:
    """All of it; the first error, where there is one."""
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one) for one in work]
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group
    return [one.result() for one in running]


class _Helper:
    """A process that sees to some partitions after the other."""

    def __init__(
        self, registry: Registry, tell: Callable[[str], None], folded: Callable[[int], None]
    ) -> None:
        self._tell = tell
        self._folded = folded
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_help, args=(theirs, registry), daemon=True)
        self._process.start()
        theirs.close()

    async def fold(self, todo: "deque[Sequence[Where]]") -> None:
        """Fold partitions as long as there are any."""
        while todo:
            await self._ask(todo.popleft())

    async def hand_over(self) -> list[Renewed]:
        """Hand over what was folded."""
        found: list[Renewed] = await self._ask(None)
        return found

    async def _ask(self, what: Sequence[Where] | None) -> Any:
        try:
            self._pipe.send(what)
            while True:
                kind, said = await asyncio.to_thread(self._pipe.recv)
                if kind == _FOLDED:
                    self._folded(said)
                elif kind == _SAID:
                    self._tell(said)
                    self._pipe.send(None)
                elif kind == _FAILED:
                    raise StoreError(said)
                else:
                    return said
        except (EOFError, OSError) as error:
            raise StoreError(
                "a process that folds was ended from outside; is there too little memory?"
            ) from error

    def end(self) -> None:
        """Whatever it is at."""
        self._process.terminate()
        self._process.join()
        self._pipe.close()


def _help(pipe: Pipe, registry: Registry) -> None:
    """In the process: see to the partitions that are named, and hand over where none is."""
    prepared(registry)
    read_leanly()
    # What it has in memory is in use until it ends: to look through that for cycles is in vain.
    gc.disable()
    asyncio.run(_serve(pipe, registry))


async def _serve(pipe: Pipe, registry: Registry) -> None:
    def tell(text: str) -> None:
        pipe.send((_SAID, text))
        pipe.recv()

    some = 0

    def folded(number: int) -> None:
        nonlocal some
        some += number
        if some >= _OFTEN:
            pipe.send((_FOLDED, some))
            some = 0

    mine: list[list[PartitionRebuild]] = []
    while True:
        wheres: Sequence[Where] | None = pipe.recv()
        try:
            if wheres is not None:
                mine.append([PartitionRebuild(one, registry, tell, folded) for one in wheres])
                await _fold(mine[-1])
                pipe.send((_DONE, None))
            else:
                pipe.send((_DONE, [one for some in mine for one in await _hand_over(some)]))
        except StandingError as error:
            pipe.send((_FAILED, str(error)))


async def _fold(some: Sequence[PartitionRebuild]) -> None:
    """Read together: while Kafka is waited for in one, there is something to do in another."""
    await _all(one.read() for one in some)
    for one in some:
        await one.fold()


async def _hand_over(some: Sequence[PartitionRebuild]) -> list[Renewed]:
    return await _all(one.hand_over() for one in some)


def places(
    connection: Connection, partitions: int, writer: str, folder: Path, patience: float
) -> list[Where]:
    """All partitions; `writer` is the beginning of the names under which they are written."""
    return [
        Where(connection, one, partitions, f"{writer}-{one}", folder / str(one), patience)
        for one in range(partitions)
    ]
