"""What is to be published of a partition, as it goes to the topics of Kafka."""

from collections.abc import Iterable, Iterator

import orjson

from events.kafka.binding import HEADERS, Unreadable
from events.kafka.first import Rejected
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from events.kafka.topics import EVENTS, REJECTED, Topic
from projections import messages
from projections.messages import Message, Place
from projections.partition import Copy


def outgoing(topic: Topic, partition: int, some: Iterable[Message]) -> Iterator[Outgoing]:
    """Messages that go to the partition of a topic that has the number of the events'."""
    for key, value, headers in some:
        yield Outgoing(topic.name, partition, key, value, headers)


def copied(copy: Copy, partitions: int) -> Outgoing:
    """An event on its way to another partition of the log."""
    home = partition_of(copy.company, partitions)
    key = copy.event["subject"].encode()
    return Outgoing(EVENTS.name, home, key, orjson.dumps(copy.event), HEADERS)


def unreadable(one: Unreadable) -> Outgoing:
    """What is said of a message that is no event."""
    place = Place(one.position, one.recorded)
    told = messages.rejected(place, [one.problem], key=one.key, raw=one.value)
    return Outgoing(REJECTED.name, one.partition, *told)


def rejected(one: Rejected) -> Outgoing:
    """What is said of an event that contradicts an earlier one."""
    record = one.record
    place = Place(record.position, record.recorded)
    told = messages.rejected(place, [one.problem], event=record.event)
    return Outgoing(REJECTED.name, record.partition, *told)
