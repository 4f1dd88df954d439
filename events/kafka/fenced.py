"""Writing under a name of which there is one: whoever takes the name over shuts the earlier out.

What follows from a batch is written in one transaction, under a transactional id. A worker that was
thought dead and goes on finds itself fenced: nothing that it writes from then on counts.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Final, Self

from aiokafka.errors import InvalidProducerEpoch, InvalidProducerIdMapping, ProducerFenced
from aiokafka.structs import RecordMetadata

from events.errors import StoreError
from events.kafka.bounded import bounded
from events.kafka.connection import Connection
from events.kafka.packing import Packed, Sealed
from events.kafka.producing import Producer, acknowledged, started, stopped
from events.kafka.trouble import KAFKA_ERRORS, said

LONGEST_S: Final = 900.0
"""So long one transaction may take: what brokers allow where nothing else is set."""
_GOODBYE_S: Final = 3.0
_FENCED: Final = (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping)


class Fenced(StoreError):
    """Another one writes under this name now."""


class FencedWriter:
    """Use it as a context: from its beginning on nobody else writes under this transactional id,
    and what an earlier one had not committed is taken back.

    `patience`, in seconds, bounds each step, and `within` a transaction where that is to take
    longer. After an error it takes nothing more; what was to be written is found out by reading
    what was committed, when another one has begun.
    """

    def __init__(
        self,
        connection: Connection,
        transactional_id: str,
        patience: float,
        *,
        within: float | None = None,
    ) -> None:
        self._connection = connection
        self.name = transactional_id
        self.sent: RecordMetadata | None = None
        """Of the last transaction the last place where something of it was acknowledged."""
        self._patience = patience
        self._within = patience if within is None else within
        self._producer: Producer | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        options = {
            "transactional_id": self.name,
            "transaction_timeout_ms": int(self._within * 1_000),
        }
        self._producer = await started(self._connection, self.name, self._patience, options)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _taken_back(producer)
            await stopped(producer)

    async def expect(self, places: Iterable[tuple[str, int]]) -> None:
        """Begin the transaction that is written next, to these topics and partitions: brokers are
        told while what is to be written is still made. To be soon, as for a transaction there is a
        time limit; where nothing is, write that. Raises as `write` does."""
        async with self._trying() as producer:
            await _begun(producer)
            producer.expect(places)

    async def write(self, batches: Sequence[Packed]) -> None:
        """All of it, visible at once, or nothing. Raises `Fenced`, or `StoreError` where it is not
        known which."""

        async def one() -> AsyncIterator[Sequence[Packed]]:
            yield batches

        await self.write_all(one())

    async def write_all(self, coming: AsyncIterator[Sequence[Packed]]) -> None:
        """`write`, of more than should be in memory at once."""
        async with self._trying() as producer:
            await bounded(self._transaction(producer, coming), self._within)

    async def _transaction(
        self, producer: Producer, coming: AsyncIterator[Sequence[Packed]]
    ) -> None:
        self.sent = None
        await _begun(producer)
        async for batches in coming:
            producer.expect((one.topic, one.partition) for one in batches)
            told = await acknowledged(
                producer.send_batch(Sealed(one), one.topic, partition=one.partition)
                for one in batches
            )
            self.sent = told[-1] if told else self.sent
        await producer.commit_transaction()

    @asynccontextmanager
    async def _trying(self) -> AsyncIterator[Producer]:
        async with self._turn:
            producer = self._producer
            if producer is None:
                raise StoreError(f"{self.name}: nothing is written after an error")
            try:
                yield producer
            except BaseException as error:
                why = (producer.why() or error) if isinstance(error, Exception) else error
                self._producer = None
                await _taken_back(producer)
                await producer.abandon()
                if isinstance(why, _FENCED):
                    raise Fenced(f"{self.name}: another worker has taken over") from error
                if isinstance(why, KAFKA_ERRORS):
                    raise StoreError(said(self._connection, self.name, why)) from error
                raise


async def _begun(producer: Producer) -> None:
    if not producer.begun():
        await producer.begin_transaction()


async def _taken_back(producer: Producer) -> None:
    with suppress(*KAFKA_ERRORS):  # the brokers give it up by themselves, in time
        await bounded(producer.take_back(), _GOODBYE_S)
