"""What an operator asks: is it alive, is it ready, and how is it doing."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from events.dates import NEVER, SECOND, show
from service.api import operations
from service.api.answers import answer
from service.api.gate import may_see
from service.metrics import Metrics
from service.running import Service

_BEHIND: Final = 5_000
"""So many offsets behind is a burst of events; more is a projection that does not keep up."""
_ROOM: Final = 1_000_000
"""Bytes, about what one append may need: with less, the next may find the disk full."""
_PARKED_SHOWN: Final = 100


class Operating:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._trouble: str | None = None
        self.metrics = Metrics(self)
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/healthz", self.health, **operations.HEALTH)
        add("/readyz", self.ready, **operations.READY)
        add("/metrics", self.measures, **operations.METRICS)

    async def health(self, _: Request) -> Response:
        """The process answers. That is all: restart it where it does not."""
        return answer({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether it can serve: the projection keeps up with the log, and the log can be written.
        Companies that are parked are listed, and do not make it unready: their neighbours go on."""
        service = self._service
        self._trouble = await run_in_threadpool(_trouble, service.standing.log.path)
        lag = service.lag
        ready = lag <= _BEHIND and self._trouble is None
        told: dict[str, Any] = {"ready": ready}
        if may_see(request):
            told |= self._details(lag)
        return answer(told, 200 if ready else 503)

    def _details(self, lag: int) -> dict[str, Any]:
        service = self._service
        parked = service.projector.parked
        due = service.projector.due
        shown = sorted(parked.items())[:_PARKED_SHOWN]
        return {
            "position": f"0:{service.projector.position}",
            "lag": lag,
            "log": {"writable": self._trouble is None, "trouble": self._trouble},
            "parked": [{"company": company, "why": why} for company, why in shown],
            "parked_count": len(parked),
            "next_flip": None if due == NEVER else show(due),
        }

    async def measures(self, _: Request) -> Response:
        """Metrics in the Prometheus text format. The names are part of the promise."""
        return Response(self.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def skipped(self) -> int:
        """See `Measured`."""
        return self._service.projector.skipped

    def gauges(self) -> Iterator[tuple[str, float]]:
        """See `Measured`."""
        service = self._service
        end, position = service.standing.log.end(), service.projector.position
        yield "standing_log_offset", end
        yield "standing_projection_offset", position
        yield "standing_projection_lag", end - position
        yield "standing_parked_companies", len(service.projector.parked)
        if service.projector.due != NEVER:
            yield "standing_next_flip_seconds", service.projector.due / SECOND
        yield "standing_log_writable", self._trouble is None


def _trouble(path: Path) -> str | None:
    """Why the log could not be written now, or None. Takes its lock, writes nothing."""
    try:
        free = shutil.disk_usage(path.parent).free
        if free < _ROOM:
            return f"{free:,} bytes are free on its disk, and writing may need {_ROOM:,}; make room"
        if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
            return "its file or folder may not be written by this user"
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except (OSError, sqlite3.Error) as error:
        return str(error)
    return None
