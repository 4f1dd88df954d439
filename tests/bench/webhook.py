"""From an event appended to the webhook that tells of it received, first attempt: `standing serve`
in its own files, and a receiver, each a process of its own.

Events come over HTTP, one in a request, as from systems that tell what happens. One that brings
nothing to tell of by default, such as a note, has no webhook and does not count. Some bring
several: then the first that came counts.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Any

import aiohttp
import httpx

from events.admitted import Admitted
from tests.bench.generate import events
from tests.bench.harness import Bench, Contender, Figures, Options, spread
from tests.bench.hooks import at_two_rates, first_told, receiving
from tests.bench.kafka_house import admitted
from tests.bench.logs import at
from tests.bench.over_http import cpu_seconds, free_port, serving

_HERE = "tests.bench.webhook"
_COMPANIES = 400
_HISTORY = 2 * _COMPANIES
"""By then every company is described, and most are on a list."""
_WARM_UP_S = 3
_PAGE = 1_000

Took = dict[str, tuple[int, int]]
"""Of each event by its id: when its append began, and when it was answered."""


def live(folder: Path, options: Options) -> Figures:
    """At so many `events` a second, for so many `seconds`."""
    number = options["events"] * (options["seconds"] + _WARM_UP_S)
    told = admitted(list(events(_HISTORY + number, _COMPANIES)))
    standing = at(folder)
    asyncio.run(standing.log.append(told[:_HISTORY]))
    standing.close()
    port = free_port()
    command = [str(Path(sys.executable).with_name("standing")), "serve", "--port", str(port)]
    settings = {"STANDING_HOME": str(folder), "STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
    with receiving() as receiver, serving(command, port, settings) as pid:
        api = f"http://127.0.0.1:{port}/v1"
        wish = {"channel": {"type": "webhook", "url": receiver.url}}
        httpx.post(f"{api}/subscriptions", json=wish).raise_for_status()
        used = cpu_seconds(pid)
        took = asyncio.run(_appended(api, told[_HISTORY:], options["events"]))
        receiver.wait(_changes(api, took.keys()))
        used = cpu_seconds(pid) - used
        came = receiver.told()
    warm = min(began for began, _ in took.values()) + _WARM_UP_S * 10**9
    sample = {one: taken for one, taken in took.items() if taken[0] >= warm}
    first = first_told({one: began for one, (began, _) in sample.items()}, came)
    figures: Figures = {"webhooks": len(came), "cpu": used / len(took)}
    for name, some in (
        ("answered", [answered - began for began, answered in sample.values()]),
        ("told", [now - sample[cause][0] for cause, now in first.items()]),
    ):
        one = spread(some)
        figures |= {f"{name}_p50": one["p50"] / 1_000, f"{name}_p99": one["p99"] / 1_000}
    return figures


async def _appended(api: str, told: Sequence[Admitted], rate: int) -> Took:
    """At a steady rate, whether or not those before are answered."""
    took: Took = {}
    headers = {"content-type": "application/json"}

    async def append(one: Admitted) -> None:
        before = perf_counter_ns()
        async with client.post(f"{api}/events", data=one.body, headers=headers) as answer:
            answer.raise_for_status()
            await answer.read()
        took[one.id] = before, perf_counter_ns()

    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector) as client, asyncio.TaskGroup() as group:
        begun = perf_counter()
        for number, one in enumerate(told):
            if (early := begun + number / rate - perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(append(one))
    return took


def _changes(api: str, causes: Any) -> int:
    """How many changes these events caused that are told by default."""
    found, after, more = 0, "", True
    while more:
        asked = {"limit": _PAGE, **({"after": after} if after else {})}
        page = httpx.get(f"{api}/changes", params=asked, timeout=60).raise_for_status().json()
        found += sum(
            one["kind"] != "noted" and not causes.isdisjoint(one["cause"])
            for one in page["changes"]
        )
        after, more = page["next"], page["more"]
    return found


def measure(bench: Bench) -> None:
    """At both rates."""
    seconds = bench.args.seconds
    for rate in (bench.args.low, bench.args.high):
        one = Contender("live", f"{_HERE}:live", {"events": rate, "seconds": seconds})
        bench.interleave([one])
        print(f"\nevent appended to webhook received, {rate} events/s for {seconds} s")
        for name, what in (("answered", "the append is answered"), ("told", "received")):
            p50, p99 = one.of(f"{name}_p50"), one.of(f"{name}_p99")
            print(f"  {what:26} p50 {p50:8,.1f} ms, p99 {p99:8,.1f} ms")
        cpu = one.of("cpu") * 1e6
        print(
            f"  {one.of('webhooks'):,.0f} webhooks; {cpu:,.0f} microseconds of processor time of "
            "the service for each event",
            flush=True,
        )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    at_two_rates(_HERE, __doc__).main(measure, argv)


if __name__ == "__main__":
    main()
