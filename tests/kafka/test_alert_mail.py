"""Mailboxes over Kafka: asked at one desk, agreeing at another, told by the workers."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from alerts.desk_on_kafka import KafkaDesk
from events.errors import Refused
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from projections.messages import CURRENT, Message, attributes
from tests.contract.mail_twin import MailHouse, mail_house
from tests.kafka.alerting import PARTITIONS, WITHIN_S, Line, line, now, until

LINK = re.compile(r"/mail/(confirm|unsubscribe)/(\S+)")


@pytest.fixture
async def house() -> AsyncIterator[MailHouse]:
    async with mail_house() as found:
        yield found


@pytest.fixture
async def on(kafka: str, house: MailHouse) -> AsyncIterator[Line]:
    async with line(kafka) as found:
        found.mail = house.server
        yield found


async def mails(house: MailHouse, number: int) -> list[str]:
    """The subjects, when so many have come."""
    async with asyncio.timeout(WITHIN_S):
        return [str(one.mail["subject"]) for one in await house.count(number)]


def token(house: MailHouse, number: int = 0) -> str:
    found = LINK.search(house.posts[number].part("plain"))
    assert found is not None
    return found[2]


async def test_a_mailbox_is_told_all_since_it_was_asked_once_it_agreed(
    on: Line, house: MailHouse, tmp_path: Path
) -> None:
    """Whichever worker has its partitions by then, and whichever desk it agrees at."""
    asked = {"channel": {"type": "email", "to": "officer@desk.example"}}
    async with on.desk(tmp_path / "one.db") as one, on.desk(tmp_path / "two.db") as two:
        async with on.working():
            made, _ = await one.subscribe(asked)
            assert made.state == "unconfirmed"
            await on.tell("acme", "globex")
            for partition in {raw.partition for raw in await on.read(on.names.changes)}:
                await on.over(partition)
        await on.tell("acme")
        async with on.working():
            await until(lambda: _knows(two, made.id))
            agreed = await two.follow(token(house), "confirm")
            assert agreed.state == "active"
            told = await mails(house, 4)
            assert sorted(subject.partition(":")[0] for subject in told[1:]) == [
                "acme",
                "acme",
                "globex",
            ]
            await until(lambda: _is(one, made.id, "active"))
            await one.follow(token(house, 1), "unsubscribe")
            await until(lambda: _is(two, made.id, "disabled"))
            with pytest.raises(Refused, match="disabled"):
                await two.follow(token(house), "confirm")


async def test_a_mailbox_is_asked_no_more_often_whichever_desk_is_asked(
    on: Line, house: MailHouse, tmp_path: Path
) -> None:
    asked = {"channel": {"type": "email", "to": "officer@desk.example"}}
    async with on.desk(tmp_path / "one.db") as one, on.desk(tmp_path / "two.db") as two:
        made, _ = await one.subscribe(asked)
        await until(lambda: _asked(two, made.id))
        with pytest.raises(Refused, match="just now"):
            await two.ask_again(made.id)
        with pytest.raises(Refused, match="just now"):
            await two.subscribe(asked)
        assert len(house.posts) == 1


async def test_a_mail_says_what_does_not_fit(on: Line, house: MailHouse, tmp_path: Path) -> None:
    """As soon as the worker has read the statuses."""
    home = partition_of("acme", PARTITIONS)
    lists = [{"list": "us-ofac-sdn", "next": None, "anomalies": [{"why": "odd", "event": "e1"}]}]
    said = orjson.dumps({"company": "acme", "position": f"{home}:0", "lists": lists})
    told = Message(b"acme", said, attributes("s-acme", CURRENT, "acme", now()))
    await on.publisher.write([Outgoing(on.names.status, home, *told)])
    async with on.desk(tmp_path / "one.db") as desk:
        await desk.subscribe({"channel": {"type": "email", "to": "officer@desk.example"}})
        await desk.follow(token(house), "confirm")
        async with on.working():

            async def says() -> bool:
                await on.tell("acme")
                posts = await house.count(1 + on.sequences["acme"])
                return "Does not fit: odd (e1)" in posts[-1].part("plain")

            await until(says)


async def _knows(desk: KafkaDesk, subscription: str) -> bool:
    return subscription in [one.id for one in await desk.subscriptions()]


async def _is(desk: KafkaDesk, subscription: str, state: str) -> bool:
    return bool((await desk.subscription(subscription))["state"] == state)


async def _asked(desk: KafkaDesk, subscription: str) -> bool:
    return await _knows(desk, subscription) and bool(await desk.deliveries(subscription))
