"""What is to be published, in one transaction for all partitions of a worker, beside a transaction
for each: how long it takes from when it is there to when it is committed, and what that costs.

Messages come at a steady rate to four partitions in turn, each of them one for the statuses and one
for the changes, and are written as a worker does it: at once what has come while the one before was
written. Processor time is that of the client and of the broker; both contenders have the same
broker, which has compiled itself in what came before.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, perf_counter_ns, process_time
from typing import Final

from events.kafka.claims import fresh
from events.kafka.connection import Connection
from events.kafka.fenced import FencedWriter
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.rounds import Rounds
from events.kafka.topics import CHANGES, CLAIMS, STATUS
from service.broker.cluster import running
from tests.bench.harness import Bench, Contender, Figures, Options, spread
from tests.bench.kafka_house import PARTITIONS, made_anew

_HERE = "tests.bench.kafka_rounds"
_TICK: Final = os.sysconf("SC_CLK_TCK")
_BODY: Final = os.urandom(300).hex().encode()
_TOPICS: Final = (CHANGES.name, STATUS.name)
_PATIENCE_S: Final = 30.0

Write = Callable[[list[Packed]], Awaitable[None]]
Ready = Callable[[], Awaitable[None]]


def rounds(_: Path, options: Options) -> Figures:
    """One writer for all partitions."""
    return asyncio.run(_measured(options, _together))


def apart(_: Path, options: Options) -> Figures:
    """One writer for each partition."""
    return asyncio.run(_measured(options, _each))


@asynccontextmanager
async def _together(connection: Connection) -> AsyncIterator[list[tuple[Ready, Write]]]:
    async with AsyncExitStack() as stack:
        one = Rounds(connection, "bench", _TOPICS, PARTITIONS, _PATIENCE_S)
        await stack.enter_async_context(one)
        leases = [await stack.enter_async_context(one.lease(each)) for each in range(PARTITIONS)]
        yield [(lease.opening, lease.write) for lease in leases]


@asynccontextmanager
async def _each(connection: Connection) -> AsyncIterator[list[tuple[Ready, Write]]]:
    async def at_once() -> None:
        """Nobody waits for the others."""

    async with AsyncExitStack() as stack:
        writers = [
            await stack.enter_async_context(FencedWriter(connection, fresh("bench"), _PATIENCE_S))
            for _ in range(PARTITIONS)
        ]
        yield [(at_once, writer.write) for writer in writers]


class _Partition:
    """What has come to a partition, and who writes it."""

    def __init__(self, number: int) -> None:
        self.come: list[int] = []
        self.some = asyncio.Event()
        self.taken: list[int] = []
        self._number = number

    async def write_all(self, ready: Ready, write: Write) -> None:
        """Until cancelled."""
        while True:
            await self.some.wait()
            await ready()
            some, self.come = self.come, []
            self.some.clear()
            await write(
                packed(
                    Outgoing(topic, self._number, b"key", _BODY) for _ in some for topic in _TOPICS
                )
            )
            now = perf_counter_ns()
            self.taken += [now - begun for begun in some]


async def _measured(
    options: Options,
    writers: Callable[[Connection], AbstractAsyncContextManager[list[tuple[Ready, Write]]]],
) -> Figures:
    number, rate = options["events"] * options["seconds"], options["events"]
    partitions = [_Partition(one) for one in range(PARTITIONS)]
    async with writers(Connection(options["servers"])) as ways:
        mine, theirs, begun = process_time(), _cpu(options["pid"]), perf_counter()
        tasks = [
            asyncio.create_task(one.write_all(*way))
            for one, way in zip(partitions, ways, strict=True)
        ]
        for one in range(number):
            if (early := begun + one / rate - perf_counter()) > 0:
                await asyncio.sleep(early)
            to = partitions[one * 7 % PARTITIONS if one % 3 else one * 5 % PARTITIONS]
            to.come.append(perf_counter_ns())
            to.some.set()
        while sum(len(one.taken) for one in partitions) < number:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
        used, broker = process_time() - mine, _cpu(options["pid"]) - theirs
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    told = spread([taken for one in partitions for taken in one.taken])
    return {
        "rate": rate,
        "p50": told["p50"] / 1_000,
        "p99": told["p99"] / 1_000,
        "client": used / number,
        "broker": broker / number,
    }


def _cpu(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / _TICK


def measure(bench: Bench) -> None:
    """On a broker of its own, on this machine."""
    args = bench.args
    with bench.folder() as folder, running(Path(folder) / "kafka") as cluster:
        asyncio.run(made_anew(cluster.bootstrap, CHANGES, STATUS, CLAIMS))
        options: Options = {"servers": cluster.bootstrap, "pid": cluster.brokers[0].pid}
        options |= {"events": args.rate, "seconds": args.seconds}
        asyncio.run(_measured({**options, "seconds": args.warm}, _each))
        one = Contender("one transaction in a round", f"{_HERE}:rounds", options)
        each = Contender("a transaction for each", f"{_HERE}:apart", options)
        bench.interleave([one, each])
        print(f"\n{args.rate} messages/s to each of two topics, {PARTITIONS} partitions")
        for contender in (one, each):
            print(
                f"  {contender.name}: p50 {contender.of('p50'):.1f} ms, "
                f"p99 {contender.of('p99'):.1f} ms, microseconds of processor time for a message: "
                f"client {contender.of('client') * 1e6:,.0f}, broker "
                f"{contender.of('broker') * 1e6:,.0f}"
            )
        for part in ("client", "broker"):
            pairs = zip(one.rounds, each.rounds, strict=True)
            print(f"  {part}: {median(a[part] / b[part] for a, b in pairs):.2f}x")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__, rounds=3)
    bench.option("rate", 500, "messages a second")
    bench.option("seconds", 8, "seconds of that")
    bench.option("warm", 15, "seconds of it before, which do not count")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
