"""What a user of a broker that knows roles may try, and whether it was let."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from events.kafka.topics import TOPICS
from tests.kafka.roles import OPERATOR, Roles

STANDING = Path(sys.executable).with_name("standing")
FOREIGN = "somebody.elses"
"""A topic that is none of standing's."""
ANSWER_S = 300
"""By then a broker has answered, on a machine that does much else, too."""

Done = subprocess.CompletedProcess[str]


def command(settings: dict[str, str], *arguments: str, stdin: object = None) -> Done:
    """Run `standing` as its own process, to see all that it prints, but for how far it is: of that
    it tells where it takes longer than two seconds."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STANDING_")}
    done = subprocess.run(
        [STANDING, *arguments],
        env=clean | settings,
        input="" if stdin is None else orjson.dumps(stdin).decode(),
        capture_output=True,
        text=True,
        check=False,
    )
    done.stderr = re.sub(r"^\w+: [\d,]+( of [\d,]+)? \w+\n", "", done.stderr, flags=re.MULTILINE)
    return done


def everything() -> list[str]:
    """The names of all topics there are."""
    return [*(topic.name for topic in TOPICS), FOREIGN]


async def allowed(attempt: Awaitable[object], *refusal: type[Exception]) -> bool:
    """Whether the broker lets it pass. Any other trouble is the test's."""
    try:
        async with asyncio.timeout(ANSWER_S):
            await attempt
    except refusal:
        return False
    return True


async def read(broker: Roles, user: str, topic: str) -> bool:
    """Whether this user gets to read the topic's first message."""
    consumer = AIOKafkaConsumer(**broker.options(user), auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 0)])

    async def first() -> None:
        await consumer.start()
        await consumer.getone()

    try:
        return await allowed(first(), TopicAuthorizationFailedError)
    finally:
        await consumer.stop()


async def written(broker: Roles, user: str, topic: str) -> bool:
    """Whether this user gets a message into the topic, as standing writes: idempotently, which
    brokers grant to whoever may write somewhere."""
    producer = AIOKafkaProducer(**broker.options(user), enable_idempotence=True)

    async def one() -> None:
        await producer.start()
        await producer.send_and_wait(topic, b"{}", b"acme", partition=0)

    try:
        return await allowed(one(), TopicAuthorizationFailedError, ClusterAuthorizationFailedError)
    finally:
        await producer.stop()


async def committed(broker: Roles, user: str, group: str, topic: str) -> bool:
    """Whether this user may say how far the group has read."""
    consumer = AIOKafkaConsumer(**broker.options(user), group_id=group, enable_auto_commit=False)
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    try:
        await consumer.start()
        return await allowed(consumer.commit({place: 1}), GroupAuthorizationFailedError)
    finally:
        await consumer.stop()


async def began(broker: Roles, user: str, transactional_id: str) -> bool:
    """Whether this user may take the transactional id for itself."""
    producer = AIOKafkaProducer(**broker.options(user), transactional_id=transactional_id)
    try:
        return await allowed(producer.start(), TransactionalIdAuthorizationFailed)
    finally:
        await producer.stop()


async def furnish(broker: Roles) -> None:
    """Have it hold a topic of somebody else's beside those of standing, and a message in each."""
    options = broker.options(OPERATOR)
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(FOREIGN, 1, 1)])
        while FOREIGN not in await admin.list_topics():
            """It is under way."""
    finally:
        await admin.close()
    for name in everything():
        assert await written(broker, OPERATOR, name)
