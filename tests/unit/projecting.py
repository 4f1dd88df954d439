"""Logs and projections in files, for tests of what is projected."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from events.door import admit
from events.log import Record
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.store import ProjectionStore
from tests.unit.making import REGISTRY

Arrivals = Sequence[tuple[int, dict[str, Any]]]
"""Events in order of arrival, each with the time on the log's clock."""


@contextmanager
def written(arrivals: Arrivals) -> Iterator[tuple[SqliteEventLog, Path]]:
    """A log in a file with these events, each taken in at its time; what the log refuses is not
    in it."""
    now = 0

    async def write(log: SqliteEventLog) -> None:
        nonlocal now
        for when, sent in arrivals:
            now = when
            await log.append([admit(sent, REGISTRY)])

    with TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder)
        log = SqliteEventLog(home / "log.db", lambda: now, synchronous="OFF")
        stack.callback(log.close)
        asyncio.run(write(log))
        yield log, home


def whole(log: SqliteEventLog) -> list[Record]:
    """Everything in the log."""
    return log.between(-1, log.end(), 1_000_000)


def projected(
    log: SqliteEventLog, path: Path, batches: Sequence[Sequence[Record]], *, restarts: bool = False
) -> dict[str, Any]:
    """What a projector that read these batches has told and keeps; with `restarts`, another one
    reads each batch."""
    store = ProjectionStore(path)
    projector = Projector(log, store, REGISTRY)
    for batch in batches:
        projector.apply(batch)
        if restarts:
            store.close()
            store = ProjectionStore(path)
            projector = Projector(log, store, REGISTRY)
    try:
        return content(store)
    finally:
        store.close()


def rebuilt(log: SqliteEventLog, path: Path) -> dict[str, Any]:
    """What a rebuild writes."""
    store = ProjectionStore(path)
    try:
        rebuild(log, store, REGISTRY)
        return content(store)
    finally:
        store.close()


def content(store: ProjectionStore) -> dict[str, Any]:
    """All that readers of a projection can see."""
    rows = store.rows()
    assert store.parked() == {}
    return {
        "mark": store.mark,
        "companies": rows,
        "described": {row.company: store.described(row.company) for row in rows},
        "standings": list(store.standings()),
        "changes": store.changes(limit=1_000_000),
        "ids": [one.change.id for one in store.changes(limit=1_000_000)],
    }
