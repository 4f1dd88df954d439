"""A receiver of webhooks below HTTP, that does what receivers do when they are not well: each
message's first attempt meets what its company stands for, the next ones are taken. One of a `kind`
does that of its kind whatever the company, and where it is so for ever, at every attempt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import orjson

from tests.contract.alert_twins import Post

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Ill = Callable[["IllReceiver", asyncio.StreamWriter], Awaitable[None]]


async def fails(_: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 Oh No\r\nContent-Length: 4\r\n\r\noops")


async def hangs(receiver: "IllReceiver", _: asyncio.StreamWriter) -> None:
    await receiver.over.wait()


async def resets(_: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def closes(_: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    writer.close()


async def redirects(receiver: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    place = f"Location: {receiver.url}/elsewhere\r\n".encode()
    writer.write(b"HTTP/1.1 308 Permanent Redirect\r\n" + place + b"Content-Length: 0\r\n\r\n")


async def lies(_: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 1000\r\n\r\nshort")
    writer.close()


async def throttles(_: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 429 Slow Down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")


async def never_ends(_: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n")
    with suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()


async def mumbles(_: "IllReceiver", writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    writer.close()


ILLS: dict[str, Ill] = {
    "fails": fails,
    "hangs": hangs,
    "resets": resets,
    "closes": closes,
    "redirects": redirects,
    "lies": lies,
    "throttles": throttles,
    "never-ends": never_ends,
    "mumbles": mumbles,
}


@dataclass
class IllReceiver:
    """What it got, in the order in which it came."""

    kind: str = ""
    """One of `ILLS`; where there is none, each company's is its name."""
    for_ever: bool = False
    url: str = ""
    posts: list[Post] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """The ids of what it answered well."""
    more: asyncio.Condition = field(default_factory=asyncio.Condition)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    seen: set[str] = field(default_factory=set)

    def distinct(self) -> set[str]:
        """The ids of what it got."""
        return {post.headers["webhook-id"] for post in self.posts}

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of what it got."""
        async with self.more:
            await self.more.wait_for(holds)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await self._one(await _request(reader), writer)
                    await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, post: Post, writer: asyncio.StreamWriter) -> None:
        ident, company = post.headers["webhook-id"], orjson.loads(post.body)["data"]["company"]
        first = ident not in self.seen
        self.seen.add(ident)
        async with self.more:
            self.posts.append(post)
            self.more.notify_all()
        ill = self.kind or company
        if (first or self.for_ever) and ill in ILLS:
            await ILLS[ill](self, writer)
        else:
            self.taken.add(ident)
            writer.write(_OK)


async def _request(reader: asyncio.StreamReader) -> Post:
    head, _, rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").partition("\r\n")
    pairs = (line.partition(":") for line in rest.split("\r\n") if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers["content-length"]))
    return Post(head.split(" ")[1], headers, body)


@asynccontextmanager
async def ill_receiving(kind: str = "", *, for_ever: bool = False) -> AsyncIterator[IllReceiver]:
    """One on loopback."""
    receiver = IllReceiver(kind, for_ever)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(receiver.serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
