"""What an operator asks: is it alive, is it ready, and how is it doing."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from events.dates import NEVER, SECOND, Instant, show
from events.errors import Refused, StoreError
from service.api import operations
from service.api.answers import answer
from service.api.audited import acted
from service.api.gate import may_see, who_asks
from service.api.streams import Streams
from service.freshness import freshness
from service.metrics import Gauge, Metrics
from service.standing import Service

_BEHIND: Final = 5_000
"""So many offsets behind is a burst of events; more is a projection that does not keep up."""
_PARKED_SHOWN: Final = 100


class Operating:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, service: Service, streams: Streams) -> None:
        self._service = service
        self._streams = streams
        self._trouble: str | None = None
        self._alerts: dict[str, int] = {}
        self._longest: list[tuple[str, int, Instant]] = []
        self.metrics = Metrics(self)
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/healthz", self.health, **operations.HEALTH)
        add("/readyz", self.ready, **operations.READY)
        add("/metrics", self.measures, **operations.METRICS)
        add("/v1/parked/{company}/release", self.free, methods=["POST"], **operations.RELEASE)

    async def health(self, _: Request) -> Response:
        """The process answers. That is all: restart it where it does not."""
        return answer({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether it can serve: the projection keeps up with the log, and its files can be written.
        Companies that are parked are listed, and do not make it unready: their neighbours go on."""
        service = self._service
        self._trouble = await run_in_threadpool(service.standing.trouble)
        lag = sum(service.lags.values())
        state = service.following.state()
        ready = lag <= _BEHIND and self._trouble is None and service.following.filling is None
        told: dict[str, Any] = {"ready": ready}
        if may_see(request):
            told |= {**self._details(lag), **state}
        return answer(told, 200 if ready else 503)

    def _details(self, lag: int) -> dict[str, Any]:
        following = self._service.following
        parked, due = following.parked, following.due
        shown = sorted(parked.items())[:_PARKED_SHOWN]
        return {
            "position": str(following.position),
            "lag": lag,
            "log": {"writable": self._trouble is None, "trouble": self._trouble},
            "parked": [{"company": company, "why": why} for company, why in shown],
            "parked_count": len(parked),
            "stale": [one.list for one in freshness(self._service.standing) if one.stale],
            "next_flip": None if due == NEVER else show(due),
        }

    async def measures(self, request: Request) -> Response:
        """Metrics in the Prometheus text format. The names are part of the promise. What waits for
        single receivers is told to their owner, and to an operator."""
        alerts, longest = {}, []
        with suppress(StoreError):  # there is no desk now
            desk = self._service.desk()
            alerts, longest = await desk.measured(), await desk.longest(who_asks(request).sees)
        self._alerts, self._longest = alerts, longest
        return Response(self.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def free(self, request: Request) -> Response:
        """Try a company that is parked again: after the event that cannot be folded was retracted,
        or another version was installed. `parked` says why it still is, or is null. Over Kafka a
        projection worker does that when it starts, and it is refused here."""
        company = str(request.path_params["company"])
        return answer({"company": company, "parked": self.release(request, company)})

    def release(self, request: Request, company: str) -> str | None:
        """Try one again; why it still is parked, or None. Raises `Refused` where it is not."""
        self.releasable(company)
        acted(request, company, "release")
        return self._service.following.release(company)

    def releasable(self, company: str) -> None:
        """Raises `Refused` where a company is not parked, or it is not for this process to try it
        again."""
        if company not in self._service.following.parked:
            raise Refused.field("company", f"{company!r} is not parked")
        self._service.following.releases(company)

    def skipped(self) -> int:
        """See `Measured`."""
        return self._service.following.skipped

    def gauges(self) -> Iterator[Gauge]:
        """See `Measured`."""
        following, lags = self._service.following, self._service.lags
        position = following.position
        for partition, end in following.ends.items():
            labels = {"partition": str(partition)}
            yield Gauge("standing_log_offset", end, labels)
            yield Gauge("standing_projection_offset", position.get(partition, -1), labels)
            yield Gauge("standing_projection_lag", lags[partition], labels)
        yield Gauge("standing_parked_companies", len(following.parked))
        yield Gauge("standing_unreadable_messages", following.unreadable)
        if following.due != NEVER:
            yield Gauge("standing_next_flip_seconds", following.due / SECOND)
        for one in freshness(self._service.standing):
            yield Gauge("standing_list_checked_seconds", one.seconds, {"list": one.list})
        for name, value in self._alerts.items():
            yield Gauge(f"standing_alerts_{name}", value)
        for subscription, waiting, oldest in self._longest:
            labels = {"subscription": subscription}
            yield Gauge("standing_alerts_backlog", waiting, labels)
            yield Gauge("standing_alerts_backlog_oldest_seconds", oldest / SECOND, labels)
        yield Gauge("standing_streams", self._streams.open)
        yield Gauge("standing_streams_most", self._streams.most)
        yield Gauge("standing_log_writable", self._trouble is None)
