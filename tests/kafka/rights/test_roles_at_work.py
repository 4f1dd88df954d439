"""The users of the deployment at work: what they must be able to do, and what they are told."""

import asyncio
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from events.kafka.altering import alter
from events.kafka.topics import EVENTS, TOPICS
from service.settings import load_settings
from tests.kafka.attempts import ANSWER_S, FOREIGN, allowed, command, written
from tests.kafka.logs import decided
from tests.kafka.roles import OPERATOR, Roles
from tests.unit.conftest import Cli
from tests.unit.making import issued


async def test_who_makes_the_topics_sets_them_right_again(roled: Roles) -> None:
    """What somebody changed, as long as they are standing's."""
    topic = TOPICS[1].name
    await alter(roled.options(OPERATOR), topic, {"cleanup.policy": "delete"})
    as_topics = roled.settings("standing-topics")
    told = command(as_topics, "topics", "diff")
    assert (told.returncode, told.stderr) == (1, "")
    assert "cleanup.policy" in told.stdout
    assert command(as_topics, "topics", "apply").returncode == 0
    assert command(as_topics, "topics", "diff").returncode == 0
    with pytest.raises(TopicAuthorizationFailedError):
        await alter(roled.options("standing-topics"), FOREIGN, {"retention.ms": "1"})


@pytest.mark.parametrize(
    ("user", "source", "target"),
    [
        ("standing-projections", "standing.events.v1", "standing.status.v1"),
        ("standing-alerts", "standing.changes.v1", "standing.deliveries.v1"),
    ],
)
async def test_a_worker_reads_and_writes_in_one_transaction(
    roled: Roles, user: str, source: str, target: str
) -> None:
    """It joins its group, and says in the transaction that writes how far it has read."""
    assert await written(roled, OPERATOR, source)
    group = f"standing.{user.removeprefix('standing-')}.v1"
    options = roled.options(user)
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
        async with asyncio.timeout(ANSWER_S):
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


async def test_who_keeps_the_statuses_reads_them_in_a_group(roled: Roles) -> None:
    """And commits; in another's group it does not get that far."""
    assert await written(roled, OPERATOR, "standing.status.v1")
    options = roled.options("standing-status-consumer")
    own = AIOKafkaConsumer(
        "standing.status.v1",
        **options,
        group_id="standing-status-consumer",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        async with asyncio.timeout(ANSWER_S):
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
def test_who_records_records_and_exports(roled: Roles, tmp_path: Path, user: str) -> None:
    """One by one, and all or none."""
    settings = roled.settings(user) | {"STANDING_HOME": str(tmp_path)}
    for number, how in enumerate([(), ("--atomic",)]):
        event = {**issued("2021", f"{user}-{number}"), "subject": user}
        done = command(settings, "record", *how, "-", stdin=event)
        assert (done.returncode, done.stderr) == (0, "")
        assert "recorded 1" in done.stdout
    to = load_settings(settings).kafka
    assert to is not None
    asyncio.run(decided(to, EVENTS.name, 2))
    # The messages with which the rights were tried are no events, and are told of as such.
    exported = command(settings, "export")
    assert exported.returncode == 0
    ids = {orjson.loads(line)["id"] for line in exported.stdout.splitlines()}
    assert {f"{user}-0", f"{user}-1"} <= ids


@pytest.mark.parametrize("how", [(), ("--atomic",)])
def test_who_only_reads_is_told_that_it_cannot_record(roled: Roles, how: tuple[str, ...]) -> None:
    """In one line."""
    event = issued("2021", "mine")
    done = command(roled.settings("standing-alerts"), "record", *how, "-", stdin=event)
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
def test_a_wrong_password_is_one_clear_line(roled: Roles, arguments: list[str]) -> None:
    """Which does not tell the password."""
    settings = roled.settings("standing-recorder", "not-the-secret")
    done = command(settings, *arguments, stdin=issued("2021", "mine"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "invalid credentials with SASL mechanism SCRAM-SHA-512" in done.stderr
    assert "not-the-secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_certificate_of_unknown_origin_is_one_clear_line(
    roled: Roles, arguments: list[str]
) -> None:
    """The authorities of this system do not vouch for the roled."""
    settings = roled.settings("standing-recorder")
    del settings["STANDING_KAFKA_SSL_CAFILE"]
    done = command(settings, *arguments, stdin=issued("2021", "mine"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_doctor_says_that_all_is_well(roled: Roles, cli: Cli) -> None:
    """As an API replica."""
    for name, value in roled.settings("standing-api").items():
        cli.set(name, value)
    checks = {one["check"]: one for one in cli("doctor", "--json").json["checks"]}
    assert checks["kafka"]["ok"]
