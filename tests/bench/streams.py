"""Open streams of changes: how long until each of a thousand readers has a change.

An event is sent over HTTP, and it is waited until every reader has what it changed, before the next
is sent. The peer is a bare Starlette that writes what it is sent into as many open streams, with
nothing kept, folded or looked up. Readers and sender are one process beside the server.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path
from time import perf_counter

from events import vocabulary as words
from tests.bench.harness import Bench, Contender, Figures, Options, peak_mib, ratio
from tests.bench.over_http import cpu_seconds, free_port, serving

_FILES = 4_096
_CHANGE = b'"us-bis-entity-list"'
"""What a heartbeat has not."""
_OPENING = 50
"""Streams that are opened at once."""


def standing(folder: Path, options: Options) -> Figures:
    """`standing serve`: durable in the log, folded, and told to each."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("standing")), "serve", "--port", str(port)]
    with serving(command, port, {"STANDING_HOME": str(folder)}) as pid:
        return asyncio.run(_measured(port, pid, options))


def bare(folder: Path, options: Options) -> Figures:
    """Starlette on uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.empty_page:app", "--port", str(port)]
    with serving([*command, "--no-access-log", "--log-level", "warning"], port, {}) as pid:
        return asyncio.run(_measured(port, pid, options))


class _Crowd:
    """Readers; `told` is set when each has had as many changes as were sent."""

    def __init__(self, port: int, size: int) -> None:
        self._port = port
        self._size = size
        self._missing = size
        self._opening = asyncio.Semaphore(_OPENING)
        self._opened = 0
        self.all_open = asyncio.Event()
        self.told = asyncio.Event()

    def expect(self) -> None:
        """One more change, to everybody."""
        self._missing = self._size
        self.told.clear()

    async def read(self) -> None:
        """Open a stream, and read it until it ends."""
        async with self._opening:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            host = f"Host: 127.0.0.1:{self._port}\r\n"
            writer.write(f"GET /v1/changes/stream HTTP/1.1\r\n{host}\r\n".encode())
            while b"heartbeat" not in await reader.readline():
                """What comes before is the head."""
            self._opened += 1
            if self._opened == self._size:
                self.all_open.set()
        while line := await reader.readline():
            if line.startswith(b"data: ") and _CHANGE in line:
                self._missing -= 1
                if not self._missing:
                    self.told.set()
        writer.close()


async def _measured(port: int, pid: int, options: Options) -> Figures:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))
    crowd = _Crowd(port, options["streams"])
    readers = [asyncio.create_task(crowd.read()) for _ in range(options["streams"])]
    await crowd.all_open.wait()
    await _send(port, crowd, 0)
    busy = cpu_seconds(pid)
    taken = [await _send(port, crowd, number) for number in range(1, options["events"] + 1)]
    busy = cpu_seconds(pid) - busy
    for one in readers:
        one.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    taken.sort()
    return {
        "rate": len(taken) / sum(taken),
        "p50": 1e3 * taken[len(taken) // 2],
        "most": 1e3 * taken[-1],
        "cpu": 1e3 * busy / len(taken),
        "server_peak": peak_mib(pid),
    }


async def _send(port: int, crowd: _Crowd, number: int) -> float:
    """Seconds from sending an event until everybody has its change."""
    data = {"list": "us-bis-entity-list", "effective": "2024-01-01"}
    event = {"type": words.DESIGNATION_ISSUED, "subject": f"bench-{number}", "data": data}
    body = json.dumps(event).encode()
    crowd.expect()
    before = perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await crowd.told.wait()
    taken = perf_counter() - before
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200"), answer
    writer.close()
    return taken


def measure(bench: Bench) -> None:
    """Both, by turns."""
    options: Options = {"streams": bench.args.streams, "events": bench.args.events}
    base = Contender("bare Starlette", "tests.bench.streams:bare", options)
    mine = Contender("standing", "tests.bench.streams:standing", options)
    bench.interleave([base, mine])
    print(f"\n{bench.args.streams:,} open streams, {bench.args.events:,} events, each told to all")
    print("  target: each within 1 s")
    print(
        f"  {'until all have it':24}{'p50 ms':>9}{'longest ms':>12}{'ratio of p50':>14}"
        f"{'server CPU ms':>15}{'server MiB':>12}"
    )
    for one in (base, mine):
        print(
            f"  {one.name:24}{one.of('p50'):>9.1f}{one.of('most'):>12.1f}"
            f"{ratio(one, base, 'p50'):>13.2f}x{one.of('cpu'):>15.1f}"
            f"{one.of('server_peak'):>12,.0f}"
        )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.streams", __doc__)
    bench.option("streams", 1_000, "open streams")
    bench.option("events", 30, "events per round")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
