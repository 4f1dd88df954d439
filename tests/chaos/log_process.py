"""A process that writes to a log and says what was acknowledged, to be killed or starved.

`python -m tests.chaos.log_process write FILE NAME` appends for ever, several writers at once, and
prints each receipt. `… starve FILE` appends until its files may grow no further, says so, gets
room again, and goes on.
"""

import asyncio
import resource
import signal
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

from events.admitted import Admitted
from events.dates import Instant
from events.door import admit
from events.errors import StoreError
from events.lists import load_registry
from events.log import Receipt
from events.sqlite_log import SqliteEventLog

REGISTRY = load_registry()
GROUP = 3
"""Each append has so many events, which are in the log together or not at all."""


def now() -> Instant:
    return time.time_ns() // 1_000


def group(name: str, number: int) -> list[Admitted]:
    """The events of one append."""
    return [admit(_event(f"{name}-{number}-{part}"), REGISTRY) for part in range(GROUP)]


def _event(id_: str) -> dict[str, Any]:
    data = {"kind": "news", "text": "x" * 400}
    return {"type": "standing.note.recorded", "id": id_, "subject": "acme", "data": data}


def say(receipts: list[Receipt]) -> None:
    """One line for each append, in one write."""
    told = " ".join(f"{one.id}@{one.position}" for one in receipts)
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


async def write(log: SqliteEventLog, name: str) -> None:
    """Append until killed."""
    for number in count():
        say(await log.append(group(name, number), atomic=True))


async def starve(log: SqliteEventLog, path: Path) -> None:
    """Append until no more fits, and again when there is room."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    say(await log.append(group("first", 0), atomic=True))
    room = path.with_name(path.name + "-wal").stat().st_size + 100_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    for number in count():
        try:
            say(await log.append(group("second", number), atomic=True))
        except StoreError as error:
            sys.stdout.write(f"refused: {error}\n")
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    say(await log.append(group("third", 0), atomic=True))


async def main(what: str, path: Path, *names: str) -> None:
    log = SqliteEventLog(path, now)
    if what == "write":
        await asyncio.gather(*(write(log, f"{name}{part}") for name in names for part in "ab"))
    else:
        await starve(log, path)
    log.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
