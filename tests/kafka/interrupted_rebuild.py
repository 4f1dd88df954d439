"""A rebuild that comes to a point, says so, and goes no further: to be killed there.
`python -m tests.kafka.interrupted_rebuild SERVERS FOLDER POINT`."""

import asyncio
import signal
import sys
from pathlib import Path

from events.kafka.connection import Connection
from projections.rebuilding import places, rebuild_published
from projections.worker import GROUP
from tests.unit.making import REGISTRY


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201
    if sys.argv[3] in text:
        signal.pause()


if __name__ == "__main__":
    wheres = places(Connection(sys.argv[1]), 3, GROUP, Path(sys.argv[2]) / "rebuild", 30)
    asyncio.run(rebuild_published(wheres, REGISTRY, _tell))
