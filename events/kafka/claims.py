"""Who may write a partition: whoever takes it over learns from a topic whom to shut out first.

A writer claims a partition under its transactional id, reads who claimed it before, and has the
brokers take nothing more from those; only then it reads what was published, and writes. The order
of the topic decides between two who claim at once: whose claim stands later shuts the other out. A
claim is withdrawn when its writer was shut out or has let go. An id is taken by one writer, before
it claims anything, and never again, so that whoever was shut out stays so.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from time import time_ns
from typing import Final, NamedTuple
from uuid import uuid4

import orjson

from events.admitted import DEFAULT_SOURCE
from events.dates import Instant, show
from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.fenced import FencedWriter
from events.kafka.packing import Outgoing
from events.kafka.publishing import Publisher
from events.kafka.questions import NONE, TopicQuestions
from events.kafka.topics import CLAIMS

CLAIMED: Final = "standing.partition.claimed"
_HEADERS: Final = (
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_source", DEFAULT_SOURCE.encode()),
    ("ce_type", CLAIMED.encode()),
)


class Claim(NamedTuple):
    """That a writer may write a partition. Each has a key of its own, so that withdrawing one never
    takes a later one with it, however late the message arrives."""

    key: str
    writer: str


class Claims:
    """The claims to the partitions of a cluster. `patience`, in seconds, bounds each step. Close
    it where it was used."""

    def __init__(self, connection: Connection, partitions: int, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._publisher = Publisher(connection, patience)
        self._questions = TopicQuestions(connection, CLAIMS.name, partitions, patience)

    async def close(self) -> None:
        """Let go of what stays open between calls."""
        await self._questions.close()
        await self._publisher.close()

    async def claim(self, partition: int, writer: str) -> tuple[Claim, list[Claim]]:
        """Say that this writer, who has begun, is to write the partition: its claim, and those that
        were made before and not withdrawn since. Raises `StoreError`."""
        mine = Claim(f"{writer}/{uuid4()}", writer)
        (at,) = await self._publisher.write([claimed(partition, mine, time_ns() // 1_000)])
        standing: dict[str, Claim] = {}
        last = NONE
        async for some in self._questions.batches(partition, last=at.offset):
            for one in some:
                last, key = one.offset, one.key.decode()
                if one.value is None:
                    standing.pop(key, None)
                else:
                    standing[key] = Claim(key, orjson.loads(one.value)["writer"])
        if last != at.offset:
            raise StoreError(f"{CLAIMS.name} does not show {partition}:{at.offset}, claimed there")
        del standing[mine.key]
        return mine, list(standing.values())

    async def withdraw(self, partition: int, claims: Iterable[Claim]) -> None:
        """Nobody writes the partition under these any more. Raises `StoreError`."""
        gone = [Outgoing(CLAIMS.name, partition, one.key.encode(), None) for one in claims]
        if gone:
            await self._publisher.write(gone)

    async def take_over(self, partition: int, writer: str) -> Claim:
        """`claim`, and shut out who did before: from then on this one alone writes, until another
        takes over. Raises `StoreError`."""
        mine, earlier = await self.claim(partition, writer)
        for one in {each.writer for each in earlier} - {writer}:
            await shut_out(self._connection, one, self._patience)
        await self.withdraw(partition, earlier)
        return mine


async def shut_out(connection: Connection, name: str, patience: float) -> None:
    """Have the brokers take nothing more from this writer; what it had begun is decided then.
    Raises `StoreError`."""
    async with FencedWriter(connection, name, patience):
        """To begin under its name is what shuts it out."""


@asynccontextmanager
async def sole(
    connection: Connection,
    name: str,
    place: tuple[int, int],
    patience: float,
    *,
    within: float | None = None,
) -> AsyncIterator[FencedWriter]:
    """A writer that has taken a partition over, for what is written once: `place` is the partition
    and how many there are, `name` how its own begins. For the rest see `FencedWriter`."""
    partition, partitions = place
    claims = Claims(connection, partitions, patience)
    try:
        async with FencedWriter(connection, fresh(name), patience, within=within) as writer:
            mine = await claims.take_over(partition, writer.name)
            yield writer
        with suppress(StoreError):  # the next one shuts it out
            await claims.withdraw(partition, [mine])
    finally:
        await claims.close()


def fresh(name: str) -> str:
    """A transactional id that nobody had yet."""
    return f"{name}-{uuid4()}"


def claimed(partition: int, claim: Claim, now: Instant) -> Outgoing:
    """The message that says so."""
    said = ("ce_id", claim.key.encode()), ("ce_time", show(now).encode())
    value = orjson.dumps({"writer": claim.writer, "partition": partition})
    return Outgoing(CLAIMS.name, partition, claim.key.encode(), value, (*_HEADERS, *said))
