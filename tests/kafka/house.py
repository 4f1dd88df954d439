"""A house on a real Kafka: the topics of standing, and a checker that took no part in filling them.

The checker folds the log by itself, record by record and partition by partition, and holds what
was published against that: nothing wrong, nothing lost, no gap, no other order, and repeats only
under the id of the first.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from events import vocabulary as words
from events.dates import start
from events.door import admit
from events.kafka.administration import apply
from events.kafka.binding import Unreadable
from events.kafka.connection import Connection
from events.kafka.first import Kept, Rejected, sift
from events.kafka.log import KafkaEventLog
from events.kafka.partitioner import partition_of
from events.kafka.topics import CHANGES, REJECTED, STATUS, TOPICS, Topic, Wanted
from events.lists import Registry
from events.log import Position, Receipt, Record
from projections import messages
from projections.messages import Place
from projections.partition import fold
from projections.population import Population
from projections.worker import ProjectionWorker
from service.alarm import Alarm
from service.compose import made, system_clock
from tests.kafka.logs import decided
from tests.unit.making import REGISTRY
from tests.unit.test_population import Shelf

Json = dict[str, Any]
PATIENCE_S = 300
"""How long a condition is waited for: far longer than it takes on a machine that does much else."""


class Told(NamedTuple):
    """A message as a consumer has it."""

    partition: int
    offset: int
    key: str
    value: Json | None
    id: str | None
    time: str
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class House:
    """The topics of one Kafka, new and empty at first."""

    servers: str
    partitions: int

    @property
    def connection(self) -> Connection:
        return Connection(self.servers)

    async def record(self, *sent: Json) -> list[Receipt]:
        """Append events, as a recorder does."""
        async with self.log() as log:
            return await log.append([admit(one, REGISTRY) for one in sent])

    @asynccontextmanager
    async def log(self) -> AsyncIterator[KafkaEventLog]:
        log = KafkaEventLog(self.connection)
        try:
            yield log
        finally:
            await log.close()

    def worker(self, home: Path, registry: Registry = REGISTRY, **options: Any) -> ProjectionWorker:
        """One that is yet to begin."""
        return ProjectionWorker(
            self.connection,
            made(home),
            registry,
            lambda due, append: Alarm(due, append, system_clock),
            **options,
        )

    @asynccontextmanager
    async def administering(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """A client for making and removing topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def working(
        self, home: Path, registry: Registry = REGISTRY, **options: Any
    ) -> AsyncIterator[ProjectionWorker]:
        """A projection worker in this process."""
        worker = self.worker(home, registry, **options)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def entries(self) -> list[Record | Unreadable]:
        """Everything in the log, copies and rubbish too."""
        async with self.log() as log:
            ends = await log.ends()
            after = Position(dict.fromkeys(range(self.partitions), -1))
            return [one async for some in log.entries(after, ends) for one in some]

    async def read(self, topic: Topic) -> list[Told]:
        """Everything that a topic holds and that is committed."""
        async with self._reading(topic) as (consumer, places):
            ends = await consumer.end_offsets(places)
            told: list[Told] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for some in (await consumer.getmany(timeout_ms=100)).values():
                    told += [_told(one) for one in some]
            return told

    async def decided(self, *topics: Topic) -> None:
        """Wait until what was committed to these topics by now can be read."""
        for topic in topics:
            await decided(self.connection, topic.name, self.partitions)

    @asynccontextmanager
    async def _reading(self, topic: Topic) -> AsyncIterator[tuple[Any, list[TopicPartition]]]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.servers,
            isolation_level="read_committed",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic.name, number) for number in range(self.partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            yield consumer, places
        finally:
            await consumer.stop()

    async def until(self, topic: Topic, enough: Callable[[list[Told]], bool]) -> list[Told]:
        """Read a topic until what it told is enough."""
        told: list[Told] = []
        async with self._reading(topic) as (consumer, _), asyncio.timeout(PATIENCE_S):
            while not enough(told):
                for some in (await consumer.getmany(timeout_ms=200)).values():
                    told += [_told(one) for one in some]
        return told

    async def folded(self) -> list[str]:
        """Wait until everything in the log was published, copies and their effects too; what the
        checker has to say then."""
        async with asyncio.timeout(PATIENCE_S):
            while (found := await self.check()) and any("missing" in one for one in found):
                """A message is under way; what is never published ends in the timeout."""
        return found

    async def check(self) -> list[str]:
        """What is wrong, in words."""
        entries = await self.entries()
        wanted = expected(entries, self.partitions)
        statuses, changes = await self.read(STATUS), await self.read(CHANGES)
        rejected = await self.read(REJECTED)
        return [
            *wanted.missing,
            *_statuses_wrong(statuses, wanted.statuses),
            *_changes_wrong(changes, wanted.changes),
            *_rejected_wrong(rejected, wanted.rejected),
        ]


async def until(reached: Callable[[], bool]) -> None:
    """Look again and again, until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not reached():  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.02)


async def until_so(reached: Callable[[], Awaitable[bool]]) -> None:
    """The same, of what has to be asked for."""
    async with asyncio.timeout(PATIENCE_S):
        while not await reached():
            """Brokers learn of it in their own time."""


class Expected(NamedTuple):
    """What must have been published."""

    statuses: Mapping[str, Callable[[Place], Json | None]]
    """By company, what is to be said at a place: what a record does not concern may change with the
    time up to which its batch was folded."""
    changes: Mapping[str, Sequence[tuple[str, Json]]]
    """By company, ids and values in order."""
    rejected: set[str]
    """The positions."""
    missing: list[str]
    """Copies that are not in the log yet."""


def expected(entries: Sequence[Record | Unreadable], partitions: int) -> Expected:
    """The pure fold of a log."""
    statuses: dict[str, Callable[[Place], Json | None]] = {}
    changes: dict[str, list[tuple[str, Json]]] = defaultdict(list)
    rejected: set[str] = {one.position for one in entries if isinstance(one, Unreadable)}
    there = {(one.partition, one.id) for one in entries if isinstance(one, Record)}
    missing: list[str] = []
    for partition in range(partitions):
        records = [one for one in entries if isinstance(one, Record) and one.partition == partition]
        sifted = sift(records, Kept())
        rejected |= {one.record.position for one in sifted.rejected if isinstance(one, Rejected)}
        shelf = Shelf()
        population = Population(
            REGISTRY, shelf, owns=lambda one, mine=partition: partition_of(one, partitions) == mine
        )
        sequences: dict[str, int] = {}
        companies: set[str] = set()
        passed = False
        for one in sifted.standing:
            shelf.records.append(one.record)
            brought = fold(population, [one.record])
            companies.update(brought.companies)
            passed |= brought.passed
            missing += [
                f"a copy of {copy.event['id']} for {copy.company} is missing"
                for copy in brought.copies
                if (partition_of(copy.company, partitions), copy.event["id"]) not in there
            ]
            for told in brought.told:
                change = told.change
                sequences[change.company] = change.sequence
                value = orjson.loads(messages.change(told, REGISTRY, partition).value or b"")
                changes[change.company].append((change.id, _whosever(value)))
        for company in companies:
            sequence = sequences.get(company, 0)
            statuses[company] = partial(_said, population, company, sequence=sequence)
        if passed:
            statuses[words.CLOCK_SUBJECT] = _nobody
    return Expected(statuses, changes, rejected, missing)


def _nobody(_place: Place) -> None:
    """That time has passed is told as the tombstone of nobody."""


def _said(population: Population, company: str, place: Place, *, sequence: int) -> Json | None:
    said = messages.status(population, company, place, sequence)
    return None if said.value is None else orjson.loads(said.value)


def _statuses_wrong(
    told: Sequence[Told], wanted: Mapping[str, Callable[[Place], Json | None]]
) -> list[str]:
    latest = {one.key: one for one in told}
    wrong = [f"{one}: a status of nobody" for one in latest.keys() - wanted.keys()]
    for company, want in wanted.items():
        one = latest.get(company)
        value = None if one is None else one.value
        place = Place(value["position"], start(one.time)) if one and value else Place("0:0", 0)
        wish = want(place)
        if value != wish:
            wrong.append(f"{company}: missing or wrong: {value} for {wish}")
    return wrong


def _changes_wrong(
    told: Sequence[Told], wanted: Mapping[str, Sequence[tuple[str, Json]]]
) -> list[str]:
    wrong: list[str] = []
    by_company: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_company[one.key].append(one)
    for company in by_company.keys() | wanted.keys():
        firsts: dict[str, Json] = {}
        for one in by_company.get(company, ()):
            value = one.value or {}
            if firsts.setdefault(value["change"], _whosever(value)) != _whosever(value):
                wrong.append(f"{company}: a repeat of {value['change']} says something else")
        sequences = [value["sequence"] for value in firsts.values()]
        if sequences != list(range(1, len(sequences) + 1)):
            wrong.append(f"{company}: sequences {sequences}")
        want = dict(wanted.get(company, ()))
        wrong += [f"{company}: change {one} is missing" for one in want.keys() - firsts.keys()]
        wrong += [f"{company}: nobody's change {one}" for one in firsts.keys() - want.keys()]
        wrong += [
            f"{company}: change {one} reads {firsts[one]}, not {want[one]}"
            for one in firsts.keys() & want.keys()
            if firsts[one] != want[one]
        ]
    return wrong


def _whosever(value: Json) -> Json:
    """Without who the company is, and its events: a change is told with what is known by the end of
    its batch."""
    return {key: one for key, one in value.items() if key not in _BESIDE}


_BESIDE = {"country", "former_ids", "name", "causes"}


def _rejected_wrong(told: Sequence[Told], wanted: set[str]) -> list[str]:
    found = {one.value["position"] for one in told if one.value}
    return [f"rejected {one} is missing" for one in wanted - found] + [
        f"{one} should not be rejected" for one in found - wanted
    ]


def _told(message: Any) -> Told:
    headers = dict(message.headers)
    return Told(
        message.partition,
        message.offset,
        message.key.decode(errors="replace"),
        None if message.value is None else orjson.loads(message.value),
        headers["ce_id"].decode() if "ce_id" in headers else None,
        headers.get("ce_time", b"").decode(),
        tuple(message.headers),
    )


async def furnished(servers: str, partitions: int) -> House:
    """The topics, made anew."""
    await cleared(servers)
    await apply({"bootstrap_servers": servers}, Wanted(partitions))
    return House(servers, partitions)


async def cleared(servers: str) -> None:
    """Have none of the topics."""
    names = {topic.name for topic in TOPICS}
    async with House(servers, 0).administering() as admin:
        if there := names & set(await admin.list_topics()):
            await admin.delete_topics(sorted(there))
        while names & set(await admin.list_topics()):
            """Brokers learn of it in their own time."""
