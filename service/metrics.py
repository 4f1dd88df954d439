"""What is measured of a running service. The names are a closed list: a dashboard relies on them.

Every service has a registry of its own; nothing is global.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

NAMES: Final = {
    "standing_http_requests": "HTTP requests answered, by route, method and status",
    "standing_http_request_seconds": "seconds from a request to the end of its answer, by route",
    "standing_events": "events sent to the API, by what became of them",
    "standing_log_offset": "the last offset of the log",
    "standing_projection_offset": "the last offset that was projected",
    "standing_projection_lag": "offsets by which the projection is behind the log",
    "standing_parked_companies": "companies that could not be folded and wait for a person",
    "standing_skipped_events": "events not understood since the start, of a later version's types",
    "standing_unreadable_messages": "messages in Kafka since the start that are no event or change",
    "standing_next_flip_seconds": "when the next known flip comes, in seconds since 1970 (UTC)",
    "standing_list_checked_seconds": "when a list was last retrieved from its source, by list, in "
    "seconds since 1970 (UTC)",
    "standing_alerts_waiting": "messages that wait to be delivered",
    "standing_alerts_waiting_receivers": "receivers that messages wait for",
    "standing_alerts_waiting_most": "messages that wait for one receiver, at most",
    "standing_alerts_backlog": "messages that wait for one receiver, by subscription; of the 100 "
    "for whom most do",
    "standing_alerts_backlog_oldest_seconds": "since when the oldest of them waits, by "
    "subscription, in seconds since 1970 (UTC)",
    "standing_alerts_failing": "receivers that failed the last time and are tried again",
    "standing_alerts_disabled": "receivers that nothing is sent to any more",
    "standing_streams": "streams of changes that are open",
    "standing_streams_most": "streams of changes that may be open",
    "standing_log_writable": "1 where the log could be written when it was last asked, else 0",
}


_SKIPPED: Final = "standing_skipped_events"


class Gauge(NamedTuple):
    """One value now, of one partition where `labels` says so."""

    name: str
    value: float
    labels: Mapping[str, str] = {}


class Measured(Protocol):
    """What the gauges are read from, at each scrape."""

    def gauges(self) -> Iterable[Gauge]:
        """Names out of `NAMES`, with their values now."""
        ...

    def skipped(self) -> int:
        """How many events since the start were not understood, and passed over."""
        ...


class Metrics:
    """The counters of one service, and the page that a scraper reads."""

    def __init__(self, measured: Measured) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "standing_http_requests",
            NAMES["standing_http_requests"],
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "standing_http_request_seconds",
            NAMES["standing_http_request_seconds"],
            ("route",),
            registry=self._registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
        )
        self._events = Counter(
            "standing_events", NAMES["standing_events"], ("outcome",), registry=self._registry
        )
        for outcome in ("recorded", "duplicate", "rejected"):
            self._events.labels(outcome)
        self._registry.register(_Gauges(measured))
        ProcessCollector(registry=self._registry)
        self._known: dict[tuple[str, str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request. `route` is the template of the path, never the path itself."""
        key = (route, method, status)
        counter = self._known.get(key)
        if counter is None:
            counter = self._known[key] = self._requests.labels(route, method, str(status))
            self._timed.setdefault(route, self._seconds.labels(route))
        counter.inc()
        self._timed[route].observe(seconds)

    def taken(self, outcome: str, count: int) -> None:
        """Count what became of events."""
        self._events.labels(outcome).inc(count)

    def page(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, measured: Measured) -> None:
        self._measured = measured

    def describe(self) -> Iterator[Metric]:
        """None beforehand: registering must not ask the service."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The values now."""
        yield CounterMetricFamily(_SKIPPED, NAMES[_SKIPPED], value=self._measured.skipped())
        families: dict[str, GaugeMetricFamily] = {}
        for name, value, labels in self._measured.gauges():
            if name not in families:
                families[name] = GaugeMetricFamily(name, NAMES[name], labels=list(labels))
            families[name].add_metric(list(labels.values()), value)
        yield from families.values()
