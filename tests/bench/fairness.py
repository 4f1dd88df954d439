"""What one receiver that is ill, or a mass of changes, does to others, embedded.

A hundred receivers, of which one hangs, is slow, or is not there. Each case has a loop and a store
of its own in one process; they have their turns, a window of a tenth of a second each, then all
again, so that a slow moment of the machine falls on each. The windows of a case are dealt out into
blocks, each of which comes to a 99th percentile; told is by how much that of the others moved from
the block in which all were well, the median of the blocks. What chance does is told by a second
case in which all are well.
"""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from alerts.messages import draft
from service.server import settle_memory
from tests.bench.alert_house import House, Source, at_rate, receiving
from tests.bench.harness import Bench, Contender, Figures, Options, spread
from tests.contract.alert_twins import change

_HERE = "tests.bench.fairness"
_RECEIVERS = 100
_CASES = {
    "well": "all are well",
    "again": "all are well, once more",
    "hang": "one hangs",
    "slow": "one answers after 2 s",
    "closed": "one is not there",
}
_SINGLES = 20
_BLOCKS = 5
_WARM_UP = 5
"""Windows in which connections are opened."""


class _Case:
    """A house, whose company 0 is told to the receiver that is ill, if any."""

    def __init__(self, folder: Path) -> None:
        self.source = Source()
        self.house = House(folder, self.source)
        self._whose: dict[str, str] = {}
        self._sent = 0
        self.windows: list[dict[str, int]] = []
        """Of each, when each message was about to be told."""

    async def subscribe(self, url: str, ill: str | None) -> None:
        """All of them."""
        for one in range(_RECEIVERS):
            where = ill if ill and one == 0 else f"{url}/{one}"
            ident = self._whose[f"company-{one}"] = await self.house.subscribe(
                where, f"company-{one}"
            )
            if where == ill:
                self.house.channel.ill.add(ident)

    async def window(self, number: int, rate: int) -> None:
        """So many changes; waits until the others were told."""
        begun: dict[str, int] = {}

        async def tell(n: int) -> None:
            company, at = f"company-{n % _RECEIVERS}", perf_counter_ns()
            (told,) = await self.source.tell(company)
            if company != "company-0":
                begun[draft(self._whose[company], told.change, b"").id] = at

        await at_rate(number, rate, tell)
        self._sent += len(begun) if self.house.channel.ill else number
        await self.house.delivered(self._sent)
        self.windows.append(begun)

    def blocks(self, came: dict[str, int]) -> list[Figures]:
        """How soon the others were told, in each block of windows."""
        return [
            spread(
                [came[one] - at for some in self.windows[n::_BLOCKS] for one, at in some.items()]
            )
            for n in range(_BLOCKS)
        ]


def beside(folder: Path, options: Options) -> Figures:
    """See above."""
    with receiving() as receivers:
        cases = asyncio.run(_in_turns(folder, options, receivers.url))
        came = receivers.came()
    spreads = {name: case.blocks(came) for name, case in cases.items()}
    figures: Figures = {"rate": options["events"]}
    for name, blocks in spreads.items():
        for key in ("p50", "p99"):
            moved = [
                one[key] / well[key] for one, well in zip(blocks, spreads["well"], strict=True)
            ]
            figures[f"{name}_{key}"] = median(one[key] for one in blocks) / 1_000
            figures[f"{name}_{key}_moved"] = median(moved)
    return figures


async def _in_turns(folder: Path, options: Options, url: str) -> dict[str, _Case]:
    rate, number = options["events"], options["each"]
    with _nobody() as closed:
        ill = {"hang": f"{url}/hang", "slow": f"{url}/slow", "closed": closed}
        cases = {name: _Case(folder / name) for name in _CASES}
        async with AsyncExitStack() as stack:
            for name, case in cases.items():
                await case.subscribe(url, ill.get(name))
                await stack.enter_async_context(case.house.running())
            settle_memory()
            for turn in range(_WARM_UP + options["windows"]):
                if turn % 20 == 0:
                    said = f"    window {turn} of {_WARM_UP + options['windows']}"
                    print(said, file=sys.stderr, flush=True)
                for case in cases.values():
                    await case.window(number, rate)
    for case in cases.values():
        del case.windows[:_WARM_UP]
    return cases


@contextmanager
def _nobody() -> Iterator[str]:
    """A URL at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


def mass(folder: Path, options: Options) -> Figures:
    """Single changes for one subscriber, one after the other; then so many at once for others, and
    a single one behind them: how soon that is told, and when all are."""
    with receiving() as receivers:
        begun, began, urgent = asyncio.run(_behind(folder, options, receivers.url))
        came = receivers.came()
    return {
        "rate": len(came) / (max(came.values()) - began) * 1e9,
        "alone": median(came[one] - at for one, at in begun.items() if one != urgent) / 1e6,
        "urgent": (came[urgent] - begun[urgent]) / 1e6,
        "all": (max(came.values()) - began) / 1e6,
    }


async def _behind(folder: Path, options: Options, url: str) -> tuple[dict[str, int], int, str]:
    source = Source()
    house = House(folder, source)
    many = [f"c-{n}" for n in range(options["changes"])]
    for one in range(options["receivers"]):
        await house.subscribe(f"{url}/{one}", *many)
    single = await house.subscribe(f"{url}/single", "urgent")
    begun: dict[str, int] = {}

    async def tell(sequence: int) -> str:
        ident = draft(single, change("urgent", sequence), b"").id
        begun[ident] = perf_counter_ns()
        await source.tell("urgent")
        return ident

    async with house.running():
        settle_memory()
        for n in range(1, _SINGLES + 1):
            await tell(n)
            await house.delivered(n)
        began = perf_counter_ns()
        await source.tell(*many)
        urgent = await tell(_SINGLES + 1)
        await house.delivered(options["receivers"] * len(many) + _SINGLES + 1)
    return begun, began, urgent


def measure(bench: Bench) -> None:
    """Both."""
    args = bench.args
    options = {"events": args.events, "each": args.each, "windows": args.windows}
    one = Contender("beside one that is ill", f"{_HERE}:beside", options)
    bench.interleave([one])
    print(
        f"\n{_RECEIVERS} receivers, {args.events} changes/s, in turns, {args.windows} windows of "
        f"{args.each} changes each"
    )
    print("  target: the p99 of the others moves by less than 10 %")
    for name, what in _CASES.items():
        parts = (one.of(f"{name}_{key}") for key in ("p50", "p99", "p50_moved", "p99_moved"))
        print("  {:26}p50 {:7.1f} ms, p99 {:7.1f} ms; {:5.2f}x, {:5.2f}x".format(what, *parts))
    behind = Contender(
        "behind a mass", f"{_HERE}:mass", {"changes": args.changes, "receivers": args.receivers}
    )
    bench.interleave([behind])
    print(
        f"\n{args.changes:,} changes at once for {args.receivers} receivers: all told in "
        f"{behind.of('all'):,.0f} ms ({behind.of():,.0f}/s); a single one behind them, for another,"
        f" in {behind.of('urgent'):,.0f} ms; alone in {behind.of('alone'):,.1f} ms"
    )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__, rounds=1)
    bench.option("events", 300, "changes a second")
    bench.option("each", 30, "changes in a window")
    bench.option("windows", 200, f"windows of each case, at least {_BLOCKS}")
    bench.option("changes", 3_000, "changes at once")
    bench.option("receivers", 10, "receivers of those")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
