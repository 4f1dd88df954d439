"""Receivers that fail, whichever workers send to them: they fail as one, and who is to hear of it
does, whoever works then."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from alerts.desk_on_kafka import KafkaDesk
from alerts.progress import NOTICE
from alerts.windows import HOUR
from events.dates import DAY, Instant
from events.kafka.partitioner import partition_of
from events.kafka.tail import Raw
from tests.contract.alert_twins import answering, asked, fine, receiving
from tests.kafka.alerting import PARTITIONS, Line, line, now, until

MINE = "acme"
THEIRS = next(
    one
    for one in ("globex", "initech", "umbrella", "hooli")
    if partition_of(one, PARTITIONS) != partition_of(MINE, PARTITIONS)
)


@pytest.fixture
async def on(kafka: str) -> AsyncIterator[Line]:
    async with line(kafka) as found:
        yield found


def later(span: Instant) -> Callable[[], Instant]:
    return lambda: now() + span


async def attempted(on: Line, company: str, n: int, state: str) -> None:
    """Wait until a message about a company has come to a state."""

    def found(some: list[Raw]) -> bool:
        told = [orjson.loads(one.value or b"") for one in some]
        return (company, n, state) in [(one["company"], one["n"], one["state"]) for one in told]

    await on.until(on.names.deliveries, found)


async def disabled(desk: KafkaDesk, subscription: str) -> bool:
    return (await desk.subscription(subscription))["disabled"] is not None


async def test_who_takes_what_other_workers_send_is_not_disabled(on: Line, tmp_path: Path) -> None:
    """A message that cannot be delivered for days is given up then, and its receiver is not;
    five days after the last that was taken anywhere, it is."""
    mine, theirs = partition_of(MINE, PARTITIONS), partition_of(THEIRS, PARTITIONS)

    async def picky(request: web.Request) -> web.StreamResponse:
        said = await request.json()
        return web.Response(status=500 if said["data"]["company"] == MINE else 200)

    async with receiving(picky) as receiver, on.desk(tmp_path / "desk.db") as desk:
        made, _ = await desk.subscribe(asked(receiver.url))
        await on.tell(MINE)
        async with on.working(mine):
            await attempted(on, MINE, 1, "pending")
        await on.tell(THEIRS)
        async with on.working(theirs, clock=later(6 * DAY - HOUR)):
            await attempted(on, THEIRS, 1, "delivered")
        async with on.working(mine, clock=later(6 * DAY)):
            await attempted(on, MINE, 1, "failed")
            await on.tell(MINE)
            await attempted(on, MINE, 2, "pending")
        assert not await disabled(desk, made.id)
        async with on.working(mine, clock=later(12 * DAY)):
            await until(lambda: disabled(desk, made.id))


async def test_that_a_receiver_was_disabled_is_told_by_whoever_works_then(
    on: Line, tmp_path: Path
) -> None:
    """And by nobody once it was."""
    async with (
        receiving(answering(410)) as gone,
        receiving(answering(503)) as other,
        on.desk(tmp_path / "desk.db") as desk,
    ):
        hears, _ = await desk.subscribe(asked(other.url, filter={"companies": []}))
        made, _ = await desk.subscribe(
            asked(gone.url, filter={"companies": [MINE]}, notify=hears.id)
        )
        await on.tell(MINE)
        async with on.working():
            await other.count(1)
            await until(lambda: disabled(desk, made.id))
        other.handler = fine
        async with on.working(clock=later(HOUR)):
            first, second = (await other.count(2))[:2]
            await on.until(on.names.progress, lambda some: arrived(some, hears.id))
        assert first.body == second.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.message["type"] == "standing.subscription.disabled"
        assert first.message["data"]["subscription"] == made.id
        await desk.subscribe(asked(other.url, start="beginning"))
        async with on.working(clock=later(2 * HOUR)):
            posts = await other.count(3)
        assert [one.message["type"] for one in posts[2:]] == ["standing.status.changed"]
        await desk.unsubscribe(made.id)
        async with on.working(clock=later(3 * HOUR)):
            await on.until(on.names.progress, lambda some: forgotten(some, made.id))


def arrived(progress: list[Raw], to: str) -> bool:
    """Whether the notice to this one is over."""
    told = [orjson.loads(one.value) for one in progress if one.kind == NOTICE and one.value]
    return any(one["to"] == to and one["due"] is None for one in told)


def forgotten(progress: list[Raw], subscription: str) -> bool:
    """Whether nothing is said of notices about it any more."""
    last = {one.key: one for one in progress if one.key.startswith(f"{subscription}/st".encode())}
    return bool(last) and all(one.value is None for one in last.values())
