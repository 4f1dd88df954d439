"""The server itself: from an address that is free to an end that loses nothing."""

import asyncio
import os
import signal
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from events.errors import Refused
from service.compose import Standing, opened
from service.server import serve
from service.settings import load_settings
from service.tokens import Tokens
from tests.unit.making import issued
from tests.unit.serving import described, problem

PIECE = b" " * 65_536
PATIENCE_S = 120
"""By itself, a client waits five seconds for an answer."""


@dataclass
class Running:
    """A server on a real socket."""

    url: str
    standing: Standing
    task: asyncio.Task[None]

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """As an operator does."""
        os.kill(os.getpid(), number)
        await self.task


@asynccontextmanager
async def server(home: Path, host: str = "127.0.0.1") -> AsyncIterator[Running]:
    """Serve this folder on a port that the system chooses."""
    with opened(load_settings({"STANDING_HOME": str(home)})) as standing:
        ready = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(standing, host, 0, ready=ready.set_result))
        await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        running = Running(await ready, standing, task)
        yield running
        if not task.done():
            await running.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    """Then lets go of the store, which another may take; signals are as they were before."""
    before = signal.getsignal(number)
    async with (
        server(tmp_path) as running,
        httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as client,
    ):
        answer = await client.post("/v1/events", json=issued("2022-01-01"))
        assert answer.json()["position"] == "0:0"
        await running.stop(number)
        with running.standing.projecting() as (store, _):
            assert store.mark.position == 0
    assert signal.getsignal(number) == before


async def test_what_is_under_way_is_finished_first(tmp_path: Path) -> None:
    """A body that is still being sent when the signal comes is recorded and answered."""
    half_sent, go_on = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b'{"type":"standing.company.described","subject":"acme",'
        half_sent.set()
        await go_on.wait()
        yield b'"data":{"name":"Acme"}}'

    async with (
        server(tmp_path) as running,
        httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as client,
    ):
        posted = asyncio.create_task(client.post("/v1/events", content=body()))
        await half_sent.wait()
        stopped = asyncio.create_task(running.stop())
        go_on.set()
        assert (await posted).json()["outcome"] == "recorded"
        await stopped


async def test_a_body_that_is_too_large_is_refused_and_never_held(tmp_path: Path) -> None:
    """50 MB, with a length and without; the answer is read by a client that sends first."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(800):
            yield PIECE

    async with (
        server(tmp_path) as running,
        httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as client,
    ):
        tracemalloc.start()
        try:
            for headers in ({}, {"content-length": str(800 * len(PIECE))}):
                answer = await client.post("/v1/events", content=body(), headers=headers)
                problem(answer, 413)
            assert tracemalloc.get_traced_memory()[1] < 30_000_000
        finally:
            tracemalloc.stop()
        answer = await client.post("/v1/events", content=PIECE * 300 + b"[]")
        assert answer.json() == []


async def test_a_body_of_endless_declared_length_is_not_waited_for(tmp_path: Path) -> None:
    """It is answered before it comes."""
    async with server(tmp_path) as running:
        host, port = running.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n"
        )
        status = await reader.readline()
        assert status.startswith(b"HTTP/1.1 413")
        writer.close()
        await writer.wait_closed()


async def test_a_stream_is_sent_as_it_is_made(tmp_path: Path) -> None:
    """Many rows come in pieces; who hangs up in the middle leaves nothing behind."""
    async with (
        server(tmp_path) as running,
        httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as client,
    ):
        companies = [described(f"c{number}", name="C" * 200) for number in range(9_000)]
        for start in range(0, len(companies), 3_000):
            answer = await client.post("/v1/events", json=companies[start : start + 3_000])
            assert answer.status_code == 200
        async with client.stream("GET", "/v1/status") as answer:
            assert "content-length" not in answer.headers
            pieces = [len(piece) async for piece in answer.aiter_raw()]
        assert len(pieces) > 4
        async with client.stream("GET", "/v1/status") as answer:
            async for _ in answer.aiter_raw():
                break
        assert (await client.get("/readyz")).json()["ready"]


async def test_an_address_that_is_taken_is_said_so(tmp_path: Path) -> None:
    """In one sentence, before anything else is begun."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with opened(load_settings({"STANDING_HOME": str(tmp_path)})) as standing:
            with pytest.raises(Refused, match=f"127.0.0.1:{port} cannot be had"):
                await serve(standing, "127.0.0.1", port)
            with pytest.raises(Refused, match="no address here"):
                await serve(standing, "nowhere.invalid", 0)


async def test_others_are_served_only_once_there_is_a_token(tmp_path: Path) -> None:
    """And then only with it."""
    with pytest.raises(Refused, match="standing token create"):
        async with server(tmp_path, "0.0.0.0"):  # noqa: S104 - that is what is refused
            pass
    with opened(load_settings({"STANDING_HOME": str(tmp_path)})) as standing:
        text, _ = Tokens(tmp_path, standing.clock).create("read", "desk")
    async with server(tmp_path, "0.0.0.0") as running:  # noqa: S104
        port = running.url.rpartition(":")[2]
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S
        ) as client:
            problem(await client.get("/v1/lists"), 401)
            headers = {"authorization": f"Bearer {text}"}
            assert (await client.get("/v1/lists", headers=headers)).status_code == 200


async def test_a_name_of_this_machine_is_a_loopback_address(tmp_path: Path) -> None:
    """What it stands for decides, not how it is written."""
    async with server(tmp_path, "localhost") as running:
        assert running.url.startswith("http://localhost:")
        async with httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_S) as client:
            assert (await client.get("/")).status_code == 200
