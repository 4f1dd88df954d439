"""The log in SQLite: one file, one partition, any number of processes.

Writers meet in one thread: what waits while a commit is under way goes into the next one together
(group commit), so that a power-cut-safe commit is paid once for many. The lock of SQLite orders
the processes.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, Final, NamedTuple

import orjson

from events.admitted import Admitted
from events.batch import Batch, settle
from events.bulk import no_collection
from events.dates import Instant
from events.errors import StoreError
from events.intake import Shelved
from events.log import EventLog, Position, Receipt, Record
from events.sqlite_store import Synchronous, begun, connect, trouble

FORMAT: Final = 1
_OTHER_PROCESSES_S: Final = 0.1
"""How often a follower looks for what other processes wrote; its own process tells it at once."""
_GROUP: Final = 20_000
_FEW_EVENTS: Final = 64
_QUICK_S: Final = 0.005
"""A disk that takes longer for a small commit is written to by the thread alone."""
_PATIENCE_S: Final = 30

_SCHEMA: Final = """
CREATE TABLE events (
    offset INTEGER PRIMARY KEY,
    recorded INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    fingerprint TEXT,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_subject ON events (subject);
CREATE INDEX events_by_fingerprint ON events (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX events_few ON events (type) WHERE type IN
    ('standing.company.merged', 'standing.list.checked', 'standing.time.passed')
"""
_COLUMNS: Final = "offset, recorded, body"
_LOOK_UP: Final = """
SELECT id, offset, subject, coalesce(fingerprint, id) FROM events WHERE id = ?1
UNION ALL
SELECT id, offset, subject, fingerprint FROM events WHERE fingerprint = ?2 ORDER BY offset
"""
_FEW: Final = frozenset(
    {"standing.company.merged", "standing.list.checked", "standing.time.passed"}
)


class _Request(NamedTuple):
    events: Sequence[Admitted]
    atomic: bool
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[list[Receipt]]"


class SqliteEventLog(EventLog):
    """The embedded log. Close it to let go of its thread and file."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], Instant],
        *,
        synchronous: Synchronous = "FULL",
    ) -> None:
        self.path = path
        self._clock = clock
        self._writer = connect(path, _SCHEMA, FORMAT, synchronous=synchronous)
        self._reader = connect(path, _SCHEMA, FORMAT)
        self._reading = Lock()
        self._version = -1
        self._end = -1
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self._watchers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._thread: Thread | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._soon: list[_Request] = []
        self._turn = Lock()
        self._quick = True
        # How long to wait for another process is decided at each commit, not in SQLite.
        self._writer.execute("PRAGMA busy_timeout = 0")

    @classmethod
    def reading(cls, path: Path) -> "SqliteEventLog":
        """A log that another process writes: only to be read here."""
        return cls(path, lambda: 0)

    async def append(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """See `EventLog`. Whoever stops waiting does not know whether it was recorded."""
        if not events:
            return []
        if self._closed:
            raise StoreError(f"{self.path}: this log was closed")
        if self._thread is None:
            self._thread = Thread(target=self._write, name="standing-log", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        request = _Request(events, atomic, loop, loop.create_future())
        self._loop = self._loop or loop
        if len(events) <= _FEW_EVENTS and self._quick and loop is self._loop:
            self._soon.append(request)
            if len(self._soon) == 1:
                loop.call_soon(self._commit_soon)
        else:
            self._requests.put(request)
        return await request.answer

    def _commit_soon(self) -> None:
        """Commit what was appended in this turn of the loop, all of it together. That spares the
        way to the writing thread and back, which costs more than the commit; where the disk is
        slow or another process writes, the thread does it, and nobody waits in the loop."""
        group, self._soon = self._soon, []
        if sum(len(one.events) for one in group) <= _FEW_EVENTS and self._turn.acquire(False):
            try:
                if self._commit(group, patient=False):
                    return
            finally:
                self._turn.release()
        for request in group:
            self._requests.put(request)

    def close(self) -> None:
        """Finish what was appended, then let go."""
        self._closed = True
        if self._thread is not None:
            for request in self._soon:
                self._requests.put(request)
            self._soon = []
            self._requests.put(None)
            self._thread.join()
        self._writer.close()
        self._reader.close()

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
        try:
            with trouble(self.path):
                if not self._begin(patient=patient):
                    return False
                # Those that nobody waits for any more are not written; whoever stops waiting from
                # here on does not know.
                group = [one for one in waiting if not one.answer.cancelled()]
                with no_collection(), begun(self._writer):
                    settled = [self._insert(request) for request in group]
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting caller must hear it
            _tell([(request, error) for request in waiting], in_loop=not patient)
            return True
        self._quick = time.perf_counter() - began < _QUICK_S
        told: _Told = [(one, batch.receipts) for one, batch in zip(group, settled, strict=True)]
        _tell(told, in_loop=not patient)
        for event, loop in list(self._watchers.items()):
            with suppress(RuntimeError):  # its loop has closed, and nobody waits there any more
                loop.call_soon_threadsafe(event.set)
        return True

    def _begin(self, *, patient: bool) -> bool:
        """Take the write lock; False where another process has it, unless `patient`."""
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return True
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if not patient:
                    return False
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.002)

    def _insert(self, request: _Request) -> Batch:
        row = self._writer.execute(
            "SELECT offset, recorded FROM events ORDER BY offset DESC LIMIT 1"
        ).fetchone()
        last, latest = row or (-1, 0)
        shelf = _TableShelf(self._writer, request.events)
        batch = settle(shelf, last + 1, request.events, atomic=request.atomic)
        recorded = max(self._clock(), latest)
        rows = [
            (
                offset,
                recorded,
                event.id,
                event.type,
                event.subject,
                event.fingerprint if event.named_by_caller else None,
                event.body,
            )
            for offset, event in enumerate(batch.new, last + 1)
        ]
        self._writer.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return batch

    async def read(
        self, after: Position, to: Position, *, batch: int = 5_000
    ) -> AsyncIterator[list[Record]]:
        """See `EventLog`."""
        seen, last = after.get(0, -1), to.get(0, -1)
        while records := await asyncio.to_thread(self.between, seen, last, batch):
            yield records
            seen = records[-1].offset

    def between(self, after: int, to: int, limit: int) -> list[Record]:
        """At most `limit` records of (after, to], at once."""
        return self._select("WHERE offset > ? AND offset <= ? LIMIT ?", after, to, limit)

    async def ends(self) -> Position:
        """See `EventLog`."""
        return Position({0: self.end()})

    async def follow(self, after: Position, *, batch: int = 5_000) -> AsyncIterator[list[Record]]:
        """See `EventLog`."""
        grown = asyncio.Event()
        self._watchers[grown] = asyncio.get_running_loop()
        seen = Position(after)
        try:
            while True:
                grown.clear()
                async for records in self.read(seen, await self.ends(), batch=batch):
                    seen[0] = records[-1].offset
                    yield records
                # Not `wait_for`, which before Python 3.12 loses a cancellation that comes as the
                # event is set (python/cpython#86296): the loop would never end.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_OTHER_PROCESSES_S):
                        await grown.wait()
        finally:
            del self._watchers[grown]

    def end(self) -> int:
        """See `Archive`. SQLite tells whether another connection wrote; only then it is looked."""
        with self._reading, trouble(self.path):
            version = self._reader.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                row = self._reader.execute("SELECT max(offset) FROM events").fetchone()
                self._end = -1 if row[0] is None else int(row[0])
                self._version = version
            return self._end

    def of_subjects(self, subjects: Sequence[str], *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        marks = ", ".join("?" * len(subjects))
        where = f"WHERE subject IN ({marks}) AND offset <= ? ORDER BY offset"
        return self._select(where, *subjects, self.end() if to is None else to)

    def of_type(self, event_type: str, *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        if event_type not in _FEW:
            raise ValueError(f"{event_type} has no index")
        # written out, so that the partial index serves
        where = f"WHERE type = '{event_type}' AND offset <= ? ORDER BY offset"
        return self._select(where, self.end() if to is None else to)

    def by_company(
        self, *, to: int, first: str = "", last: str | None = None
    ) -> Iterator[tuple[str, list[Record]]]:
        """Every subject of [first, last) with its events in log order, up to the offset `to`."""
        beyond = "" if last is None else "AND subject < ?"
        with trouble(self.path):
            rows = self._reader.execute(
                "SELECT subject, offset, recorded, body FROM events INDEXED BY events_by_subject "  # noqa: S608
                f"WHERE offset <= ? AND subject >= ? {beyond} ORDER BY subject, offset",
                (to, first) if last is None else (to, first, last),
            )
            for subject, some in groupby(rows, key=itemgetter(0)):
                yield subject, [Record(row[1], row[2], orjson.loads(row[3])) for row in some]

    def borders(self, shares: int) -> list[str]:
        """Subjects that cut the log into so many shares of about as many events each."""
        step = (self.end() + 1) // shares
        with self._reading, trouble(self.path):
            found = [
                self._reader.execute(
                    "SELECT subject FROM events ORDER BY subject LIMIT 1 OFFSET ?", (step * share,)
                ).fetchone()
                for share in range(1, shares)
            ]
        return sorted({row[0] for row in found if row})

    def subjects(self, *, after: int, to: int) -> list[str]:
        """See `Archive`."""
        with self._reading, trouble(self.path):
            rows = self._reader.execute(
                "SELECT DISTINCT subject FROM events WHERE offset > ? AND offset <= ?", (after, to)
            )
            return [row[0] for row in rows]

    def times(self, *, to: int) -> list[tuple[Instant, int]]:
        """Each recorded time with the first offset that has it, in order."""
        with self._reading, trouble(self.path):
            return self._reader.execute(
                "SELECT recorded, min(offset) FROM events WHERE offset <= ? GROUP BY recorded",
                (to,),
            ).fetchall()

    def _select(self, where: str, *values: Any) -> list[Record]:
        with self._reading, trouble(self.path):
            return _records(self._reader, where, *values)


_Told = list[tuple[_Request, list[Receipt] | Exception]]


def _tell(told: _Told, *, in_loop: bool) -> None:
    """Answer those who wait: at once where this is their loop, else by way of it."""
    if in_loop:
        _answer(told)
        return
    for loop in {request.loop for request, _ in told}:
        mine = [one for one in told if one[0].loop is loop]
        with suppress(RuntimeError):  # the loop has closed, and nobody waits there any more
            loop.call_soon_threadsafe(_answer, mine)


def _answer(told: _Told) -> None:
    for request, result in told:
        if request.answer.done():
            continue
        if isinstance(result, Exception):
            request.answer.set_exception(result)
        else:
            request.answer.set_result(result)


class _TableShelf:
    """A `Shelf` over the table, with the ids of one batch looked up together."""

    def __init__(self, connection: sqlite3.Connection, events: Sequence[Admitted]) -> None:
        self._connection = connection
        self._asked = {event.id for event in events}
        self._ids: dict[str, Shelved] = {}
        self._facts: dict[str, Shelved] = {}
        if len(events) == 1:
            self._look_up(events[0])
        else:
            self._look_all_up(events)

    def _look_up(self, event: Admitted) -> None:
        """One event is looked up in one statement: its id, and its content under another id."""
        wanted = None if event.named_by_caller else event.fingerprint
        for row in self._connection.execute(_LOOK_UP, (event.id, wanted)):
            one = Shelved(*row)
            if one.id == event.id:
                self._ids[one.id] = one
            else:
                self._facts.setdefault(one.fingerprint, one)

    def _look_all_up(self, events: Sequence[Admitted]) -> None:
        self._ids = self._find("id", self._asked)
        unnamed = {event.fingerprint for event in events if not event.named_by_caller}
        for one in sorted(self._find("fingerprint", unnamed).values(), key=_offset):
            self._facts.setdefault(one.fingerprint, one)

    def by_id(self, event_id: str) -> Shelved | None:
        if event_id not in self._asked:
            return self._find("id", {event_id}).get(event_id)
        return self._ids.get(event_id)

    def by_fingerprint(self, fingerprint: str) -> Shelved | None:
        return self._facts.get(fingerprint)

    def of_subject(self, subject: str) -> list[Record]:
        return _records(self._connection, "WHERE subject = ? ORDER BY offset", subject)

    def _find(self, column: str, values: set[str]) -> dict[str, Shelved]:
        rows = self._connection.execute(
            "SELECT e.id, e.offset, e.subject, coalesce(e.fingerprint, e.id) "  # noqa: S608
            f"FROM json_each(?) AS asked CROSS JOIN events AS e ON e.{column} = asked.value "
            "WHERE asked.value IS NOT NULL",
            (orjson.dumps(list(values)).decode(),),
        )
        return {row[0]: Shelved(*row) for row in rows}


def _offset(one: Shelved) -> int:
    return one.offset


def _records(connection: sqlite3.Connection, where: str, *values: Any) -> list[Record]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM events {where}", values)  # noqa: S608
    return [Record(offset, recorded, orjson.loads(body)) for offset, recorded, body in rows]
