"""Replicas of a house on Kafka, served as the API is; and copies for those that are merged, where
no worker is wanted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from events.log import Position
from tests.kafka.house import House
from tests.unit.serving import Api, served

Json = dict[str, Any]


@asynccontextmanager
async def replica(house: House, home: Path, **options: Any) -> AsyncIterator[Api]:
    """A replica that serves; it may not have caught up."""
    environment = {"STANDING_KAFKA": house.servers}
    async with served(home, environment=environment, **options) as api:
        yield api


async def caught_up(house: House, api: Api) -> str:
    """Wait until a replica has read what is in the log now; up to where that is."""
    async with house.log() as log:
        ends = await log.ends()
    await api.service.reached(ends)
    return str(ends)


async def ends(house: House) -> Position:
    """Where the log ends."""
    async with house.log() as log:
        return await log.ends()
