"""Alerts over Kafka: workers deliver what the changes' topic says, whoever they are."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition

from alerts.changes_topic import KEPT
from alerts.desk_on_kafka import KafkaDesk
from alerts.duty import Means
from alerts.intake import WAITING
from alerts.vault import SharedVault
from alerts.worker import AlertWorker
from events.dates import DAY, SECOND, Instant, show
from events.errors import Refused, StoreError
from events.kafka.connection import Connection
from events.kafka.fenced import Fenced
from events.kafka.partitioner import partition_of
from tests.contract.alert_twins import answering, asked, fine, receiving
from tests.kafka.alerting import (
    KEY,
    PARTITIONS,
    Line,
    line,
    made,
    named,
    now,
    received,
    until,
    wrong,
)
from tests.unit.making import REGISTRY

COMPANIES = ("acme", "globex", "initech", "umbrella", "hooli")


async def emptied(servers: str, topic: str) -> None:
    """Delete every record, as time would."""
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.delete_records({place: RecordsToDelete(before_offset=-1) for place in places})
    finally:
        await admin.close()


@pytest.fixture
async def on(kafka: str) -> AsyncIterator[Line]:
    async with line(kafka) as found:
        yield found


async def test_what_is_told_after_somebody_subscribed_is_delivered(
    on: Line, tmp_path: Path
) -> None:
    """And nothing that was told before."""
    await on.tell(*COMPANIES)
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        subscription, _ = await desk.subscribe(asked(receiver.url))
        async with on.working():
            for _ in range(3):
                await on.tell(*COMPANIES)
            posts = await received(receiver, 3 * len(COMPANIES))
            attempts = await on.attempts(3 * len(COMPANIES))
        assert wrong(posts, dict.fromkeys(COMPANIES, 3), first=2) == []
        assert {one["state"] for one in attempts} == {"delivered"}
        assert {one["subscription"] for one in attempts} == {subscription.id}


async def test_the_next_worker_sends_nothing_of_the_past(on: Line, tmp_path: Path) -> None:
    """Though it has nothing but the topics, and of those not even the deliveries."""
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, start="beginning"))
        await on.tell(*COMPANIES)
        async with on.working():
            await received(receiver, len(COMPANIES))
            await on.attempts(len(COMPANIES))
        await emptied(on.servers, on.names.deliveries)
        async with on.working():
            await on.tell(*COMPANIES)
            posts = await received(receiver, 2 * len(COMPANIES))
            await on.attempts(len(COMPANIES))
        assert wrong(posts, dict.fromkeys(COMPANIES, 2)) == []
        assert len(posts) == 2 * len(COMPANIES)


async def test_what_was_told_while_nobody_worked_is_delivered(on: Line, tmp_path: Path) -> None:
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url))
        await on.tell(*COMPANIES)
        async with on.working():
            await on.attempts(len(COMPANIES))
        for _ in range(2):
            await on.tell(*COMPANIES)
        async with on.working():
            posts = await received(receiver, 3 * len(COMPANIES))
        assert wrong(posts, dict.fromkeys(COMPANIES, 3)) == []


async def test_retries_go_on_with_the_next_worker_where_they_were(on: Line, tmp_path: Path) -> None:
    """The second attempt comes when it was due, as the second, and the next message waits."""
    tries = 0

    async def at_the_third(request: web.Request) -> web.StreamResponse:
        nonlocal tries
        tries += 1
        return await (fine if tries > 2 else answering(503))(request)

    def later(span: Instant) -> Instant:
        return now() + span

    async with receiving(at_the_third) as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url))
        await on.tell("acme", "acme")
        async with on.working():
            (first,) = await on.attempts(1)
        assert (first["state"], first["attempt"], first["outcome"]) == ("pending", 1, "failed")
        async with on.working():
            """It is not due yet."""
        assert tries == 1
        async with on.working(clock=lambda: later(10 * SECOND)):
            second = (await on.attempts(2))[1]
        assert (second["state"], second["attempt"]) == ("pending", 2)
        assert second["since"] == first["since"]
        async with on.working(clock=lambda: later(60 * SECOND)):
            posts = await received(receiver, 2)
            attempts = await on.attempts(4)
        assert [one["attempt"] for one in attempts] == [1, 2, 3, 1]
        assert wrong(posts, {"acme": 2}) == []


async def test_a_receiver_that_takes_nothing_for_days_is_disabled_by_whoever_works_then(
    on: Line, tmp_path: Path
) -> None:
    """Nothing is given up: when it is enabled again, what waited comes."""
    well = False

    async def at_last(request: web.Request) -> web.StreamResponse:
        return await (fine if well else answering(503))(request)

    async with receiving(at_last) as receiver, on.desk(tmp_path / "desk.db") as desk:
        made_, _ = await desk.subscribe(asked(receiver.url))
        await on.tell("acme")
        async with on.working():
            await on.attempts(1)
        for number, days in ((2, 4), (3, 6)):
            async with on.working(clock=lambda days=days: now() + days * DAY):
                attempts = await on.attempts(number)
        assert [one["state"] for one in attempts] == ["pending", "pending", "abandoned"]
        await until(lambda: is_disabled(desk, made_.id))
        well = True
        await desk.enable(made_.id)
        async with on.working():
            await on.tell("acme")
            posts = await received(receiver, 2)
            await on.attempts(5)
    assert wrong(posts, {"acme": 2}) == []


async def test_a_receiver_that_is_gone_is_disabled_for_all(on: Line, tmp_path: Path) -> None:
    async with (
        receiving(answering(410)) as receiver,
        on.desk(tmp_path / "one.db") as desk,
        on.desk(tmp_path / "two.db") as other,
    ):
        made_, _ = await desk.subscribe(asked(receiver.url))
        await on.tell("acme")
        async with on.working():
            await on.until(on.names.subscriptions, lambda some: len(some) >= 2)
            for one in (desk, other):
                await until(lambda one=one: is_disabled(one, made_.id))
        await on.tell(*COMPANIES)
        async with on.working():
            for partition in {partition_of(one, PARTITIONS) for one in COMPANIES}:
                await on.over(partition)
        assert len(receiver.posts) == 1


async def is_disabled(desk: KafkaDesk, subscription: str) -> bool:
    return (await desk.subscription(subscription))["state"] == "disabled"


async def test_a_start_names_every_partition(on: Line, tmp_path: Path) -> None:
    await on.tell(*COMPANIES)
    ends = dict.fromkeys(range(PARTITIONS), -1)
    ends |= {one.partition: one.offset for one in await on.read(on.names.events)}
    for _ in range(2):
        await on.tell(*COMPANIES)
    start = ",".join(f"{partition}:{offset}" for partition, offset in ends.items())
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        with pytest.raises(Refused, match="should name partitions 0 to 2"):
            await desk.subscribe(asked(receiver.url, start="0:1"))
        await desk.subscribe(asked(receiver.url, start=start))
        async with on.working():
            await on.attempts(2 * len(COMPANIES))
        assert wrong(receiver.posts, dict.fromkeys(COMPANIES, 2), first=2) == []


async def test_a_start_is_a_date(on: Line, tmp_path: Path) -> None:
    old, new = 1_600_000_000 * SECOND, 1_650_000_000 * SECOND
    await on.tell(*COMPANIES, recorded=old)
    await on.tell(*COMPANIES, recorded=new)
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, start=show(new)))
        async with on.working():
            await on.attempts(len(COMPANIES))
        assert wrong(receiver.posts, dict.fromkeys(COMPANIES, 1), first=2) == []


async def test_countries_are_those_of_when_a_change_was_told(on: Line, tmp_path: Path) -> None:
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, filter={"countries": ["CN"]}))
        await on.tell("acme", country="CN")
        await on.tell("acme", country="US")
        await on.tell("acme", country="CN")
        async with on.working():
            posts = await received(receiver, 2)
        assert [one.message["data"]["sequence"] for one in posts] == [1, 3]
        assert [one.message["n"] for one in posts] == [1, 2]


async def test_a_long_past_is_told_while_news_go_on(on: Line, tmp_path: Path) -> None:
    """Longer than what is held in memory; the worker changes in the middle of it."""
    many = 2 * max(KEPT, WAITING) // len(COMPANIES)
    await on.tell(*(many * COMPANIES))
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, start="beginning"))
        async with on.working():
            await received(receiver, many)
        await on.tell(*COMPANIES)
        async with on.working():
            posts = await received(receiver, (many + 1) * len(COMPANIES))
        assert wrong(posts, dict.fromkeys(COMPANIES, many + 1)) == []


async def test_who_had_a_partition_before_delivers_no_more(on: Line, tmp_path: Path) -> None:
    partition = partition_of("acme", PARTITIONS)
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url))
        async with on.working((partition + 1) % PARTITIONS) as worker:
            former = asyncio.create_task(worker.serve(partition))
            await on.tell("acme")
            await on.attempts(1)
            async with on.working(partition) as latter:
                await until(lambda: has(latter, partition))
                await on.tell("acme")
                with pytest.raises(Fenced):
                    await former
                await on.attempts(2)
        assert wrong(receiver.posts, {"acme": 2}) == []


async def has(worker: AlertWorker, partition: int) -> bool:
    return partition in worker.working


async def test_of_those_who_went_nothing_is_kept(on: Line, tmp_path: Path) -> None:
    """Whether somebody worked meanwhile or not."""
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        while_working, _ = await desk.subscribe(asked(receiver.url))
        otherwise, _ = await desk.subscribe(asked(receiver.url))
        await on.tell("acme")
        async with on.working():
            await on.attempts(2)
            await desk.unsubscribe(while_working.id)
            await until(lambda: gone(on, while_working.id))
        await desk.unsubscribe(otherwise.id)
        async with on.working():
            await until(lambda: gone(on, otherwise.id))
            await on.tell("acme")
            await on.over(partition_of("acme", PARTITIONS))
        assert len(receiver.posts) == 2
        for one in (while_working, otherwise):
            assert await gone(on, one.id)


async def gone(on: Line, subscription: str) -> bool:
    """Whether nothing is told any more of one of whom something was."""
    latest = {(one.partition, one.key): one.value for one in await on.read(on.names.progress)}
    told = [value for (_, key), value in latest.items() if subscription.encode() in key]
    assert told
    return not any(told)


async def test_topics_in_which_a_company_has_two_homes_are_refused(kafka: str, topic: str) -> None:
    names = named(topic.replace(".", ""))
    await made(kafka, names, changes=2)
    worker = AlertWorker(Means(Connection(kafka), REGISTRY, SharedVault(KEY), {}, now, names))
    with pytest.raises(StoreError, match="same number of partitions"):
        await worker.run()
