"""What each user of the deployment can do on a real broker that knows its rights, and what not."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAuthorizationFailedError, for_code

from events.kafka.altering import alter
from events.kafka.topics import TOPICS
from tests.kafka.attempts import began, committed, everything, read, written
from tests.kafka.roles import Roles, declared

ALL = {topic.name.split(".")[1] for topic in TOPICS}
GROUPS = {"standing.projections.v1", "standing.alerts.v1", "standing-status-consumer", "another"}
IDS = {"standing.projections.v1-5", "standing.alerts.v1-5", "standing-5", "another-5"}

READS = {
    "standing-projections": {"events", "status", "changes", "rejected", "claims"},
    "standing-alerts": {"events", "status", "changes", "subscriptions", "deliveries", "progress"},
    "standing-api": ALL - {"claims", "progress"},
    "standing-recorder": {"events"},
    "standing-status-consumer": {"status"},
    "standing-topics": set(),
}
WRITES = {
    "standing-projections": {"events", "status", "changes", "rejected", "claims"},
    "standing-alerts": {"subscriptions", "deliveries", "progress"},
    "standing-api": {"events", "subscriptions", "deliveries", "progress"},
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


def full(names: set[str]) -> set[str]:
    """Topics by their full names."""
    return {f"standing.{name}.v1" for name in names}


def test_every_user_is_tried() -> None:
    """One that is added, is added here."""
    assert {right.user for right in declared()} == set(READS)


@pytest.mark.parametrize("user", READS)
async def test_a_user_reads_its_topics_and_no_others(roled: Roles, user: str) -> None:
    """All that is there is tried."""
    found = {topic for topic in everything() if await read(roled, user, topic)}
    assert found == full(READS[user])


@pytest.mark.parametrize("user", WRITES)
async def test_a_user_writes_to_its_topics_and_to_no_others(roled: Roles, user: str) -> None:
    """All that is there is tried."""
    found = {topic for topic in everything() if await written(roled, user, topic)}
    assert found == full(WRITES[user])


@pytest.mark.parametrize("user", READS)
async def test_a_user_does_not_learn_what_other_topics_there_are(roled: Roles, user: str) -> None:
    """It sees what it reads or writes; who makes the topics sees those of standing."""
    admin = AIOKafkaAdminClient(**roled.options(user))
    await admin.start()
    try:
        seen = set(await admin.list_topics())
    finally:
        await admin.close()
    assert seen == full(ALL if user == "standing-topics" else READS[user] | WRITES[user])


@pytest.mark.parametrize("user", [user for user in READS if READS[user]])
async def test_a_user_has_its_own_group_and_no_other(roled: Roles, user: str) -> None:
    """Nobody moves another's place."""
    topic = min(full(READS[user]))
    found = {group for group in GROUPS if await committed(roled, user, group, topic)}
    assert found == JOINS[user]


@pytest.mark.parametrize("user", TRANSACTS)
async def test_a_user_has_its_own_transactional_ids_and_no_others(roled: Roles, user: str) -> None:
    """Nobody fences another: a recorder with the right to `standing-` has none to `standing.`."""
    found = {one for one in IDS if await began(roled, user, one)}
    assert found == TRANSACTS[user]


@pytest.mark.parametrize("user", [user for user in READS if user != "standing-topics"])
async def test_a_user_makes_no_topic(roled: Roles, user: str) -> None:
    """Nor may it change one."""
    admin = AIOKafkaAdminClient(**roled.options(user))
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic("standing.new.v1", 1, 1)])
        ((_, code, *_),) = made.topic_errors
        assert for_code(code) is TopicAuthorizationFailedError
        with pytest.raises(TopicAuthorizationFailedError):
            await alter(roled.options(user), TOPICS[0].name, {"retention.ms": "1"})
    finally:
        await admin.close()
