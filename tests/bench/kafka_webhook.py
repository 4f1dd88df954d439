"""From an event appended to the webhook that tells of it received, first attempt: on Kafka with a
projection worker, an alert worker and a receiver, each a process of its own, beside a bare aiokafka
consumer that sees the same event, and the status published.

An event that brings nothing to tell of by default, such as a note, has no webhook and does not
count. Some bring several: then the first that came counts.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from events.kafka.topics import CHANGES, TOPICS
from events.log import Position
from service.broker.cluster import running
from tests.bench.generate import events
from tests.bench.harness import Bench, Contender, Figures, Options, spread
from tests.bench.hooks import Came, at_two_rates, first_told, receiving
from tests.bench.kafka_house import PARTITIONS, made_anew, recorded, worker
from tests.bench.kafka_live import WARM_UP_S, Driver

_HERE = "tests.bench.kafka_webhook"
_COMPANIES = 400
_HISTORY = 2 * _COMPANIES
"""By then every company is described, and most are on a list."""
_SETTINGS = {
    "STANDING_SECRET_KEY": "only for this benchmark, and long enough for it",
    "STANDING_ALLOW_NETWORKS": "127.0.0.0/8",
}


def live(folder: Path, options: Options) -> Figures:
    """At so many `events` a second, for so many `seconds`, behind those to get `warm`."""
    servers, told = options["servers"], _told(options)

    async def begin() -> Position:
        await made_anew(servers, *TOPICS)
        return await recorded(servers, told[:_HISTORY])

    begins = asyncio.run(begin())
    with (
        receiving() as receiver,
        worker(servers, folder / "projections") as folding,
        worker(servers, folder / "alerts", "alerts", **_SETTINGS) as telling,
    ):
        folding.reached(begins)
        telling.heard("begins", PARTITIONS)
        _subscribe(receiver.url, folder / "desk", STANDING_KAFKA=servers)
        driver = Driver(options)
        used = folding.cpu(), telling.cpu()
        seen = asyncio.run(driver.run(told[_HISTORY:]))
        receiver.wait(asyncio.run(_changes(servers, driver.begun.keys())))
        cpu = folding.cpu() - used[0], telling.cpu() - used[1]
        came = receiver.told()
    begun = {one: at for one, at in driver.begun.items() if at >= driver.warm()}
    figures = _figures(begun, came, seen)
    return {**figures, "cpu_folding": cpu[0], "cpu_telling": cpu[1]}


def _told(options: Options) -> list[dict[str, Any]]:
    number = options["events"] * (options["seconds"] + options["warm"])
    return list(events(_HISTORY + number, _COMPANIES))


def _subscribe(url: str, home: Path, **settings: str) -> None:
    """As an operator does."""
    command = [str(Path(sys.executable).with_name("standing")), "subscribe", "--webhook", url]
    environment = {**os.environ, **_SETTINGS, **settings, "STANDING_HOME": str(home)}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


async def _changes(servers: str, causes: Any) -> int:
    """How many changes these events caused that are told by default."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed")
    await consumer.start()
    places = [TopicPartition(CHANGES.name, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    found = 0
    while any([await consumer.position(place) < ends[place] for place in places]):
        for some in (await consumer.getmany(timeout_ms=200)).values():
            values = [orjson.loads(one.value) for one in some]
            found += sum(
                one["kind"] != "noted" and not causes.isdisjoint(one["cause"]) for one in values
            )
    await consumer.stop()
    return found


def _figures(begun: dict[str, int], came: Came, seen: dict[str, list[int]]) -> Figures:
    first = first_told(begun, came)
    taken = {**seen, "told": [now - begun[cause] for cause, now in first.items()]}
    span = (max(first.values()) - min(begun.values())) / 1e9
    figures: Figures = {"webhooks": len(came), "rate": len(first) / span}
    for name, some in taken.items():
        one = spread(some)
        figures |= {f"{name}_p50": one["p50"] / 1_000, f"{name}_p99": one["p99"] / 1_000}
    return figures


def measure(bench: Bench) -> None:
    """On a broker of its own, on this machine, at both rates."""
    seconds = bench.args.seconds
    with bench.folder() as folder, running(Path(folder) / "kafka") as cluster:
        common: Options = {"servers": cluster.bootstrap, "seconds": seconds}
        common["warm"] = bench.args.warm
        for rate in (bench.args.low, bench.args.high):
            live = Contender("live", f"{_HERE}:live", {**common, "events": rate})
            bench.interleave([live])
            print(f"\nevent appended to webhook received, {rate} events/s for {seconds} s")
            for name, what in (
                ("seen", "a bare consumer sees it"),
                ("published", "its status is published"),
                ("told", "the webhook is received"),
            ):
                p50, p99 = live.of(f"{name}_p50"), live.of(f"{name}_p99")
                print(f"  {what:26} p50 {p50:8,.1f} ms, p99 {p99:8,.1f} ms")
            _print(live)


def _print(live: Contender) -> None:
    number = live.of("webhooks")
    telling, folding = (live.of(f"cpu_{one}") / number * 1e6 for one in ("telling", "folding"))
    print(
        f"  {number:,.0f} webhooks; processor time for each: {telling:,.0f} microseconds of the "
        f"alert worker, {folding:,.0f} of the projection worker",
        flush=True,
    )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = at_two_rates(_HERE, __doc__)
    bench.option("warm", WARM_UP_S, "seconds of each before that")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
