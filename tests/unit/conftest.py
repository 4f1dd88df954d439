"""What tests of the command line share: the command itself, on a home of its own."""

import io
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.cli.main import main


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read."""
        return json.loads(self.out)


class Cli:
    """`standing`, with its settings from the environment of one test."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home = home
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in [name for name in os.environ if name.startswith("STANDING_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("STANDING_HOME", str(home))
        # How far it is, it would tell on a slow machine alone.
        monkeypatch.setattr("service.cli.common._OFTEN_S", 3_600.0)

    def set(self, name: str, value: str) -> None:
        """Set an environment variable."""
        self._monkeypatch.setenv(name, value)

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Done:
        """Run one command in this process."""
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capsys.readouterr()
        code = main([str(one) for one in arguments])
        told = self._capsys.readouterr()
        return Done(code, told.out, told.err)

    def record(self, *events: Any) -> Done:
        """Record events from standard input."""
        return self("record", "-", stdin=lines(events))


def lines(events: Iterable[Any]) -> bytes:
    """Events as JSON Lines."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command on an empty home."""
    return Cli(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the shipped history, made once."""
    home = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STANDING_HOME", str(home))
        assert main(["demo", "--no-serve"]) == 0
    return home


@pytest.fixture
def demo(cli: Cli, loaded: Path) -> Cli:
    """The command on a home of its own with the shipped history."""
    shutil.copytree(loaded, cli.home)
    return cli
