"""What all tests share: how hard Hypothesis tries, the lists that ship, and a Kafka.

A test is one of Kafka's when it stands in a folder of that name or asks for the fixture. Those
never skip: where no broker can be had, they fail; `--no-kafka` leaves them out, and says so.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings

from events.lists import Registry, load_registry
from service.broker.cluster import running

pytest.register_assert_rewrite(
    "tests.contract.event_log_suite", "tests.contract.event_log_suite_together", "tests.unit.making"
)

# The same examples in each run; who hunts asks for more (STANDING_EXAMPLES), and has others each
# time. Without `explain`: it runs a failing example many times over, and these are not cheap.
settings.register_profile(
    "standing",
    max_examples=int(os.environ.get("STANDING_EXAMPLES", "100")),
    derandomize="STANDING_EXAMPLES" not in os.environ,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
settings.load_profile("standing")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The shipped lists."""
    return load_registry()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap servers of a Kafka that all tests share: the one that STANDING_TEST_KAFKA
    names, else a broker of its own, started as `standing kafka start` does."""
    if given := os.environ.get("STANDING_TEST_KAFKA"):
        yield given
        return
    with running(tmp_path_factory.mktemp("kafka") / "data") as cluster:
        yield cluster.bootstrap


@pytest.fixture
def topic() -> str:
    """The name of a topic that no other test uses; it is not made."""
    return f"test.{uuid4().hex}"


_KAFKA_TESTS = {Path(__file__).parent / "kafka", Path(__file__).parent / "chaos" / "kafka"}
_KAFKA_TIMEOUT_S = 1_800
"""The first of them waits for the broker, and perhaps for its jars. Each waits more than once, as
long as its patience is."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option `--no-kafka`."""
    parser.addoption("--no-kafka", action="store_true", help="leave the tests of Kafka out")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of Kafka out if asked to, else give them time."""
    of_kafka = [item for item in items if _is_of_kafka(item)]
    if config.getoption("--no-kafka"):
        config.hook.pytest_deselected(items=of_kafka)
        items[:] = [item for item in items if item not in of_kafka]
        return
    for item in of_kafka:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_KAFKA_TIMEOUT_S))


def _is_of_kafka(item: pytest.Item) -> bool:
    return "kafka" in getattr(item, "fixturenames", ()) or not _KAFKA_TESTS.isdisjoint(
        item.path.parents
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where all of them are Kafka's, to leave them out leaves none; that is no failure."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.getoption("--no-kafka"):
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    if terminalreporter.config.getoption("--no-kafka"):
        terminalreporter.write_line("Kafka tests were left out: --no-kafka", yellow=True)
