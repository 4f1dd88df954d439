"""Running a worker: until it is told to stop, with its health to be asked over HTTP."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Final, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from alerts.channel import Channel
from alerts.duty import Means
from alerts.misfits import Misfits
from alerts.notices import operator_at
from alerts.worker import AlertWorker
from events.bulk import keep_much
from events.errors import Refused
from events.kafka.connection import Connection
from events.lists import load_registry
from projections.worker import ProjectionWorker
from service.alarm import Alarm
from service.channels import channels_of
from service.compose import made, system_clock
from service.settings import Settings
from service.vaults import shared_vault

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
    connection = on_kafka(settings)
    home = made(settings.home / "projections")
    return ProjectionWorker(
        connection,
        home,
        load_registry(settings.lists),
        lambda due, append: Alarm(due, append, system_clock, hourly=True),
        tell=tell,
    )


class Alerting:
    """The worker that delivers alerts, with its channels. Raises `Refused` without Kafka, and
    without the key that workers and replicas share."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        registry, vault = load_registry(settings.lists), shared_vault(settings)
        operator = operator_at(settings.notify, settings.notify_secret)
        misfits = Misfits()
        self._opening = channels_of(settings, registry, system_clock, vault.sign, misfits)
        self._channels: dict[str, Channel] = {}
        told = on_kafka(settings), registry, vault, self._channels, system_clock
        means = Means(*told, operator=operator, misfits=misfits)
        self._worker = AlertWorker(means, tell=tell)

    @property
    def assigned(self) -> frozenset[int] | None:
        """See `Worker`."""
        return self._worker.assigned

    @property
    def working(self) -> Mapping[int, Any]:
        """See `Worker`."""
        return self._worker.working

    async def run(self) -> None:
        """See `Worker`."""
        async with self._opening as channels:
            self._channels.update(channels)
            await self._worker.run()


def on_kafka(settings: Settings) -> Connection:
    """Where Kafka is. Raises `Refused` where that is not said."""
    if settings.kafka is None:
        raise Refused.field(
            "STANDING_KAFKA",
            "is not set, and a worker works on Kafka; embedded, `standing serve` does it all",
        )
    return settings.kafka


async def work(
    worker: Worker,
    settings: Settings,
    port: int | None,
    ready: Callable[[str], None],
    *,
    alone: AbstractContextManager[None] | None = None,
) -> None:
    """Run until SIGINT or SIGTERM, within `alone`. Raises what ends the worker otherwise."""
    keep_much()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    with alone or nullcontext():
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
