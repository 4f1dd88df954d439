"""What every channel owes the loop, over the webhook and its twin in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from alerts.channel import Channel, Outcome, Parcel
from alerts.egress import Egress
from alerts.signing import new_secret
from alerts.targets import Target, WebhookTarget
from alerts.webhook import WebhookChannel
from tests.contract.alert_twins import LOOPBACK, ManualClock, MemoryChannel, receiving

Says = Callable[[str], Awaitable[int]]
"""From the message's id to the code that the far end answers with."""


@dataclass
class Line:
    """A channel with somebody at its other end, and the ids that arrived there."""

    channel: Channel
    target: Target
    arrived: list[str]


Laid = Callable[[Says], AbstractAsyncContextManager[Line]]


@asynccontextmanager
async def webhook(says: Says) -> AsyncIterator[Line]:
    arrived: list[str] = []

    async def take(request: web.Request) -> web.StreamResponse:
        arrived.append(request.headers["webhook-id"])
        return web.Response(status=await says(request.headers["webhook-id"]))

    async with receiving(take) as receiver:
        channel = WebhookChannel(Egress(LOOPBACK), ManualClock())
        yield Line(channel, WebhookTarget(type="webhook", url=receiver.url), arrived)
        await channel.close()


@asynccontextmanager
async def memory(says: Says) -> AsyncIterator[Line]:
    arrived: list[str] = []

    async def answer(parcel: Parcel) -> Outcome:
        arrived.append(parcel.id)
        status = await says(parcel.id)
        return Outcome(
            delivered=status == 200,
            status=status,
            error=None if status == 200 else f"answered {status}",
            gone=status == 410,
        )

    yield Line(
        MemoryChannel(answer), WebhookTarget(type="webhook", url="http://far.example"), arrived
    )


@pytest.fixture(params=[webhook, memory])
def line(request: pytest.FixtureRequest) -> Laid:
    laid: Laid = request.param
    return laid


def parcel(message: str = "msg_1") -> Parcel:
    return Parcel(message, ManualClock().now, b'{"n":1}', (new_secret(),))


async def test_what_is_taken_is_delivered(line: Laid) -> None:
    async with line(saying(200)) as at:
        await at.channel.check(at.target)
        outcome = await at.channel.send(at.target, parcel())
        assert (outcome.delivered, outcome.status, outcome.error) == (True, 200, None)
        assert at.arrived == ["msg_1"]


async def test_a_refusal_is_an_outcome_with_its_reason(line: Laid) -> None:
    async with line(saying(500)) as at:
        outcome = await at.channel.send(at.target, parcel())
        assert (outcome.delivered, outcome.status, outcome.gone) == (False, 500, False)
        assert "500" in (outcome.error or "")


async def test_one_who_wants_no_more_is_gone(line: Laid) -> None:
    async with line(saying(410)) as at:
        assert (await at.channel.send(at.target, parcel())).gone


async def test_a_message_may_be_sent_again(line: Laid) -> None:
    async with line(saying(200)) as at:
        for _ in range(2):
            await at.channel.send(at.target, parcel())
        assert at.arrived == ["msg_1", "msg_1"]


async def test_sending_one_does_not_wait_for_another(line: Laid) -> None:
    behind = asyncio.Event()

    async def says(message: str) -> int:
        if message == "msg_1":
            await behind.wait()
        return 200

    async with line(says) as at:
        first = asyncio.create_task(at.channel.send(at.target, parcel("msg_1")))
        assert (await at.channel.send(at.target, parcel("msg_2"))).delivered
        assert not first.done()
        behind.set()
        assert (await first).delivered


async def test_closing_twice_and_sending_again_is_no_error(line: Laid) -> None:
    async with line(saying(200)) as at:
        await at.channel.send(at.target, parcel())
        await at.channel.close()
        await at.channel.close()
        assert (await at.channel.send(at.target, parcel())).delivered


def saying(status: int) -> Says:
    async def says(_: str) -> int:
        return status

    return says
