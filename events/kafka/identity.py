"""Which topic it is: a name may be given again to a topic that is made anew, its id never.

Topics have ids since Kafka 2.8 (KIP-516); aiokafka 0.14 has no request that tells them.
"""

import asyncio
from collections.abc import Sequence
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
    """A topic of a cluster, and no other one that was ever called so."""

    cluster: str
    topic: str
    """Its id."""
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


async def identify(connection: Connection, topic: str, patience: float) -> Identity:
    """Which topic has this name now. Raises `StoreError` where there is none, or nobody answers
    in so many seconds."""
    client = AIOKafkaClient(**connection.options())
    with trouble(connection, topic):
        try:
            async with asyncio.timeout(patience):
                await client.bootstrap()
                answer = await client.send(client.get_random_node(), _Asking([topic]))
        except KafkaConnectionError as error:
            told = await why_not(connection)
            raise StoreError(
                said(connection, topic, KafkaConnectionError(told or error))
            ) from error
        finally:
            await client.close()
    return _found(connection, topic, answer)


def _found(connection: Connection, topic: str, answer: Any) -> Identity:
    for error, name, topic_id, _, partitions, *_ in answer.topics:
        if name == topic and not error:
            return Identity(answer.cluster_id, str(UUID(bytes=topic_id)), len(partitions))
    raise StoreError(
        f"Kafka at {connection.servers} has no topic {topic}, or not for this user; "
        "`standing topics apply` makes it"
    )
