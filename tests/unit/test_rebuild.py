"""Folding the whole log again."""

from pathlib import Path
from typing import Any

import pytest

from events.dates import Instant
from events.door import admit
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.store import Mark, ProjectionStore
from tests.unit.making import ENTITY, REGISTRY, at, event, issued, removed
from tests.unit.projecting import content

Json = dict[str, Any]


async def filled(path: Path, companies: int) -> SqliteEventLog:
    """A log with so many companies, some of them merged, one event a day."""
    now: Instant = at("2021-01-01")
    log = SqliteEventLog(path, lambda: now, synchronous="OFF")
    for number in range(companies):
        subject = f"c{number:03}"
        story: list[Json] = [
            event("company.described", None, subject, name=f"Company {number}"),
            {**issued("2021-01-14", None), "subject": subject},
            {**issued("2021-01-10", None, ENTITY), "subject": subject},
        ]
        if number % 3 == 0:
            story.append({**removed("2021-02-01", None), "subject": subject})
        if number % 5 == 0:
            story.append(event("company.merged", None, subject, into="c001"))
        await log.append([admit(one, REGISTRY) for one in story])
        now += 86_400_000_000
    return log


def test_an_empty_log_gives_an_empty_projection(tmp_path: Path) -> None:
    log = SqliteEventLog(tmp_path / "log.db", lambda: 0)
    store = ProjectionStore(tmp_path / "p.db")
    assert rebuild(log, store, REGISTRY) == Mark(-1, 0)
    assert store.counts() == {"companies": 0, "standings": 0, "changes": 0}
    assert store.meta("registry") == REGISTRY.digest
    store.close()
    log.close()


@pytest.mark.parametrize("alone_below", [1_000_000, 0], ids=["one process", "several processes"])
async def test_a_rebuild_gives_what_a_projector_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone_below: int
) -> None:
    monkeypatch.setattr("projections.rebuild._ALONE", alone_below)
    log = await filled(tmp_path / "log.db", 40)
    live, fresh = (ProjectionStore(tmp_path / name) for name in ("live.db", "fresh.db"))
    await Projector(log, live, REGISTRY).catch_up()
    done: list[int] = []
    rebuild(log, fresh, REGISTRY, progress=done.append)
    assert content(fresh) == content(live)
    assert 0 < sum(done) <= log.end() + 1
    live.close()
    fresh.close()
    log.close()


async def test_a_rebuild_that_is_interrupted_leaves_what_was_in_use(tmp_path: Path) -> None:
    log = await filled(tmp_path / "log.db", 4)
    store = ProjectionStore(tmp_path / "p.db")
    await Projector(log, store, REGISTRY).catch_up()
    before = content(store)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(log, store, REGISTRY, progress=interrupt)
    assert content(store) == before
    rebuild(log, store, REGISTRY)
    assert content(store) == before
    store.close()
    log.close()


async def test_a_first_rebuild_that_is_interrupted_can_be_begun_again(tmp_path: Path) -> None:
    log = await filled(tmp_path / "log.db", 4)
    store = ProjectionStore(tmp_path / "p.db")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(log, store, REGISTRY, progress=interrupt)
    assert store.mark == Mark(-1, 0)
    rebuild(log, store, REGISTRY)
    live = ProjectionStore(tmp_path / "live.db")
    await Projector(log, live, REGISTRY).catch_up()
    assert content(store) == content(live)
    for one in (store, live, log):
        one.close()


async def test_records_that_came_after_are_left_to_the_projector(tmp_path: Path) -> None:
    log = await filled(tmp_path / "log.db", 4)
    store = ProjectionStore(tmp_path / "p.db")
    await Projector(log, store, REGISTRY).catch_up()
    mark = store.mark
    await log.append([admit(event("company.described", name="Late"), REGISTRY)])
    assert rebuild(log, store, REGISTRY) == mark
    assert store.row("acme") is None
    await Projector(log, store, REGISTRY).catch_up()
    assert store.row("acme") is not None
    store.close()
    log.close()
