"""Load over HTTP: as many connections as asked for, each with one request under way.

Written on bare asyncio, because a comfortable client costs more than the server that it asks, and
would then be what is measured.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter_ns

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


def get(path: str, port: int, *headers: str) -> bytes:
    """A request, ready to be sent."""
    given = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: */*", *headers)
    return "\r\n".join((*given, "", "")).encode()


async def ask(port: int, requests: Sequence[bytes], connections: int) -> list[int]:
    """Send every request once; how long each took, in nanoseconds. Raises `ValueError` on an
    answer that is not a 200."""
    waiting = iter(requests)
    taken: list[int] = []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            before = perf_counter_ns()
            writer.write(request)
            await _answer(reader)
            taken.append(perf_counter_ns() - before)
        writer.close()
        await writer.wait_closed()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one_connection())
    return taken


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(_END_OF_HEAD)).lower()
    if not head.startswith(b"http/1.1 200"):
        raise ValueError(f"not a 200: {head[:200]!r}")
    start = head.find(_LENGTH)
    if start < 0:
        raise ValueError(f"no length: {head[:200]!r}")
    length = head[start + len(_LENGTH) : head.index(b"\r\n", start)]
    await reader.readexactly(int(length))
