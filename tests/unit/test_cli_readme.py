"""The README shows what the commands print, and its receiver is one."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.broker.ports import any_free
from tests.unit.conftest import Cli

README = (Path(__file__).parents[2] / "README.md").read_text()
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    """The blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


SHOWN = [
    (command, output.rstrip("\n"))
    for block in blocks("console")
    for command, output in re.findall(
        r"^\$ (.*?)\n(.*?)(?=^\$ |\Z)", block, re.DOTALL | re.MULTILINE
    )
]


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_the_readme_shows(demo: Cli, command: str, shown: str) -> None:
    """To the letter, in a shell, on the history that ships."""
    demo.set("COLUMNS", "100")
    demo.set("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)  # noqa: S602
    assert done.stdout.rstrip("\n") == shown


def test_the_readme_shows_something() -> None:
    """Else the test above would hold of nothing."""
    assert len(SHOWN) >= 7


def test_the_receiver_of_the_readme_is_told(demo: Cli, tmp_path: Path) -> None:
    """It takes what is signed with its secret, and prints what the README shows."""
    demo.set("STANDING_ALLOW_NETWORKS", "127.0.0.0/8")
    (port,) = any_free(1)
    made = demo("subscribe", "--webhook", f"http://127.0.0.1:{port}/", "--json").json
    (program,) = blocks("python")
    receiver = tmp_path / "receiver.py"
    receiver.write_text(program.replace("9000", str(port)))
    with (
        subprocess.Popen(
            [sys.executable, receiver, made["secret"]], stdout=subprocess.PIPE, text=True
        ) as hears,
        subprocess.Popen(
            [BIN / "standing", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
        ) as serves,
    ):
        assert hears.stdout is not None
        assert serves.stdout is not None
        try:
            assert serves.stdout.readline().startswith("standing is served at ")
            listed = {"list": "us-bis-entity-list", "effective": "2026-01-05"}
            listing = {"type": "standing.designation.issued", "subject": "acme", "data": listed}
            assert demo.record(listing).code == 0
            told = hears.stdout.readline()
            assert told.startswith("standing.status.changed 1 acme ")
            assert told in README
        finally:
            serves.send_signal(signal.SIGTERM)
            hears.terminate()
