"""Receivers of webhooks in a process of their own, on bare asyncio, so that they cost little of
what is measured: `python -m tests.bench.quick_receiver` prints its URL, and, once its standard
input is closed, of each message when it came first, in nanoseconds of the machine's steady clock.

A path that begins with `/hang` is never answered, one with `/slow` after two seconds. `/count`
tells how many messages have come.
"""

import asyncio
import json
import sys
from time import perf_counter_ns

_END = b"\r\n\r\n"
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
_SLOW_S = 2


class _Receiver(asyncio.Protocol):
    def __init__(self, came: dict[str, int]) -> None:
        self._came = came
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(_END)) >= 0:
            head = self._held[:end]
            whole = end + len(_END) + int(_field(head, b"content-length") or 0)
            if len(self._held) < whole:
                return
            self._held = self._held[whole:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path.startswith(b"/hang"):
            return
        if path == b"/count":
            body = str(len(self._came)).encode()
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            self._transport.write(answer)
            return
        self._came.setdefault((_field(head, b"webhook-id") or b"").decode(), perf_counter_ns())
        if path.startswith(b"/slow"):
            asyncio.get_running_loop().call_later(_SLOW_S, self._transport.write, _TAKEN)
        else:
            self._transport.write(_TAKEN)


def _field(head: bytes, name: bytes) -> bytes | None:
    at = head.lower().find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


async def main() -> None:
    """Serve until standard input ends."""
    came: dict[str, int] = {}
    server = await asyncio.get_running_loop().create_server(
        lambda: _Receiver(came), "127.0.0.1", 0, backlog=1_000
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    print(json.dumps(came))


if __name__ == "__main__":
    asyncio.run(main())
