"""The log on Kafka where it is more than any log: partitions, transactions, other writers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from events.admitted import MAX_EVENT_BYTES, Admitted
from events.errors import StoreError
from events.kafka.binding import HEADERS, Unreadable
from events.kafka.connection import Connection
from events.kafka.log import KafkaEventLog
from events.kafka.partitioner import partition_of
from events.log import Position, Record
from tests.contract.event_log_suite import everything, ids, let_in
from tests.contract.event_log_suite_together import followed
from tests.kafka.logs import decided, make, on, producer
from tests.unit.making import issued, passed

COMPANIES = [f"c{number}" for number in range(9)]
START = Position()


def about(company: str, id_: str) -> dict[str, Any]:
    """A designation of a company."""
    return {**issued("2021", id_), "subject": company}


def large(id_: str, size: int) -> Admitted:
    """An event of about that many bytes, which no compression makes much smaller."""
    (one,) = let_in(issued("2021", id_))
    text = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(size // 3))
    return one._replace(body=orjson.dumps({**one.event, "data": {**one.event["data"], "x": text}}))


@pytest.fixture
async def log(kafka: str, topic: str) -> AsyncIterator[KafkaEventLog]:
    """An empty log of one partition."""
    async with on(kafka, topic) as log:
        yield log


@pytest.fixture
async def wide(kafka: str, topic: str) -> AsyncIterator[KafkaEventLog]:
    """An empty log of four partitions."""
    async with on(kafka, topic, partitions=4) as log:
        yield log


# --- partitions -----------------------------------------------------------------------------------


async def test_a_company_has_one_partition_and_its_events_one_order(wide: KafkaEventLog) -> None:
    """However many were appended at once; the receipts say where."""
    sent = [about(company, f"{company}-{number}") for number in range(5) for company in COMPANIES]
    receipts = await wide.append(let_in(*sent))
    found = await everything(wide, START, batch=7)
    assert {one.id: one.position for one in receipts} == {one.id: one.position for one in found}
    for company in COMPANIES:
        mine = [one for one in found if one.subject == company]
        assert ids(mine) == [f"{company}-{number}" for number in range(5)]
        assert {one.partition for one in mine} == {partition_of(company, 4)}


async def test_appends_at_once_stand_in_the_order_of_their_calls(log: KafkaEventLog) -> None:
    """Though each is larger than what is sent at once: the lines of a file come in pieces."""
    pieces = [
        let_in(*(issued("2021", f"{piece}-{number:04}") for number in range(4_000)))
        for piece in range(3)
    ]
    await asyncio.gather(*(log.append(piece) for piece in pieces))
    found = ids(await everything(log))
    assert found == sorted(found)


async def test_the_ends_name_every_partition(wide: KafkaEventLog) -> None:
    """Also those in which there is nothing: else one could not tell that all was seen."""
    assert await wide.ends() == Position({0: -1, 1: -1, 2: -1, 3: -1})
    await wide.append(let_in(about("acme", "a")))
    assert await wide.ends() == Position({0: 0, 1: -1, 2: -1, 3: -1})
    assert await wide.partitions() == 4


async def test_reading_goes_on_from_any_position(wide: KafkaEventLog) -> None:
    """Cut anywhere, the halves make a whole."""
    await wide.append(let_in(*(about(company, f"{company}-1") for company in COMPANIES)))
    middle = await wide.ends()
    await wide.append(let_in(*(about(company, f"{company}-2") for company in COMPANIES)))
    first = [one async for some in wide.read(START, middle) for one in some]
    rest = await everything(wide, middle)
    assert sorted(ids(first)) == sorted(f"{company}-1" for company in COMPANIES)
    assert sorted(ids(rest)) == sorted(f"{company}-2" for company in COMPANIES)
    one = [each async for some in wide.read(START, Position({1: 99})) for each in some]
    assert {each.partition for each in one} == {1}


async def test_what_belongs_to_a_partition_goes_there(wide: KafkaEventLog) -> None:
    """The alarm rings in each partition in which a flip is due, under the one subject it has."""
    ring = let_in(passed("2021-01-01T00:00:00Z"))
    for partition in (1, 3):
        (receipt,) = await wide.append(ring, partition=partition)
        assert receipt.position == f"{partition}:0"
    # which partition is read first is nobody's promise
    found = sorted((one.partition, one.subject) for one in await everything(wide, START))
    assert found == [(1, "clock"), (3, "clock")]


async def test_a_topic_that_gets_more_partitions_is_not_read_on(
    kafka: str, topic: str, log: KafkaEventLog
) -> None:
    """Its companies would be in two orders."""
    await log.append(let_in(issued("2021", "a")))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_partitions({topic: NewPartitions(3)})
    while await _partitions(admin, topic) < 3:
        """Brokers learn of it in their own time, clients by themselves after minutes only."""
    await admin.close()

    async def follow() -> None:
        async for _ in log.follow(START):
            """Until it is seen."""

    with pytest.raises(StoreError, match="had 1 partitions and has 3"):
        await follow()


async def _partitions(admin: AIOKafkaAdminClient, topic: str) -> int:
    return sum(
        len(one["partitions"]) for one in await admin.describe_topics() if one["topic"] == topic
    )


# --- other writers --------------------------------------------------------------------------------


async def test_a_producer_that_knows_only_kafka_may_write_events(
    kafka: str, topic: str, wide: KafkaEventLog
) -> None:
    """Binary or structured, with its client's own partitioner; what is no event is said."""
    data = orjson.dumps({"list": "us-dod-ccmc", "effective": "2021"})
    binary = [
        ("ce_type", b"standing.designation.issued"),
        ("ce_id", b"b"),
        ("ce_backfill", b"true"),
    ]
    whole = orjson.dumps(about("c2", "s"))
    async with producer(kafka) as theirs:
        await theirs.send_and_wait(topic, data, b"c1", headers=binary)
        await theirs.send_and_wait(topic, whole, b"c2", headers=list(HEADERS))
        await theirs.send_and_wait(topic, b"oops", b"c3")
        await theirs.send_and_wait(topic, None, b"c3")
        elsewhere = (partition_of("c2", 4) + 1) % 4
        await theirs.send_and_wait(topic, whole, b"another key", partition=elsewhere)
    found = {one.id: one for one in await everything(wide, START)}
    assert found.keys() == {"b", "s"}
    assert found["b"].subject == "c1"
    assert found["b"].event["backfill"] is True
    assert found["s"].event["data"]["effective"] == "2021"
    entries = [one async for some in wide.entries(START, await wide.ends()) for one in some]
    unread = [one for one in entries if isinstance(one, Unreadable)]
    assert len(entries) == 5
    assert {one.problem.detail.split(":")[0] for one in unread} == {
        "the value is no JSON",
        "no value",
        f"the events of 'c2' stand in partition {partition_of('c2', 4)}",
    }
    assert {one.value for one in unread} == {b"oops", None, whole}


async def test_what_is_passed_over_is_told(kafka: str, topic: str) -> None:
    """To whoever opened the log, each with its place."""
    await make(kafka, topic)
    told: list[str] = []
    log = KafkaEventLog(Connection(kafka), topic, tell=lambda one: told.append(one.position))
    async with producer(kafka) as theirs:
        await theirs.send_and_wait(topic, b"oops", b"c3")
    await log.append(let_in(issued("2021", "a")))
    assert ids(await everything(log, START)) == ["a"]
    assert told == ["0:0"]
    await log.close()


async def test_marks_of_transactions_are_gaps_and_nothing_else(
    kafka: str, topic: str, log: KafkaEventLog
) -> None:
    """What was taken back is not read, and the end is the last event, not a mark behind it."""

    async def write(theirs: Any, *names: str) -> None:
        for name in names:
            await theirs.send_and_wait(topic, orjson.dumps(issued("2021", name)), b"acme")

    async with producer(kafka, transactional_id=f"{topic}-theirs") as theirs:
        async with theirs.transaction():
            await write(theirs, "a", "b")
        await log.reached(Position({0: 2}))  # brokers write the mark in their own time
        await log.append(let_in(issued("2021", "c")))
        for count in (1, 40):
            await theirs.begin_transaction()
            await write(theirs, *(f"void-{number}" for number in range(count)))
            await theirs.abort_transaction()
    end = Position({0: 3})
    await log.reached(Position({0: 46}))
    assert await log.ends() == end
    assert await log.ends() == end
    found = await everything(log, START)
    assert [(one.id, one.offset) for one in found] == [("a", 0), ("b", 1), ("c", 3)]
    assert await everything(log, end) == []
    async with aclosing(log.follow(end)) as batches:
        following = asyncio.create_task(followed(batches, 1))
        (receipt,) = await log.append(let_in(issued("2021", "d")))
        assert await following == ["d"]
    assert receipt.position == "0:47"


async def test_nothing_but_marks_is_an_empty_log(
    kafka: str, topic: str, log: KafkaEventLog
) -> None:
    """However many there are."""
    async with producer(kafka, transactional_id=f"{topic}-theirs") as theirs:
        await theirs.begin_transaction()
        for number in range(30):
            await theirs.send_and_wait(topic, orjson.dumps(issued("2021", f"{number}")), b"acme")
        await theirs.abort_transaction()
    await log.reached(Position({0: 30}))
    assert await log.ends() == Position({0: -1})
    assert await everything(log) == []


# --- all or none ----------------------------------------------------------------------------------


async def test_an_atomic_append_over_partitions_is_whole(
    kafka: str, topic: str, wide: KafkaEventLog
) -> None:
    """One transaction, however many partitions it touches."""
    sent = let_in(*(about(company, company) for company in COMPANIES))
    receipts = await wide.append(sent, atomic=True)
    assert {one.outcome for one in receipts} == {"recorded"}
    await decided(Connection(kafka), topic, 4)
    found = await everything(wide, START)
    assert {one.id: one.position for one in receipts} == {one.id: one.position for one in found}


async def test_an_atomic_append_that_fails_leaves_nothing(kafka: str, topic: str) -> None:
    """Not what was written before it failed, either."""
    await make(kafka, topic, 4, max_message_bytes="2000")
    log = KafkaEventLog(Connection(kafka), topic)
    sent = [*let_in(*(about(company, company) for company in COMPANIES)), large("big", 100_000)]
    with pytest.raises(StoreError, match=r"max\.message\.bytes.*nothing of it was recorded"):
        await log.append(sent, atomic=True)
    await decided(Connection(kafka), topic, 4)
    assert await everything(log, START) == []
    await log.append(let_in(about("c1", "after")))
    assert ids(await everything(log, START)) == ["after"]
    await log.close()


async def test_an_undecided_transaction_holds_up_reading_not_writing(
    kafka: str, topic: str
) -> None:
    """And whoever waits for what stands behind it is told in time."""
    async with on(kafka, topic) as log:
        async with producer(kafka, transactional_id=f"{topic}-theirs") as theirs:
            await theirs.begin_transaction()
            await theirs.send_and_wait(topic, orjson.dumps(issued("2021", "a")), b"acme")
            await log.append(let_in(issued("2021", "b")))
            assert await everything(log) == []
            hasty = KafkaEventLog(Connection(kafka), topic, patience=3)
            with pytest.raises(StoreError, match="is not decided"):
                await hasty.reached(Position({0: 1}))
            await hasty.close()
            await theirs.commit_transaction()
        await log.reached(Position({0: 1}))
        assert ids(await everything(log)) == ["a", "b"]


# --- limits and refusals --------------------------------------------------------------------------


async def test_an_event_that_is_too_large_is_refused_and_the_rest_go_in(
    log: KafkaEventLog,
) -> None:
    """By its size, which is told; in an atomic append it keeps the others out."""
    a, b = let_in(issued("2021", "a"), issued("2021", "b"))
    sent = [a, large("big", MAX_EVENT_BYTES + 1_000), b]
    receipts = await log.append(sent)
    assert [one.outcome for one in receipts] == ["recorded", "rejected", "recorded"]
    assert "at most 1,000,000" in str(receipts[1].problem)
    assert ids(await everything(log)) == ["a", "b"]
    kept_out = await log.append(sent, atomic=True)
    assert {one.outcome for one in kept_out} == {"rejected"}
    assert len(await everything(log)) == 2


async def test_the_largest_event_that_the_door_lets_in_goes_in(log: KafkaEventLog) -> None:
    """Beside others, and comes out as it was."""
    one = large("big", MAX_EVENT_BYTES - 1_000)
    assert MAX_EVENT_BYTES - 3_000 < len(one.body) <= MAX_EVENT_BYTES
    await log.append([*let_in(issued("2021", "a")), one, *let_in(issued("2021", "b"))])
    found = await everything(log)
    assert ids(found) == ["a", "big", "b"]
    assert found[1].event == one.event


async def test_a_topic_that_takes_less_says_what_to_set(kafka: str, topic: str) -> None:
    """And the log goes on, with a producer whose sequence has no gap."""
    await make(kafka, topic, max_message_bytes="2000")
    log = KafkaEventLog(Connection(kafka), topic)
    with pytest.raises(StoreError, match=r"raise its max\.message\.bytes"):
        await log.append([large("big", 100_000)])
    await log.append(let_in(issued("2021", "a")))
    assert ids(await everything(log)) == ["a"]
    await log.close()


async def test_a_topic_that_is_missing_is_named(kafka: str, topic: str) -> None:
    """With the command that makes it; no broker makes it on the side."""
    log = KafkaEventLog(Connection(kafka), topic)
    for _ in range(2):
        with pytest.raises(StoreError, match=f"no topic {topic}, .*`standing topics apply`"):
            await log.ends()
    await log.close()


async def test_a_topic_whose_times_are_its_writers_is_not_used(kafka: str, topic: str) -> None:
    """When an event was recorded is for the log to say; also of what was written before."""
    await make(kafka, topic, message_timestamp_type="CreateTime")
    log = KafkaEventLog(Connection(kafka), topic)
    with pytest.raises(StoreError, match=r"message\.timestamp\.type=LogAppendTime"):
        await log.append(let_in(issued("2021", "a")))
    await log.close()


async def test_a_position_that_is_no_more_is_told(
    kafka: str, topic: str, log: KafkaEventLog
) -> None:
    """A gap that somebody made must not look like one of Kafka's own."""
    await log.append(let_in(*(issued("2021", name) for name in "abcde")))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=3)})
    await admin.close()
    assert ids(await everything(log)) == ["d", "e"]
    assert ids(await everything(log, Position({0: 2}))) == ["d", "e"]
    with pytest.raises(StoreError, match="lost what stood behind 0:1"):
        await everything(log, Position({0: 1}))


async def test_a_position_that_never_was_is_told(log: KafkaEventLog) -> None:
    """To a follower: the topic was made anew since."""
    await log.append(let_in(issued("2021", "a")))
    with pytest.raises(StoreError, match="does not hold this position any more"):
        await anext(log.follow(Position({0: 7})))


# --- coming and going -----------------------------------------------------------------------------


async def test_the_time_is_the_logs_own(log: KafkaEventLog) -> None:
    """In microseconds, by the clock of the broker."""
    before = time.time_ns() // 1_000_000 * 1_000
    await log.append(let_in(issued("2021", "a")))
    (record,) = await everything(log)
    assert before <= record.recorded <= time.time_ns() // 1_000


async def test_a_log_that_was_closed_takes_and_gives_nothing(log: KafkaEventLog) -> None:
    """Closing twice does no harm."""
    await log.append(let_in(issued("2021", "a")))
    await log.close()
    await log.close()
    with pytest.raises(StoreError, match="closed"):
        await log.append(let_in(issued("2021", "b")))
    with pytest.raises(StoreError, match="closed"):
        await log.ends()


async def test_closing_finishes_what_was_appended(kafka: str, topic: str) -> None:
    """Acknowledged, each."""
    await make(kafka, topic)
    log = KafkaEventLog(Connection(kafka), topic)
    await log.append(let_in(issued("2021", "first")))
    waiting = [asyncio.create_task(log.append(let_in(issued("2021", f"{n}")))) for n in range(20)]
    await asyncio.wait(waiting, timeout=0)
    await log.close()
    receipts = [one for some in await asyncio.gather(*waiting) for one in some]
    assert {one.outcome for one in receipts} == {"recorded"}


async def test_an_append_that_nobody_waits_for_any_more_stops_no_other(log: KafkaEventLog) -> None:
    """Whether it was recorded, only the log knows."""
    await log.append(let_in(issued("2021", "first")))
    others = [asyncio.create_task(log.append(let_in(issued("2021", f"o{n}")))) for n in range(10)]
    gone = [asyncio.create_task(log.append(let_in(issued("2021", f"g{n}")))) for n in range(10)]
    await asyncio.wait(gone, timeout=0)
    for one in gone:
        one.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    await asyncio.gather(*others)
    (last,) = await log.append(let_in(issued("2021", "last")))
    found = await everything(log)
    assert last.position == found[-1].position
    assert {f"o{n}" for n in range(10)} < set(ids(found))
    assert len(ids(found)) == len(set(ids(found)))


async def test_a_reader_that_is_let_go_leaves_nothing_open(log: KafkaEventLog) -> None:
    """In the middle of a batch, or while it waits."""
    await log.append(let_in(*(issued("2021", f"{n}") for n in range(10))))
    async with aclosing(log.read(START, await log.ends(), batch=3)) as batches:
        assert len(await anext(batches)) == 3
    waiting = asyncio.create_task(anext(log.follow(await log.ends())))
    await asyncio.wait([waiting], timeout=0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(await everything(log)) == 10


# --- nobody there ---------------------------------------------------------------------------------


async def test_a_broker_that_is_not_there_is_told_at_once() -> None:
    """With what the system said of each address."""
    log = KafkaEventLog(Connection("127.0.0.1:1,127.0.0.1:2"))
    with pytest.raises(StoreError, match=r"127.0.0.1:1: .*Connect call failed.*127.0.0.1:2|:2.*:1"):
        await log.append(let_in(issued("2021", "a")))
    with pytest.raises(StoreError, match="Connect call failed"):
        await log.ends()
    await log.close()


async def test_a_server_that_says_nothing_is_not_waited_for_longer_than_said() -> None:
    """Something else listens there, or a network swallows what is sent."""
    connected: list[asyncio.StreamWriter] = []

    async def swallow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    log = KafkaEventLog(Connection(f"{host}:{port}"), patience=0.5)
    began = time.monotonic()
    with pytest.raises(StoreError, match="no answer in time"):
        await log.append(let_in(issued("2021", "a")))
    # by itself, aiokafka waits for 40 s
    assert time.monotonic() - began < 35
    await log.close()
    for writer in connected:
        writer.close()
    server.close()
    await server.wait_closed()


def test_records_of_several_partitions_name_theirs() -> None:
    """As positions do."""
    assert Record(7, 0, {}, 3).position == "3:7"
