"""How soon a change is told, embedded: from before its event is appended, and from when the change
is there, until the first attempt is received.

Events are appended at a rate, one by one, folded, and told each to one of many subscribers, in one
process; receivers are another on the same machine.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns

from alerts.messages import draft
from alerts.places import behind
from alerts.source import Projected
from events.admitted import Admitted
from events.door import admit
from events.lists import Registry, load_registry
from events.log import Position
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.store import ProjectionStore
from service.server import settle_memory
from tests.bench.alert_house import House, at_rate, now, receiving
from tests.bench.harness import Bench, Contender, Figures, Options, spread

_HERE = "tests.bench.promptness"
_WARM_UP_S = 2


@dataclass
class _Times:
    """By event, in nanoseconds of the machine's steady clock."""

    begun: dict[str, int] = field(default_factory=dict)
    """When it was about to be appended."""
    there: dict[str, int] = field(default_factory=dict)
    """When its change was there."""


def soon(folder: Path, options: Options) -> Figures:
    """See above."""
    with receiving() as receivers:
        times, messages = asyncio.run(_appended(folder, options, receivers.url))
        came = receivers.came()
    warm = min(times.begun.values()) + _WARM_UP_S * 10**9
    counted = {one: at for one, at in times.begun.items() if at >= warm}
    first = {one: came[messages[one]] for one in counted}
    figures: Figures = {"rate": len(first) / (max(first.values()) - warm) * 1e9}
    for name, some in (("appended", counted), ("told", times.there)):
        found = spread([at - some[one] for one, at in first.items()])
        figures |= {f"{name}_{key}": found[key] / 1_000 for key in ("p50", "p99")}
    return figures


async def _appended(folder: Path, options: Options, url: str) -> tuple[_Times, dict[str, str]]:
    """When what happened, and by event the message that told of it."""
    registry = load_registry()
    log = SqliteEventLog(folder / "log.db", now)
    store = ProjectionStore(folder / "projections.db")
    projector = Projector(log, store, registry)
    house = House(folder, Projected(store, log.end, projector.reached))
    subscribers = options["subscriptions"]
    whose = {
        f"company-{one}": await house.subscribe(
            f"{url}/{one % 100}", f"company-{one}", kinds=["noted"]
        )
        for one in range(subscribers)
    }
    number = options["events"] * (options["seconds"] + _WARM_UP_S)
    times = _Times()

    async def append(n: int) -> None:
        event = _news(n, subscribers, registry)
        times.begun[event.id] = perf_counter_ns()
        await log.append([event])

    async with house.running():
        settle_memory()
        with _followed(log, projector, times):
            await at_rate(number, options["events"], append)
            await house.delivered(number)
    told = store.changes(after=behind(-1), limit=number)
    return times, {
        one.change.cause[0]: draft(whose[one.change.company], one.change, b"").id for one in told
    }


@contextmanager
def _followed(log: SqliteEventLog, projector: Projector, times: _Times) -> Iterator[None]:
    """What is appended is folded."""

    async def follow() -> None:
        async for batch in log.follow(Position({0: projector.position})):
            await projector.take(batch)
            at = perf_counter_ns()
            times.there |= {one.id: at for one in batch}

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        following.cancel()


def _news(n: int, companies: int, registry: Registry) -> Admitted:
    raw = {
        "type": "standing.note.recorded",
        "subject": f"company-{n % companies}",
        "data": {"kind": "news", "text": f"news {n}"},
    }
    return admit(raw, registry)


def measure(bench: Bench) -> None:
    """At one rate, and at another."""
    args = bench.args
    for rate in (args.low, args.high):
        options = {"events": rate, "subscriptions": args.subscriptions, "seconds": args.seconds}
        one = Contender(f"{rate} a second", f"{_HERE}:soon", options)
        bench.interleave([one])
        print(f"\n{rate} events/s, {args.subscriptions:,} subscriptions, embedded")
        print("  target, at 500/s with 1,000: p50 < 30 ms, p99 < 250 ms from the change")
        for name, what in (("appended", "event appended"), ("told", "change there")):
            p50, p99 = one.of(f"{name}_p50"), one.of(f"{name}_p99")
            print(f"  from {what:16} p50 {p50:8,.1f} ms  p99 {p99:8,.1f} ms", flush=True)


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__)
    bench.option("low", 100, "events a second")
    bench.option("high", 500, "events a second, then")
    bench.option("subscriptions", 1_000, "subscriptions, each to a company of its own")
    bench.option("seconds", 8, "seconds of each")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
