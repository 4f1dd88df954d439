"""Writing messages of any topics: idempotently, to all replicas, with headers, tombstones too."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.packing import Outgoing
from events.kafka.producing import Producer, Written, acknowledged, started, stopped
from events.kafka.trouble import KAFKA_ERRORS, said


class Publisher:
    """Use it as a context. The producer is made when it is first needed, and anew after an error.
    `patience`, in seconds, bounds each call."""

    def __init__(self, connection: Connection, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._producer: Producer | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of what stays open between calls."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stopped(producer)

    async def write(self, messages: Sequence[Outgoing]) -> list[Written]:
        """Write in this order; where each stands. Raises `StoreError` where not all of them were
        acknowledged in time; each may then stand there."""
        async with self._turn:
            producer = await self._started(messages[0].topic)
            try:
                async with asyncio.timeout(self._patience):
                    found = await acknowledged(
                        producer.send(
                            one.topic, one.value, one.key, one.partition, headers=list(one.headers)
                        )
                        for one in messages
                    )
                return [Written(one.partition, one.offset) for one in found]
            except KAFKA_ERRORS as error:
                self._producer = None
                await producer.abandon()
                so = "whether it was written is not known; look, before you do it again"
                raise StoreError(said(self._connection, messages[0].topic, error, so)) from error

    async def _started(self, topic: str) -> Producer:
        if self._producer is None:
            options = {"enable_idempotence": True}
            self._producer = await started(self._connection, topic, self._patience, options)
        return self._producer
