"""Webhooks, embedded: how many are delivered a second, beside bare POSTs that are signed likewise.

The receivers are another process on the same machine. Everything that standing promises is done
meanwhile: each message and each attempt is committed to the disk. Python's collector is set, for
both, as `standing serve` sets it.
"""

import asyncio
from pathlib import Path
from time import process_time

from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from alerts.messages import data, draft
from alerts.signing import headers, new_secret
from events.lists import Registry, load_registry
from service.server import settle_memory
from tests.bench.alert_house import House, Source, now, receiving
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, ratio
from tests.contract.alert_twins import change

_HERE = "tests.bench.deliveries"
_COMPANIES = 50


def bare(_: Path, options: Options) -> Figures:
    """POSTs with aiohttp, signed as standing signs."""
    number = options["changes"] * options["receivers"]
    with receiving() as receivers:
        figures = asyncio.run(_posted(receivers.url, options, number))
        assert len(receivers.came()) == number
    return figures


async def _posted(url: str, options: Options, number: int) -> Figures:
    registry, secret, each = load_registry(), new_secret(), options["receivers"]
    waiting = iter(range(number))
    async with ClientSession(
        connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar()
    ) as session:

        async def one() -> None:
            for n in waiting:
                ident, body = f"msg_{n}", _body(n // each, registry)
                said = {"content-type": "application/json"}
                said |= headers(ident, now(), body, (secret,))
                async with session.post(f"{url}/{n % each}", data=body, headers=said) as got:
                    await got.read()

        settle_memory()
        used = process_time()
        with Stopwatch() as watch:
            await asyncio.gather(*(one() for _ in range(options["at_once"])))
    return _figures(number, watch, process_time() - used)


def _body(n: int, registry: Registry) -> bytes:
    one = change(f"company-{n % _COMPANIES}", n + 1)
    return draft("sub_1", one, data(one, registry)).body(n)


def standing(folder: Path, options: Options) -> Figures:
    """The loop: changes are read, matched, queued, sent, and it is kept what became of them."""
    number = options["changes"] * options["receivers"]
    with receiving() as receivers:
        figures = asyncio.run(_delivered(folder, receivers.url, options, number))
        assert len(receivers.came()) == number
    return figures


async def _delivered(folder: Path, url: str, options: Options, number: int) -> Figures:
    source = Source()
    house = House(folder, source)
    for one in range(options["receivers"]):
        await house.subscribe(f"{url}/{one}")
    async with house.running():
        settle_memory()
        used = process_time()
        with Stopwatch() as watch:
            await source.tell(*(f"company-{n % _COMPANIES}" for n in range(options["changes"])))
            await house.delivered(number)
        used = process_time() - used
    return _figures(number, watch, used)


def _figures(number: int, watch: Stopwatch, used: float) -> Figures:
    return {"rate": number / watch.seconds, "cpu": used / number * 1e6}


def measure(bench: Bench) -> None:
    """One beside the other."""
    common: Options = {"changes": bench.args.changes, "receivers": bench.args.receivers}
    peer = Contender("bare aiohttp", f"{_HERE}:bare", {**common, "at_once": 64})
    ours = Contender("standing", f"{_HERE}:standing", common)
    bench.interleave([peer, ours])
    print(f"\nwebhooks to {bench.args.receivers} receivers; target: >= 0.5x and >= 3,000/s")
    for one in (peer, ours):
        print(
            f"  {one.name:20}{one.of():>9,.0f}/s{ratio(one, peer):>8.2f}x"
            f"{one.of('cpu'):>9,.0f} microseconds of processor time each"
            f"{ratio(one, peer, 'cpu'):>8.2f}x",
            flush=True,
        )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__)
    bench.option("changes", 400, "changes that are told to every receiver")
    bench.option("receivers", 40, "receivers")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
