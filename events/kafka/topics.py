"""The topics of standing, declared once: what `standing topics` makes and compares with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Policy = Literal["keep", "compact", "90 days"]

MOST_BYTES: Final = 1_048_588
"""The largest message that a topic takes: Kafka's own default, said, so that no broker's setting
takes less."""
PARTITIONS: Final = 6
"""Of new topics, where nothing is said: 1, 2, 3 or 6 workers share them evenly."""
COPIES: Final = 3
"""Of new topics, where nothing is said and there are as many brokers."""

_DAY_MS: Final = 86_400_000
_FOR_EVER: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_POLICIES: Final[dict[Policy, dict[str, str]]] = {
    "keep": _FOR_EVER,
    # Brokers forget a writer after a day (`producer.id.expiration.ms`), and then it is sooner than
    # the marks of its transactions are emptied, at which aiokafka's consumers stop.
    "compact": {"cleanup.policy": "compact", "delete.retention.ms": str(2 * _DAY_MS)},
    "90 days": {**_FOR_EVER, "retention.ms": str(90 * _DAY_MS)},
}
_ALL: Final = {
    # Batches are kept as their producers compressed them.
    "compression.type": "producer",
    "max.message.bytes": str(MOST_BYTES),
    # A replica that lacks what was acknowledged never leads.
    "unclean.leader.election.enable": "false",
}
_TIMED_BY_THE_LOG: Final = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `key` says what its messages are keyed by, which keeps their order."""

    name: str
    key: str
    policy: Policy
    holds: str
    also: Mapping[str, str] = field(default_factory=dict, hash=False)

    def config(self, copies: int) -> dict[str, str]:
        """Its settings, where it has that many copies: what is acknowledged is then on two of
        three, and one broker may be away."""
        in_sync = str(min(2, max(1, copies - 1)))
        return {**_ALL, **_POLICIES[self.policy], **self.also, "min.insync.replicas": in_sync}


EVENTS: Final = Topic(
    "standing.events.v1",
    "subject",
    "keep",
    "the events: the only source of truth",
    # When an event was recorded is for the log to say, not for who wrote it.
    _TIMED_BY_THE_LOG,
)
STATUS: Final = Topic("standing.status.v1", "company", "compact", "the current status")
CHANGES: Final = Topic("standing.changes.v1", "company", "keep", "the changes")
SUBSCRIPTIONS: Final = Topic(
    "standing.subscriptions.v1", "subscription", "compact", "subscriptions"
)
DELIVERIES: Final = Topic(
    "standing.deliveries.v1",
    "subscription",
    "90 days",
    "every attempt and its outcome",
    # Its 90 days are counted on one clock.
    _TIMED_BY_THE_LOG,
)
REJECTED: Final = Topic(
    "standing.rejected.v1", "subject", "keep", "conflicts, and what could not be folded"
)
PROGRESS: Final = Topic(
    "standing.progress.v1",
    "progress",
    "compact",
    "how far each subscription was told of each company",
)
CLAIMS: Final = Topic(
    "standing.claims.v1", "claim", "compact", "which workers may write of each partition"
)
TOPICS: Final = (EVENTS, STATUS, CHANGES, SUBSCRIPTIONS, DELIVERIES, PROGRESS, CLAIMS, REJECTED)


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the cluster has it. `written`: something was ever written to it."""

    partitions: int
    copies: int
    config: Mapping[str, str | None]
    written: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for beyond the declaration; None: what suits the cluster."""

    partitions: int | None = None
    copies: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as declared. `hindrance` says why it cannot be set right, or is ""."""

    topic: Topic
    what: str
    """`topic`, `partitions`, `replication.factor`, or a setting of the topic."""
    found: str | None
    """None: there is nothing."""
    wanted: str
    hindrance: str = ""


def differences(
    found: Mapping[str, Found], brokers: int, asked: Wanted | None = None
) -> list[Difference]:
    """How the topics of a cluster with that many brokers differ from those declared, in order. A
    topic that is missing is one difference."""
    asked = asked or Wanted()
    told: list[Difference] = []
    for topic in TOPICS:
        one = found.get(topic.name)
        if one is None:
            partitions, copies = size_of_new(found, brokers, asked)
            what = f"{partitions} partitions, {copies} copies"
            told.append(Difference(topic, "topic", None, what))
        else:
            told += _of_size(topic, one, brokers, asked)
            told += _of_config(topic, one)
    return told


def size_of_new(found: Mapping[str, Found], brokers: int, asked: Wanted) -> tuple[int, int]:
    """Partitions and copies of a new topic: as many partitions as the events have, so that what is
    made of one partition goes to one."""
    events = found.get(EVENTS.name)
    usual = PARTITIONS if events is None else events.partitions
    return asked.partitions or usual, asked.copies or min(COPIES, brokers)


def _of_size(topic: Topic, found: Found, brokers: int, asked: Wanted) -> list[Difference]:
    told = []
    partitions = asked.partitions or found.partitions
    if partitions != found.partitions:
        hindrance = ""
        if partitions < found.partitions:
            hindrance = "Kafka cannot take partitions away"
        elif found.written:
            hindrance = (
                "what was written stays where it is, and what follows it about the same "
                f"{topic.key} would go to another partition"
            )
        told.append(
            Difference(topic, "partitions", str(found.partitions), str(partitions), hindrance)
        )
    # A broker that is away must not make fewer copies look right.
    least = asked.copies or min(COPIES, brokers)
    if found.copies < least or asked.copies not in (None, found.copies):
        hindrance = "copies are moved by kafka-reassign-partitions"
        told.append(
            Difference(topic, "replication.factor", str(found.copies), str(least), hindrance)
        )
    return told


def _of_config(topic: Topic, found: Found) -> list[Difference]:
    return [
        Difference(topic, name, found.config.get(name), value)
        for name, value in sorted(topic.config(found.copies).items())
        if found.config.get(name) != value
    ]
