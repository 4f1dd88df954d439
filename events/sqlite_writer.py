"""Who writes the log in SQLite, and when: what waits goes into one commit together.

A commit that survives a power cut is paid once for many (group commit). Small appends are
committed in the loop, by the first whose turn comes, which spares the way to a thread and back:
that costs more than the commit. The rest is left to a thread. The lock of SQLite orders the
processes.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Final, NamedTuple

from events.admitted import Admitted
from events.bulk import no_collection
from events.dates import Instant
from events.errors import StoreError
from events.log import Receipt
from events.sqlite_store import Synchronous, begun, connect, understood
from events.sqlite_table import FORMAT, SCHEMA, add, add_new

_GROUP: Final = 60_000
_FEW_EVENTS: Final = 64
_QUICK_S: Final = 0.005
"""A disk that takes longer for a small commit is written to by the thread alone."""
_ALONE_S: Final = 0.001
"""Who appended alone need not wait for company for so long, nor give way to other tasks."""
_CHECKPOINT_PAGES: Final = 4_000
"""Where only checkpoints wait for the disk, let them come more rarely. Where every commit does,
SQLite's 1,000 is better: the sooner the write-ahead log starts anew, the sooner it has its size."""
_PATIENCE_S: Final = 30


class _Request(NamedTuple):
    events: Sequence[Admitted]
    atomic: bool
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[list[Receipt]]"


class Writer:
    """The one connection of this object that writes. `grown` is called after each commit, from
    whichever thread made it."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], Instant],
        grown: Callable[[], None],
        synchronous: Synchronous,
    ) -> None:
        self._path = path
        self._clock = clock
        self._grown = grown
        self._connection = connect(path, SCHEMA, FORMAT, synchronous=synchronous)
        # How long to wait for another process is decided at each commit, not in SQLite.
        self._connection.execute("PRAGMA busy_timeout = 0")
        if synchronous != "FULL":
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        self._quick = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alone_until = 0.0
        self._soon: list[_Request] = []
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False
        self._turn = Lock()
        """Held for the length of a commit."""
        self._gate = Lock()
        """Held, for a moment, by whoever changes what waits, or closes."""

    async def append(self, events: Sequence[Admitted], *, atomic: bool) -> list[Receipt]:
        """See `EventLog`. Whoever stops waiting does not know whether it was recorded."""
        if not events:
            return []
        loop = asyncio.get_running_loop()
        request = _Request(events, atomic, loop, loop.create_future())
        soon = self._quick and len(events) <= _FEW_EVENTS and loop is (self._loop or loop)
        with self._gate:
            if self._closed:
                raise StoreError(f"{self._path}: this log was closed")
            if not soon:
                self._hand_over(request)
            else:
                self._loop = loop
                self._soon.append(request)
        if soon:
            if time.perf_counter() > self._alone_until:
                await _company(request)
            if not request.answer.done():
                self._commit_soon()
        return await request.answer

    def _commit_soon(self) -> None:
        """Commit what waits for this turn of the loop; where the disk is slow or another process
        writes, the thread does it, and nobody waits in the loop."""
        if not self._turn.acquire(blocking=False):
            with self._gate:
                self._hand_over(*self._taken())
            return
        try:
            with self._gate:
                group = self._taken()
            alone = len(group) == 1
            self._alone_until = time.perf_counter() + _ALONE_S if alone else 0
            if not _is_small(group) or not self._commit(group, patient=False):
                with self._gate:  # not closed meanwhile: closing waits for its turn
                    self._hand_over(*group)
        finally:
            self._turn.release()

    def _taken(self) -> list[_Request]:
        """What waits for the next turn of the loop, and no longer does."""
        group, self._soon = self._soon, []
        return group

    def _hand_over(self, *requests: _Request) -> None:
        """Leave it to the thread. Within the gate, and not when closed, where there is any."""
        if requests and self._thread is None:
            self._thread = Thread(target=self._write, name="standing-log", daemon=True)
            self._thread.start()
        for request in requests:
            self._requests.put(request)

    def close(self) -> None:
        """Finish what was appended, then let go. From any thread."""
        with self._turn, self._gate:
            if not self._closed:
                self._hand_over(*self._taken())
                self._requests.put(None)
            self._closed = True
        if self._thread is not None:
            self._thread.join()
        self._connection.close()

    def _write(self) -> None:
        while (first := self._requests.get()) is not None:
            group = [first]
            size = len(first.events)
            with suppress(Empty):
                while size < _GROUP:
                    following = self._requests.get_nowait()
                    if following is None:
                        self._requests.put(None)
                        break
                    group.append(following)
                    size += len(following.events)
            with self._turn:
                self._commit(group, patient=True)

    def _commit(self, waiting: Sequence[_Request], *, patient: bool) -> bool:
        """Write a group and answer it; False where another process writes and nothing was done,
        which a `patient` call waits for."""
        began = time.perf_counter()
        # Those that nobody waits for any more are not written; whoever stops waiting from here on
        # does not know.
        group = [one for one in waiting if not one.answer.cancelled()]
        if not group:
            return True
        told: _Told
        try:
            told = self._alone(group) or self._together(group, patient=patient)
        except _Busy:
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting caller must hear it
            told = [understood(self._path, error)] * len(group)
        else:
            self._quick = time.perf_counter() - began < _QUICK_S
        for loop in {one.loop for one in group}:
            if not patient:
                _tell(loop, group, told)
            else:
                with suppress(RuntimeError):  # it has closed, and nobody waits there any more
                    loop.call_soon_threadsafe(_tell, loop, group, told)
        self._grown()
        return True

    def _alone(self, group: Sequence[_Request]) -> list[list[Receipt]]:
        """What became of a group of one new event; nothing where it is another case, or where
        another process writes: then it is to be done the long way."""
        if len(group) != 1 or len(group[0].events) != 1:
            return []
        try:
            receipt = add_new(self._connection, group[0].events[0], self._clock())
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            return []
        return [[receipt]] if receipt else []

    def _together(self, group: Sequence[_Request], *, patient: bool) -> list[list[Receipt]]:
        """What became of each request of a group. Raises `_Busy` unless `patient`."""
        self._begin(patient=patient)
        with no_collection(), begun(self._connection):
            return [
                add(self._connection, one.events, self._clock, atomic=one.atomic) for one in group
            ]

    def _begin(self, *, patient: bool) -> None:
        """Take the write lock; where another process has it, wait or raise `_Busy`."""
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not _is_busy(error):
                    raise
                if not patient:
                    raise _Busy from None
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.002)
            else:
                return


async def _company(request: _Request) -> None:
    """Let others of this turn of the loop append, too: the first to come back commits for all."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        request.answer.cancel()
        raise


class _Busy(Exception):
    """Another process writes."""


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _is_small(group: Sequence[_Request]) -> bool:
    return len(group) == 1 or sum(len(one.events) for one in group) <= _FEW_EVENTS


_Told = Sequence[list[Receipt] | Exception]


def _tell(loop: asyncio.AbstractEventLoop, group: Sequence[_Request], told: _Told) -> None:
    """Answer those who wait in this loop, from within it."""
    for request, result in zip(group, told, strict=True):
        if request.loop is not loop or request.answer.done():
            continue
        if isinstance(result, Exception):
            request.answer.set_exception(result)
        else:
            request.answer.set_result(result)
