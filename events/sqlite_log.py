"""The log in SQLite: one file, one partition, any number of processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from events.admitted import Admitted
from events.dates import Instant
from events.log import EventLog, Position, Receipt, Record
from events.sqlite_archive import SqliteArchive
from events.sqlite_store import Synchronous
from events.sqlite_writer import Writer

_OTHER_PROCESSES_S: Final = 0.1
"""How often a follower looks for what other processes wrote; its own process tells it at once."""


class SqliteEventLog(SqliteArchive, EventLog):
    """The embedded log. Close it to let go of its thread and file."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], Instant],
        *,
        synchronous: Synchronous = "FULL",
    ) -> None:
        super().__init__(path)
        self._watchers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._writer = Writer(path, clock, self._tell_followers, synchronous)

    def append(
        self, events: Sequence[Admitted], *, atomic: bool = False
    ) -> Coroutine[Any, Any, list[Receipt]]:
        """See `EventLog`. Whoever stops waiting does not know whether it was recorded."""
        return self._writer.append(events, atomic=atomic)

    def close(self) -> None:
        """Finish what was appended, then let go. From any thread."""
        self._writer.close()
        super().close()

    async def read(
        self, after: Position, to: Position, *, batch: int = 5_000
    ) -> AsyncIterator[list[Record]]:
        """See `EventLog`."""
        seen, last = after.get(0, -1), to.get(0, -1)
        while records := await asyncio.to_thread(self.between, seen, last, batch):
            yield records
            seen = records[-1].offset

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

    def _tell_followers(self) -> None:
        for event, loop in list(self._watchers.items()):
            with suppress(RuntimeError):  # its loop has closed, and nobody waits there any more
                loop.call_soon_threadsafe(event.set)
