"""The programs of the consumer's guide, against a real broker and messages as we write them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from events.kafka.connection import Connection
from projections.messages import Message
from service.broker.jars import cache, fetched
from service.broker.java import find_java
from tests.kafka.logs import decided
from tests.unit.making import CCMC, ENTITY, granted, issued, removed, retracted
from tests.unit.test_population import POISON, World, merged
from tests.unit.topic_messages import said

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "consumer"
PARTITIONS = 3
ECLIPSES = {
    "org.eclipse.jdt:ecj:3.43.0": (
        "c786468c65e906498e7e36ece4e0d04c6d3dd34c9a61b34a3a5b512801911a82"
    ),
}
ANSWERS_WITHIN_S = 300

Program = Sequence[str | Path]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Program]:
    """How to run each of them."""
    classes = tmp_path_factory.mktemp("classes")
    jars = f"{fetched()}/*"
    java = find_java().path
    _compile(java, jars, classes)
    return {
        "python": (sys.executable, EXAMPLES / "statuses.py"),
        "java": (java, "-cp", f"{jars}{os.pathsep}{classes}", "Statuses"),
    }


@pytest.fixture(params=["python", "java"])
def program(programs: dict[str, Program], request: pytest.FixtureRequest) -> Program:
    return programs[request.param]


def _compile(java: Path, jars: str, classes: Path) -> None:
    """With the compiler beside that Java; where it is one that only runs programs, with
    Eclipse's, which needs no other."""
    compiler: Program = (java.with_name("javac"), "--release", "17")
    if not java.with_name("javac").exists():
        (jar,) = fetched(ECLIPSES, cache().with_name("eclipse")).iterdir()
        compiler = (java, "-jar", jar, "-17")
        jars = os.pathsep.join(map(str, fetched().glob("*.jar")))
    source = EXAMPLES / "Statuses.java"
    subprocess.run([*compiler, "-classpath", jars, "-d", classes, source], check=True)


@pytest.fixture
async def written(kafka: str, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that writes in transactions, and the compacted topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        config = {"cleanup.policy": "compact"}
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=config)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=topic) as producer:
        yield producer


async def write(producer: AIOKafkaProducer, topic: str, told: Sequence[Message]) -> None:
    """Within the transaction that is open."""
    for one in told:
        await producer.send_and_wait(topic, one.value, key=one.key, headers=list(one.headers))


async def said_together(
    producer: AIOKafkaProducer, kafka: str, topic: str, told: Sequence[Message]
) -> None:
    """In one transaction, which can be read on return."""
    async with producer.transaction():
        await write(producer, topic, told)
    await decided(Connection(kafka), topic, PARTITIONS)


def status(world: World, company: str) -> Message:
    """What the topic says of a company now."""
    return said(world.population, company)


def stories() -> tuple[World, list[Message], list[Message]]:
    """A world, what the topic said of it from the beginning on, and what it says at last."""
    world = World()
    world.record("2021-01-14", issued("2021-01-14", "i", CCMC), "acme")
    world.record("2021-01-14", issued("2021-01-14", "j", ENTITY), "oldest")
    early = [status(world, "acme"), status(world, "oldest")]
    world.record("2021-03-12", granted("2021-03-12", "g", CCMC), "acme")
    world.record("2021-03-13", merged("oldest", "older", "m1"))
    world.record("2021-03-14", merged("older", "newest", "m2"))
    world.record("2021-03-15", POISON | {"subject": "poisoned"})
    world.record("2021-03-16", issued("2021-03-16", "k", ENTITY), "gone-old")
    world.record("2021-03-17", merged("gone-old", "gone", "m3"))
    early.append(status(world, "gone"))
    world.record("2021-03-18", retracted("m3", "r"), "gone-old")
    asked = ("acme", "oldest", "older", "newest", "poisoned", "gone", "gone-old")
    return world, early, [status(world, one) for one in asked]


TABLE = [
    "acme                             enjoined []",
    "gone-old                         designated [export.license]",
    "newest                           designated [export.license]",
    "older = newest                   designated [export.license]",
    "oldest = newest                  designated [export.license]",
    "poisoned                         parked",
    "caught up: 6",
]


@asynccontextmanager
async def run(
    program: Program, kafka: str, topic: str, *more: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(*program, "--bootstrap", kafka, "--topic", topic, *more),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def lines(process: asyncio.subprocess.Process, last: str) -> list[str]:
    """What it prints, up to and with the line that begins like this."""
    assert process.stdout is not None
    told: list[str] = []
    async with asyncio.timeout(ANSWERS_WITHIN_S):
        while not (told and told[-1].startswith(last)):
            line = await process.stdout.readline()
            assert line, f"it ended after {told}"
            told.append(line.decode().rstrip("\n"))
    return told


async def test_the_table_is_what_was_said_last_of_each_company(
    program: Program,
    written: AIOKafkaProducer,
    kafka: str,
    topic: str,
) -> None:
    """Whatever was said before, compacted away or not, and without what was taken back before it
    was committed."""
    world, early, latest = stories()
    await said_together(written, kafka, topic, [*early, *latest])
    world.record("2021-05-01", removed("2021-05-01", list_=CCMC), "acme")
    await written.begin_transaction()
    await write(written, topic, [status(world, "acme"), Message(b"newest", None)])
    await written.abort_transaction()
    async with run(program, kafka, topic, "--until-caught-up") as process:
        assert await lines(process, "caught up") == TABLE
        assert await process.wait() == 0


async def test_an_empty_topic_is_caught_up_with_at_once(
    program: Program,
    written: AIOKafkaProducer,
    kafka: str,
    topic: str,
) -> None:
    async with run(program, kafka, topic, "--until-caught-up") as process:
        assert await lines(process, "caught up") == ["caught up: 0"]
        assert await process.wait() == 0


async def test_each_status_that_changes_is_told_once(
    program: Program,
    written: AIOKafkaProducer,
    kafka: str,
    topic: str,
) -> None:
    """A repeat, and a message that says nothing new of the status, are no change."""
    world, _, latest = stories()
    await said_together(written, kafka, topic, latest)
    async with run(program, kafka, topic) as process:
        assert await lines(process, "caught up") == TABLE
        world.record("2021-05-01", removed("2021-05-01", list_=CCMC), "acme")
        told = [status(world, "acme"), status(world, "newest"), status(world, "acme")]
        async with written.transaction():
            await write(written, topic, told)
        (line,) = await lines(process, "acme")
        assert line == "acme: enjoined [] -> removed []"
        async with written.transaction():
            await write(written, topic, [Message(b"newest", None)])
        (line,) = await lines(process, "newest")
        assert line == "newest: designated [export.license] -> unknown"
