"""Receivers that come back: what a worker stopped sending, another one sends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.contract.alert_twins import asked, receiving
from tests.kafka.alerting import Line, distinct, line, received, until


@pytest.fixture
async def on(kafka: str) -> AsyncIterator[Line]:
    async with line(kafka) as found:
        yield found


async def test_one_that_was_disabled_is_enabled_and_sent_what_it_missed(
    on: Line, tmp_path: Path
) -> None:
    """In order and numbered on, by a worker that has nothing but the topics."""
    gone = True

    async def first_gone(_: web.Request) -> web.StreamResponse:
        return web.Response(status=410 if gone else 200)

    async with receiving(first_gone) as receiver, on.desk(tmp_path / "desk.db") as desk:
        made, _ = await desk.subscribe(asked(receiver.url))

        async def is_disabled() -> bool:
            return bool((await desk.subscription(made.id))["disabled"])

        async with on.working():
            await on.tell("acme")
            await until(is_disabled)
            await on.tell("acme", "globex", "acme")
        gone = False
        await desk.enable(made.id)
        assert not await is_disabled()
        async with on.working():
            await received(receiver, 4)  # also what was answered with 410
            await on.tell("acme")
            posts = distinct(await received(receiver, 5)).values()
            await on.attempts(6)
    heard = [one.message for one in posts if one.message["data"]["company"] == "acme"]
    assert [one["n"] for one in heard] == [1, 2, 3, 4]
    assert [one["data"]["sequence"] for one in heard] == [1, 2, 3, 4]


async def test_who_skips_what_it_missed_hears_what_is_told_from_then_on(
    on: Line, tmp_path: Path
) -> None:
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        made, _ = await desk.subscribe(asked(receiver.url))
        async with on.working():
            await on.tell("acme", "globex")
            await received(receiver, 2)
            await on.attempts(2)
            await desk.disable(made.id, "for a test")
            await on.tell("acme", "globex")
            await desk.enable(made.id, skip=True)
            await on.tell("acme")
            posts = await received(receiver, 3)
    last = posts[-1].message
    assert (last["n"], last["data"]["sequence"]) == (2, 3)


async def test_what_was_told_since_a_time_is_sent_again(on: Line, tmp_path: Path) -> None:
    """With the same ids, numbers and bodies; and each attempt tells what was sent and answered."""
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        made, _ = await desk.subscribe(asked(receiver.url))
        async with on.working():
            await on.tell("acme", "globex", "acme")
            await received(receiver, 3)
            attempts = await on.attempts(3)

            async def knows() -> bool:
                return len(await desk.deliveries(made.id)) == 3

            await until(knows)
            assert await desk.recover(made.id, "2000") == 3
            await on.attempts(6)
    first = {one.headers["webhook-id"]: one.body for one in receiver.posts[:3]}
    again = {one.headers["webhook-id"]: one.body for one in receiver.posts[3:]}
    assert first == again
    assert {one["request"]["url"] for one in attempts} == {receiver.url}
    assert {one["answer"]["body"] for one in attempts} == {"thanks"}
