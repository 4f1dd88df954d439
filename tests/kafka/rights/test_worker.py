"""A projection worker as the deployment runs it: with the rights of its user, and no others."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from tests.kafka.attempts import ANSWER_S, STANDING, command
from tests.kafka.roles import Roles, roles
from tests.unit.making import issued


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """A broker of these tests' own: on the other one stands what is no message of standing's."""
    with roles(tmp_path_factory.mktemp("served")) as broker:
        made = command(broker.settings("standing-topics"), "topics", "apply", "--partitions", "2")
        assert made.returncode == 0, made.stderr
        yield broker


@contextmanager
def worker(served: Roles, home: Path) -> Iterator[None]:
    """A worker that runs until the block ends, and then ends well."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STANDING_")}
    settings = served.settings("standing-projections") | {"STANDING_HOME": str(home)}
    with subprocess.Popen(
        [STANDING, "worker", "projections"], env=clean | settings, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            code = process.wait(ANSWER_S)
    assert code == 0


async def told_of(served: Roles, company: str) -> str:
    """The status of a company, as who may only read the statuses gets it."""
    consumer = AIOKafkaConsumer(
        "standing.status.v1",
        **served.options("standing-status-consumer"),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    try:
        await consumer.start()
        async with asyncio.timeout(2 * ANSWER_S):
            while True:
                message = await consumer.getone()
                if message.key == company.encode():
                    return str(orjson.loads(message.value)["status"])
    finally:
        await consumer.stop()


@pytest.mark.parametrize("company", ["worked-on", "worked-on-too"])
async def test_a_worker_publishes_what_was_recorded(
    served: Roles, tmp_path: Path, company: str
) -> None:
    """From the recorder through the worker to the consumer of the statuses, over TLS."""
    event = {**issued("2021", company), "subject": company}
    done = command(served.settings("standing-recorder"), "record", "-", stdin=event)
    assert done.returncode == 0, done.stderr
    with worker(served, tmp_path / "home"):
        assert await told_of(served, company) == "designated"
