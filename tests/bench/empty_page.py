"""The peer of the pages: Starlette with a route that answers a few bytes, and one that streams."""

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route


async def page(request: Request) -> Response:
    """A few bytes."""
    return PlainTextResponse("{}")


class Told:
    """What is told to all who listen."""

    text = b""
    stir = asyncio.Event()


async def stream(request: Request) -> Response:
    """Whatever is told, as a server-sent event, to each who listens."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"event: heartbeat\ndata: {}\n\n"
        while True:
            stir = Told.stir
            await stir.wait()
            yield Told.text

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def tell(request: Request) -> Response:
    """Tell everybody what was sent."""
    Told.text = b"id: 1\ndata: " + await request.body() + b"\n\n"
    stir, Told.stir = Told.stir, asyncio.Event()
    stir.set()
    return PlainTextResponse("{}")


app = Starlette(
    routes=[
        Route("/search.json", page),
        Route("/v1/changes/stream", stream),
        Route("/v1/events", tell, methods=["POST"]),
    ]
)
