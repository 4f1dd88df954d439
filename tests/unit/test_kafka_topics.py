"""The topics that standing declares, and how those of a cluster differ from them."""

import pytest

from events.kafka.topics import EVENTS, TOPICS, Found, Topic, Wanted, differences
from service.broker.ports import any_free
from tests.unit.conftest import Cli

STATUS = TOPICS[1]


def as_declared(topic: Topic, partitions: int = 6, copies: int = 3, written: bool = True) -> Found:
    """A topic with nothing to say of."""
    return Found(partitions, copies, topic.config(copies), written)


def cluster(**others: Found) -> dict[str, Found]:
    """Topics as declared, but for these."""
    found = {topic.name: as_declared(topic) for topic in TOPICS}
    return found | {f"standing.{name}.v1": one for name, one in others.items()}


def told(found: dict[str, Found], brokers: int = 3, asked: Wanted | None = None) -> list[object]:
    """The differences, in short."""
    return [
        (one.topic.name.split(".")[1], one.what, one.found, one.wanted, bool(one.hindrance))
        for one in differences(found, brokers, asked)
    ]


def test_what_is_as_declared_differs_in_nothing() -> None:
    """However many partitions somebody chose."""
    assert told(cluster()) == []
    assert told(cluster(events=as_declared(EVENTS, 50))) == []


@pytest.mark.parametrize(
    ("brokers", "size"),
    [
        (1, "6 partitions, 1 copies"),
        (2, "6 partitions, 2 copies"),
        (9, "6 partitions, 3 copies"),
    ],
)
def test_a_cluster_with_none_lacks_all(brokers: int, size: str) -> None:
    """As many copies as it can hold, and three at most."""
    missing = told({}, brokers)
    assert missing == [(t.name.split(".")[1], "topic", None, size, False) for t in TOPICS]


def test_a_new_topic_has_as_many_partitions_as_the_events() -> None:
    """Unless another number is asked for."""
    only = {EVENTS.name: as_declared(EVENTS, 8)}
    assert {one.wanted for one in differences(only, 3)} == {"8 partitions, 3 copies"}
    asked = differences(only, 3, Wanted(8, 2))
    assert asked[0].what == "replication.factor"
    assert {one.wanted for one in asked[1:]} == {"8 partitions, 2 copies"}


def test_partitions_are_added_only_where_nothing_was_written() -> None:
    """What is about one company would stand in two of them."""
    asked = Wanted(partitions=8)
    found = {topic.name: as_declared(topic, 8) for topic in TOPICS}
    found[EVENTS.name] = as_declared(EVENTS, 6, written=False)
    assert told(found, 3, asked) == [("events", "partitions", "6", "8", False)]
    found[EVENTS.name] = as_declared(EVENTS, 6)
    assert told(found, 3, asked) == [("events", "partitions", "6", "8", True)]
    found[EVENTS.name] = as_declared(EVENTS, 9, written=False)
    assert told(found, 3, asked) == [("events", "partitions", "9", "8", True)]


def test_fewer_copies_than_the_cluster_can_hold_are_told() -> None:
    """More are not, and a broker that is away makes none too many."""
    one = cluster(events=as_declared(EVENTS, copies=1))
    assert told(one) == [("events", "replication.factor", "1", "3", True)]
    assert told(one, 1) == []
    assert told(cluster(events=as_declared(EVENTS, copies=5))) == []
    assert told(cluster(), 2) == []
    assert len(told(cluster(), 3, Wanted(copies=2))) == len(TOPICS)


def test_settings_are_compared_one_by_one() -> None:
    """Those that are declared, and no other."""
    config = {**STATUS.config(3), "cleanup.policy": "delete", "segment.ms": "1"}
    del config["compression.type"]
    assert told(cluster(status=Found(6, 3, config, True))) == [
        ("status", "cleanup.policy", "delete", "compact", False),
        ("status", "compression.type", None, "producer", False),
    ]


@pytest.mark.parametrize(("copies", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "2")])
def test_one_broker_may_be_away(copies: int, in_sync: str) -> None:
    """What is acknowledged is on as many as can be asked for then."""
    assert EVENTS.config(copies)["min.insync.replicas"] == in_sync


def test_what_must_last_lasts() -> None:
    """The truth, the changes and what was rejected have no end; attempts have 90 days."""
    kept = {topic.name.split(".")[1]: topic.config(3) for topic in TOPICS}
    for name in ("events", "changes", "rejected"):
        assert kept[name]["cleanup.policy"] == "delete"
        assert kept[name]["retention.ms"] == kept[name]["retention.bytes"] == "-1"
    for name in ("status", "subscriptions"):
        assert kept[name]["cleanup.policy"] == "compact"
    assert kept["deliveries"]["retention.ms"] == "7776000000"
    assert kept["events"]["message.timestamp.type"] == "LogAppendTime"


def test_without_a_cluster_the_commands_say_so(cli: Cli) -> None:
    """Whether none was named, or none answers there."""
    done = cli("topics", "diff")
    assert done.code == 1
    assert done.err.startswith("standing: refused: STANDING_KAFKA: ")
    (free,) = any_free(1)
    cli.set("STANDING_KAFKA", f"127.0.0.1:{free}")
    done = cli("topics", "apply")
    assert done.code == 1
    assert done.err.startswith(f"standing: Kafka at 127.0.0.1:{free} cannot be reached: ")
    assert done.err.count("\n") == 1
