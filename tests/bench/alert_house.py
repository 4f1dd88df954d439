"""What sends webhooks in the benchmarks that time them, and what receives them: the alert loop over
a store in files, in this process, and receivers in another one on the same machine."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import perf_counter_ns

from alerts.channel import Outcome, Parcel
from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.loop import AlertLoop
from alerts.matching import Who
from alerts.messages import UNKNOWN, About
from alerts.places import Place, behind
from alerts.source import ChangeSource
from alerts.store import AlertStore
from alerts.targets import Target
from alerts.webhook import WebhookChannel
from events.dates import Instant
from events.lists import load_registry
from projections.rows import Told
from tests.bench.hooks import beside
from tests.contract.alert_twins import LOOPBACK, change

_SAY_S = 10
_PATIENCE_S = 60
"""Nothing at all being delivered for so long, there is something wrong."""


def now() -> Instant:
    """In microseconds UTC."""
    return time.time_ns() // 1_000


async def at_rate(number: int, rate: int, work: Callable[[int], Awaitable[object]]) -> None:
    """Do something so many times, so many times a second, or as fast as it can be done."""
    started = perf_counter_ns()
    for n in range(number):
        due = started + n * 10**9 // rate
        if (ahead := due - perf_counter_ns()) > 0:
            await asyncio.sleep(ahead / 1e9)
        await work(n)


class Receivers:
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
def receiving() -> Iterator[Receivers]:
    """Receivers until the block ends."""
    with beside("tests.bench.quick_receiver") as process:
        yield Receivers(process)


class Source:
    """Changes in memory, in the order in which they are told. See `ChangeSource`."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._sequences: dict[str, int] = {}
        self._moved = asyncio.Condition()

    async def tell(self, *companies: str) -> list[Told]:
        """One change of each."""
        begin = len(self._told)
        for company in companies:
            sequence = self._sequences[company] = self._sequences.get(company, 0) + 1
            self._told.append(Told(len(self._told), change(company, sequence)))
        async with self._moved:
            self._moved.notify_all()
        return self._told[begin:]

    async def changes(self, after: Place, limit: int) -> Sequence[Told]:
        """See `ChangeSource`."""
        return self._told[after[0] + 1 : after[0] + 1 + limit]

    def place(self, told: Told) -> Place:
        """See `ChangeSource`."""
        return behind(told.position)

    def position(self) -> int:
        """See `ChangeSource`."""
        return len(self._told) - 1

    def head(self) -> Place:
        """See `ChangeSource`."""
        return behind(self.position())

    def who(self, told: Told) -> Who:
        """See `ChangeSource`."""
        return Who()

    def about(self, told: Told) -> About:
        """See `ChangeSource`."""
        return UNKNOWN

    async def beyond(self, position: int) -> None:
        """See `ChangeSource`."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.position() > position)


class _Counting(WebhookChannel):
    """Counts what was delivered, but to those who are `ill`, and says when it is enough."""

    delivered = 0
    wanted = 0

    def __init__(self) -> None:
        super().__init__(Egress(LOOPBACK), now)
        self.enough = asyncio.Event()
        self.ill: set[str] = set()

    async def send(self, target: Target, parcel: Parcel) -> Outcome:
        outcome = await super().send(target, parcel)
        self.delivered += outcome.delivered and parcel.subscription not in self.ill
        if self.delivered >= self.wanted:
            self.enough.set()
        return outcome


class House:
    """The loop, and the desk at which one subscribes."""

    def __init__(self, folder: Path, source: ChangeSource) -> None:
        folder.mkdir(exist_ok=True)
        self.store = AlertStore(folder / "alerts.db")
        self.channel = _Counting()
        registry, channels = load_registry(), {"webhook": self.channel}
        # Those that hang are not waited for.
        self.loop = AlertLoop(self.store, source, registry, channels, now, grace_s=0.1)
        wake = self.loop.wake
        self.desk = AlertDesk(self.store, source, registry, channels, now, wake=wake)

    async def subscribe(self, url: str, *companies: str, **filter_: object) -> str:
        """To these companies, or all."""
        asked = {**({"companies": list(companies)} if companies else {}), **filter_}
        made, _ = await self.desk.subscribe(
            {"channel": {"type": "webhook", "url": url}, "filter": asked}
        )
        return made.id

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The loop, once all who subscribed are at the cursor; at the end all is kept that became
        of attempts."""
        self._task = asyncio.create_task(self.loop.run())
        try:
            while await self.store.aside(self.store.latecomers):
                await self._look(asyncio.sleep(0.05), None)
            yield
        finally:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            await self.channel.close()
            self.store.close()

    async def delivered(self, number: int) -> None:
        """Wait until so many were delivered since the start, and say how far it is. Raises what
        ended the loop, or `TimeoutError` where nothing moves."""
        channel = self.channel
        channel.wanted = number
        channel.enough.clear()
        seen, at = channel.delivered, time.monotonic()
        while channel.delivered < number:
            await self._look(channel.enough.wait(), _SAY_S)
            if channel.delivered > seen:
                seen, at = channel.delivered, time.monotonic()
            elif time.monotonic() - at > _PATIENCE_S:
                raise TimeoutError(f"{seen:,} of {number:,} delivered, and no more")
            if seen < number:
                print(f"    {seen:,} of {number:,} delivered", file=sys.stderr, flush=True)

    async def _look(self, work: Awaitable[object], patience_s: float | None) -> None:
        """Wait for something, as long as the loop runs."""
        future = asyncio.ensure_future(work)
        try:
            await asyncio.wait(
                [future, self._task], timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
            )
            if self._task.done():
                self._task.result()
        finally:
            future.cancel()
