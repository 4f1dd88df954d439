"""A projection worker that comes to the middle of a cold start, says so, and goes no further: to be
killed there. `python -m tests.kafka.interrupted SERVERS HOME`."""

import asyncio
import signal
import sys
from pathlib import Path

from events.kafka.connection import Connection
from projections.worker import ProjectionWorker
from service.alarm import Alarm
from service.compose import made, system_clock
from tests.unit.making import REGISTRY

MIDDLE = "events folded"


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201
    if MIDDLE in text:
        signal.pause()


if __name__ == "__main__":
    worker = ProjectionWorker(
        Connection(sys.argv[1]),
        made(Path(sys.argv[2])),
        REGISTRY,
        lambda due, append: Alarm(due, append, system_clock),
        many=1,
        tell=_tell,
    )
    asyncio.run(worker.run())
