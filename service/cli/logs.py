"""What a service says while it runs, on standard error: as text, or as a JSON object a line."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import orjson

from service.settings import Settings

_LOUD: Final = ("apscheduler", "uvicorn", "asyncio", "aiohttp", "aiokafka")
"""Libraries that tell of every job and connection: only their warnings are of use here."""


class JsonLines(logging.Formatter):
    """One object a line, for log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, and the traceback where there is one."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return orjson.dumps(told).decode()


def begin_logging(settings: Settings) -> None:
    """Log as STANDING_LOG and STANDING_LOG_LEVEL say."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if settings.log == "json" else text)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    if settings.log_level != "debug":
        for name in _LOUD:
            logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def quietly() -> Iterator[None]:
    """For a command that is no service: what goes wrong with Kafka is told once, as its error, and
    not as often as it is tried again."""
    logger = logging.getLogger("aiokafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
