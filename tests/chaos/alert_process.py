"""A process that projects a log and delivers alerts, to be killed. Its one argument is the folder
of `log.db`, `projections.db` and `alerts.db`."""

import asyncio
import sys
import time
from pathlib import Path

from alerts.egress import Egress
from alerts.loop import AlertLoop
from alerts.source import Projected
from alerts.store import AlertStore
from alerts.webhook import WebhookChannel
from events.dates import Instant
from events.lists import load_registry
from events.log import Position
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.store import ProjectionStore
from tests.contract.alert_twins import LOOPBACK


def now() -> Instant:
    return time.time_ns() // 1_000


async def main(folder: Path) -> None:
    registry = load_registry()
    log = SqliteEventLog(folder / "log.db", now)
    projection = ProjectionStore(folder / "projections.db")
    projector = Projector(log, projection, registry)
    source = Projected(projection, log.end, projector.reached, poll_s=0.05)
    channels = {"webhook": WebhookChannel(Egress(LOOPBACK), now)}
    loop = AlertLoop(AlertStore(folder / "alerts.db"), source, registry, channels, now)
    delivering = asyncio.create_task(loop.run())
    async for batch in log.follow(Position({0: projector.position}), batch=7):
        await projector.take(batch)
        if delivering.done():
            break
    await delivering


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
