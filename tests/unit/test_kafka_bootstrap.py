"""A client that is interrupted while it begins leaves nothing open."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from events.kafka.connection import Connection
from events.kafka.producing import started
from events.kafka.questions import TopicQuestions
from events.kafka.topic import examine

PATIENCE_S = 120
_VERSIONS = {3: (0, 5), 18: (0, 0)}
"""What such a broker takes, by the number of the question: which brokers and which versions there
are."""


async def _producer(to: Connection) -> object:
    return await started(to, "topic", PATIENCE_S, {"enable_idempotence": True})


async def _consumer(to: Connection) -> object:
    return await TopicQuestions(to, "topic", 1, PATIENCE_S).started()


async def _admin(to: Connection) -> object:
    return await examine(to, "topic", PATIENCE_S)


@pytest.mark.parametrize("begin", [_producer, _consumer, _admin])
async def test_a_client_that_is_interrupted_while_it_begins_leaves_nothing_open(
    begin: Callable[[Connection], Awaitable[object]],
) -> None:
    """A broker says what it understands, and then not which brokers there are."""
    asked, gone = asyncio.Event(), asyncio.Event()

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ((number,),) = [struct.unpack(">i", (await _question(reader))[4:8])]
        known = b"".join(struct.pack(">hhh", key, *span) for key, span in _VERSIONS.items())
        answer = struct.pack(">ihi", number, 0, len(_VERSIONS)) + known
        writer.write(struct.pack(">i", len(answer)) + answer)
        await _question(reader)
        asked.set()
        assert await reader.read() == b""
        gone.set()
        writer.close()

    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    beginning = asyncio.ensure_future(begin(Connection(f"{host}:{port}")))
    async with asyncio.timeout(PATIENCE_S):
        await asked.wait()
        beginning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beginning
        await gone.wait()
    server.close()
    await server.wait_closed()


async def _question(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)
