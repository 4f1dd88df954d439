"""The desk that the commands stand at, whether or not a service runs on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from service.cli.common import using_embedded
from service.settings import load_settings

if TYPE_CHECKING:
    from alerts.desk import Desk
    from service.embedded import Embedded


@asynccontextmanager
async def desk() -> AsyncIterator["Desk"]:
    """The alert desk of this standing, whether or not a service runs on it."""
    settings = load_settings()
    if settings.kafka is None:
        with using_embedded() as standing:
            async with desk_on_files(standing) as found:
                yield found
        return
    from events.lists import load_registry
    from service.compose import system_clock
    from service.desks import desk_once

    registry = load_registry(settings.lists)
    async with desk_once(settings, settings.kafka, registry, system_clock) as found:
        yield found


@asynccontextmanager
async def desk_on_files(standing: "Embedded") -> AsyncIterator["Desk"]:
    """Over the files of the home."""
    from alerts.desk import AlertDesk
    from alerts.source import Projected
    from alerts.store import AlertStore
    from service.channels import channels_of

    (projected,) = standing.store().stores
    store = AlertStore(standing.settings.home / "alerts.db")
    source = Projected(projected, standing.log.end, events=standing.log.of_ids)
    about = standing.settings, standing.registry, standing.clock, store.vault.sign
    try:
        async with channels_of(*about) as channels:
            yield AlertDesk(store, source, standing.registry, channels, standing.clock)
    finally:
        store.close()
        projected.close()
