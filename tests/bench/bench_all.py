"""What `make bench` runs: every benchmark at its default scale. Nothing here judges a figure: a
busy machine is not a failure."""

from importlib import import_module

import pytest

_BENCHMARKS = (
    "append",
    "record",
    "rebuild",
    "corrections",
    "status",
    "replay",
    "screen",
    "matching",
    "searching",
    "streams",
    "over_http",
    "pages",
    "webhook",
    "command_line",
    "sources",
    "sources_xml",
    "kafka_log",
    "kafka_worker",
    "kafka_rounds",
    "kafka_live",
    "kafka_webhook",
    "deliveries",
    "promptness",
    "fairness",
)


@pytest.mark.parametrize("name", _BENCHMARKS)
def test_it_measures(name: str) -> None:
    """It runs to its end, and what it measured is right."""
    import_module(f"tests.bench.{name}").main([])
