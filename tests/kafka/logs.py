"""Logs on a real Kafka, each on a topic of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from events.admitted import Admitted
from events.kafka.connection import Connection
from events.kafka.first import Kept, sift
from events.kafka.log import KafkaEventLog
from events.kafka.questions import TopicQuestions
from events.kafka.topics import EVENTS
from events.log import EventLog, Position, Receipt, Record

Json = dict[str, Any]


async def make(kafka: str, topic: str, partitions: int = 1, **config: str) -> None:
    """Make a topic as the events' is declared, or with `config` otherwise."""
    declared = EVENTS.config(1) | {key.replace("_", "."): value for key, value in config.items()}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=declared)])
    finally:
        await admin.close()


@asynccontextmanager
async def on(
    kafka: str, topic: str, partitions: int = 1, patience: float = 30.0
) -> AsyncIterator[KafkaEventLog]:
    """A log on a topic that is made for it."""
    await make(kafka, topic, partitions)
    log = KafkaEventLog(Connection(kafka), topic, patience=patience)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def producer(kafka: str, **options: Any) -> AsyncIterator[Any]:
    """One that knows Kafka only."""
    theirs = AIOKafkaProducer(bootstrap_servers=kafka, **options)
    await theirs.start()
    try:
        yield theirs
    finally:
        await theirs.stop()


async def decided(connection: Connection, topic: str, partitions: int = 1) -> None:
    """Wait until every transaction that was written to a topic is decided there. To commit or to
    abort is answered before that: brokers write the marks in their own time, and until then those
    who read what is committed see nothing of it."""
    asked = TopicQuestions(connection, topic, partitions, 60)
    try:
        for partition in range(partitions):
            while await asked.undecided(partition) is not None:
                """The mark is under way."""
    finally:
        await asked.close()


class Sifting(EventLog):
    """A log that compares nothing, and a reader who sifts it: together, one that compares.

    What is answered, and what can be read, is what the reader says once it has come that far.
    """

    def __init__(self, log: KafkaEventLog) -> None:
        self._log = log
        self._shelves: dict[int, Kept] = {}
        self._seen = Position()
        self._told: dict[str, Receipt] = {}
        self.standing: list[Record] = []
        self.rejected: list[str] = []

    async def append(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """See `EventLog`."""
        written = await self._log.append(events, atomic=atomic)
        await self._take()
        return [self._told[one.position] if one.position else one for one in written]

    async def _take(self) -> None:
        async for records in self._log.read(self._seen, await self._log.ends()):
            # Others may have read the same meanwhile.
            new = [one for one in records if one.offset > self._seen.get(one.partition, -1)]
            for one in new:
                shelf = self._shelves.setdefault(one.partition, Kept())
                found = sift([one], shelf)
                for standing in found.standing:
                    shelf.put(standing)
                    self.standing.append(standing.record)
                self.rejected += [rejected.record.position for rejected in found.rejected]
                (self._told[one.position],) = found.receipts
                self._seen[one.partition] = one.offset

    async def read(
        self, after: Position, to: Position, *, batch: int = 5_000
    ) -> AsyncIterator[list[Record]]:
        """See `EventLog`."""
        found = [
            one
            for one in self.standing
            if after.get(one.partition, -1) < one.offset <= to.get(one.partition, -1)
        ]
        for start in range(0, len(found), batch):
            yield found[start : start + batch]

    async def ends(self) -> Position:
        """See `EventLog`."""
        return await self._log.ends()

    async def follow(self, after: Position, *, batch: int = 5_000) -> AsyncIterator[list[Record]]:
        """See `EventLog`; what comes is not told here."""
        async for records in self.read(after, self._seen, batch=batch):
            yield records
