"""What each user of the deployment can do on a real broker that knows its rights, and what not."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    for_code,
)

from events.kafka.altering import alter
from events.kafka.topics import TOPICS
from tests.kafka.roles import OPERATOR, Roles, declared, roles
from tests.unit.conftest import Cli
from tests.unit.making import issued

STANDING = Path(sys.executable).with_name("standing")
ALL = {topic.name.split(".")[1] for topic in TOPICS}
FOREIGN = "somebody.elses"
GROUPS = {"standing.projections.v1", "standing.alerts.v1", "standing-status-consumer", "another"}
_ANSWER_S = 30
IDS = {"standing.projections.v1-5", "standing.alerts.v1-5", "standing-5", "another-5"}

READS = {
    "standing-projections": {"events", "status", "changes", "rejected"},
    "standing-alerts": {"events", "status", "changes", "subscriptions", "deliveries"},
    "standing-api": ALL,
    "standing-recorder": {"events"},
    "standing-status-consumer": {"status"},
    "standing-topics": set(),
}
WRITES = {
    "standing-projections": {"events", "status", "changes", "rejected"},
    "standing-alerts": {"subscriptions", "deliveries"},
    "standing-api": {"events", "subscriptions", "deliveries"},
    "standing-recorder": {"events"},
    "standing-status-consumer": set(),
    "standing-topics": set(),
}
JOINS = {
    "standing-projections": {"standing.projections.v1"},
    "standing-alerts": {"standing.alerts.v1"},
    "standing-api": set(),
    "standing-recorder": set(),
    "standing-status-consumer": {"standing-status-consumer"},
    "standing-topics": set(),
}
TRANSACTS = {
    "standing-projections": {"standing.projections.v1-5"},
    "standing-alerts": {"standing.alerts.v1-5"},
    "standing-api": {"standing-5"},
    "standing-recorder": {"standing-5"},
    "standing-status-consumer": set(),
    "standing-topics": set(),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """One for all of these, with the topics that `standing topics apply` makes, one of somebody
    else's, and a message in each."""
    with roles(tmp_path_factory.mktemp("roles")) as broker:
        made = command(broker.settings("standing-topics"), "topics", "apply", "--partitions", "2")
        assert made.returncode == 0, made.stderr
        asyncio.run(_furnish(broker))
        yield broker


async def _furnish(broker: Roles) -> None:
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


def command(settings: dict[str, str], *arguments: str, stdin: object = None) -> "Done":
    """Run `standing` as its own process, to see all that it prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STANDING_")}
    return subprocess.run(
        [STANDING, *arguments],
        env=clean | settings,
        input="" if stdin is None else orjson.dumps(stdin).decode(),
        capture_output=True,
        text=True,
        check=False,
    )


Done = subprocess.CompletedProcess[str]


def everything() -> list[str]:
    """The names of all topics there are."""
    return [*(topic.name for topic in TOPICS), FOREIGN]


def full(names: set[str]) -> set[str]:
    """Topics by their full names."""
    return {f"standing.{name}.v1" for name in names}


async def allowed(attempt: Awaitable[object], *refusal: type[Exception]) -> bool:
    """Whether the broker lets it pass. Any other trouble is the test's."""
    try:
        async with asyncio.timeout(_ANSWER_S):
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


def test_every_user_is_tried() -> None:
    """One that is added, is added here."""
    assert {right.user for right in declared()} == set(READS)


@pytest.mark.parametrize("user", READS)
async def test_a_user_reads_its_topics_and_no_others(broker: Roles, user: str) -> None:
    """All that is there is tried."""
    found = {topic for topic in everything() if await read(broker, user, topic)}
    assert found == full(READS[user])


@pytest.mark.parametrize("user", WRITES)
async def test_a_user_writes_to_its_topics_and_to_no_others(broker: Roles, user: str) -> None:
    """All that is there is tried."""
    found = {topic for topic in everything() if await written(broker, user, topic)}
    assert found == full(WRITES[user])


@pytest.mark.parametrize("user", READS)
async def test_a_user_does_not_learn_what_other_topics_there_are(broker: Roles, user: str) -> None:
    """It sees what it reads; who makes the topics sees those of standing."""
    admin = AIOKafkaAdminClient(**broker.options(user))
    await admin.start()
    try:
        seen = set(await admin.list_topics())
    finally:
        await admin.close()
    assert seen == full(ALL if user == "standing-topics" else READS[user])


@pytest.mark.parametrize("user", [user for user in READS if READS[user]])
async def test_a_user_has_its_own_group_and_no_other(broker: Roles, user: str) -> None:
    """Nobody moves another's place."""
    topic = min(full(READS[user]))
    found = {group for group in GROUPS if await committed(broker, user, group, topic)}
    assert found == JOINS[user]


@pytest.mark.parametrize("user", TRANSACTS)
async def test_a_user_has_its_own_transactional_ids_and_no_others(broker: Roles, user: str) -> None:
    """Nobody fences another: a recorder with the right to `standing-` has none to `standing.`."""
    found = {one for one in IDS if await began(broker, user, one)}
    assert found == TRANSACTS[user]


@pytest.mark.parametrize("user", [user for user in READS if user != "standing-topics"])
async def test_a_user_makes_no_topic(broker: Roles, user: str) -> None:
    """Nor may it change one."""
    admin = AIOKafkaAdminClient(**broker.options(user))
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic("standing.new.v1", 1, 1)])
        ((_, code, *_),) = made.topic_errors
        assert for_code(code) is TopicAuthorizationFailedError
        with pytest.raises(TopicAuthorizationFailedError):
            await alter(broker.options(user), TOPICS[0].name, {"retention.ms": "1"})
    finally:
        await admin.close()


async def test_who_makes_the_topics_sets_them_right_again(broker: Roles) -> None:
    """What somebody changed, as long as they are standing's."""
    topic = TOPICS[1].name
    await alter(broker.options(OPERATOR), topic, {"cleanup.policy": "delete"})
    as_topics = broker.settings("standing-topics")
    told = command(as_topics, "topics", "diff")
    assert (told.returncode, told.stderr) == (1, "")
    assert "cleanup.policy" in told.stdout
    assert command(as_topics, "topics", "apply").returncode == 0
    assert command(as_topics, "topics", "diff").returncode == 0
    with pytest.raises(TopicAuthorizationFailedError):
        await alter(broker.options("standing-topics"), FOREIGN, {"retention.ms": "1"})


@pytest.mark.parametrize(
    ("user", "source", "target"),
    [
        ("standing-projections", "standing.events.v1", "standing.status.v1"),
        ("standing-alerts", "standing.changes.v1", "standing.deliveries.v1"),
    ],
)
async def test_a_worker_reads_and_writes_in_one_transaction(
    broker: Roles, user: str, source: str, target: str
) -> None:
    """It joins its group, and says in the transaction that writes how far it has read."""
    assert await written(broker, OPERATOR, source)
    group = f"standing.{user.removeprefix('standing-')}.v1"
    options = broker.options(user)
    consumer = AIOKafkaConsumer(
        source,
        **options,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(**options, transactional_id=f"{group}-0")
    try:
        async with asyncio.timeout(_ANSWER_S):
            await consumer.start()
            await producer.start()
            read = await consumer.getone()
            place = TopicPartition(read.topic, read.partition)
            async with producer.transaction():
                await producer.send_and_wait(target, b"{}", b"acme", partition=0)
                await producer.send_offsets_to_transaction({place: read.offset + 1}, group)
            while await consumer.committed(place) != read.offset + 1:
                """A broker tells of it once the transaction is marked there as decided."""
    finally:
        await producer.stop()
        await consumer.stop()


async def test_who_keeps_the_statuses_reads_them_in_a_group(broker: Roles) -> None:
    """And commits; in another's group it does not get that far."""
    assert await written(broker, OPERATOR, "standing.status.v1")
    options = broker.options("standing-status-consumer")
    own = AIOKafkaConsumer(
        "standing.status.v1",
        **options,
        group_id="standing-status-consumer",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        async with asyncio.timeout(_ANSWER_S):
            await own.start()
            await own.getone()
            await own.commit()
    finally:
        await own.stop()
    other = AIOKafkaConsumer("standing.status.v1", **options, group_id="standing.projections.v1")
    try:
        assert not await allowed(other.start(), GroupAuthorizationFailedError)
    finally:
        await other.stop()


@pytest.mark.parametrize("user", ["standing-recorder", "standing-api"])
def test_who_records_records_and_exports(broker: Roles, tmp_path: Path, user: str) -> None:
    """One by one, and all or none."""
    settings = broker.settings(user) | {"STANDING_HOME": str(tmp_path)}
    for number, how in enumerate([(), ("--atomic",)]):
        event = {**issued("2021", f"{user}-{number}"), "subject": user}
        done = command(settings, "record", *how, "-", stdin=event)
        assert (done.returncode, done.stderr) == (0, "")
        assert "recorded 1" in done.stdout
    # The messages with which the rights were tried are no events, and are told of as such.
    exported = command(settings, "export")
    assert exported.returncode == 0
    ids = {orjson.loads(line)["id"] for line in exported.stdout.splitlines()}
    assert {f"{user}-0", f"{user}-1"} <= ids


@pytest.mark.parametrize("how", [(), ("--atomic",)])
def test_who_only_reads_is_told_that_it_cannot_record(broker: Roles, how: tuple[str, ...]) -> None:
    """In one line."""
    event = issued("2021", "mine")
    done = command(broker.settings("standing-alerts"), "record", *how, "-", stdin=event)
    assert done.returncode == 1
    assert "AuthorizationFailed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


COMMANDS = {
    "record": ["record", "-"],
    "export": ["export"],
    "topics diff": ["topics", "diff"],
    "topics apply": ["topics", "apply"],
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_wrong_password_is_one_clear_line(broker: Roles, arguments: list[str]) -> None:
    """Which does not tell the password."""
    settings = broker.settings("standing-recorder", "not-the-secret")
    done = command(settings, *arguments, stdin=issued("2021", "mine"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "invalid credentials with SASL mechanism SCRAM-SHA-512" in done.stderr
    assert "not-the-secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_certificate_of_unknown_origin_is_one_clear_line(
    broker: Roles, arguments: list[str]
) -> None:
    """The authorities of this system do not vouch for the broker."""
    settings = broker.settings("standing-recorder")
    del settings["STANDING_KAFKA_SSL_CAFILE"]
    done = command(settings, *arguments, stdin=issued("2021", "mine"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_doctor_says_that_all_is_well(broker: Roles, cli: Cli) -> None:
    """As an API replica."""
    for name, value in broker.settings("standing-api").items():
        cli.set(name, value)
    checks = {one["check"]: one for one in cli("doctor", "--json").json["checks"]}
    assert checks["kafka"]["ok"]
