"""Where one subscribes at a replica: there while Kafka is, and there again when Kafka is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from alerts.desk import Desk
from alerts.desk_on_kafka import KafkaDesk, desk
from events.errors import StandingError, StoreError
from events.kafka.connection import Connection
from events.lists import Registry
from service.channels import channels_of
from service.settings import Settings
from service.standing import Clock
from service.vaults import shared_vault

_AGAIN_S: Final = 1.0


class Desks:
    """Call it for the desk. Raises `StoreError` while there is none: where the topics cannot be
    followed, or the key that workers and replicas share is missing. `tell` hears why."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        registry: Registry,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._registry = registry
        self._clock = clock
        self._tell = tell
        self._desk: Desk | None = None
        self._why = "they are being read"

    def __call__(self) -> Desk:
        if self._desk is None:
            raise StoreError(f"nobody can subscribe, or ask for subscriptions, now: {self._why}")
        return self._desk

    async def run(self) -> None:
        """Have a desk, until cancelled."""
        while True:
            try:
                await self._keep()
            except StandingError as error:
                if str(error) != self._why:
                    self._tell(f"subscriptions: {error}; trying again")
                self._why = str(error)
            finally:
                self._desk = None
            await asyncio.sleep(_AGAIN_S)

    async def _keep(self) -> None:
        settings = self._settings
        path = settings.home / "desk.db"
        async with opened(settings, self._connection, self._registry, self._clock, path) as one:
            self._desk = one
            await asyncio.Event().wait()


@asynccontextmanager
async def desk_once(
    settings: Settings, connection: Connection, registry: Registry, clock: Clock
) -> AsyncIterator[Desk]:
    """For the length of a command: with all that stands in the topics, and a copy of its own."""
    with TemporaryDirectory(prefix="standing-") as folder:
        path = Path(folder) / "desk.db"
        async with opened(settings, connection, registry, clock, path) as one:
            await one.caught_up()
            yield one


@asynccontextmanager
async def opened(
    settings: Settings, connection: Connection, registry: Registry, clock: Clock, path: Path
) -> AsyncIterator[KafkaDesk]:
    """A desk, with the channels for its test messages."""
    vault = shared_vault(settings)
    async with (
        channels_of(settings, registry, clock, vault.sign) as channels,
        desk(connection, path, registry, vault, channels=channels, clock=clock) as one,
    ):
        yield one
