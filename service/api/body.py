"""The body of a request, up to a bound: what is larger is let pass by unread, not kept."""

import asyncio
from contextlib import suppress
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from events.errors import Refused

MOST_BYTES: Final = 20_000_000
_PATIENCE_BYTES: Final = 200_000_000
_PATIENCE_S: Final = 20
"""A caller who sends too much is heard out that far, as many clients read no answer before they
have sent everything; beyond it, the connection is closed on them."""


class TooLarge(Exception):
    """More than `MOST_BYTES`."""


async def read_body(request: Request) -> bytes:
    """The whole body. Raises `TooLarge`, having kept no more than `MOST_BYTES` at any time."""
    declared = request.headers.get("content-length", "0")
    size = int(declared) if declared.isdecimal() else 0
    pieces: list[bytes] = []
    held = 0
    more = size <= _PATIENCE_BYTES
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        held += len(piece)
        more = message.get("more_body", False)
        if max(held, size) > MOST_BYTES:
            pieces.clear()
            if more:
                await _let_pass(request, held)
            raise TooLarge
        pieces.append(piece)
    if size > MOST_BYTES:
        raise TooLarge
    return b"".join(pieces)


async def _let_pass(request: Request, passed: int) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            while passed <= _PATIENCE_BYTES:
                message = await request.receive()
                passed += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return


async def read_json(request: Request) -> Any:
    """A body that is one JSON value. Raises `Refused`, `TooLarge`."""
    content = await read_body(request)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Refused.field("", f"the body is no JSON: {error}") from None
