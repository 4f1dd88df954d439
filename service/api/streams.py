"""The changes as they come: server-sent events, each with the cursor to go on from.

A stream holds nothing for its reader but a cursor: what comes next is looked up when the reader
has taken what came before. So a slow one is behind and no more, and whoever comes back with the
last id, here or at another replica, misses nothing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from projections.changes import shown as told
from projections.stores import News
from service.api import operations
from service.api.asking import Asking
from service.api.looking import FILTER, REPEATED, Cursor, Looking, Wanted, shown
from service.api.problems import problem
from service.api.query import Query
from service.standing import Service

BEAT_S: Final = 15.0
"""Of silence, after which a heartbeat says that there was nothing to say."""
SLOW_S: Final = 60.0
"""A reader that takes nothing for so long is let go; it may come back with its last id."""
MOST: Final = 2_000
"""Streams in one process."""
_KNOWN: Final = FILTER | {"after", "at_least"}
_PIECE: Final = 100
_KEPT: Final = 2_000
_AGAIN_MS: Final = 3_000


class Streams:
    """`/v1/changes/stream`. `end` lets all readers go."""

    def __init__(
        self,
        service: Service,
        asking: Asking,
        looking: Looking,
        *,
        beat_s: float = BEAT_S,
        most: int = MOST,
    ) -> None:
        self._service = service
        self._asking = asking
        self._looking = looking
        self._beat_s = beat_s
        self.most = most
        self.open = 0
        self._ended = False
        self._stir = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._said: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self.router = APIRouter()
        self.router.add_api_route("/v1/changes/stream", self.read, **operations.STREAM)

    def end(self) -> None:
        """Let all readers go, and take no more."""
        self._ended = True
        self._stir.set()

    async def read(self, request: Request) -> Response:
        """The changes as they are told, as server-sent events (`EventSource`): each with its JSON
        as `data`, and as `id` the cursor behind it. Begins now, or behind `Last-Event-ID`, or
        behind `after`. Where nothing is told, an event `heartbeat` comes every 15 seconds, with
        the position up to which all was told."""
        query = Query(request, _KNOWN, REPEATED)
        await self._asking.until(query)
        wanted = Wanted.of(query, self._service)
        last = request.headers.get("last-event-id") or query.one("after")
        cursor = self._looking.head() if last is None else await self._looking.cursor(last)
        if self._ended or self.open >= self.most:
            detail = f"{self.open} streams are open here, and no more are; try another replica"
            return problem(503, "too-many-streams", detail, headers={"retry-after": "5"})
        return _EventStream(self, wanted, cursor)

    async def send_all(self, wanted: Wanted, cursor: Cursor, send: Send) -> None:
        """Send what comes until nobody takes it any more, or this ends."""
        await _sent(send, f"retry: {_AGAIN_MS}\n\n".encode() + self._beat(cursor))
        while not self._ended:
            stir = self._stir
            found, more = await self._looking.on(wanted, cursor, _PIECE)
            if found:
                pieces = [_event(self._data(one.news), one.cursor) for one in found]
                await _sent(send, b"".join(pieces))
            if not more:
                try:
                    async with asyncio.timeout(self._beat_s):
                        await stir.wait()
                except TimeoutError:
                    await _sent(send, self._beat(cursor))
        await send({"type": "http.response.body", "body": b""})

    @contextmanager
    def held(self) -> Iterator[None]:
        """For one reader, until he goes."""
        self.open += 1
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._look_out())
        try:
            yield
        finally:
            self.open -= 1
            if not self.open:
                self._pump.cancel()

    async def _look_out(self) -> None:
        """Wake all streams when something may have been told."""
        following = self._service.following
        heard = following.heard
        while True:
            await following.beyond(heard)
            if following.heard != heard:
                heard = following.heard
                self._stir.set()
                if not self._ended:
                    self._stir = asyncio.Event()

    def _data(self, one: News) -> bytes:
        """A change as JSON: made once, however many read it."""
        key = (one.told.change.company, one.told.change.sequence)
        found = self._said.get(key)
        if found is None:
            change = told(one.told.change, self._service.standing.registry)
            found = self._said[key] = orjson.dumps(shown(one, change))
            while len(self._said) > _KEPT:
                self._said.popitem(last=False)
        return found

    def _beat(self, cursor: Cursor) -> bytes:
        said = orjson.dumps({"position": str(self._service.position)})
        return b"event: heartbeat\n" + _event(said, cursor.text)


class _EventStream(Response):
    """Its own response, as what is slow or gone is to be seen here."""

    def __init__(self, streams: Streams, wanted: Wanted, cursor: Cursor) -> None:
        super().__init__(
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )
        del self.headers["content-length"]
        self._streams = streams
        self._wanted = wanted
        self._cursor = cursor

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until the reader goes."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with self._streams.held():
            tasks = [
                asyncio.create_task(self._streams.send_all(self._wanted, self._cursor, send)),
                asyncio.create_task(_gone(receive)),
            ]
            try:
                done, __ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    with suppress(_Slow, OSError):
                        one.result()
            finally:
                for one in tasks:
                    one.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


class _Slow(Exception):
    """A reader took nothing for too long."""


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        """What else is received is the end of a body that says nothing."""


async def _sent(send: Send, body: bytes) -> None:
    try:
        async with asyncio.timeout(SLOW_S):
            await send({"type": "http.response.body", "body": body, "more_body": True})
    except TimeoutError:
        raise _Slow from None


def _event(data: bytes, cursor: str) -> bytes:
    """JSON has no end of line in it, and a cursor has none either."""
    return b"id: " + cursor.encode() + b"\ndata: " + data + b"\n\n"
