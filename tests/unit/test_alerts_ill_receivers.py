"""Receivers that are not well: what becomes of each attempt is kept as it was, and in the end each
message has come, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientTimeout

from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.loop import AlertLoop
from alerts.store import AlertStore
from alerts.webhook import WebhookChannel
from events.dates import NEVER
from events.lists import load_registry
from tests.contract.alert_twins import LOOPBACK, ManualClock, MemorySource, asked
from tests.contract.ill_receivers import ILLS, ill_receiving

SAID = {
    "fails": (500, "answered 500 Oh No: oops"),
    "hangs": (None, "no answer within 2 s"),
    "resets": (None, ""),
    "closes": (None, ""),
    "redirects": (308, "answered 308"),
    "lies": (503, "answered 503 No: short"),
    "throttles": (429, "answered 429 Slow Down"),
    "never-ends": (502, "answered 502 Bad: xxx"),
    "mumbles": (None, ""),
}
EACH = 3


@pytest.fixture
async def channel() -> AsyncIterator[WebhookChannel]:
    made = WebhookChannel(Egress(LOOPBACK), ManualClock(), timeout=ClientTimeout(total=2))
    yield made
    await made.close()


async def _time_passes(clock: ManualClock) -> None:
    """As soon as somebody waits for it."""
    while True:
        clock.advance(await clock.asked() - clock.now)


@pytest.mark.parametrize("ill", ILLS)
async def test_each_attempt_is_kept_as_it_was_and_each_message_comes(
    tmp_path: Path, channel: WebhookChannel, ill: str
) -> None:
    clock, source, store = ManualClock(), MemorySource(), AlertStore(tmp_path / "alerts.db")
    parts = (store, source, load_registry(), {"webhook": channel}, clock)
    loop = AlertLoop(*parts, until=clock.until)
    desk = AlertDesk(*parts, wake=loop.wake)
    async with ill_receiving() as receiver:
        made, _ = await desk.subscribe(asked(receiver.url))
        task = asyncio.create_task(loop.run())
        await source.tell(*[ill, "healthy"] * EACH)
        passing = asyncio.create_task(_time_passes(clock))
        await receiver.until(lambda: len(receiver.posts) == 3 * EACH)
        for work in (passing, task):
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
    deliveries = store.outbox.shown(made.id, 100, NEVER)
    store.close()
    status, said = SAID[ill]
    for one in deliveries:
        attempts = one["attempts"][::-1]
        assert one["state"] == "delivered"
        assert attempts[-1]["status"] == 200
        assert attempts[-1]["answer"]["body"] == "ok"
        assert {try_["request"]["url"] for try_ in attempts} == {receiver.url}
        if one["company"] == ill:
            assert [try_["outcome"] for try_ in attempts] == ["failed", "delivered"]
            assert attempts[0]["status"] == status
            assert said in attempts[0]["error"]
            assert (attempts[0]["answer"] is None) == (status is None)
    for company in (ill, "healthy"):
        heard = [post.message["n"] for post in receiver.posts if company in post.body.decode()]
        assert sorted(heard) == heard
        assert set(heard) == set(range(1, EACH + 1))
    assert all(post.path == "/" for post in receiver.posts)
