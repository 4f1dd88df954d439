"""A service on a real socket, and readers of its server-sent events."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import uvicorn

from service.api.app import create_app
from tests.unit.serving import Api

Json = dict[str, Any]


class _Quiet(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.streams.end()  # type: ignore[union-attr]
        await super().shutdown(sockets)


@asynccontextmanager
async def listening(api: Api, **streams: Any) -> AsyncIterator[str]:
    """The URL under which a running standing is served on a socket; `streams` are arguments of
    its streams."""
    app = create_app(api.service, patience_s=60.0, **streams)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
    server = _Quiet(config)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(64)
        bound.setblocking(False)
        task = asyncio.create_task(server._serve([bound]))  # noqa: SLF001 - without its signals
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


class Stream:
    """The events of one response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.id: str | None = None
        self.beats: list[Json] = []

    async def event(self) -> tuple[str, Json] | None:
        """The next of any kind, with its name; None at the end."""
        name, data = "message", ""
        async for raw in self.response.content:
            line = raw.decode().rstrip("\n")
            field, _, value = line.partition(": ")
            match field:
                case "":
                    if data:
                        return name, json.loads(data)
                case "id":
                    self.id = value
                case "event":
                    name = value
                case "data":
                    data = value
        return None

    async def change(self) -> Json:
        """The next change."""
        while True:
            found = await self.event()
            assert found is not None, "the stream has ended"
            if found[0] == "message":
                return found[1]
            self.beats.append(found[1])

    async def changes(self, count: int) -> list[str]:
        """The cursors of the next changes."""
        return [(await self.change())["cursor"] for _ in range(count)]


@asynccontextmanager
async def reading(url: str, last: str | None = None, **query: Any) -> AsyncIterator[Stream]:
    """Read a stream, behind the last id where one is given; its first heartbeat has come."""
    headers = {} if last is None else {"Last-Event-ID": last}
    timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"{url}/v1/changes/stream", params=query, headers=headers) as response,
    ):
        assert response.status == 200, await response.text()
        assert response.headers["content-type"].startswith("text/event-stream")
        found = Stream(response)
        first = await found.event()
        assert first is not None
        assert first[0] == "heartbeat"
        yield found
