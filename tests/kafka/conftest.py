"""What tests of Kafka share beside the broker itself."""

from pathlib import Path

import pytest

from tests.unit.conftest import Cli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command on an empty home."""
    return Cli(tmp_path / "home", monkeypatch, capsys)
