"""A worker that finds nothing published and everything in the log."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from events.kafka.topics import CHANGES, STATUS
from tests.bench.harness import descendants
from tests.kafka.ending import ended
from tests.kafka.filling import filled
from tests.kafka.house import House
from tests.kafka.interrupted import MIDDLE
from tests.unit.making import CCMC, removed, retracted

BOUND_UP = {"acme", "globex", "initech", "hooli", "umbrella"}


async def test_all_at_once_and_then_on(house: House, tmp_path: Path) -> None:
    """It comes to the fold of the log, with one status for each company, and follows from there;
    so does whoever begins with another home."""
    await filled(house)
    async with house.working(tmp_path / "one", many=1):
        await house.until(STATUS, lambda told: {one.partition for one in told} == {0, 1, 2})
        assert await house.folded() == []
        written = Counter(one.key for one in await house.read(STATUS))
        # those that are bound up with others may hear of it from another partition
        assert {key for key, number in written.items() if number > 1} <= BOUND_UP
        await house.record(removed("2021-05-25", "r", list_=CCMC) | {"subject": "acme"})
        assert await house.folded() == []
    await house.record(retracted("m1", "u") | {"subject": "acme"})
    async with house.working(tmp_path / "two", many=1):
        assert await house.folded() == []


async def test_killed_in_the_middle_it_leaves_nothing_and_the_next_begins_anew(
    house: House, tmp_path: Path
) -> None:
    await filled(house)
    first = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kafka.interrupted", house.servers, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert first.stdout is not None
    while MIDDLE not in (line := (await first.stdout.readline()).decode()):
        assert line
    helpers = descendants(first.pid)
    assert await _committed(house) == 0
    first.kill()
    await first.wait()
    assert all(ended(one) for one in helpers)
    async with house.working(tmp_path, many=1):
        assert await house.folded() == []
    assert len({one.id for one in await house.read(CHANGES)}) == len(await house.read(CHANGES))


async def _committed(house: House) -> int:
    """How much can be read of the statuses."""
    consumer = AIOKafkaConsumer(bootstrap_servers=house.servers, isolation_level="read_committed")
    await consumer.start()
    try:
        places = [TopicPartition(STATUS.name, one) for one in range(house.partitions)]
        return sum((await consumer.end_offsets(places)).values())
    finally:
        await consumer.stop()
