"""What benchmarks of the workers share: topics, events in them, and a worker that is watched."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from events.admitted import Admitted
from events.door import admit
from events.kafka.administration import apply
from events.kafka.connection import Connection
from events.kafka.log import KafkaEventLog
from events.kafka.topics import CHANGES, REJECTED, STATUS, Topic, Wanted
from events.lists import load_registry
from events.log import Position
from tests.bench.generate import Event
from tests.bench.harness import descendants, peak_mib

PARTITIONS: Final = 4
_BATCH: Final = 5_000
_LOOK_S: Final = 0.05
_PATIENCE_S: Final = 3_600
_TICK: Final = os.sysconf("SC_CLK_TCK")


async def made_anew(servers: str, *topics: Topic) -> None:
    """These topics, empty."""
    names = {topic.name for topic in topics}
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    if there := names & set(await admin.list_topics()):
        await admin.delete_topics(sorted(there))
    while names & set(await admin.list_topics()):
        """Brokers learn of it in their own time."""
    await admin.close()
    await apply({"bootstrap_servers": servers}, Wanted(PARTITIONS))


async def derived_anew(servers: str) -> None:
    """What a worker publishes, thrown away."""
    await made_anew(servers, STATUS, CHANGES, REJECTED)


async def recorded(servers: str, told: Sequence[Event]) -> Position:
    """Append events; where the log ends then."""
    return await appended(servers, admitted(told))


def admitted(told: Sequence[Event]) -> list[Admitted]:
    """Events that have passed the door."""
    registry = load_registry()
    return [admit(one, registry) for one in told]


async def appended(servers: str, ready: Sequence[Admitted]) -> Position:
    """`recorded`, of such."""
    log = KafkaEventLog(Connection(servers))
    for start in range(0, len(ready), _BATCH):
        await log.append(ready[start : start + _BATCH])
    ends = await log.ends()
    await log.close()
    return ends


async def statuses(servers: str) -> tuple[int, int]:
    """How many companies have a status, and how many messages that took."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed")
    await consumer.start()
    places = [TopicPartition(STATUS.name, number) for number in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    companies: set[bytes] = set()
    messages = 0
    while any([await consumer.position(place) < ends[place] for place in places]):
        for some in (await consumer.getmany(timeout_ms=200)).values():
            messages += len(some)
            companies.update(one.key for one in some)
    await consumer.stop()
    return len(companies), messages


class Worker:
    """A `standing worker`, and what can be seen of it from outside."""

    def __init__(self, process: "subprocess.Popen[str]", told: Path) -> None:
        self.process = process
        self._told = told
        self._url = ""

    def heard(self, text: str, times: int = 1) -> float:
        """Wait until it has said this; when that was seen."""
        self._until(lambda: self._told.read_text().count(text) >= times)
        return time.perf_counter()

    def reached(self, ends: Position, *others: "Worker") -> float:
        """Wait until it, together with others, has published everything up to there; when that
        was seen."""
        with httpx.Client(timeout=60) as asking:

            def all_published() -> bool:
                found: dict[int, int] = {}
                for one in (self, *others):
                    found |= one.offsets(asking)
                return Position(found).reaches(ends)

            self._until(all_published)
        return time.perf_counter()

    def has(self, partitions: int) -> None:
        """Wait until it works on so many partitions."""
        with httpx.Client(timeout=60) as asking:
            self._until(lambda: len(self.offsets(asking)) == partitions)

    def offsets(self, asking: httpx.Client) -> dict[int, int]:
        """Up to where it has published, by partition."""
        if not self._url:
            self.heard("health at http")
            self._url = self._told.read_text().partition("health at ")[2].split()[0]
        found = {}
        for line in asking.get(f"{self._url}/metrics").text.splitlines():
            name, _, value = line.partition(" ")
            if name.startswith("standing_projection_offset{"):
                found[int(name.split('"')[1])] = int(float(value))
        return found

    def _until(self, reached: Any) -> None:
        give_up = time.perf_counter() + _PATIENCE_S
        while not reached():
            if self.process.poll() is not None or time.perf_counter() > give_up:
                raise RuntimeError(f"the worker is not getting on: {self._told.read_text()}")
            time.sleep(_LOOK_S)

    def cpu(self) -> float:
        """The processor time that it and its helpers have had, in seconds."""
        return sum(map(_cpu, [self.process.pid, *descendants(self.process.pid)]))

    def memory(self) -> float:
        """The most that it and its helpers have had, in MiB."""
        return sum(map(peak_mib, [self.process.pid, *descendants(self.process.pid)]))


def _cpu(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended; its parent has its time
        return 0
    return sum(map(int, told[11:15])) / _TICK


@contextmanager
def worker(
    servers: str, home: Path, role: str = "projections", **settings: str
) -> Iterator[Worker]:
    """A worker until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    told = home / "told"
    command = [str(Path(sys.executable).with_name("standing")), "worker", role]
    command += ["--port", "0"]
    environment = {**os.environ, "STANDING_KAFKA": servers, "STANDING_HOME": str(home), **settings}
    with told.open("w") as file:
        process = subprocess.Popen(command, stderr=file, env=environment, text=True)
    try:
        yield Worker(process, told)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def key_and_offset(message: Any) -> tuple[bytes, int]:
    """Of a status: whose, and up to which offset it tells."""
    told = orjson.loads(message.value)
    return message.key, int(told["position"].partition(":")[2])


def ends_of(servers: str) -> Position:
    """Where the log ends."""

    async def asked() -> Position:
        log = KafkaEventLog(Connection(servers))
        ends = await log.ends()
        await log.close()
        return ends

    return asyncio.run(asked())
