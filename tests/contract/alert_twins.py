"""Twins of the ports of the alerts, and receivers on loopback, for the tests of the alerts."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import orjson
from aiohttp import web

from alerts.channel import Outcome, Parcel
from alerts.matching import Who
from alerts.messages import About
from alerts.places import Place, behind, place
from alerts.targets import Target
from events.dates import NEVER, SECOND, Instant
from projections.changes import Change, Overall
from projections.rows import Told
from projections.timeline import UNLISTED, Reading

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
LISTED = Reading("designated", None, ("investment.purchase",))


class ManualClock:
    """A clock that goes on when it is told to. It begins at the real time, because receivers
    compare the time of a signature with theirs."""

    def __init__(self, now: Instant | None = None) -> None:
        self.now = time.time_ns() // 1_000 if now is None else now
        self._waiting: list[tuple[Instant, asyncio.Future[None]]] = []
        self._asked = asyncio.Condition()

    def __call__(self) -> Instant:
        return self.now

    async def until(self, due: Instant) -> None:
        if due <= self.now:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((due, future))
        async with self._asked:
            self._asked.notify_all()
        await future

    async def asked(self) -> Instant:
        """Wait until somebody waits for a time to come; the earliest such time."""
        async with self._asked:
            await self._asked.wait_for(self._pending)
        return min(due for due, future in self._waiting if not future.done())

    def advance(self, span: Instant) -> None:
        self.now += span
        for due, future in self._waiting:
            if due <= self.now and not future.done():
                future.set_result(None)
        self._waiting = [(due, future) for due, future in self._waiting if not future.done()]

    def _pending(self) -> bool:
        return any(not future.done() for _, future in self._waiting)


def change(
    company: str = "acme",
    sequence: int = 1,
    *,
    list_id: str | None = "us-ofac-sdn",
    kind: str = "changed",
    before: Reading = UNLISTED,
    after: Reading = LISTED,
    recorded: Instant = 1_600_000_000 * SECOND,
    moment: Instant = NEVER,
    backfill: bool = False,
    **more: Any,
) -> Change:
    standing = Overall(after.status, after.kinds)
    return Change(
        company,
        list_id,
        sequence,
        kind,
        before,
        after,
        Overall(before.status, before.kinds),
        standing,
        recorded,
        recorded,
        (f"event-{company}-{sequence}",),
        recorded,
        moment,
        backfill,
        **more,
    )


class MemorySource:
    """The twin of `Projected`: changes in a list."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.companies: dict[str, Who] = {}
        self.visible = -1
        self._grown = asyncio.Condition()
        self._sequences: dict[str, int] = {}

    async def tell(self, *companies: str, **detail: Any) -> list[Change]:
        """One more record per company, each with one change."""
        changes = []
        for company in companies:
            sequence = self._sequences[company] = self._sequences.get(company, 0) + 1
            changes.append(change(company, sequence, **detail))
            self.visible += 1
            self.told.append(Told(self.visible, changes[-1]))
        async with self._grown:
            self._grown.notify_all()
        return changes

    async def changes(self, after: Place, limit: int) -> Sequence[Told]:
        seen = [one for one in self.told if one.position <= self.visible and place(one) > after]
        return sorted(seen, key=place)[:limit]

    def position(self) -> int:
        return self.visible

    def head(self) -> Place:
        return behind(max((one.position for one in self.told), default=self.visible))

    def place(self, told: Told) -> Place:
        return place(told)

    def who(self, told: Told) -> Who:
        return self.companies.get(told.change.company, Who())

    def about(self, told: Told) -> About:
        return About(told.change.company.title())

    async def beyond(self, position: int) -> None:
        async with self._grown:
            await self._grown.wait_for(lambda: self.visible > position)


class MemoryChannel:
    """The twin of `WebhookChannel`: keeps what was sent, and answers as `answer` says."""

    def __init__(self, answer: Callable[[Parcel], Outcome | Awaitable[Outcome]]) -> None:
        self.sent: list[Parcel] = []
        self.answer = answer
        self._more = asyncio.Condition()

    async def check(self, target: Target) -> None:
        """Anything may be sent to."""

    async def send(self, target: Target, parcel: Parcel) -> Outcome:
        async with self._more:
            self.sent.append(parcel)
            self._more.notify_all()
        answer = self.answer(parcel)
        return answer if isinstance(answer, Outcome) else await answer

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def count(self, number: int) -> list[Any]:
        """Wait until so many were sent; the messages."""
        async with self._more:
            await self._more.wait_for(lambda: len(self.sent) >= number)
        return [orjson.loads(parcel.body) for parcel in self.sent]


OK = Outcome(delivered=True, status=200)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Post:
    """What a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """A real HTTP server on loopback."""

    handler: Handler
    url: str = ""
    posts: list[Post] = field(default_factory=list)
    more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with self.more:
            self.posts.append(Post(request.path, dict(request.headers), body))
            self.more.notify_all()
        return await self.handler(request)

    async def count(self, number: int) -> list[Post]:
        async with self.more:
            await self.more.wait_for(lambda: len(self.posts) >= number)
        return self.posts


async def fine(_: web.Request) -> web.StreamResponse:
    return web.Response(text="thanks")


def answering(status: int, **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=f"this is {status}", headers=headers)

    return handler


@asynccontextmanager
async def receiving(handler: Handler = fine) -> AsyncIterator[Receiver]:
    receiver = Receiver(handler)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server below HTTP, that may break its rules."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()


def asked(url: str = "http://127.0.0.1/", **more: Any) -> dict[str, Any]:
    return {"channel": {"type": "webhook", "url": url}, **more}
