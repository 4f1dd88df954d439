"""The README shows what the commands print, and its receiver is one."""

import os
import re
import shlex
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


def told_of_alerts() -> list[tuple[str, str]]:
    """What is typed there to be told, and what comes of it."""
    (block,) = [one for one in blocks("text") if "standing subscribe" in one]
    found = re.findall(
        r"^\$ (.*?)\n((?:[^ $\n].*\n)*)", block.replace("\n         ", " "), re.MULTILINE
    )
    assert len(found) == 3
    return found


def test_what_the_readme_says_of_alerts_comes_of_it(demo: Cli, tmp_path: Path) -> None:
    """Typed in a shell; but for ids, secrets and the port, to the letter."""
    demo.set("STANDING_ALLOW_NETWORKS", "127.0.0.0/8")
    demo.set("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    (port,) = any_free(1)
    (tmp_path / "receiver.py").write_text(blocks("python")[0].replace("9000", str(port)))
    (subscribe, made), (receive, _), (record, recorded) = told_of_alerts()
    done = typed(subscribe.replace("9000", str(port)), tmp_path)
    secret = done.partition("secret  ")[2].split()[0]
    ident = done.split()[1]
    hidden = done.replace(secret, "SECRET").replace(ident, "ID")
    assert hidden == re.sub(r"whsec_\S+", "SECRET", re.sub(r"sub_\w+", "ID", made))
    program = ["python", *receive.split()[1:2], secret]
    with (
        subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as hears,
        subprocess.Popen(
            [BIN / "standing", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
        ) as serves,
    ):
        assert hears.stdout is not None
        assert serves.stdout is not None
        try:
            assert serves.stdout.readline().startswith("standing is served at ")
            first, then = recorded.splitlines(keepends=True)
            assert typed(record, tmp_path) == first
            assert hears.stdout.readline() == then
            (sent,) = [one for one in blocks("sh") if "standing redeliver" in one]
            (one,) = demo("deliveries", ident, "--json").json["deliveries"]
            for line in sent.replace("ID", ident).replace("msg_…", one["delivery"]).splitlines():
                _, *arguments = shlex.split(line, comments=True)
                assert demo(*arguments).code == 0, line
        finally:
            serves.send_signal(signal.SIGTERM)
            hears.terminate()


def typed(command: str, folder: Path) -> str:
    """What a command prints, with what it tells people beside."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


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
