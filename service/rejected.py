"""What stands in `standing.rejected.v1`: records that do not count, and why."""

from typing import Any, Final

import orjson

from events.errors import StoreError
from events.kafka.bounded import bounded
from events.kafka.connection import Connection
from events.kafka.tail import Tail
from events.kafka.topic import counted
from events.kafka.topics import REJECTED

_PATIENCE_S: Final = 10.0


async def rejected(connection: Connection, most: int) -> list[dict[str, Any]]:
    """The latest of each partition, at most so many of it, the last of each first. Raises
    `StoreError`, also where the brokers do not answer in time."""
    try:
        return await bounded(_read(connection, most), _PATIENCE_S * 2)
    except TimeoutError:
        raise StoreError(f"{REJECTED.name}: no broker answers in time") from None


async def _read(connection: Connection, most: int) -> list[dict[str, Any]]:
    name = REJECTED.name
    partitions = (await counted(connection, [name], _PATIENCE_S))[name]
    found: list[dict[str, Any]] = []
    async with Tail(connection, name, partitions, _PATIENCE_S) as tail:
        for partition, end in (await tail.committed()).items():
            some = [
                orjson.loads(one.value)
                async for one in tail.stretch(partition, max(0, end - most + 1), end)
                if one.value
            ]
            found += reversed(some)
    return found
