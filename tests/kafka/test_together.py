"""One consumer for all who follow a partition, whoever joins and leaves."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from events.errors import StoreError
from events.kafka.partitioner import partition_of
from events.kafka.reading import Entry
from events.kafka.together import Together
from events.kafka.topics import EVENTS
from events.log import Record
from tests.kafka.house import House
from tests.unit.making import CCMC, issued


@asynccontextmanager
async def together(house: House) -> AsyncIterator[Together]:
    found = Together(house.connection, EVENTS.name, house.partitions, 30)
    try:
        yield found
    finally:
        await found.close()


async def told(house: House, partition: int, number: int) -> int:
    """Record an event of that partition; its offset."""
    company = next(
        one
        for one in (f"acme-{partition}-{each}" for each in range(100))
        if partition_of(one, house.partitions) == partition
    )
    event = issued("2021-01-14", f"{company}-{number}", CCMC) | {"subject": company}
    (receipt,) = await house.record(event)
    assert receipt.position is not None
    return int(receipt.position.partition(":")[2])


async def read(found: Together, partition: int, after: int, upto: int) -> list[int]:
    """The offsets of the records that follow, each of the partition."""
    offsets: list[int] = []
    async with aclosing(found.follow(partition, after)) as coming:
        async for some in coming:
            assert all(isinstance(one, Record) and one.partition == partition for one in some)
            offsets += [one.offset for one in some]
            if offsets[-1] >= upto:
                return offsets
    return offsets


async def test_each_has_its_own_from_where_it_wishes(house: House) -> None:
    """Also who joins while others read, and who comes back."""
    first = [await told(house, 0, number) for number in range(3)]
    second = [await told(house, 1, number) for number in range(3)]
    async with together(house) as found:
        assert await read(found, 0, -1, first[-1]) == first
        async with aclosing(found.follow(0, first[0])) as coming:
            assert [one.offset for one in await anext(coming)] == first[1:]
            assert await read(found, 1, second[1], second[-1]) == second[2:]
            second.append(await told(house, 1, 3))
            assert await read(found, 1, second[0], second[-1]) == second[1:]
            first.append(await told(house, 0, 3))
            assert [one.offset for one in await anext(coming)] == first[3:]
        assert await read(found, 0, first[1], first[-1]) == first[2:]


async def test_who_asks_for_what_is_lost_fails_alone(house: House) -> None:
    """The others read on."""
    for number in range(3):
        await told(house, 0, number)
    second = [await told(house, 1, number) for number in range(3)]
    async with house.administering() as admin:
        await admin.delete_records({TopicPartition(EVENTS.name, 0): RecordsToDelete(2)})
    async with together(house) as found, aclosing(found.follow(1, -1)) as coming:
        assert [one.offset for one in await anext(coming)] == second
        with pytest.raises(StoreError, match="has lost what stood behind 0:0"):
            await read(found, 0, 0, 2)
        second.append(await told(house, 1, 3))
        assert [one.offset for one in await anext(coming)] == second[3:]


async def test_who_asks_for_what_never_was_fails_alone(house: House) -> None:
    """Where it stands is told by a file that is older than the topic."""
    at = await told(house, 0, 0)
    async with together(house) as found, aclosing(found.follow(0, -1)) as coming:
        assert [one.offset for one in await anext(coming)] == [at]
        with pytest.raises(StoreError, match="does not hold this position any more"):
            await read(found, 1, 7, 8)
        assert [one.offset for one in await _next(house, coming)] == [at + 1]


async def _next(house: House, coming: AsyncIterator[list[Entry]]) -> list[Entry]:
    await told(house, 0, 1)
    return await anext(coming)
