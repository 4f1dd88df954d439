"""What tests of Kafka share beside the broker itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka.attempts import command, furnish
from tests.kafka.roles import Roles, roles
from tests.unit.conftest import Cli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command on an empty home."""
    return Cli(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture(scope="session")
def roled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """A broker that knows the users of the deployment, with the topics that `standing topics
    apply` makes, one of somebody else's, and a message in each."""
    with roles(tmp_path_factory.mktemp("roles")) as broker:
        made = command(broker.settings("standing-topics"), "topics", "apply", "--partitions", "2")
        assert made.returncode == 0, made.stderr
        asyncio.run(furnish(broker))
        yield broker
