"""Webhooks, embedded: how many are delivered a second, beside bare POSTs that are signed likewise;
how soon after a change; and what one receiver that hangs, or a mass of changes, does to others.

The receivers are another process on the same machine. Everything that standing promises is done
meanwhile: each message and each attempt is committed to the disk.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import perf_counter_ns, process_time

from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from alerts.channel import Outcome, Parcel
from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.loop import AlertLoop
from alerts.matching import Who
from alerts.messages import data, draft
from alerts.places import Place, behind
from alerts.signing import headers, new_secret
from alerts.source import Projected
from alerts.store import AlertStore
from alerts.targets import Target
from alerts.webhook import WebhookChannel
from events.dates import Instant
from events.door import admit
from events.lists import Registry, load_registry
from events.log import Position
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.rows import Told
from projections.store import ProjectionStore
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, ratio, spread
from tests.contract.alert_twins import LOOPBACK, change

_HERE = "tests.bench.deliveries"
_WARM_UP_S = 2


def now() -> Instant:
    """In microseconds UTC."""
    return time.time_ns() // 1_000


class _Receivers:
    """See `quick_receiver`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()

    def came(self) -> dict[str, int]:
        """By message, when it came first; nothing more is taken."""
        found: dict[str, int] = json.loads(self._process.communicate()[0])
        return found


@contextmanager
def _receiving() -> Iterator[_Receivers]:
    command = [sys.executable, "-m", "tests.bench.quick_receiver"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield _Receivers(process)
        finally:
            process.terminate()


class _Source:
    """Changes in memory, in the order in which they are told."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._sequences: dict[str, int] = {}
        self._moved = asyncio.Condition()

    async def tell(self, *companies: str) -> list[str]:
        """One change of each; their ids."""
        ids = []
        for company in companies:
            sequence = self._sequences[company] = self._sequences.get(company, 0) + 1
            told = Told(len(self._told), change(company, sequence))
            self._told.append(told)
            ids.append(told.change.id)
        async with self._moved:
            self._moved.notify_all()
        return ids

    async def changes(self, after: Place, limit: int) -> Sequence[Told]:
        return self._told[after[0] + 1 : after[0] + 1 + limit]

    def place(self, told: Told) -> Place:
        return behind(told.position)

    def position(self) -> int:
        return len(self._told) - 1

    def head(self) -> Place:
        return behind(self.position())

    def who(self, _: Told) -> Who:
        return Who()

    async def beyond(self, position: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.position() > position)


class _Counting(WebhookChannel):
    """Says when so many were delivered."""

    delivered = 0
    wanted = -1

    def expect(self, number: int) -> asyncio.Event:
        """Set once so many more were delivered."""
        self.wanted, self.enough = self.delivered + number, asyncio.Event()
        return self.enough

    async def send(self, target: Target, parcel: Parcel) -> Outcome:
        outcome = await super().send(target, parcel)
        self.delivered += outcome.delivered
        if self.delivered == self.wanted:
            self.enough.set()
        return outcome


class _House:
    def __init__(self, folder: Path, source: "_Source | Projected") -> None:
        registry = load_registry()
        self.store = AlertStore(folder / "alerts.db")
        self.channel = _Counting(Egress(LOOPBACK), now)
        parts = (self.store, source, registry, {"webhook": self.channel}, now)
        # Those that hang are not waited for.
        self.loop = AlertLoop(*parts, grace_s=0.1)
        self.desk = AlertDesk(*parts, wake=self.loop.wake)

    async def subscribe(self, url: str, *companies: str, **filter_: object) -> str:
        """To these companies, or all."""
        asked = {**({"companies": list(companies)} if companies else {}), **filter_}
        made, _ = await self.desk.subscribe(
            {"channel": {"type": "webhook", "url": url}, "filter": asked}
        )
        return made.id

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The loop; at the end all is kept that became of attempts."""
        task = asyncio.create_task(self.loop.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.channel.close()
            self.store.close()


# --- how many a second ---------------------------------------------------------------------------


def bare(_: Path, options: Options) -> Figures:
    """POSTs with aiohttp, signed as standing signs."""
    registry, secret = load_registry(), new_secret()
    number, each = options["changes"] * options["receivers"], options["receivers"]

    async def work(url: str) -> float:
        connector = TCPConnector(limit=0)
        waiting = iter(range(number))
        async with ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as session:

            async def one() -> None:
                for n in waiting:
                    ident, body = f"msg_{n}", _body(n // each, registry)
                    said = {"content-type": "application/json"}
                    said |= headers(ident, now(), body, (secret,))
                    async with session.post(f"{url}/{n % each}", data=body, headers=said) as got:
                        await got.read()

            with Stopwatch() as watch:
                await asyncio.gather(*(one() for _ in range(options["at_once"])))
        return watch.seconds

    with _receiving() as receivers:
        used = process_time()
        seconds = asyncio.run(work(receivers.url))
        used = process_time() - used
        assert len(receivers.came()) == number
    return {"rate": number / seconds, "cpu": used / number * 1e6}


def _body(n: int, registry: Registry) -> bytes:
    one = change(f"company-{n % 50}", n + 1)
    return draft("sub_1", one, data(one, registry)).body(n)


def standing(folder: Path, options: Options) -> Figures:
    """The loop: changes are read, matched, queued, sent, and it is kept what became of them."""
    number = options["changes"] * options["receivers"]

    async def work(url: str) -> float:
        source = _Source()
        house = _House(folder, source)
        for one in range(options["receivers"]):
            await house.subscribe(f"{url}/{one}")
        enough = house.channel.expect(number)
        with Stopwatch() as watch:
            async with house.running():
                await source.tell(*(f"company-{n % 50}" for n in range(options["changes"])))
                await enough.wait()
        return watch.seconds

    with _receiving() as receivers:
        used = process_time()
        seconds = asyncio.run(work(receivers.url))
        used = process_time() - used
        assert len(receivers.came()) == number
    return {"rate": number / seconds, "cpu": used / number * 1e6}


# --- how soon ------------------------------------------------------------------------------------


def soon(folder: Path, options: Options) -> Figures:
    """Events appended at a rate, folded, and told each to one of many subscribers: from before the
    append, and from when its change was there, until its first attempt is received."""
    with _receiving() as receivers:
        begun, told = asyncio.run(_appended(folder, options, receivers.url))
        came = receivers.came()
    first = {one: came[one] for one in begun if one in came}
    assert len(first) == len(begun)
    appended = spread([at - begun[one] for one, at in first.items()])
    known = spread([at - told[one] for one, at in first.items()])
    return {
        "rate": len(first) / (max(first.values()) - min(begun.values())) * 1e9,
        **{f"appended_{key}": appended[key] / 1_000 for key in ("p50", "p99")},
        **{f"told_{key}": known[key] / 1_000 for key in ("p50", "p99")},
    }


async def _appended(
    folder: Path, options: Options, url: str
) -> tuple[dict[str, int], dict[str, int]]:
    """By message, when its event was about to be appended, and when its change was there."""
    registry = load_registry()
    log = SqliteEventLog(folder / "log.db", now)
    store = ProjectionStore(folder / "projections.db")
    projector = Projector(log, store, registry)
    house = _House(folder, Projected(store, log.end, projector.reached))
    subscribers = options["subscriptions"]
    whose = {
        f"company-{one}": await house.subscribe(
            f"{url}/{one % 100}", f"company-{one}", kinds=["noted"]
        )
        for one in range(subscribers)
    }
    number = options["events"] * (options["seconds"] + _WARM_UP_S)
    begun: dict[str, int] = {}
    there: dict[str, int] = {}

    async def follow() -> None:
        async for batch in log.follow(Position({0: projector.position})):
            await projector.take(batch)
            at = perf_counter_ns()
            for one in batch:
                there[one.id] = at

    async with house.running():
        following = asyncio.create_task(follow())
        while await house.store.aside(house.store.lagging):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
        enough = house.channel.expect(number)
        started = perf_counter_ns()
        for n in range(number):
            due = started + n * 10**9 // options["events"]
            if (ahead := due - perf_counter_ns()) > 0:
                await asyncio.sleep(ahead / 1e9)
            raw = {
                "type": "standing.note.recorded",
                "subject": f"company-{n % subscribers}",
                "data": {"kind": "news", "text": f"news {n}"},
            }
            event = admit(raw, registry)
            begun[event.id] = perf_counter_ns()
            await log.append([event])
        await enough.wait()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    messages = {
        one.change.cause[0]: draft(whose[one.change.company], one.change, b"").id
        for one in store.changes(after=behind(-1), limit=number)
    }
    warm = started + _WARM_UP_S * 10**9
    counted = [one for one, at in begun.items() if at >= warm]
    return (
        {messages[one]: begun[one] for one in counted},
        {messages[one]: there[one] for one in counted},
    )


# --- what others do to it ------------------------------------------------------------------------


def beside(folder: Path, options: Options) -> Figures:
    """A hundred receivers, of which some hang: how soon the others are told."""

    async def work(url: str) -> dict[str, int]:
        source, begun = _Source(), {}
        house = _House(folder, source)
        hang = options["hang"]
        whose = {}
        for one in range(100):
            path = f"hang/{one}" if one < hang else str(one)
            whose[f"company-{one}"] = await house.subscribe(f"{url}/{path}", f"company-{one}")
        number = options["events"] * options["seconds"]
        companies = [f"company-{n % 100}" for n in range(number)]
        enough = house.channel.expect(sum(int(one.rpartition("-")[2]) >= hang for one in companies))
        async with house.running():
            started = perf_counter_ns()
            for n, company in enumerate(companies):
                due = started + n * 10**9 // options["events"]
                if (ahead := due - perf_counter_ns()) > 0:
                    await asyncio.sleep(ahead / 1e9)
                before = perf_counter_ns()
                told = change(company, n // 100 + 1)
                await source.tell(company)
                if n > number // 5:
                    begun[draft(whose[company], told, b"").id] = before
            await enough.wait()
        return begun

    with _receiving() as receivers:
        begun = asyncio.run(work(receivers.url))
        came = receivers.came()
    found = spread([came[one] - at for one, at in begun.items() if one in came])
    return {"rate": found["rate"], "p50": found["p50"] / 1_000, "p99": found["p99"] / 1_000}


def mass(folder: Path, options: Options) -> Figures:
    """So many changes at once for some subscribers, and then a single one for another: how soon
    that is told, and when all are."""

    async def work(url: str) -> tuple[int, int, str]:
        source = _Source()
        house = _House(folder, source)
        for one in range(options["receivers"]):
            await house.subscribe(f"{url}/{one}", *(f"c-{n}" for n in range(options["changes"])))
        single = await house.subscribe(f"{url}/single", "urgent")
        number = options["receivers"] * options["changes"] + 1
        enough = house.channel.expect(number)
        async with house.running():
            began = perf_counter_ns()
            await source.tell(*(f"c-{n}" for n in range(options["changes"])))
            begun = perf_counter_ns()
            await source.tell("urgent")
            await enough.wait()
        return began, begun, draft(single, change("urgent", 1), b"").id

    with _receiving() as receivers:
        began, begun, urgent = asyncio.run(work(receivers.url))
        came = receivers.came()
    return {
        "rate": len(came) / (max(came.values()) - began) * 1e9,
        "urgent": (came[urgent] - begun) / 1e6,
        "all": (max(came.values()) - began) / 1e6,
    }


def measure(bench: Bench) -> None:
    """All of it."""
    common: Options = {"changes": bench.args.changes, "receivers": bench.args.receivers}
    peer = Contender("bare aiohttp", f"{_HERE}:bare", {**common, "at_once": 64})
    ours = Contender("standing", f"{_HERE}:standing", common)
    bench.interleave([peer, ours])
    print(f"\nwebhooks to {bench.args.receivers} receivers; target: >= 0.5x and >= 3,000/s")
    for one in (peer, ours):
        print(
            f"  {one.name:20}{one.of():>9,.0f}/s{ratio(one, peer):>8.2f}x"
            f"{one.of('cpu'):>9,.0f} microseconds of processor time each",
            flush=True,
        )
    _soon(bench)
    _fair(bench)


def _soon(bench: Bench) -> None:
    options = {"events": 500, "subscriptions": 1_000, "seconds": bench.args.seconds}
    one = Contender("soon", f"{_HERE}:soon", options)
    bench.interleave([one])
    print("\n500 events/s, 1,000 subscriptions; target: p50 < 30 ms, p99 < 250 ms")
    for name, what in (("appended", "event appended"), ("told", "change there")):
        p50, p99 = one.of(f"{name}_p50"), one.of(f"{name}_p99")
        print(f"  from {what:16} p50 {p50:8,.1f} ms  p99 {p99:8,.1f} ms", flush=True)


def _fair(bench: Bench) -> None:
    options = {"events": 300, "seconds": bench.args.seconds}
    all_well = Contender("all well", f"{_HERE}:beside", {**options, "hang": 0})
    one_hangs = Contender("one hangs", f"{_HERE}:beside", {**options, "hang": 1})
    bench.interleave([all_well, one_hangs])
    print("\n100 receivers, 300 changes/s; target: the p99 of the others moves by less than 10 %")
    for one in (all_well, one_hangs):
        moved = ratio(one, all_well, "p99")
        p50, p99 = one.of("p50"), one.of("p99")
        print(f"  {one.name:12} p50 {p50:8,.1f} ms  p99 {p99:8,.1f} ms  {moved:6.2f}x", flush=True)
    one = Contender("mass", f"{_HERE}:mass", {"changes": 3_000, "receivers": 10})
    bench.interleave([one])
    print(
        f"\n3,000 changes at once for 10 receivers: all told in {one.of('all'):,.0f} ms; a single "
        f"one behind them, for another, in {one.of('urgent'):,.0f} ms"
    )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__)
    bench.option("changes", 500, "changes that are told to every receiver")
    bench.option("receivers", 40, "receivers")
    bench.option("seconds", 10, "seconds of each that goes at a rate")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
