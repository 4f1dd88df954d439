"""A heartbeat goes all the way: into the log, through those who fold, into their topic, and out."""

import asyncio
from contextlib import suppress
from pathlib import Path

from alerts.names import Names
from events.dates import SECOND
from events.door import admit
from events.kafka.publishing import Publisher
from events.kafka.topics import STATUS
from events.vocabulary import CLOCK_SUBJECT
from projections import messages
from service.alarm import time_passed
from tests.contract.alert_twins import Post, asked, receiving
from tests.kafka.alerting import WITHIN_S, Line, now
from tests.kafka.house import House
from tests.unit.making import REGISTRY


async def passed(house: House) -> None:
    """As the alarm of those who fold has it written, hour by hour."""
    async with house.log() as log:
        for partition in range(house.partitions):
            await log.append([admit(time_passed(now()), REGISTRY)], partition=partition)


async def beaten(on: Line, house: House, folder: Path) -> Post:
    """The first heartbeat, while an hour is recorded again and again until it is that of the
    heartbeat."""
    async with receiving() as receiver, on.desk(folder / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, heartbeat="PT1M"))
        async with house.working(folder / "home"), on.working(clock=lambda: now() + 60 * SECOND):
            async with asyncio.timeout(WITHIN_S):
                while not receiver.posts:
                    await passed(house)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(receiver.count(1), 10)
            return receiver.posts[0]


async def test_a_heartbeat_comes_when_the_hour_was_recorded_folded_and_published(
    house: House, tmp_path: Path
) -> None:
    async with Publisher(house.connection, 30) as publisher:
        on = Line(house.servers, Names(), publisher)
        post = await beaten(on, house, tmp_path)
    assert post.message["type"] == "standing.heartbeat"
    assert {one["behind"] for one in post.message["data"]["partitions"]} == {0}
    told = [one for one in await house.read(STATUS) if one.key == CLOCK_SUBJECT]
    assert {one.partition for one in told} == set(range(house.partitions))
    assert all(one.value is None for one in told)
    assert {dict(one.headers)[messages.PLACE].decode() for one in told} >= {
        f"{one['partition']}:{one['read']}" for one in post.message["data"]["partitions"]
    }
