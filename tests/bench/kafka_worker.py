"""The projection worker on Kafka, from an empty cluster of its own to the last status published:
beside Quix Streams, Faust and bare aiokafka on the same events.

Each of the others does less: none compares events, keeps changes or publishes. Their time is
counted from their first event to their last; the worker's from when it knows its partitions to when
everything is published and can be read.
"""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from events.kafka.connection import Connection
from events.kafka.topics import CHANGES, EVENTS, REJECTED, STATUS
from events.log import Position
from service.broker.cluster import running
from service.rebuilding import Rebuilding
from service.settings import load_settings
from tests.bench.generate import events
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, table
from tests.bench.kafka_house import (
    PARTITIONS,
    derived_anew,
    made_anew,
    recorded,
    statuses,
    worker,
)

_HERE = "tests.bench.kafka_worker"
_ROOT = Path(__file__).parents[2]
_BATCH = 5_000
_LISTS = """
version = "{version}"

[[list]]
id = "bench-list"
name = "A list that nobody is on"
authority = "Nobody"
zone = "UTC"
"""


def bare(_: Path, options: Options) -> Figures:
    """aiokafka's `getmany`, and nothing done with what it gives."""

    async def measured() -> Figures:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=options["servers"],
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        await consumer.start()
        places = [TopicPartition(EVENTS.name, number) for number in range(PARTITIONS)]
        found, used = 0, _cpu()
        with Stopwatch() as watch:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            while found < options["events"]:
                some = await consumer.getmany(timeout_ms=1_000, max_records=_BATCH)
                found += sum(map(len, some.values()))
        await consumer.stop()
        return {**rate(found, watch), "cpu": found / (_cpu() - used)}

    return asyncio.run(measured())


def _cpu(whose: int = RUSAGE_SELF) -> float:
    used = getrusage(whose)
    return used.ru_utime + used.ru_stime


def quix(folder: Path, options: Options) -> Figures:
    """Quix Streams in its own environment."""
    python = _ROOT / ".venv" / "quix" / "bin" / "python"
    program = Path(__file__).with_name("quix_peer.py")
    return _told([str(python), "-P", "-W", "ignore", str(program)], folder, options)


def faust(folder: Path, options: Options) -> Figures:
    """Faust, `way` as in `faust_peer`."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.faust_peer"]
    return _told(command, folder, options, options["way"])


def faust_twice(folder: Path, options: Options) -> Figures:
    """Two of it at once, which know nothing of each other: what a second process gains here."""
    homes = folder / "one", folder / "two"
    for home in homes:
        home.mkdir()
    with ThreadPoolExecutor(2) as both:
        one, two = both.map(lambda home: faust(home, options), homes)
    return {"rate": one["rate"] + two["rate"]}


def _told(command: list[str], folder: Path, options: Options, *more: str) -> Figures:
    asked = [options["servers"], EVENTS.name, str(options["events"]), str(folder / "state"), *more]
    told = subprocess.run([*command, *asked], stdout=subprocess.PIPE, check=True, text=True)
    figures: Figures = json.loads(told.stdout.splitlines()[-1])
    return figures


def cold(folder: Path, options: Options) -> Figures:
    """The worker where nothing was published yet."""
    servers, number = options["servers"], options["events"]
    asyncio.run(derived_anew(servers))
    with worker(servers, folder / "home") as one:
        begun = one.heard("partitions 0")
        used = one.cpu()
        seconds = one.reached(Position.parse(options["ends"], "ends")) - begun
        figures = {"rate": number / seconds, "seconds": seconds, "memory": one.memory()}
        figures["cpu"] = number / (one.cpu() - used)
    companies, messages = asyncio.run(statuses(servers))
    assert companies == options["companies"], (companies, options["companies"])
    return {**figures, "messages": messages}


def again(folder: Path, options: Options) -> Figures:
    """Everything that was published made anew under lists of another version: from the start of the
    command's work to when all of it is committed."""
    servers, number = options["servers"], options["events"]
    lists = folder / "lists.toml"
    lists.write_text(_LISTS.format(version=uuid4().hex))
    settings = replace(
        load_settings(), kafka=Connection(servers), home=folder / "home", lists=lists
    )
    rebuilding = Rebuilding(settings, Connection(servers), lambda _: None)
    used = _cpu(RUSAGE_CHILDREN) + _cpu()
    with Stopwatch() as watch:
        told = rebuilding.rebuild()
    assert told["companies"] == told["statuses"] == options["companies"], told
    spent = _cpu(RUSAGE_CHILDREN) + _cpu() - used
    return {**rate(number, watch), "cpu": number / spent}


def measure(bench: Bench) -> None:
    """On a broker of its own, on this machine."""
    number, companies = bench.args.events, bench.args.companies
    with bench.folder() as folder, running(Path(folder) / "kafka") as cluster:
        servers = cluster.bootstrap
        print(f"  recording {number:,} events of {companies:,} companies", flush=True)
        asyncio.run(made_anew(servers, EVENTS, STATUS, CHANGES, REJECTED))
        ends = asyncio.run(recorded(servers, list(events(number, companies))))
        common: Options = {"servers": servers, "events": number, "companies": companies}
        few = {**common, "events": max(1_000, number // 10)}
        mine = Contender("standing, cold start", f"{_HERE}:cold", {**common, "ends": str(ends)})
        anew = Contender("standing, rebuild under other lists", f"{_HERE}:again", common)
        theirs = [
            Contender("Quix Streams, smallest fold, state store", f"{_HERE}:quix", common),
            Contender("aiokafka, getmany", f"{_HERE}:bare", common),
            Contender("Faust, agent with a Table", f"{_HERE}:faust", {**few, "way": "table"}),
            Contender("Faust, bare agent", f"{_HERE}:faust", {**few, "way": "bare"}),
        ]
        bench.interleave([mine, anew, *theirs])
        print(f"\ncold start of {number:,} events in {PARTITIONS} partitions")
        for one, least in zip(theirs, ("1", "0.25", "30", "none"), strict=True):
            table([mine, one], one, "events", f"at least {least} x the second")
        print(f"\nrebuild of {number:,} events in {PARTITIONS} partitions")
        for one, least in zip(theirs, ("1", "0.25", "30", "none"), strict=True):
            table([anew, one], one, "events", f"at least {least} x the second")
        _cpus([mine, anew, *theirs])
        print(f"  statuses published: {mine.of('messages'):,.0f}; memory {mine.of('memory'):,.0f}")


def _cpus(contenders: list[Contender]) -> None:
    told = ", ".join(f"{one.name} {one.of('cpu'):,.0f}" for one in contenders)
    print(f"  events per second of processor time: {told}")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__, rounds=2)
    bench.option("events", 40_000, "events per round")
    bench.option("companies", 4_000, "companies that they are about")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
