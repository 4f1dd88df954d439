"""The projection is a function of the log: live, restarted or rebuilt, it comes out the same."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.door import admit
from events.log import Record
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.store import ProjectionStore
from tests.unit import crowds
from tests.unit.making import REGISTRY, tries

Told = list[tuple[int, dict[str, Any]]]


@contextmanager
def written(told: Told) -> Iterator[tuple[SqliteEventLog, Path]]:
    """A log in a file with these events, each taken in at its time; what the log refuses is not
    in it."""
    now = 0

    async def write(log: SqliteEventLog) -> None:
        nonlocal now
        for when, sent in told:
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


def projected(log: SqliteEventLog, path: Path, batches: list[list[Record]], restarts: bool) -> Any:
    """What a projector that read these batches has told and keeps."""
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


def content(store: ProjectionStore) -> dict[str, Any]:
    """All that readers of a projection can see."""
    rows = store.rows()
    assert store.parked() == {}
    return {
        "mark": store.mark,
        "companies": rows,
        "described": {row.company: store.described(row.company) for row in rows},
        "standings": list(store.standings()),
        "changes": [(one, one.change.id) for one in store.changes(limit=1_000_000)],
    }


def rebuilt(log: SqliteEventLog, path: Path) -> Any:
    """What a rebuild writes."""
    store = ProjectionStore(path)
    try:
        rebuild(log, store, REGISTRY)
        return content(store)
    finally:
        store.close()


def cut(items: list[Record], sizes: list[int]) -> list[list[Record]]:
    """Cut into pieces of these sizes, over and over."""
    pieces = []
    place = 0
    while place < len(items):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(items[place : place + size])
        place += size
    return pieces


@tries(60)
@given(crowds.logs(), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_live_and_rebuilt_are_the_same(told: Told, sizes: list[int]) -> None:
    with written(told) as (log, home):
        one_by_one = projected(log, home / "live.db", [[one] for one in whole(log)], False)
        assert projected(log, home / "batches.db", cut(whole(log), sizes), False) == one_by_one
        assert rebuilt(log, home / "rebuilt.db") == one_by_one


@tries(60)
@given(crowds.logs(), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_a_restart_between_any_two_batches_changes_nothing(told: Told, sizes: list[int]) -> None:
    with written(told) as (log, home):
        one_by_one = projected(log, home / "live.db", [[one] for one in whole(log)], False)
        assert projected(log, home / "restarts.db", cut(whole(log), sizes), True) == one_by_one
