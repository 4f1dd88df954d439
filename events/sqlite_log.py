"""The log in SQLite: one file, one partition, any number of processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

import orjson

from events.admitted import Admitted, may_take_back
from events.dates import Instant
from events.log import EventLog, Position, Receipt, Record
from events.sqlite_store import Synchronous, connect, trouble
from events.sqlite_table import FORMAT, SCHEMA, one_of_few, records
from events.sqlite_writer import Writer
from events.vocabulary import NOTE_RECORDED

_made: Final = tuple.__new__
_OTHER_PROCESSES_S: Final = 0.1
"""How often a follower looks for what other processes wrote; its own process tells it at once."""
_SAMPLE: Final = 8_192
"""Events by which the shares of a log are told."""
_MAPPED_BYTES: Final = 2**40
"""Of the file, for reading it in the order of companies, which jumps: SQLite takes what it can,
and need not ask the system for each page."""


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
        self._watchers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._writer = Writer(path, clock, self._tell_followers, synchronous)
        self._reader = connect(path, SCHEMA, FORMAT)
        self._reading = Lock()
        self._version = -1
        self._end = -1

    @classmethod
    def reading(cls, path: Path) -> "SqliteEventLog":
        """A log that another process writes: only to be read here."""
        return cls(path, lambda: 0)

    def append(
        self, events: Sequence[Admitted], *, atomic: bool = False
    ) -> Coroutine[Any, Any, list[Receipt]]:
        """See `EventLog`. Whoever stops waiting does not know whether it was recorded."""
        return self._writer.append(events, atomic=atomic)

    def close(self) -> None:
        """Finish what was appended, then let go. From any thread."""
        self._writer.close()
        self._reader.close()

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
        where = f"{one_of_few(event_type)} AND offset <= ? ORDER BY offset"
        return self._select(where, self.end() if to is None else to)

    def by_company(
        self, *, to: int, first: str = "", last: str | None = None, context: bool = True
    ) -> Iterator[tuple[str, int, list[Record]]]:
        """Every subject of [first, last) with the number of its events up to the offset `to`, and
        these in log order: without `context` but for plain notes, which bear on no standing."""
        beyond = "" if last is None else "AND subject < ?"
        with trouble(self.path):
            self._reader.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
            rows = self._reader.execute(
                "SELECT subject, offset, recorded, body, type = ? "  # noqa: S608
                "FROM events INDEXED BY events_by_subject "
                f"WHERE offset <= ? AND subject >= ? {beyond} ORDER BY subject, offset",
                (NOTE_RECORDED, to, first) if last is None else (NOTE_RECORDED, to, first, last),
            )
            known, count, records = "", 0, list[Record]()
            for subject, offset, recorded, body, note in rows:
                if subject != known:
                    if count:
                        yield known, count, records
                    known, count, records = subject, 0, []
                count += 1
                if context or not note or may_take_back(body):
                    records.append(_made(Record, (offset, recorded, orjson.loads(body), 0)))
            if count:
                yield known, count, records

    def borders(self, shares: int) -> list[str]:
        """Subjects that cut the log into so many shares of about as many events each, as far as
        a sample tells."""
        size = self.end() + 1
        asked = list(range(0, size, max(size // _SAMPLE, 1)))
        with self._reading, trouble(self.path):
            rows = self._reader.execute(
                "SELECT e.subject FROM json_each(?) AS asked JOIN events AS e "
                "ON e.offset = asked.value ORDER BY e.subject",
                (orjson.dumps(asked).decode(),),
            ).fetchall()
        found = [rows[len(rows) * share // shares][0] for share in range(1, shares) if rows]
        return sorted(set(found))

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
            return records(self._reader, where, *values)

    def _tell_followers(self) -> None:
        for event, loop in list(self._watchers.items()):
            with suppress(RuntimeError):  # its loop has closed, and nobody waits there any more
                loop.call_soon_threadsafe(event.set)
