"""Rebuilding what projection workers published on Kafka."""

import asyncio
import shutil
from collections.abc import Callable
from typing import Any

from events.kafka.connection import Connection
from events.kafka.log import PATIENCE_S, KafkaEventLog
from events.lists import load_registry
from projections.rebuilding import places, rebuild_published
from projections.turn import only_one
from projections.worker import GROUP
from service.compose import made
from service.settings import Settings
from service.standing import Progress


class Rebuilding:
    """Use `total` before `rebuild`, to know how much there is to do."""

    def __init__(
        self, settings: Settings, connection: Connection, tell: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._tell = tell

    def total(self) -> int:
        """How many events there are, about."""
        return asyncio.run(self._total())

    async def _total(self) -> int:
        log = KafkaEventLog(self._connection)
        try:
            return sum(offset + 1 for offset in (await log.ends()).values())
        finally:
            await log.close()

    def rebuild(self, progress: Progress = lambda _: None) -> dict[str, Any]:
        """Put right what is published; the position, and how much there was. Raises `StoreError`;
        then what was not told of is as it was."""
        folder = made(self._settings.home / "rebuild")
        with only_one(folder):
            for left in folder.iterdir():  # of one that was interrupted
                if left.is_dir():
                    shutil.rmtree(left)
            return asyncio.run(self._rebuild(progress))

    async def _rebuild(self, progress: Progress) -> dict[str, Any]:
        log = KafkaEventLog(self._connection)
        try:
            partitions = await log.partitions()
        finally:
            await log.close()
        half = 0

        def folded(number: int) -> None:
            nonlocal half
            whole, half = divmod(half + number, 2)
            progress(whole)

        folder = self._settings.home / "rebuild"
        wheres = places(self._connection, partitions, GROUP, folder, PATIENCE_S)
        registry = load_registry(self._settings.lists)
        found = await rebuild_published(wheres, registry, self._tell, folded)
        return {
            "position": ",".join(
                f"{one.partition}:{one.position}" for one in found if one.position is not None
            ),
            "events": sum(one.events for one in found),
            "companies": sum(one.companies for one in found),
            "statuses": sum(one.statuses for one in found),
            "changes": sum(one.changes for one in found),
            "unpublished": [one.partition for one in found if one.position is None],
        }
