"""What a log must know of its topic before it writes or reads: that it is there and as it should
be, and how many partitions it has."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError

import events.kafka.bootstrap  # noqa: F401 - from now on, what is interrupted is closed
from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.trouble import KAFKA_ERRORS, said, trouble, why_not

_TIMES: Final = "message.timestamp.type"
_BY_THE_LOG: Final = "LogAppendTime"
_JUST_MADE_S: Final = 3.0
"""So long a new topic may take to be known to every broker."""


async def examine(connection: Connection, topic: str, patience: float) -> int:
    """How many partitions the topic has. Raises `StoreError` where the brokers cannot be reached,
    where the topic is missing, or where its times come from those who write to it."""
    with trouble(connection, topic):
        async with asyncio.timeout(patience), _admin(connection, topic) as admin:
            partitions = await _partitions(admin, topic)
            if not partitions:
                raise StoreError(
                    f"Kafka at {connection.servers} has no topic {topic}, or not for this user; "
                    "`standing topics apply` makes it"
                )
            times = await _times(admin, topic)
    if times not in (None, _BY_THE_LOG):
        raise StoreError(wrong_times(connection, topic))
    return partitions


async def counted(connection: Connection, topics: Sequence[str], patience: float) -> dict[str, int]:
    """How many partitions each of these topics has. Raises `StoreError` where one is missing."""
    with trouble(connection, topics[0]):
        async with asyncio.timeout(patience), _admin(connection, topics[0]) as admin:
            found = {topic: await _partitions(admin, topic) for topic in topics}
    for topic, partitions in found.items():
        if not partitions:
            raise StoreError(
                f"Kafka at {connection.servers} has no topic {topic}, or not for this user; "
                "`standing topics apply` makes it"
            )
    return found


def alike(found: Mapping[str, int]) -> None:
    """Raise `StoreError` where topics have different numbers of partitions: what is keyed by one
    company would not stand together."""
    if len(set(found.values())) > 1:
        told = ", ".join(f"{topic} {partitions}" for topic, partitions in found.items())
        raise StoreError(
            f"these topics should have the same number of partitions: {told}; make the odd ones "
            "anew, with `standing topics apply --partitions`"
        )


def wrong_times(connection: Connection, topic: str) -> str:
    """What to say of a topic whose times are its writers'."""
    return (
        f"Kafka at {connection.servers}, topic {topic}: its times come from whoever writes, and "
        f"when an event was recorded is for the log to say; set {_TIMES}={_BY_THE_LOG} before the "
        "first event (`standing topics apply` does), or make it anew"
    )


@asynccontextmanager
async def _admin(connection: Connection, topic: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(**connection.options())
    try:
        await admin.start()
    except KafkaConnectionError as error:
        await admin.close()
        told = await why_not(connection)
        raise StoreError(said(connection, topic, KafkaConnectionError(told or error))) from error
    except BaseException:
        await admin.close()
        raise
    try:
        yield admin
    finally:
        await admin.close()


async def _partitions(admin: Any, topic: str) -> int:
    """Asks about all topics: a broker may be set to make the one that is asked for by name."""
    give_up = asyncio.get_running_loop().time() + _JUST_MADE_S
    while True:
        for one in await admin.describe_topics():
            if one["topic"] == topic and one["partitions"]:
                return len(one["partitions"])
        if asyncio.get_running_loop().time() > give_up:
            return 0
        await asyncio.sleep(0.1)


async def _times(admin: Any, topic: str) -> str | None:
    """Whose times the topic has; None where this user may not ask, which reading finds out."""
    asked = ConfigResource(ConfigResourceType.TOPIC, topic, {_TIMES: ""})
    try:
        answers = await admin.describe_configs([asked])
    except KAFKA_ERRORS:
        return None
    for answer in answers:
        for _error, _message, _kind, _name, entries in answer.resources:
            for name, value, *_ in entries:
                if name == _TIMES:
                    return str(value)
    return None
