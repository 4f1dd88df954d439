"""What the tests share that kill standing on Kafka: brokers, houses, processes, a seed."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chaos.kafka.brokers import Brokers, brokers
from tests.chaos.kafka.plan import SEED, figures, killed
from tests.chaos.kafka.processes import Troop
from tests.kafka.house import House, furnished


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """A broker that all these tests share, with a house at a time."""
    with brokers(tmp_path_factory.mktemp("chaos") / "data") as found:
        yield found


@pytest.fixture
async def house(broker: Brokers) -> House:
    """A house of three partitions, new and empty."""
    return await furnished(broker.servers, 3)


@pytest.fixture
async def troop(house: House, tmp_path: Path) -> AsyncIterator[Troop]:
    """The processes of a test."""
    async with Troop(tmp_path, house.servers) as found:
        yield found


@pytest.fixture
def seed() -> int:
    """From which everything is drawn."""
    return SEED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was counted, and from which seed; of a failure that is the first question."""
    told = ", ".join(f"{number} {kind}" for kind, number in killed.items())
    for line in (*figures, f"{killed.total()} kills in all: {told}"):
        terminalreporter.write_line(f"chaos: {line}")
    terminalreporter.write_line(f"chaos: drawn from STANDING_CHAOS_SEED={SEED}")
