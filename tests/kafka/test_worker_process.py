"""`standing worker projections` as an operator runs it: its health, its end, what it refuses."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.kafka.house import House
from tests.unit.conftest import Cli
from tests.unit.making import ENTITY, issued

STANDING = Path(sys.executable).with_name("standing")
PATIENCE_S = 300


@asynccontextmanager
async def worker(
    house: House, home: Path, *more: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A worker in a process of its own, and where its health is asked for."""
    environment = {**os.environ, "STANDING_HOME": str(home), "STANDING_KAFKA": house.servers}
    process = await asyncio.create_subprocess_exec(
        *(STANDING, "worker", "projections", "--port", "0", *more),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process, await line(process, "health at ")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def line(process: asyncio.subprocess.Process, begins: str) -> str:
    """The rest of the next line on standard error that begins like this."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        while told := (await process.stderr.readline()).decode():
            if told.startswith(begins):
                return told.removeprefix(begins).rstrip()
    pytest.fail(f"it ended and did not say {begins!r}")


async def test_it_tells_how_it_is_and_ends_when_told(house: House, tmp_path: Path) -> None:
    await house.record(issued("2021", "i", ENTITY) | {"subject": "acme"})
    async with (
        worker(house, tmp_path) as (process, url),
        httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client,
    ):
        assert (await client.get("/healthz")).status_code == 200
        for _ in range(house.partitions):
            await line(process, "partition ")
        async with asyncio.timeout(PATIENCE_S):
            while not (told := (await client.get("/readyz")).json())["ready"]:
                """It reads back what was published."""
        assert told == {"ready": True, "partitions": [0, 1, 2], "reading_back": []}
        assert await house.folded() == []
        page = (await client.get("/metrics")).text
        assert "standing_worker_partitions 3.0" in page
        assert 'standing_parked_companies{partition="0"} 0.0' in page
        process.terminate()
        assert await process.wait() == 0


async def test_a_home_is_one_workers(house: House, tmp_path: Path) -> None:
    async with worker(house, tmp_path):
        environment = {**os.environ, "STANDING_HOME": str(tmp_path)}
        other = await asyncio.create_subprocess_exec(
            *(STANDING, "worker", "projections"),
            env=environment | {"STANDING_KAFKA": house.servers},
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await other.communicate()
        assert other.returncode == 1
        assert "a standing service projects here" in told.decode()


def test_without_kafka_there_is_nothing_to_work_on(cli: Cli) -> None:
    refused = cli("worker", "projections")
    assert refused.code == 1
    assert "STANDING_KAFKA: is not set" in refused.err
