"""When an event was recorded: the time of the log, which never goes back, wherever one begins.

A leader's clock cannot be set back here. So these topics take the times of their writers, and the
reader takes those for the log's; all the rest is as it is.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest

from events.dates import Instant
from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.reading import TopicReader
from events.kafka.trouble import trouble
from events.log import Position, Record
from tests.kafka.logs import decided, make, producer
from tests.unit.making import issued

BASE = 1_600_000_000_000


class Trusting(TopicReader):
    """Takes its writers' word for the time."""

    def time_of(self, message: Any) -> int:
        """See `TopicReader`."""
        return int(message.timestamp)


@pytest.fixture
async def reader(kafka: str, topic: str) -> AsyncIterator[Trusting]:
    """On an empty topic."""
    await make(kafka, topic, message_timestamp_type="CreateTime")
    reader = Trusting(Connection(kafka), topic, 1, 30.0)
    yield reader
    await reader.close()


async def write(kafka: str, topic: str, times: Sequence[int], **options: Any) -> None:
    """Each in a batch of its own, taken in at that time."""
    async with producer(kafka, **options) as theirs:
        if options:
            await theirs.begin_transaction()
        for number, moment in enumerate(times):
            value = orjson.dumps(issued("2021", f"{number}-{moment}"))
            await theirs.send_and_wait(topic, value, b"acme", timestamp_ms=BASE + moment)
        if options:
            await theirs.abort_transaction()
    await decided(Connection(kafka), topic)


async def recorded(reader: TopicReader, after: int) -> list[tuple[int, Instant]]:
    """What stands behind an offset, with when it was taken in, after the base."""
    found = []
    async for entries in reader.read(Position({0: after}), await reader.ends(), 2):
        for one in entries:
            assert isinstance(one, Record)
            found.append((one.offset, one.recorded // 1_000 - BASE))
    return found


@pytest.mark.parametrize(
    "times",
    [
        [10, 20, 30],
        [10, 10, 10],
        [100, 500, 200, 300, 600, 550, 700],
        [900, 100, 200, 300],
        [100, 900, 100, 900, 100],
        [500, 400, 300, 200, 100],
    ],
    ids=str,
)
async def test_a_reader_that_begins_anywhere_finds_the_same_times(
    kafka: str, topic: str, reader: Trusting, times: list[int]
) -> None:
    """The running maximum over all that stands before, also over what it does not read."""
    await write(kafka, topic, times)
    whole = await recorded(reader, -1)
    assert [one for _, one in whole] == [max(times[: n + 1]) for n in range(len(times))]
    for after in range(len(times)):
        assert await recorded(reader, after) == whole[after + 1 :]


async def test_what_was_taken_back_gives_no_time(kafka: str, topic: str, reader: Trusting) -> None:
    """Nobody reads it, so that whoever begins in the middle must not count it, either."""
    await write(kafka, topic, [100])
    await write(kafka, topic, [900, 950], transactional_id=f"{topic}-theirs")
    await write(kafka, topic, [200, 300])
    assert await recorded(reader, -1) == [(0, 100), (4, 200), (5, 300)]
    assert await recorded(reader, 3) == [(4, 200), (5, 300)]
    assert await recorded(reader, 4) == [(5, 300)]


async def test_a_time_that_is_its_writers_is_no_time_of_the_log(kafka: str, topic: str) -> None:
    """Also of a message from before the topic was set right."""
    await make(kafka, topic, message_timestamp_type="CreateTime")
    await write(kafka, topic, [100])
    reader = TopicReader(Connection(kafka), topic, 1, 30.0)
    with pytest.raises(StoreError, match="its times come from whoever writes"):
        await recorded(reader, -1)
    await reader.close()


def test_trouble_is_told_with_the_brokers_and_the_topic() -> None:
    """And what it means for the caller."""
    expected = "Kafka at a:9092, topic t: gone; nothing was lost"
    with (
        pytest.raises(StoreError, match=expected),
        trouble(Connection("a:9092"), "t", "nothing was lost"),
    ):
        raise ConnectionError("gone")
