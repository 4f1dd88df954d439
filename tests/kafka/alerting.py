"""Alerts on a real Kafka: topics under names of their own, changes in them, workers and desks."""

import asyncio
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from alerts.channel import Channel
from alerts.desk_on_kafka import KafkaDesk, desk
from alerts.duty import Means
from alerts.egress import Egress
from alerts.email import EmailChannel
from alerts.links import Links
from alerts.mail_server import MailServer
from alerts.misfits import Misfits
from alerts.names import Names
from alerts.telling import Teller
from alerts.vault import SharedVault
from alerts.webhook import WebhookChannel
from alerts.worker import AlertWorker
from events.companies import Description
from events.dates import Instant
from events.kafka.connection import Connection
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from events.kafka.publishing import Publisher
from events.kafka.tail import Raw, Tail
from events.kafka.topics import TOPICS
from projections import messages
from projections.rows import Told
from tests.contract.alert_twins import LOOPBACK, Post, Receiver, change
from tests.unit.making import REGISTRY

ROOT = Path(__file__).parents[2]
PARTITIONS = 3
KEY = "only for tests, and long enough for them"
WITHIN_S = 300
"""How long a condition is waited for: far longer than it takes on a machine that does much else."""
Json = dict[str, Any]


def now() -> Instant:
    return time.time_ns() // 1_000


def named(prefix: str) -> Names:
    """The names of one test."""
    found = Names()
    return replace(
        found,
        **{
            key: getattr(found, key).replace("standing", prefix, 1)
            for key in (*TOPIC_NAMES, "group")
        },
    )


TOPIC_NAMES = ("events", "status", "changes", "subscriptions", "deliveries", "progress")


async def made(servers: str, names: Names, **partitions: int) -> None:
    """Make the topics as they are declared."""
    declared = {topic.name: topic for topic in TOPICS}
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(
                    getattr(names, key),
                    partitions.get(key, PARTITIONS),
                    1,
                    topic_configs=declared[getattr(Names(), key)].config(1),
                )
                for key in TOPIC_NAMES
            ]
        )
    finally:
        await admin.close()


@dataclass
class Line:
    """The topics, and what was told in them."""

    servers: str
    names: Names
    publisher: Publisher
    sequences: Counter[str] = field(default_factory=Counter)
    mail: MailServer | None = None
    """Where mails are handed in, if any are."""

    @property
    def connection(self) -> Connection:
        return Connection(self.servers)

    async def tell(self, *companies: str, country: str | None = None, **detail: Any) -> None:
        """One more record of each, and the change that it brings."""
        who, homes = (
            Description(country=country),
            [partition_of(one, PARTITIONS) for one in companies],
        )
        written = await self.publisher.write(
            [
                Outgoing(self.names.events, home, company.encode(), b"{}")
                for company, home in zip(companies, homes, strict=True)
            ]
        )
        told = []
        for company, (home, offset) in zip(companies, written, strict=True):
            self.sequences[company] += 1
            one = Told(offset, change(company, self.sequences[company], **detail))
            message = messages.change(one, REGISTRY, home, who)
            told.append(Outgoing(self.names.changes, home, *message))
        await self.publisher.write(told)

    async def read(self, topic: str) -> list[Raw]:
        """Everything that a topic holds."""
        async with Tail(self.connection, topic, PARTITIONS, 30) as tail:
            await tail.begin()
            return [one async for some in tail.to_end() for one in some]

    async def deliveries(self) -> list[Json]:
        """Every attempt that was told of."""
        found = await self.read(self.names.deliveries)
        return [orjson.loads(one.value or b"") for one in found]

    async def until(self, topic: str, enough: Callable[[list[Raw]], bool]) -> list[Raw]:
        """Follow a topic until it holds enough."""
        async with (
            asyncio.timeout(WITHIN_S),
            Tail(self.connection, topic, PARTITIONS, 30) as tail,
        ):
            await tail.begin()
            found: list[Raw] = []
            while not enough(found):
                found += await tail.more()
            return found

    async def attempts(self, number: int) -> list[Json]:
        """Wait until so many attempts were told of."""
        found = await self.until(self.names.deliveries, lambda some: len(some) >= number)
        return [orjson.loads(one.value or b"") for one in found]

    async def over(self, partition: int) -> None:
        """Wait until a worker has told that everybody was told everything."""
        changes = await self.read(self.names.changes)
        last = max(one.offset for one in changes if one.partition == partition)

        def told(some: list[Raw]) -> bool:
            marks = [one for one in some if (one.partition, one.key) == (partition, b"*")]
            return bool(marks) and orjson.loads(marks[-1].value or b"")["read"] >= last

        await self.until(self.names.progress, told)

    @asynccontextmanager
    async def desk(self, path: Path) -> AsyncIterator[KafkaDesk]:
        """A desk of its own file."""
        async with (
            self.channels(now) as channels,
            desk(
                self.connection,
                path,
                REGISTRY,
                SharedVault(KEY),
                channels=channels,
                clock=now,
                names=self.names,
            ) as found,
        ):
            yield found

    @asynccontextmanager
    async def channels(
        self, clock: Callable[[], Instant], misfits: Misfits | None = None
    ) -> AsyncIterator[dict[str, Channel]]:
        """Webhooks, and mail where there is a server."""
        links = Links("https://alerts.example", SharedVault(KEY).sign)
        teller = Teller(amiss=misfits or Misfits())
        found: dict[str, Channel] = {
            "webhook": WebhookChannel(Egress(LOOPBACK), clock),
            "email": EmailChannel(self.mail, links, teller, clock),
        }
        try:
            yield found
        finally:
            for one in found.values():
                await one.close()

    @asynccontextmanager
    async def working(
        self, *partitions: int, clock: Callable[[], Instant] = now
    ) -> AsyncIterator[AlertWorker]:
        """A worker in this process that sees to these partitions, and all where none is named."""
        told = self.connection, REGISTRY, SharedVault(KEY)
        misfits = Misfits()
        async with self.channels(clock, misfits) as channels:
            means = Means(*told, channels, clock, self.names, misfits=misfits)
            worker = AlertWorker(means)
            serving = [
                asyncio.create_task(worker.serve(one)) for one in partitions or range(PARTITIONS)
            ]
            try:
                yield worker
            finally:
                for one in serving:
                    one.cancel()
                ended = await asyncio.gather(*serving, return_exceptions=True)
        for one in ended:
            if one is not None and not isinstance(one, asyncio.CancelledError):
                raise one

    @asynccontextmanager
    async def process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker in a process of its own, killed without a word at the end of the block."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.kafka.alert_process"),
            *(self.servers, self.names.events.partition(".")[0]),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def line(servers: str) -> AsyncIterator[Line]:
    """New topics."""
    names = named(f"t{uuid4().hex}")
    await made(servers, names)
    async with AsyncExitStack() as stack:
        publisher = await stack.enter_async_context(Publisher(Connection(servers), 30))
        yield Line(servers, names, publisher)


async def received(receiver: Receiver, number: int) -> list[Post]:
    """Wait until so many different messages have come."""
    async with asyncio.timeout(WITHIN_S):
        while missing := max(0, number - len(distinct(receiver.posts))):
            await receiver.count(len(receiver.posts) + missing)
    return receiver.posts


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds that nobody tells of."""
    async with asyncio.timeout(WITHIN_S):
        while not await holds():  # noqa: ASYNC110 - a copy follows in its own time
            await asyncio.sleep(0.01)


def distinct(posts: Sequence[Post]) -> dict[str, Post]:
    """What a receiver that drops repeats by id has."""
    found: dict[str, Post] = {}
    for post in posts:
        found.setdefault(post.headers["webhook-id"], post)
    return found


def wrong(posts: Sequence[Post], companies: dict[str, int], first: int = 1) -> list[str]:
    """What is amiss with what a receiver of everything got: each change told, in order, numbered
    without a gap, and repeats the same to the byte."""
    told: list[str] = []
    bodies: dict[str, bytes] = {}
    for post in posts:
        ident = post.headers["webhook-id"]
        if bodies.setdefault(ident, post.body) != post.body:
            told.append(f"{ident} says two things")
    heard: dict[str, list[Json]] = defaultdict(list)
    for post in distinct(posts).values():
        heard[post.message["data"]["company"]].append(post.message)
    for company, number in companies.items():
        sequences = [one["data"]["sequence"] for one in heard[company]]
        if sequences != list(range(first, first + number)):
            told.append(f"{company}: sequences {sequences}")
        if [one["n"] for one in heard[company]] != list(range(1, number + 1)):
            told.append(f"{company}: numbers {[one['n'] for one in heard[company]]}")
    told += [f"{one}: nobody asked" for one in heard.keys() - companies.keys()]
    return told
