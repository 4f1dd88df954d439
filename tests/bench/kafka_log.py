"""The log on Kafka beside bare aiokafka with the same settings: appending, reading, sifting."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from events.admitted import Admitted
from events.door import admit
from events.kafka.binding import HEADERS
from events.kafka.connection import Connection
from events.kafka.first import Kept, sift
from events.kafka.log import KafkaEventLog
from events.kafka.topics import EVENTS
from events.lists import load_registry
from events.log import Position
from service.broker.cluster import running
from tests.bench.generate import events
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, table

Append = Callable[[list[Admitted]], Awaitable[object]]
"""Append, and wait until it is acknowledged."""

_BATCH = 5_000
_WRITERS = 50


def _ready(options: Options) -> list[Admitted]:
    registry = load_registry()
    return [admit(one, registry) for one in events(options["events"], options["companies"])]


async def _made(options: Options) -> str:
    """A topic of one partition."""
    topic = f"bench.{uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=options["servers"])
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=EVENTS.config(1))])
    await admin.close()
    return topic


async def _measured(
    ready: list[Admitted], options: Options, append: Append, settle: Coroutine[Any, Any, object]
) -> Figures:
    """Append everything as the options say: `size` events a call, so many `writers` at once."""

    async def write(mine: list[Admitted]) -> None:
        for start in range(0, len(mine), options["size"]):
            await append(mine[start : start + options["size"]])

    await append(ready[:1])
    used = _cpu()
    with Stopwatch() as watch:
        async with asyncio.TaskGroup() as group:
            for number in range(options["writers"]):
                group.create_task(write(ready[number :: options["writers"]]))
    figures = {**rate(len(ready), watch), "cpu": len(ready) / (_cpu() - used)}
    await settle
    return figures


def append_bare(_: Path, options: Options) -> Figures:
    """aiokafka's producer, set as the log's."""

    async def measured() -> Figures:
        producer = AIOKafkaProducer(
            bootstrap_servers=options["servers"],
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=512 * 1024,
        )
        await producer.start()
        topic = await _made(options)

        async def append(some: list[Admitted]) -> None:
            waiting = [
                await producer.send(topic, one.body, one.subject.encode(), headers=list(HEADERS))
                for one in some
            ]
            await asyncio.gather(*waiting)

        return await _measured(_ready(options), options, append, producer.stop())

    return asyncio.run(measured())


def append_log(_: Path, options: Options) -> Figures:
    """`KafkaEventLog.append`."""

    async def measured() -> Figures:
        log = KafkaEventLog(Connection(options["servers"]), await _made(options))
        return await _measured(_ready(options), options, log.append, log.close())

    return asyncio.run(measured())


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read_bare(_: Path, options: Options) -> Figures:
    """aiokafka's `getmany`, and nothing done with what it gives."""

    async def measured() -> Figures:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=options["servers"],
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        await consumer.start()
        place = TopicPartition(options["topic"], 0)
        found, used = 0, _cpu()
        with Stopwatch() as watch:
            consumer.assign([place])
            consumer.seek(place, 0)
            while found < options["events"]:
                some = await consumer.getmany(timeout_ms=1_000, max_records=_BATCH)
                found += sum(map(len, some.values()))
        await consumer.stop()
        return {**rate(found, watch), "cpu": found / (_cpu() - used)}

    return asyncio.run(measured())


def read_log(_: Path, options: Options) -> Figures:
    """`KafkaEventLog.read`: events as objects, with their times; with `sift`, compared as well."""

    async def measured() -> Figures:
        log = KafkaEventLog(Connection(options["servers"]), options["topic"])
        ends = await log.ends()
        shelf = Kept()
        found, used = 0, _cpu()
        with Stopwatch() as watch:
            async for records in log.read(Position(), ends, batch=_BATCH):
                found += len(records)
                if options["sift"]:
                    for one in sift(records, shelf).standing:
                        shelf.put(one)
        await log.close()
        assert found == options["events"]
        return {**rate(found, watch), "cpu": found / (_cpu() - used)}

    return asyncio.run(measured())


async def _filled(options: Options) -> str:
    """A topic with that many events."""
    topic = await _made(options)
    log = KafkaEventLog(Connection(options["servers"]), topic)
    ready = _ready(options)
    for start in range(0, len(ready), _BATCH):
        await log.append(ready[start : start + _BATCH])
    await log.close()
    return topic


def measure(bench: Bench) -> None:
    """On a broker of its own, on this machine."""
    with bench.folder() as folder, running(Path(folder) / "kafka") as cluster:
        common: Options = {"servers": cluster.bootstrap, "companies": 2_000}
        few = max(1, bench.args.events // 50)
        for title, size, writers, count in (
            ("one event per call, one writer", 1, 1, few),
            (f"one event per call, {_WRITERS} writers at once", 1, _WRITERS, few * 10),
            (f"{_BATCH:,} events per call", _BATCH, 1, bench.args.events),
        ):
            options = {**common, "size": size, "writers": writers, "events": count}
            _compare(
                bench,
                f"append, {title}",
                Contender("aiokafka, send", "tests.bench.kafka_log:append_bare", options),
                Contender("standing, append", "tests.bench.kafka_log:append_log", options),
            )
        options = {**common, "events": bench.args.events}
        options["topic"] = asyncio.run(_filled(options))
        plain, sifted = ({**options, "sift": one} for one in (False, True))
        _compare(
            bench,
            "read",
            Contender("aiokafka, getmany", "tests.bench.kafka_log:read_bare", options),
            Contender("standing, read", "tests.bench.kafka_log:read_log", plain),
            Contender("standing, read and sifted", "tests.bench.kafka_log:read_log", sifted),
        )


def _compare(bench: Bench, title: str, *contenders: Contender) -> None:
    bench.interleave(contenders)
    print(f"\n{title}")
    table(contenders, contenders[0], "events", "none; the peer does less")
    told = ", ".join(f"{one.name} {one.of('cpu'):,.0f}" for one in contenders)
    print(f"  events per second of this process's own time: {told}")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.kafka_log", __doc__)
    bench.option("events", 100_000, "events per round")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
