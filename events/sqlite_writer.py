"""Who writes the log in SQLite, and when: what waits goes into one commit together.

A commit that survives a power cut is paid once for many (group commit). Small appends are
committed in the loop, in the turn after they came; the rest by a thread. The lock of SQLite orders
the processes.
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
from events.sqlite_store import Synchronous, begun, connect, trouble
from events.sqlite_table import FORMAT, SCHEMA, add, add_new

_GROUP: Final = 20_000
_FEW_EVENTS: Final = 64
_QUICK_S: Final = 0.005
"""A disk that takes longer for a small commit is written to by the thread alone."""
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
        self._quick = True
        self._loop: asyncio.AbstractEventLoop | None = None
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
        loop = asyncio.get_running_loop()
        request = _Request(events, atomic, loop, loop.create_future())
        self._loop = self._loop or loop
        soon = len(events) <= _FEW_EVENTS and self._quick and loop is self._loop
        with self._gate:
            if self._closed:
                raise StoreError(f"{self._path}: this log was closed")
            if soon:
                self._soon.append(request)
            else:
                self._hand_over(request)
        if soon:
            await self._in_the_next_turn(request)
        return await request.answer

    async def _in_the_next_turn(self, request: _Request) -> None:
        """Give others of this turn of the loop time to append. The first to come back commits for
        all. That spares the way to the thread and back, which costs more than the commit; where
        the disk is slow or another process writes, the thread does it, and nobody waits in the
        loop."""
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            request.answer.cancel()
            raise
        if not request.answer.done():
            self._commit_soon()

    def _commit_soon(self) -> None:
        if not self._turn.acquire(blocking=False):
            with self._gate:
                self._hand_over(*self._taken())
            return
        try:
            with self._gate:
                group = self._taken()
            few = sum(len(one.events) for one in group) <= _FEW_EVENTS
            if not few or not self._commit(group, patient=False):
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
        told: list[_Told]
        try:
            with trouble(self._path):
                found = self._alone(group) or self._together(group, patient=patient)
            told = list(zip(group, found, strict=True))
        except _Busy:
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting caller must hear it
            told = [(request, error) for request in group]
        else:
            self._quick = time.perf_counter() - began < _QUICK_S
        _tell(told, in_loop=not patient)
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


class _Busy(Exception):
    """Another process writes."""


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


_Told = tuple[_Request, list[Receipt] | Exception]


def _tell(told: Sequence[_Told], *, in_loop: bool) -> None:
    """Answer those who wait: at once where this is their loop, else by way of it."""
    if in_loop:
        _answer(told)
        return
    for loop in {request.loop for request, _ in told}:
        mine = [one for one in told if one[0].loop is loop]
        with suppress(RuntimeError):  # the loop has closed, and nobody waits there any more
            loop.call_soon_threadsafe(_answer, mine)


def _answer(told: Sequence[_Told]) -> None:
    for request, result in told:
        if request.answer.done():
            continue
        if isinstance(result, Exception):
            request.answer.set_exception(result)
        else:
            request.answer.set_result(result)
