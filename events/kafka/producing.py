"""Writing to a topic: idempotently, to all replicas, and within a bounded time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple
from uuid import uuid4

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.producer import sender
from aiokafka.producer.transaction_manager import TransactionState

import events.kafka.bootstrap  # noqa: F401 - from now on, what is interrupted is closed
from events.errors import StoreError
from events.kafka.binding import HEADERS
from events.kafka.bounded import bounded, ended
from events.kafka.connection import Connection
from events.kafka.trouble import KAFKA_ERRORS, said, trouble, why_not

_BATCH_BYTES: Final = 512 * 1024
"""Of one batch before it is compressed: as much again fits under a broker's default limit, and
compression works on whole batches."""
_COMPRESSION: Final = "zstd"
_LARGEST: Final = 1_048_576
_GOODBYE_S: Final = 5.0
_CAN_BE_ABORTED: Final = (TransactionState.IN_TRANSACTION, TransactionState.ABORTABLE_ERROR)
_FAILED: Final = (TransactionState.ABORTABLE_ERROR, TransactionState.FATAL_ERROR)
_AGAIN: Final = (
    "whether it was recorded is not known; record it again, as what is there already is not "
    "counted twice"
)

# While a broker writes the marks of a transaction, it does not begin the next one of the same
# writer; they take a few milliseconds, and aiokafka asks again after 20.
sender.BACKOFF_OVERRIDE = 0.004


class Message(NamedTuple):
    """What is to be written, and where."""

    partition: int
    key: bytes
    value: bytes


class Written(NamedTuple):
    """Where a message stands."""

    partition: int
    offset: int


class Producer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's producer. An idempotent one never gives a message up, and its `stop` waits for
    all of them, for ever where no broker answers: this one can be let go of."""

    async def abandon(self) -> None:
        """Stop at once. What was not answered fails, for everybody who waits for it."""
        self._closed = True
        self._message_accumulator.fail_all(KafkaError("this producer was let go of"))
        for batches in self._message_accumulator._batches.values():  # noqa: SLF001
            for one in batches:
                one._drain_waiter.exception()  # noqa: SLF001 - of which nobody needs to hear
        # Its sender puts back what was not answered, and ends of a `KeyError` as that was given up.
        if self._sender.sender_task is not None:
            await ended(self._sender.sender_task, _GOODBYE_S)
            self.why()  # has been heard
        with suppress(*KAFKA_ERRORS):
            await bounded(self.client.close(), _GOODBYE_S)

    def begun(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._txn_manager.is_in_transaction())

    def expect(self, places: Iterable[tuple[str, int]]) -> None:
        """Have the brokers told in one request that the open transaction is to these places. Where
        none is open, the next that is sent says why."""
        for topic, partition in places if self.begun() else ():
            self._txn_manager.maybe_add_partition_to_txn(TopicPartition(topic, partition))

    def why(self) -> BaseException | None:
        """What ended its transaction, if anything did. Its sender hears of that first; whoever
        sends next hears only that no transaction is open."""
        manager = self._txn_manager
        if manager is None or manager.state not in _FAILED:
            return None
        told: asyncio.Future[None] = manager.wait_for_transaction_end()
        return told.exception() if told.done() and not told.cancelled() else None

    async def take_back(self) -> None:
        """Abort the transaction, where one is open."""
        if self._txn_manager.state in _CAN_BE_ABORTED:
            await self.abort_transaction()


async def started(
    connection: Connection, topic: str, patience: float, options: dict[str, Any]
) -> Producer:
    """A producer that writes to all replicas. Raises `StoreError` where no broker takes it in
    `patience` seconds; `topic` is named in what it says."""
    producer = Producer(
        **connection.options(),
        **options,
        acks="all",
        compression_type=_COMPRESSION,
        max_batch_size=_BATCH_BYTES,
        max_request_size=_LARGEST,
    )
    try:
        with trouble(connection, topic):
            async with asyncio.timeout(patience):
                await producer.start()
    except BaseException as error:
        await producer.abandon()
        if isinstance(error.__cause__, KafkaConnectionError):
            why = KafkaConnectionError(await why_not(connection) or error.__cause__)
            raise StoreError(said(connection, topic, why)) from error.__cause__
        raise
    return producer


class Writer:
    """Writes to one topic. The producer is made when it is first needed, and anew after an error:
    a failed batch leaves a gap in its sequence, after which brokers take nothing more from it."""

    def __init__(self, connection: Connection, topic: str, patience: float) -> None:
        self._connection = connection
        self._topic = topic
        self._patience = patience
        self._producer: Producer | None = None
        self._starting = asyncio.Lock()
        self._turn = asyncio.Lock()

    async def write(self, messages: Sequence[Message]) -> list[Written]:
        """Write in this order, and behind what was to be written before.

        Raises `StoreError` where not all of them were acknowledged by all replicas in time; each
        may then be in the topic, and to write it again does no harm.
        """
        producer = await self._started()
        try:
            async with asyncio.timeout(self._patience):
                return await self._send(producer, messages)
        except KAFKA_ERRORS as error:
            if self._producer is producer:
                self._producer = None
            await producer.abandon()
            raise StoreError(said(self._connection, self._topic, error, _AGAIN)) from error

    async def write_together(self, messages: Sequence[Message]) -> list[Written]:
        """Write all or nothing: in one transaction, which readers of what is committed see whole,
        when it is. Raises `StoreError`; then nothing counts, unless it says otherwise."""
        options = {
            "transactional_id": f"standing-{uuid4()}",
            "transaction_timeout_ms": int(self._patience * 1_000),
        }
        async with self._transaction(options) as producer:
            return await self._send(producer, messages)

    async def close(self) -> None:
        """Finish what is under way, then let go."""
        async with self._starting:
            producer, self._producer = self._producer, None
        if producer is not None:
            await stopped(producer)

    async def _send(self, producer: Producer, messages: Sequence[Message]) -> list[Written]:
        waiting: list[asyncio.Future[Any]] = []
        try:
            # Where a batch is full, `send` waits, and whoever came later must not slip in.
            async with self._turn:
                for one in messages:
                    sending = producer.send(
                        self._topic, one.value, one.key, one.partition, headers=list(HEADERS)
                    )
                    waiting.append(await sending)
            return [Written(one.partition, one.offset) for one in await asyncio.gather(*waiting)]
        finally:
            for answer in waiting:  # of those that fail too, nobody needs to hear
                if not answer.cancel() and not answer.cancelled():
                    answer.exception()

    async def _started(self) -> Producer:
        async with self._starting:
            if self._producer is None:
                self._producer = await started(
                    self._connection, self._topic, self._patience, {"enable_idempotence": True}
                )
            return self._producer

    @asynccontextmanager
    async def _transaction(self, options: dict[str, Any]) -> AsyncIterator[Producer]:
        producer = await started(self._connection, self._topic, self._patience, options)
        so = "nothing of it was recorded"
        try:
            async with asyncio.timeout(self._patience):
                await producer.begin_transaction()
                yield producer
                so = f"all of it was recorded or nothing, and {_AGAIN}"
                await producer.commit_transaction()
        except BaseException as error:
            # Without word from us the brokers give the transaction up by themselves, but until
            # then nobody reads what comes behind it.
            with suppress(*KAFKA_ERRORS):
                async with asyncio.timeout(_GOODBYE_S):
                    await producer.take_back()
            await producer.abandon()
            if isinstance(error, KAFKA_ERRORS):
                raise StoreError(said(self._connection, self._topic, error, so)) from error
            raise
        await stopped(producer)


async def acknowledged(sending: Iterable[Awaitable[asyncio.Future[Any]]]) -> list[Any]:
    """Send in this order; what is said of each when it is acknowledged."""
    waiting: list[asyncio.Future[Any]] = []
    try:
        for one in sending:
            waiting.append(await one)  # noqa: PERF401 - what was begun is known where one fails
        return await asyncio.gather(*waiting)
    finally:
        for answer in waiting:  # of those that fail too, nobody needs to hear
            if not answer.cancel() and not answer.cancelled():
                answer.exception()


async def stopped(producer: Producer) -> None:
    """Let go of a producer: after what is under way, where that does not take too long."""
    try:
        await bounded(producer.stop(), _GOODBYE_S)
    except TimeoutError:
        await producer.abandon()
