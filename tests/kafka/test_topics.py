"""`standing topics`: what it makes of a real cluster, and what it leaves alone."""

from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from events.kafka.administration import apply, diff
from events.kafka.altering import alter
from events.kafka.topics import EVENTS, TOPICS, Wanted
from tests.unit.conftest import Cli

Options = dict[str, Any]


@pytest.fixture
def options(bare: str) -> Options:
    """How to reach a cluster with none of the topics."""
    return {"bootstrap_servers": bare}


@pytest.fixture
async def admin(options: Options) -> Any:
    """A client."""
    client = AIOKafkaAdminClient(**options)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def known(admin: Any, topic: str) -> None:
    """Wait until the broker tells of a new topic."""
    while topic not in await admin.list_topics():
        """It is under way."""


async def settings(admin: Any, topic: str) -> dict[str, str]:
    """What a topic is set to."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic)]
    (answer,) = await admin.describe_configs(asked)
    ((_code, _message, _kind, _name, entries),) = answer.resources
    return {name: value for name, value, *_ in entries}


async def test_they_are_made_as_declared(admin: Any, options: Options) -> None:
    """Once: applying again finds nothing to do."""
    missing = await diff(options)
    assert [(one.topic, one.what) for one in missing] == [(one, "topic") for one in TOPICS]
    done, left = await apply(options, Wanted(partitions=3))
    assert {(one.topic.name, one.wanted) for one in done} == {
        (topic.name, "3 partitions, 1 copies") for topic in TOPICS
    }
    assert left == []
    assert await diff(options, Wanted(partitions=3)) == []
    assert await apply(options) == ([], [])
    described = await admin.describe_topics([topic.name for topic in TOPICS])
    found = {one["topic"]: len(one["partitions"]) for one in described}
    assert found == {topic.name: 3 for topic in TOPICS}
    for topic in TOPICS:
        told = await settings(admin, topic.name)
        assert topic.config(1).items() <= told.items()


async def test_what_can_be_set_right_is(admin: Any, options: Options) -> None:
    """A setting that standing does not declare stays as its operator made it."""
    made = {"cleanup.policy": "compact", "segment.ms": "3600000"}
    await admin.create_topics([NewTopic(EVENTS.name, 1, 1, topic_configs=made)])
    await known(admin, EVENTS.name)
    done, left = await apply(options, Wanted(partitions=2))
    assert left == []
    changed = {one.what: (one.found, one.wanted) for one in done if one.topic is EVENTS}
    assert changed.pop("partitions") == ("1", "2")
    assert changed == {
        "cleanup.policy": ("compact", "delete"),
        "message.timestamp.type": ("CreateTime", "LogAppendTime"),
        "retention.ms": ("604800000", "-1"),
    }
    told = await settings(admin, EVENTS.name)
    assert told["segment.ms"] == "3600000"
    assert told["retention.ms"] == "-1"
    assert await diff(options) == []


async def test_what_cannot_be_set_right_is_refused(admin: Any, options: Options) -> None:
    """And the rest is set right all the same."""
    await apply(options, Wanted(partitions=2))
    async with AIOKafkaProducer(**options) as producer:
        await producer.send_and_wait(EVENTS.name, b"told", key=b"acme")
    await alter(options, EVENTS.name, {"retention.ms": "1000"})
    done, left = await apply(options, Wanted(partitions=4))
    assert [one.what for one in done if one.topic is EVENTS] == ["retention.ms"]
    assert [(one.topic, one.what, one.found) for one in left] == [(EVENTS, "partitions", "2")]
    assert "would go to another partition" in left[0].hindrance
    _, fewer = await apply(options, Wanted(partitions=1))
    assert {one.topic for one in fewer} == set(TOPICS)
    assert len({one.hindrance for one in fewer}) == 1
    _, copies = await apply(options, Wanted(copies=2))
    assert {one.what for one in copies} == {"replication.factor"}


async def test_the_log_says_when_an_event_was_recorded(admin: Any, options: Options) -> None:
    """Whatever its writer's clock says."""
    await apply(options, Wanted(partitions=1))
    async with AIOKafkaProducer(**options) as producer:
        await producer.send_and_wait(EVENTS.name, b"told", key=b"acme", timestamp_ms=1)
    async with AIOKafkaConsumer(EVENTS.name, **options, auto_offset_reset="earliest") as consumer:
        record = await consumer.getone()
    assert record.timestamp_type == 1
    assert record.timestamp > 1_700_000_000_000


async def test_no_topic_is_made_by_asking(admin: Any, options: Options) -> None:
    """Not even where a broker would."""
    before = await admin.list_topics()
    await diff(options)
    assert await admin.list_topics() == before
    assert EVENTS.name not in before


def test_the_commands_tell_and_exit(cli: Cli, options: Options) -> None:
    """1 where something differs, or could not be set right."""
    cli.set("STANDING_KAFKA", options["bootstrap_servers"])
    cli("topics", "apply")
    done = cli("topics", "apply")
    assert (done.code, done.out) == (0, "every topic is as declared\n")
    done = cli("topics", "diff")
    assert (done.code, done.out) == (0, "every topic is as declared\n")
    assert cli("topics", "diff", "--json").json == {"differences": []}
    done = cli("topics", "diff", "--partitions", "1000", "--json")
    assert done.code == 1
    assert {one["what"] for one in done.json["differences"]} == {"partitions"}
    done = cli("topics", "diff", "--replication", "3")
    assert done.code == 1
    assert "replication.factor  1      3" in done.out
    assert cli("topics", "apply", "--partitions", "1").code == 1
