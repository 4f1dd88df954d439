"""A log whose broker is killed, or stands still, loses nothing and has nothing twice."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import aclosing
from itertools import count
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from events.admitted import Admitted
from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.log import KafkaEventLog
from events.kafka.producing import started
from events.log import Position, Receipt
from service.broker.cluster import Cluster, running
from tests.chaos.kafka.unix import stands_still
from tests.contract.event_log_suite import everything, ids, let_in
from tests.contract.event_log_suite_together import followed
from tests.kafka.logs import Sifting, make
from tests.unit.making import issued

WRITERS = 4
GROUP = 5


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """What a broker leaves to its successor."""
    return tmp_path / "data"


@pytest.fixture
def cluster(data: Path) -> Iterator[Cluster]:
    """A broker that may be stopped."""
    with running(data) as cluster:
        yield cluster


def port_of(cluster: Cluster) -> int:
    """Where it listens."""
    return int(cluster.bootstrap.rpartition(":")[2])


def pause(cluster: Cluster) -> None:
    """Have its broker stand still: on return it does, which the system sees to in its own time."""
    os.kill(cluster.brokers[0].pid, signal.SIGSTOP)
    while not stands_still(cluster.brokers[0].pid):
        """Its threads may be in the middle of an answer."""


def group(writer: int, number: int) -> list[Admitted]:
    """The events of one append, in several partitions."""
    return let_in(
        *(
            {**issued("2021", f"{writer}-{number}-{part}"), "subject": f"c{part}"}
            for part in range(GROUP)
        )
    )


async def test_a_broker_that_is_killed_and_comes_back_finds_writers_waiting(
    data: Path, topic: str
) -> None:
    """What was acknowledged is there, and everything once: the brokers know a batch that is sent
    again. A follower goes on, too."""
    told: list[Receipt] = []
    enough, done = asyncio.Event(), False

    async def write(log: KafkaEventLog, writer: int) -> None:
        for number in count():
            told.extend(await log.append(group(writer, number)))
            if len(told) > 40 * GROUP:
                enough.set()
            if done:
                return

    with running(data) as cluster:
        port = port_of(cluster)
        await make(cluster.bootstrap, topic, 4)
        log = KafkaEventLog(Connection(cluster.bootstrap), topic, patience=120)
        writing = [asyncio.create_task(write(log, writer)) for writer in range(WRITERS)]
        following = asyncio.create_task(follow(log, told))
        await enough.wait()
        os.kill(cluster.brokers[0].pid, signal.SIGKILL)
    acknowledged = len(told)
    with running(data, port=port) as cluster:
        while len(told) < acknowledged + 40 * GROUP:
            await asyncio.wait(writing, timeout=0.05)
        done = True
        await asyncio.gather(*writing)
        found = await everything(log, Position())
        assert {one.id: one.position for one in told} == {one.id: one.position for one in found}
        assert len(ids(found)) == len(set(ids(found)))
        for part in range(GROUP):
            for writer in range(WRITERS):
                mine = [one.id for one in found if one.subject == f"c{part}"]
                numbers = [int(one.split("-")[1]) for one in mine if one.startswith(f"{writer}-")]
                assert numbers == sorted(numbers)
        assert await following == {one.id for one in told[: 60 * GROUP]}
        await log.close()


async def follow(log: KafkaEventLog, told: list[Receipt]) -> set[str]:
    """What a follower gets, until it has the first so many that were acknowledged."""
    found: set[str] = set()
    async with aclosing(log.follow(Position())) as batches:
        async for records in batches:
            found.update(ids(records))
            wanted = {one.id for one in told[: 60 * GROUP]}
            if len(wanted) == 60 * GROUP and wanted <= found:
                return wanted
    return found


async def test_a_broker_that_stands_still_is_not_waited_for_longer_than_said(
    cluster: Cluster, topic: str
) -> None:
    """What was under way may be in the log or not; written again, it stands once."""
    await make(cluster.bootstrap, topic)
    log = KafkaEventLog(Connection(cluster.bootstrap), topic, patience=4)
    await log.append(let_in(issued("2021", "before")))
    end = await log.ends()
    pause(cluster)
    try:
        began = time.monotonic()
        with pytest.raises(StoreError, match="record it again"):
            await log.append(let_in(issued("2021", "a")))
        with pytest.raises(StoreError, match="no answer in time"):
            await log.ends()
        with pytest.raises(StoreError, match="no answer in time"):
            await everything(log, end)
        assert time.monotonic() - began < 45
    finally:
        os.kill(cluster.brokers[0].pid, signal.SIGCONT)
    again = KafkaEventLog(Connection(cluster.bootstrap), topic)
    sifting = Sifting(again)
    (receipt,) = await sifting.append(let_in(issued("2021", "a")))
    assert receipt.outcome in ("recorded", "duplicate")
    assert [one.id for one in sifting.standing] == ["before", "a"]
    (late,) = await log.append(let_in(issued("2021", "late")))
    await again.reached(Position.parse(late.position or "", "late"))
    await log.close()
    await again.close()


async def test_a_producer_can_be_let_go_of_while_its_broker_dies(
    cluster: Cluster, topic: str
) -> None:
    """What was under way fails; a worker that begins anew for that is not ended by it. aiokafka
    puts a message that was not answered back where it has been given up already."""
    await make(cluster.bootstrap, topic)
    options = {"transactional_id": topic}
    producer = await started(Connection(cluster.bootstrap), topic, 60, options)
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"first")
    pause(cluster)
    under_way = await producer.send(topic, b"second")
    await asyncio.wait([under_way], timeout=0.5)
    letting_go = asyncio.create_task(producer.abandon())
    await asyncio.wait([letting_go], timeout=0.5)
    os.kill(cluster.brokers[0].pid, signal.SIGKILL)
    await letting_go
    with pytest.raises(KafkaError, match="let go of"):
        await under_way


async def test_a_follower_outlives_its_broker(data: Path, topic: str) -> None:
    """It waits for the next one, and misses nothing."""
    with running(data) as cluster:
        port = port_of(cluster)
        await make(cluster.bootstrap, topic)
        log = KafkaEventLog(Connection(cluster.bootstrap), topic)
        batches = log.follow(Position())
        await log.append(let_in(issued("2021", "a")))
        assert await followed(batches, 1) == ["a"]
    following = asyncio.create_task(followed(batches, 1))
    with running(data, port=port):
        await log.append(let_in(issued("2021", "b")))
        assert await following == ["b"]
        await batches.aclose()
        await log.close()
