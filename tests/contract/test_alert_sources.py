"""What every source of changes owes the loop, over the projection and its twin in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alerts.matching import Who
from alerts.places import BEGINNING, behind, place
from alerts.source import ChangeSource, Projected
from events.door import admit
from events.lists import Registry
from events.memory_log import MemoryEventLog
from projections.projector import Projector
from projections.rows import Told
from projections.store import ProjectionStore
from tests.contract.alert_twins import MemorySource, change


@dataclass
class Line:
    """A source, and a way to have one more change of each company told."""

    source: ChangeSource
    tell: Callable[..., Awaitable[Any]]


async def projected(folder: Path, registry: Registry) -> AsyncIterator[Line]:
    log = MemoryEventLog(lambda: 1_700_000_000_000_000)
    store = ProjectionStore(folder / "projections.db")
    projector = Projector(log, store, registry)
    count = 0

    async def tell(*companies: str) -> None:
        nonlocal count
        for company in companies:
            count += 1
            about = {"kind": "news", "text": f"news {count}"}
            raw = {"type": "standing.note.recorded", "subject": company, "data": about}
            await log.append([admit(raw, registry)])
        await projector.catch_up()

    yield Line(Projected(store, log.end, projector.reached), tell)
    store.close()


async def in_memory(_: Path, __: Registry) -> AsyncIterator[Line]:
    source = MemorySource()
    yield Line(source, source.tell)


@pytest.fixture(params=[projected, in_memory])
async def told(
    request: pytest.FixtureRequest, tmp_path: Path, registry: Registry
) -> AsyncIterator[Line]:
    async for one in request.param(tmp_path, registry):
        yield one


async def test_nothing_was_told_at_first(told: Line) -> None:
    assert told.source.position() == -1
    assert list(await told.source.changes(BEGINNING, 10)) == []
    assert told.source.head() == BEGINNING


async def test_changes_are_read_on_from_a_place_in_one_order(told: Line) -> None:
    await told.tell("b", "a", "b", "c")
    read: list[Told] = []
    after = BEGINNING
    while page := await told.source.changes(after, 3):
        read += page
        after = place(page[-1])
    assert [(one.change.company, one.change.sequence) for one in read] == [
        ("b", 1),
        ("a", 1),
        ("b", 2),
        ("c", 1),
    ]
    assert sorted(map(place, read)) == list(map(place, read))
    assert told.source.position() == 3


async def test_what_is_told_later_stands_behind_the_head(told: Line) -> None:
    await told.tell("a", "b")
    head = told.source.head()
    assert list(await told.source.changes(head, 10)) == []
    assert [one.change.company for one in await told.source.changes(behind(0), 10)] == ["b"]
    await told.tell("a")
    assert [one.change.sequence for one in await told.source.changes(head, 10)] == [2]


async def test_nobody_knows_a_company_that_is_not_there(told: Line) -> None:
    assert told.source.who(Told(0, change("nobody"))) == Who()


async def test_whoever_waits_is_woken_when_more_was_told(told: Line) -> None:
    await told.tell("a")
    waiting = asyncio.create_task(told.source.beyond(0))
    await told.tell("a")
    await waiting
    await told.source.beyond(0)


async def test_a_projected_company_is_known_with_its_country_and_former_ids(
    tmp_path: Path, registry: Registry
) -> None:
    log = MemoryEventLog(lambda: 1_700_000_000_000_000)
    store = ProjectionStore(tmp_path / "projections.db")
    for subject, type_, data in (
        ("new", "described", {"country": "CN"}),
        ("old", "merged", {"into": "new"}),
    ):
        raw = {"type": f"standing.company.{type_}", "subject": subject, "data": data}
        await log.append([admit(raw, registry)])
    await Projector(log, store, registry).catch_up()
    source = Projected(store, log.end)
    assert source.who(Told(0, change("new"))) == Who("CN", frozenset({"old"}))
    store.close()


async def test_a_source_that_nobody_wakes_is_looked_at_again(tmp_path: Path) -> None:
    store = ProjectionStore(tmp_path / "projections.db")
    await Projected(store, lambda: -1, poll_s=0.001).beyond(-1)
    never = asyncio.Event()

    async def reached(_: int) -> None:
        await never.wait()

    await Projected(store, lambda: -1, reached, poll_s=0.001).beyond(-1)
    store.close()
