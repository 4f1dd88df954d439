"""Who may write a partition: whoever takes it over learns from a topic whom to shut out first.

A writer claims a partition under its transactional id, reads who claimed it before, and has the
brokers take nothing more from those; only then it reads what was published, and writes. The order
of the topic decides between two who claim at once: whose claim stands later shuts the other out. A
claim is withdrawn when its writer was shut out or has let go. Ids are used by one writer and never
again, so that whoever was shut out stays so.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from time import time_ns
from typing import Final
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

    async def claim(self, partition: int, name: str) -> list[str]:
        """Say that this writer, who has begun, is to write the partition; who said so before, and
        was neither shut out nor let go since. Raises `StoreError`."""
        (at,) = await self._publisher.write([claimed(partition, name, time_ns() // 1_000)])
        standing: dict[str, None] = {}
        last = NONE
        async for some in self._questions.batches(partition, last=at.offset):
            for one in some:
                last = one.offset
                who = one.key.decode()
                if one.value is None:
                    standing.pop(who, None)
                else:
                    standing[who] = None
        if last != at.offset:
            raise StoreError(f"{CLAIMS.name} does not show {partition}:{at.offset}, claimed there")
        standing.pop(name, None)
        return list(standing)

    async def withdraw(self, partition: int, names: Iterable[str]) -> None:
        """These write the partition no more. Raises `StoreError`."""
        gone = [Outgoing(CLAIMS.name, partition, one.encode(), None) for one in names]
        if gone:
            await self._publisher.write(gone)

    async def take_over(self, partition: int, name: str) -> None:
        """`claim`, and shut out who did before: from then on this one alone writes, until another
        takes over. Raises `StoreError`."""
        earlier = await self.claim(partition, name)
        for one in earlier:
            await shut_out(self._connection, one, self._patience)
        await self.withdraw(partition, earlier)


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
            await claims.take_over(partition, writer.name)
            yield writer
        with suppress(StoreError):  # the next one shuts it out
            await claims.withdraw(partition, [writer.name])
    finally:
        await claims.close()


def fresh(name: str) -> str:
    """A transactional id that nobody had yet."""
    return f"{name}-{uuid4()}"


def claimed(partition: int, name: str, now: Instant) -> Outgoing:
    """The message that says so."""
    said = ("ce_id", f"{name}/{partition}".encode()), ("ce_time", show(now).encode())
    value = orjson.dumps({"writer": name, "partition": partition})
    return Outgoing(CLAIMS.name, partition, name.encode(), value, (*_HEADERS, *said))
