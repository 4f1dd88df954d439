"""Which topic it is: a name may be given again to a topic that is made anew, its id never.

Topics have ids since Kafka 2.8 (KIP-516); aiokafka 0.14 has no request that tells them.
"""

import asyncio
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, Final, NamedTuple
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.trouble import said, trouble, why_not

_METADATA: Final = 3
_VERSION: Final = 12
_NO_UUID: Final = bytes(16)


class Identity(NamedTuple):
    """Topics of a cluster, and no others that were ever called so."""

    cluster: str
    topics: dict[str, str]
    """By name, the id of each."""
    partitions: int


class _Uuid(AbstractType[bytes]):  # type: ignore[misc] # untyped
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


class _Answer(Response):  # type: ignore[misc] # untyped
    API_KEY = _METADATA
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):  # type: ignore[misc] # untyped
    API_KEY = _METADATA
    API_VERSION = _VERSION
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Asking(Request[_Question]):  # type: ignore[misc] # untyped
    API_KEY = _METADATA

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics: Any = [(_NO_UUID, topic, {}) for topic in topics]

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class(self._topics, False, False, {})


class Identities:
    """Tells which topics have these names now. Close it in the loop that it was used in."""

    def __init__(self, connection: Connection, topics: Sequence[str], patience: float) -> None:
        self._connection = connection
        self._topics = topics
        self._patience = patience
        self._client: Any = None
        self._starting: asyncio.Future[Any] | None = None

    async def now(self) -> Identity:
        """Raises `StoreError` where one is missing or has another number of partitions than the
        first, or nobody answers in time."""
        with trouble(self._connection, self._topics[0]):
            try:
                async with asyncio.timeout(self._patience):
                    client = await self._started()
                    node = client.get_random_node()
                    answer = await client.send(node, _Asking(self._topics))
            except KafkaConnectionError as error:
                await self.close()
                why = KafkaConnectionError(await why_not(self._connection) or error)
                told = said(self._connection, self._topics[0], why)
                raise StoreError(told) from error
            except BaseException:
                await self.close()
                raise
        return self._found(answer)

    async def _started(self) -> Any:
        if self._client is None:
            self._client = AIOKafkaClient(**self._connection.options())
            # Whoever is cancelled leaves it to `close` to wait: it would leave a socket open.
            self._starting = asyncio.ensure_future(self._client.bootstrap())
            await asyncio.shield(self._starting)
        return self._client

    async def close(self) -> None:
        """Let go of the brokers."""
        client, self._client = self._client, None
        if client is not None and self._starting is not None:
            await asyncio.wait([self._starting], timeout=self._patience)
            if not self._starting.cancel() and not self._starting.cancelled():
                self._starting.exception()
            await client.close()

    def _found(self, answer: Any) -> Identity:
        first, servers = self._topics[0], self._connection.servers
        found = {name: (str(UUID(bytes=topic)), len(some)) for name, topic, some in _there(answer)}
        for topic in self._topics:
            if topic not in found:
                raise StoreError(
                    f"Kafka at {servers} has no topic {topic}, or not for this user; "
                    "`standing topics apply` makes it"
                )
            if found[topic][1] != found[first][1]:
                raise StoreError(
                    f"Kafka at {servers}: {topic} has {found[topic][1]} partitions and {first} "
                    f"{found[first][1]}; all need as many (`standing topics diff`)"
                )
        ids = {topic: found[topic][0] for topic in self._topics}
        return Identity(answer.cluster_id, ids, found[first][1])


async def identify(connection: Connection, topics: Sequence[str], patience: float) -> Identity:
    """Ask once; see `Identities`."""
    asked = Identities(connection, topics, patience)
    try:
        return await asked.now()
    finally:
        await asked.close()


def _there(answer: Any) -> Iterator[tuple[str, bytes, Sequence[Any]]]:
    for error, name, topic_id, _, partitions, *_ in answer.topics:
        if not error:
            yield name, topic_id, partitions
