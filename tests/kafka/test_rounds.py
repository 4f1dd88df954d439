"""One writer for several partitions, and who may write which: nothing is lost, doubled or written
by two when one of them is taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import pytest

from events.errors import StoreError
from events.kafka.claims import Claims, fresh, shut_out, sole
from events.kafka.fenced import Fenced, FencedWriter
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.rounds import Lease, Rounds
from events.kafka.topics import CLAIMS, STATUS
from tests.kafka.house import House, until


def told(partition: int, number: int) -> list[Packed]:
    """A message to a partition."""
    value = b'{"number": %d}' % number
    return packed([Outgoing(STATUS.name, partition, b"acme", value)])


async def written(house: House, partition: int) -> list[int]:
    """What is committed of a partition."""
    await house.decided(STATUS)
    found = await house.read(STATUS)
    return [(one.value or {})["number"] for one in found if one.partition == partition]


@asynccontextmanager
async def rounds(house: House) -> AsyncIterator[Rounds]:
    async with Rounds(house.connection, "one", (STATUS.name,), house.partitions, 30) as found:
        yield found


def taking(house: House, partition: int) -> AbstractAsyncContextManager[FencedWriter]:
    """Another who takes a partition over."""
    return sole(house.connection, "another", (partition, house.partitions), 30)


async def test_what_waits_goes_out_together(house: House) -> None:
    """All at the same time, each partition's own in its order."""
    async with rounds(house) as one, one.lease(0) as first, one.lease(1) as second:
        for number in range(5):
            await asyncio.gather(first.write(told(0, number)), second.write(told(1, 10 + number)))
        await first.opening()
        await first.write(told(0, 5))
    assert await written(house, 0) == [0, 1, 2, 3, 4, 5]
    assert await written(house, 1) == [10, 11, 12, 13, 14]


async def test_who_was_in_a_round_is_in_the_next_one_with_who_came_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two would take turns, each waiting for the other's transaction beside its own."""
    written, write, begun = list[int](), FencedWriter.write, asyncio.Event()

    async def counted(self: FencedWriter, batches: list[Packed]) -> None:
        written.append(len(batches))
        begun.set()
        await write(self, batches)

    monkeypatch.setattr(FencedWriter, "write", counted)

    async def often(lease: Lease) -> None:
        for number in range(10):
            await lease.opening()
            await lease.write(told(lease.partition, number))

    async with rounds(house) as one, one.lease(0) as first, one.lease(1) as second:
        going = asyncio.create_task(often(first))
        await begun.wait()
        await asyncio.gather(going, often(second))
    assert written == [1, *[2] * 9, 1]


async def test_an_opening_that_nobody_uses_leaves_nothing_open(house: House) -> None:
    """Nobody waits for a transaction into which nothing came."""
    async with rounds(house) as one, one.lease(0) as lease:
        await lease.opening()
        await lease.opening()
        await lease.write(told(0, 1))
        await lease.opening()
        assert await written(house, 0) == [1]


async def test_who_takes_a_partition_over_shuts_out_whoever_had_it_and_nobody_else(
    house: House,
) -> None:
    """The others' writing goes on, under a new name, each message once."""
    async with rounds(house) as one, one.lease(0) as lost, one.lease(1) as kept:
        claim = kept.claim
        await asyncio.gather(lost.write(told(0, 1)), kept.write(told(1, 1)))
        async with taking(house, 0) as other:
            writing = asyncio.gather(
                lost.write(told(0, 2)), kept.write(told(1, 2)), return_exceptions=True
            )
            await other.write(told(0, 3))
            failed, done = await writing
            assert isinstance(failed, Fenced)
            assert done is None
            await kept.write(told(1, 3))
            with pytest.raises(Fenced, match="another worker has taken partition 0 over"):
                await lost.opening()
            with pytest.raises(Fenced, match="another worker has taken partition 0 over"):
                await lost.write(told(0, 4))
        assert kept.claim != claim
    assert await written(house, 0) == [1, 3]
    assert await written(house, 1) == [1, 2, 3]


async def test_who_was_shut_out_while_another_came_and_went_does_not_go_on(house: House) -> None:
    """What is published is no longer what it wrote."""
    async with rounds(house) as one, one.lease(0) as lease, one.lease(1) as kept:
        await lease.write(told(0, 1))
        async with taking(house, 0) as other:
            await other.write(told(0, 2))
        with pytest.raises(Fenced):
            await lease.write(told(0, 3))
        await kept.write(told(1, 1))
        async with one.lease(0) as again:
            await again.write(told(0, 4))
    assert await written(house, 0) == [1, 2, 4]
    assert await written(house, 1) == [1]


async def test_who_only_had_its_name_taken_goes_on_with_all(house: House) -> None:
    """Brokers shut out whoever takes too long, too: nobody claims its partitions."""
    async with rounds(house) as one, one.lease(0) as first, one.lease(1) as second:
        for number in range(3):
            await asyncio.gather(first.write(told(0, number)), second.write(told(1, number)))
            await shut_out(house.connection, first.claim.writer, 30)
        await first.opening()
        await first.write(told(0, 3))
    assert await written(house, 0) == [0, 1, 2, 3]
    assert await written(house, 1) == [0, 1, 2]


async def test_it_is_known_whether_the_last_transaction_was_committed(house: House) -> None:
    """From what is read where its messages were acknowledged."""

    async def never() -> AsyncIterator[list[Packed]]:
        yield told(0, 2)
        raise RuntimeError

    async with rounds(house) as one, FencedWriter(house.connection, "writer", 30) as writer:
        assert not await one._stands(writer)  # noqa: SLF001 - else it takes a lost answer
        await writer.write(told(0, 1))
        assert await one._stands(writer)  # noqa: SLF001
        with pytest.raises(RuntimeError):
            await writer.write_all(never())
        assert writer.sent is not None
        assert not await one._stands(writer)  # noqa: SLF001
    assert await written(house, 0) == [1]


async def test_of_those_who_claim_at_once_one_may_write_in_the_end(house: House) -> None:
    """Whoever was shut out hears of it; what counts was written by one after the other."""
    numbers = range(6)

    async def take(number: int) -> int | None:
        try:
            async with taking(house, 0) as writer:
                await writer.write(told(0, number))
                return number
        except StoreError:
            return None

    done = [one for one in await asyncio.gather(*map(take, numbers)) if one is not None]
    assert done
    assert sorted(await written(house, 0)) == sorted(done)
    async with taking(house, 0) as writer:
        await writer.write(told(0, 9))
    assert (await written(house, 0))[-1] == 9


async def test_claims_that_were_left_are_shut_out_and_forgotten(house: House) -> None:
    """Of those who ended without a word; who let go is not among them."""
    claims = Claims(house.connection, house.partitions, 30)
    left = [fresh("left") for _ in range(2)]
    async with FencedWriter(house.connection, left[0], 30) as writer:
        first, before = await claims.claim(0, left[0])
        assert before == []
        _, before = await claims.claim(0, left[1])
        assert before == [first]
        elsewhere, before = await claims.claim(1, left[1])
        assert before == []
        async with rounds(house) as one, one.lease(0) as lease:
            with pytest.raises(Fenced):
                await writer.write(told(0, 1))
            await lease.write(told(0, 2))
        new, before = await claims.claim(0, "new")
        assert before == []
        assert (await claims.claim(1, "new"))[1] == [elsewhere]
    await claims.close()
    held = {one.key: one.value for one in await house.read(CLAIMS) if one.partition == 0}
    assert [key for key, value in held.items() if value is not None] == [new.key]
    assert await written(house, 0) == [2]


async def test_who_leaves_while_a_round_is_under_way_waits_for_it(house: House) -> None:
    """It is not known else whether the partition is free."""
    async with rounds(house) as one:
        async with one.lease(0) as lease:
            writing = asyncio.create_task(lease.write(told(0, 1)))
            async with asyncio.timeout(60):
                while not lease.under_way:  # noqa: ASYNC110 - each turn; it is over in a few
                    await asyncio.sleep(0)
            writing.cancel()
            await asyncio.wait([writing])
        async with one.lease(0) as again:
            await again.write(told(0, 2))
    assert await written(house, 0) == [1, 2]


async def test_nothing_is_written_where_the_brokers_take_nothing(house: House) -> None:
    """Everybody hears of it, and can take a partition over again."""
    large = packed([Outgoing(STATUS.name, 0, b"acme", bytes(range(256)) * 2**13)])
    many = [one._replace(body=one.body + bytes(2**21)) for one in large]
    async with rounds(house) as one:
        async with one.lease(0) as first, one.lease(1) as second:
            outcomes = await asyncio.gather(
                first.write(many), second.write(told(1, 1)), return_exceptions=True
            )
            assert all(isinstance(each, StoreError) for each in outcomes), outcomes
            await until(partial(_over, second))
        async with one.lease(1) as again:
            await again.write(told(1, 2))
    assert await written(house, 1) == [2]


def _over(lease: object) -> bool:
    return getattr(lease, "over", None) is not None
