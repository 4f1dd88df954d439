"""The projection worker as events come: from an event appended to its status published, beside a
bare aiokafka consumer that sees the same event; and how many a second it keeps up with, beside a
bare Faust agent.

For the times, one process appends and looks at both topics, so that what disturbs one disturbs the
other; what falls into the first seconds does not count, as a broker that was started takes some
thousand transactions to compile itself, on the processors that it shares with everybody. For what
it keeps up with, a heap of events is appended at once to workers that have a history and have
caught up: counted from the first append to the last status.
"""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter, perf_counter_ns
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from events.door import admit
from events.kafka.binding import HEADERS
from events.kafka.partitioner import partition_of
from events.kafka.topics import CHANGES, EVENTS, REJECTED, STATUS, Topic
from events.lists import load_registry
from events.log import Position
from service.broker.cluster import running
from tests.bench.generate import events
from tests.bench.harness import Bench, Contender, Figures, Options, spread, table
from tests.bench.kafka_house import PARTITIONS, admitted, appended, made_anew, recorded, worker

_HERE = "tests.bench.kafka_live"
WARM_UP_S = 20
_QUIET_S = 30


def latency(folder: Path, options: Options) -> Figures:
    """At so many `events` a second, for so many `seconds`, behind those to get `warm`."""
    servers = options["servers"]
    told = list(events(options["history"], options["companies"]))

    async def begin() -> Position:
        await made_anew(servers, EVENTS, STATUS, CHANGES, REJECTED)
        return await recorded(servers, told[: options["history"] // 2])

    begins = asyncio.run(begin())
    with worker(servers, folder / "home") as one:
        one.reached(begins)
        used = one.cpu()
        seen = asyncio.run(Driver(options).run(told[options["history"] // 2 :]))
        cpu = one.cpu() - used
        memory = one.memory()
    number = options["events"] * (options["seconds"] + options["warm"])
    figures = {"memory": memory, "cpu": cpu / number, "rate": options["events"]}
    for name, taken in seen.items():
        some = spread(taken)
        figures |= {f"{name}_p50": some["p50"] / 1_000, f"{name}_p99": some["p99"] / 1_000}
    return figures


class Driver:
    """Appends at a steady rate, and notes when what could be seen."""

    def __init__(self, options: Options) -> None:
        self._servers = options["servers"]
        self._rate = options["events"]
        self._warm_s = options["warm"]
        self._number = options["events"] * (options["seconds"] + self._warm_s)
        self.begun: dict[str, int] = {}
        """When the append of an event began, by its id."""
        self._sent: dict[tuple[int, int], tuple[bytes, int]] = {}
        self._events: dict[tuple[int, int], int] = {}
        self._statuses: dict[bytes, list[tuple[int, int]]] = {}

    async def run(self, told: list[dict[str, Any]]) -> dict[str, list[int]]:
        """Nanoseconds from before each append, of the consumer and of the statuses."""
        registry = load_registry()
        ready = [admit(one, registry) for one in told[: self._number]]
        async with (
            AIOKafkaProducer(
                bootstrap_servers=self._servers, enable_idempotence=True, acks="all"
            ) as producer,
            asyncio.TaskGroup() as group,
        ):
            looking = [
                group.create_task(self._look(EVENTS, self._event)),
                group.create_task(self._look(STATUS, self._status)),
            ]
            await asyncio.sleep(1)
            begun, sending = perf_counter(), []
            for number, one in enumerate(ready):
                if (early := begun + number / self._rate - perf_counter()) > 0:
                    await asyncio.sleep(early)
                sending.append(group.create_task(self._append(producer, one)))
            await asyncio.gather(*sending)
            async with asyncio.timeout(_QUIET_S):
                while not self._all_seen():  # noqa: ASYNC110 - nobody tells when
                    await asyncio.sleep(0.1)
            for task in looking:
                task.cancel()
        return self._taken()

    async def _append(self, producer: Any, one: Any) -> None:
        before, key = perf_counter_ns(), one.subject.encode()
        partition = partition_of(one.subject, PARTITIONS)
        at = await producer.send_and_wait(
            EVENTS.name, one.body, key, partition, headers=list(HEADERS)
        )
        self._sent[partition, at.offset] = key, before
        self.begun[one.id] = before

    async def _look(self, topic: Topic, see: Any) -> None:
        async with AIOKafkaConsumer(
            bootstrap_servers=self._servers, isolation_level="read_committed"
        ) as consumer:
            places = [TopicPartition(topic.name, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            await consumer.seek_to_end(*places)
            async for message in consumer:
                see(message, perf_counter_ns())

    def _event(self, message: Any, now: int) -> None:
        self._events[message.partition, message.offset] = now

    def _status(self, message: Any, now: int) -> None:
        upto = int(orjson.loads(message.value)["position"].partition(":")[2])
        self._statuses.setdefault(message.key, []).append((upto, now))

    def _published(self, offset: int, key: bytes) -> int | None:
        return next((now for upto, now in self._statuses.get(key, ()) if upto >= offset), None)

    def _all_seen(self) -> bool:
        return all(
            place in self._events and self._published(place[1], key) is not None
            for place, (key, _) in self._sent.items()
        )

    def warm(self) -> int:
        """When the warm-up was over."""
        return min(self.begun.values()) + self._warm_s * 10**9

    def _taken(self) -> dict[str, list[int]]:
        began = self.warm()
        sample = {place: one for place, one in self._sent.items() if one[1] >= began}
        return {
            "seen": [self._events[place] - before for place, (_, before) in sample.items()],
            "published": [
                (self._published(place[1], key) or 0) - before
                for place, (key, before) in sample.items()
            ],
        }


def sustained(folder: Path, options: Options) -> Figures:
    """So many `workers` that have a history, and a heap of later events before them."""
    servers, number, workers = options["servers"], options["events"], options["workers"]
    told = list(events(2 * number, options["companies"]))

    async def begin() -> Position:
        await made_anew(servers, EVENTS, STATUS, CHANGES, REJECTED)
        return await recorded(servers, told[:number])

    begins = asyncio.run(begin())
    ready = admitted(told[number:])
    with ExitStack() as stack:
        several = [
            stack.enter_context(worker(servers, folder / str(one))) for one in range(workers)
        ]
        several[0].reached(begins, *several[1:])
        for one in several:
            one.has(PARTITIONS // workers)
        begun, used = perf_counter(), sum(one.cpu() for one in several)
        ends = asyncio.run(appended(servers, ready))
        seconds = several[0].reached(ends, *several[1:]) - begun
        cpu = sum(one.cpu() for one in several) - used
        memory = sum(one.memory() for one in several)
    return {"rate": number / seconds, "cpu": number / cpu, "seconds": seconds, "memory": memory}


def measure(bench: Bench) -> None:
    """On a broker of its own, on this machine."""
    args = bench.args
    with bench.folder() as folder, running(Path(folder) / "kafka") as cluster:
        common: Options = {"servers": cluster.bootstrap, "companies": args.companies}
        live = Contender(
            "live",
            f"{_HERE}:latency",
            {**common, "events": args.rate, "seconds": args.seconds, "warm": args.warm}
            | {"history": 2 * args.rate * (args.seconds + args.warm)},
        )
        bench.interleave([live])
        print(f"\nevent appended to status published, {args.rate} events/s for {args.seconds} s")
        print("  target: p99 within 3 x the time to a bare consumer")
        for part in ("p50", "p99"):
            mine, theirs = live.of(f"published_{part}"), live.of(f"seen_{part}")
            ratio = median(one[f"published_{part}"] / one[f"seen_{part}"] for one in live.rounds)
            print(f"  {part}: {mine:.1f} ms published, {theirs:.1f} ms seen, {ratio:.1f}x")
        print(
            f"  the worker took {live.of('cpu') * 1e6:,.0f} microseconds of processor time for an "
            f"event, and {live.of('memory'):,.0f} MiB"
        )
        _sustained(bench, {**common, "events": args.events})


def _sustained(bench: Bench, options: Options) -> None:
    few = {**options, "events": max(1_000, options["events"] // 4), "way": "bare"}
    one, two = (
        Contender(
            f"standing, {workers} of it", f"{_HERE}:sustained", options | {"workers": workers}
        )
        for workers in (1, 2)
    )
    theirs = Contender("Faust, bare agent", "tests.bench.kafka_worker:faust", few)
    pair = Contender("Faust, two apart", "tests.bench.kafka_worker:faust_twice", few)
    bench.interleave([one, theirs, two, pair])
    print("\nsustained")
    table([one, two, theirs, pair], theirs, "events", "at least 1 x the agent; two 1.6 x one")
    told = ", ".join(f"{each.name} {each.of('cpu'):,.0f}" for each in (one, two, theirs))
    print(f"  events per second of processor time: {told}")
    print(f"  memory {one.of('memory'):,.0f} and {two.of('memory'):,.0f} MiB")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__, rounds=2)
    bench.option("rate", 500, "events a second")
    bench.option("seconds", 10, "seconds of that")
    bench.option("warm", WARM_UP_S, "seconds of it before that")
    bench.option("events", 20_000, "events to keep up with")
    bench.option("companies", 4_000, "companies that they are about")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
