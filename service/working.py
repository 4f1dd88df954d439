"""Running a worker: until it is told to stop, with its health to be asked over HTTP."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from events.errors import Refused
from events.lists import load_registry
from projections.turn import only_one
from projections.worker import ProjectionWorker
from service.alarm import Alarm
from service.compose import made, system_clock
from service.settings import Settings

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Worker(Protocol):
    """What is run here."""

    @property
    def assigned(self) -> frozenset[int] | None:
        """The partitions that are its own; None before that is known."""
        ...

    @property
    def working(self) -> Mapping[int, Any]:
        """Those that it has come to work on; each has `gauges`."""
        ...

    async def run(self) -> None:
        """Work until cancelled."""
        ...


def projection_worker(settings: Settings, tell: Callable[[str], None]) -> ProjectionWorker:
    """The worker that folds the log and publishes what follows. Raises `Refused` without Kafka."""
    if settings.kafka is None:
        raise Refused.field(
            "STANDING_KAFKA",
            "is not set, and a worker works on Kafka; embedded, `standing serve` does it all",
        )
    home = made(settings.home / "projections")
    return ProjectionWorker(
        settings.kafka,
        home,
        load_registry(settings.lists),
        lambda due, append: Alarm(due, append, system_clock),
        tell=tell,
    )


async def work(
    worker: Worker, settings: Settings, port: int | None, ready: Callable[[str], None]
) -> None:
    """Run until SIGINT or SIGTERM. Raises what ends the worker otherwise; `Taken` where another
    one works in this home."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    with only_one(made(settings.home)):
        async with _health(worker, settings.host, port, ready):
            working = asyncio.create_task(worker.run())
            waiting = asyncio.create_task(stopped.wait())
            await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if working.done():
                working.result()
            working.cancel()
            await asyncio.wait([working])


@asynccontextmanager
async def _health(
    worker: Worker, host: str, port: int | None, ready: Callable[[str], None]
) -> AsyncIterator[None]:
    if port is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(_Gauges(worker))
    ProcessCollector(registry=registry)

    async def healthy(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def is_ready(_: web.Request) -> web.Response:
        told = _readiness(worker)
        return web.json_response(told, status=200 if told["ready"] else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), content_type="text/plain")

    app = web.Application()
    app.router.add_get("/healthz", healthy)
    app.router.add_get("/readyz", is_ready)
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise Refused.field(
                "--port", f"{host}:{port} cannot be had: {error.strerror}"
            ) from None
        ready(f"http://{host}:{runner.addresses[0][1]}")
        yield
    finally:
        await runner.cleanup()


def _readiness(worker: Worker) -> dict[str, Any]:
    """Whether it works on every partition that is its own."""
    assigned = worker.assigned
    waiting = sorted((assigned or frozenset()) - worker.working.keys())
    return {
        "ready": assigned is not None and not waiting,
        "partitions": None if assigned is None else sorted(assigned),
        "reading_back": waiting,
    }


class _Gauges(Collector):
    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def describe(self) -> Iterator[Metric]:
        """None beforehand: registering must not ask the worker."""
        return iter(())

    def collect(self) -> Iterable[Metric]:
        """The values now, by partition."""
        families: dict[str, GaugeMetricFamily] = {}
        for partition, one in sorted(self._worker.working.items()):
            for name, (text, value) in one.gauges().items():
                if name not in families:
                    families[name] = GaugeMetricFamily(name, text, labels=["partition"])
                families[name].add_metric([str(partition)], value)
        yield GaugeMetricFamily(
            "standing_worker_partitions",
            "partitions that this worker works on",
            value=len(self._worker.working),
        )
        yield from families.values()
