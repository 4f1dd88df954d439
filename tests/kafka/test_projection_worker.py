"""The projection worker on a real Kafka: what it publishes is the pure fold of the log."""

from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import IllegalOperation, TopicAuthorizationFailedError

from events import vocabulary as words
from events.dates import show
from events.errors import StoreError
from events.kafka.fenced import Fenced, FencedWriter
from events.kafka.mirror import Mirror
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.producing import Producer
from events.kafka.topics import CHANGES, EVENTS, REJECTED, STATUS, Topic
from events.log import Record
from service.compose import shipped_history, system_clock
from tests.kafka.house import House, Told, until, until_so
from tests.kafka.logs import producer
from tests.unit.making import CCMC, ENTITY, granted, issued, removed, retracted
from tests.unit.test_population import POISON, merged

LIST = "us-bis-uvl"


async def test_what_it_publishes_is_the_pure_fold(house: House, tmp_path: Path) -> None:
    """Of the history that ships, which comes while it works."""
    async with house.working(tmp_path):
        await house.record(*(one.raw for one in shipped_history()))
        assert await house.folded() == []
    assert any(one.key == "xiaomi" for one in await house.read(STATUS))


async def test_one_that_begins_anew_goes_on_where_the_last_one_published_to(
    house: House, tmp_path: Path
) -> None:
    """With its mirror, with one that is further, and with none."""
    async with house.working(tmp_path / "one"):
        await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "acme"})
        assert await house.folded() == []
    told = len(await house.read(CHANGES))
    await house.record(granted("2021-03-12", "g", CCMC) | {"subject": "acme"})
    async with house.working(tmp_path / "one"):
        assert await house.folded() == []
    await house.record(removed("2021-05-25", "r", list_=CCMC) | {"subject": "acme"})
    async with house.working(tmp_path / "other"):
        assert await house.folded() == []
    changes = [one.value["sequence"] for one in await house.read(CHANGES) if one.value]
    assert changes == list(range(1, len(changes) + 1))
    assert len(changes) > told


async def test_merges_across_partitions_with_late_events_and_chains(
    house: House, tmp_path: Path
) -> None:
    """One status for all of them in the end, whoever's events came when."""
    homes = ("acme", "globex", "initech")
    async with house.working(tmp_path):
        await house.record(
            issued("2021-01-14", "i", ENTITY) | {"subject": "acme"},
            merged("acme", "globex", "m1"),
            merged("globex", "initech", "m2"),
            issued("2021-02-01", "late", CCMC) | {"subject": "acme"},
        )
        assert await house.folded() == []
        latest = {one.key: one.value for one in await house.read(STATUS)}
        assert _lists(latest["initech"]) == [ENTITY, CCMC]
        assert [(latest[one] or {})["merged_into"] for one in homes[:2]] == ["globex", "initech"]
        await house.record(retracted("m1", "t") | {"subject": "acme"})
        assert await house.folded() == []
    latest = {one.key: one.value for one in await house.read(STATUS)}
    assert _lists(latest["acme"]) == [ENTITY, CCMC]
    assert (latest["globex"] or {})["merged_into"] == "initech"
    assert _lists(latest["initech"]) == []


def _lists(value: dict[str, object] | None) -> list[str]:
    lists = (value or {}).get("lists", [])
    assert isinstance(lists, list)
    return [one["list"] for one in lists]


async def test_what_does_not_count_is_told_and_the_rest_goes_on(
    house: House, tmp_path: Path
) -> None:
    """A conflict, rubbish, what is in another's partition, and a poison event."""
    first = issued("2021-01-14", "same", ENTITY) | {"subject": "acme"}
    await house.record(
        first,
        first | {"data": first["data"] | {"effective": "2022-01-14"}},
        issued("2021-01-14", "ok", ENTITY) | {"subject": "globex"},
    )
    async with producer(house.servers) as theirs:
        await theirs.send_and_wait(EVENTS.name, b"oops", b"acme", partition=0)
        elsewhere = orjson.dumps({**first, "id": "astray", "specversion": "1.0"})
        for partition in range(house.partitions):
            await theirs.send_and_wait(EVENTS.name, elsewhere, b"acme", partition=partition)
        poison = orjson.dumps({**POISON, "subject": "initech", "specversion": "1.0"})
        await theirs.send_and_wait(EVENTS.name, poison, b"initech")
    async with house.working(tmp_path):
        assert await house.folded() == []
    assert len(await house.read(REJECTED)) == 4
    latest = {one.key: one.value for one in await house.read(STATUS)}
    assert "parked" in (latest["initech"] or {})
    assert (latest["globex"] or {})["status"] == "designated"


async def test_a_flip_comes_on_time_by_the_alarm_of_its_partition(
    house: House, tmp_path: Path
) -> None:
    """And is the same when the log is folded again."""
    async with house.working(tmp_path):
        company = await _scheduled(house)
        told = await house.until(
            CHANGES, lambda some: "designated" in [_to(one) for one in some if one.key == company]
        )
        assert [_to(one) for one in told if one.key == company] == [
            "scheduled",
            "scheduled",
            "designated",
        ]
        assert await house.folded() == []
    assert words.TIME_PASSED in [
        one.type for one in await house.entries() if isinstance(one, Record)
    ]


async def _scheduled(house: House) -> str:
    """A company whose designation stands in the log before it takes effect, and takes effect soon.
    On a machine that is busy that may need a later moment than the first that is tried."""
    for number in count():
        company, moment = f"acme-{number}", system_clock() + 1_500_000 * 2**number
        event = issued(show(moment), f"i-{number}", LIST) | {"subject": company}
        (told,) = await house.record(event)
        if any(
            one.position == told.position and one.recorded < moment for one in await house.entries()
        ):
            return company
    raise AssertionError


def _to(change: Told) -> str:
    value = change.value or {}
    return str(value["to"]["status"])


async def test_whoever_writes_under_the_name_shuts_the_earlier_out(house: House) -> None:
    """Also with a transaction that was open: nothing of it counts."""
    (message,) = packed([Outgoing(STATUS.name, 0, b"acme", b'{"told": 1}')])
    async with FencedWriter(house.connection, "name", 30) as first:
        await first.write([message])
        async with FencedWriter(house.connection, "name", 30) as second:
            await second.write([message])
            with pytest.raises(Fenced, match="another worker has taken over"):
                await first.write([message, message])
            await second.write([message])
    await house.decided(STATUS)
    assert len(await house.read(STATUS)) == 3


async def test_a_writer_says_what_ended_its_transaction_and_not_that_none_is_open(
    house: House,
) -> None:
    """Its sender hears of it before the next is sent, which aiokafka answers with an
    `IllegalOperation`: here, that another one took the name over, and that it is not allowed."""
    (message,) = packed([Outgoing(STATUS.name, 0, b"acme", b'{"told": 1}')])

    async def shut_out(producer: Producer) -> AsyncIterator[list[Packed]]:
        async with FencedWriter(house.connection, "name", 30):
            producer.expect([(STATUS.name, 0)])
            await until(lambda: producer.why() is not None)
        yield [message]

    async def not_allowed(producer: Producer) -> AsyncIterator[list[Packed]]:
        manager = producer._txn_manager  # noqa: SLF001 - this broker allows everything
        manager.error_transaction(TopicAuthorizationFailedError({STATUS.name}))
        yield [message]

    for coming, wanted, what in (
        (shut_out, Fenced, "another worker has taken over"),
        (not_allowed, StoreError, "this user may not use the topic"),
    ):
        async with FencedWriter(house.connection, "name", 30) as writer:
            producer = writer._producer  # noqa: SLF001
            assert producer is not None
            with pytest.raises(wanted, match=what) as told:
                await writer.write_all(coming(producer))
            assert isinstance(told.value.__cause__, IllegalOperation)
    await house.decided(STATUS)
    assert await house.read(STATUS) == []


async def test_no_worker_begins_where_a_topic_is_missing_or_has_other_partitions(
    house: House, tmp_path: Path
) -> None:
    """What it is to publish would have no place."""
    async with house.administering() as admin:
        await admin.create_partitions({REJECTED.name: NewPartitions(house.partitions + 1)})
        await until_so(partial(_partitions, admin, REJECTED, house.partitions + 1))
        with pytest.raises(StoreError, match=f"{REJECTED.name} 4"):
            await house.worker(tmp_path).run()
        await admin.delete_topics([CHANGES.name])
        await until_so(partial(_partitions, admin, CHANGES, 0))
        with pytest.raises(StoreError, match=f"no topic {CHANGES.name}"):
            await house.worker(tmp_path).run()


async def _partitions(admin: AIOKafkaAdminClient, topic: Topic, number: int) -> bool:
    return number == sum(
        len(one["partitions"])
        for one in await admin.describe_topics()
        if one["topic"] == topic.name
    )


async def test_two_workers_share_the_partitions(house: House, tmp_path: Path) -> None:
    """And one that is alone again has them all."""
    async with house.working(tmp_path / "one") as one:
        async with house.working(tmp_path / "two") as two:
            await until(lambda: 0 < len(two.working) == 3 - len(one.working))
            await house.record(*(sent.raw for sent in shipped_history()))
            assert await house.folded() == []
        await house.record(issued("2021-01-14", "i", ENTITY) | {"subject": "new"})
        assert await house.folded() == []
        await until(lambda: one.working.keys() == {0, 1, 2})


async def test_the_mirrors_of_others_partitions_are_kept(house: House, tmp_path: Path) -> None:
    """So that taking over does not begin with reading the log."""
    async with house.working(tmp_path / "one") as one, house.working(tmp_path / "two") as two:
        await until(lambda: 0 < len(two.working) == 3 - len(one.working))
        await house.record(*(sent.raw for sent in shipped_history()))
        ends = {one.partition: one.offset for one in await house.entries()}
        for home in ("one", "two"):
            for partition, end in ends.items():
                with closing(Mirror(tmp_path / home / f"{partition}.db", partition)) as mirror:
                    await until(partial(_has, mirror, end))
        assert await house.folded() == []


def _has(mirror: Mirror, end: int) -> bool:
    return mirror.end() >= end
