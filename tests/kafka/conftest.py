"""What tests of Kafka share beside the broker itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.broker.cluster import running
from tests.kafka.house import House, cleared, furnished
from tests.unit.conftest import Cli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command on an empty home."""
    return Cli(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Kafka of the houses' own, as the names of their topics are fixed."""
    with running(tmp_path_factory.mktemp("houses") / "data") as found:
        yield found.bootstrap


@pytest.fixture
async def bare(cluster: str) -> str:
    """The same Kafka, with none of the topics."""
    await cleared(cluster)
    return cluster


@pytest.fixture
async def house(cluster: str) -> House:
    """A house of three partitions, new and empty."""
    return await furnished(cluster, 3)
