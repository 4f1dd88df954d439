"""`standing` itself: help, exit codes, and how it ends when it is told to."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

from service.cli.logs import JsonLines
from tests.unit.conftest import Cli

STANDING = Path(sys.executable).with_name("standing")
COMMANDS = {
    "Ask": {"status", "history", "search", "replay", "changes", "screen", "demo"},
    "Record": {"record", "serve", "ingest", "review", "export"},
    "Be told": {"subscribe", "subscriptions", "deliveries", "redeliver"},
    "Operate": {"rebuild", "audit", "verify", "doctor", "token", "kafka", "topics", "worker"},
}


def test_help_groups_the_commands(cli: Cli) -> None:
    """By what one comes for."""
    done = cli("--help")
    assert done.code == 0
    found: dict[str, set[str]] = {}
    for panel in done.out.split("╭─ ")[1:]:
        title, *rows = panel.splitlines()
        firsts = {row[2:].split(" ")[0] for row in rows if row.startswith("│ ")}
        found[title.split(" ─")[0]] = {first for first in firsts if first}
    assert {name: found[name] for name in COMMANDS} == COMMANDS


@pytest.mark.parametrize("command", sorted(set().union(*COMMANDS.values())))
def test_every_command_has_help(cli: Cli, command: str) -> None:
    """And needs no store for it."""
    done = cli(command, "--help")
    assert done.code == 0
    assert f"standing {command}" in done.out
    assert not cli.home.exists()


def test_the_version_is_that_of_the_distribution(cli: Cli) -> None:
    """For bug reports."""
    assert cli("--version").out == f"standing {version('standing')}\n"


@pytest.mark.parametrize("arguments", [("nonsense",), ("status",), ("status", "a", "--nonsense")])
def test_usage_is_told_with_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    """Apart from what was refused."""
    assert cli(*arguments).code == 2


def test_a_reader_that_goes_away_is_no_trouble(demo: Cli) -> None:
    """`standing replay … | head -1`: quiet, and no traceback."""
    panel = ("replay", "--from", "2020-01-01", "--to", "2025-01-01")
    with subprocess.Popen(
        [STANDING, *panel], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"as_of":"2020-01-01"')
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)


def test_ctrl_c_is_quiet_also_while_it_waits_for_input(cli: Cli) -> None:
    """130, as shells expect. What came before is in the log, however little it was."""
    described = (
        b'{"type": "standing.company.described", "subject": "acme", "data": {"name": "A"}}\n'
    )
    with subprocess.Popen(
        [STANDING, "record", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(described + b"{}\n")
        process.stdin.flush()
        first = process.stderr.readline()
        while not cli("export").out:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert first.startswith(b"<stdin>:2: type: missing")
    assert b"Traceback" not in rest
    assert process.returncode == 130


def test_serve_answers_and_ends_when_told(demo: Cli) -> None:
    """The address is printed when it can be asked, and nothing else on standard output."""
    with subprocess.Popen(
        [STANDING, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        address = line.removeprefix("standing is served at ").strip()
        with urllib.request.urlopen(f"{address}/v1/companies/xiaomi/status") as answer:  # noqa: S310
            assert b'"company":"xiaomi"' in answer.read()
        process.send_signal(signal.SIGTERM)
        told, errors = process.communicate()
    assert (process.returncode, told) == (0, b"")
    assert b"Traceback" not in errors


def test_a_port_that_is_taken_is_told(demo: Cli) -> None:
    """In one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([STANDING, "serve", "--port", port], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"standing: refused: --port: ")
    assert done.stderr.count(b"\n") == 1


def test_a_log_for_collectors_is_json() -> None:
    """One object a line, with the traceback in it."""
    nothing: dict[str, str] = {}
    record = None
    try:
        nothing["how"]
    except KeyError:
        record = logging.LogRecord(
            "standing", logging.ERROR, "", 1, "cannot fold %s", ("acme",), sys.exc_info()
        )
    assert record is not None
    told = json.loads(JsonLines().format(record))
    assert (told["level"], told["logger"], told["message"]) == (
        "error",
        "standing",
        "cannot fold acme",
    )
    assert "KeyError: 'how'" in told["traceback"]
    assert told["time"].endswith("+00:00")


def test_other_commands_work_beside_a_service(demo: Cli) -> None:
    """It projects; they wait for what it has folded."""
    with subprocess.Popen([STANDING, "serve", "--port", "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            described = {"type": "standing.company.described", "subject": "acme"}
            demo.record({**described, "data": {"name": "Acme Beside"}})
            assert demo("search", "Acme Beside", "--json").json["companies"][0]["company"] == "acme"
            assert demo("verify").code == 0
            refused = demo("rebuild")
            assert refused.code == 1
            assert "a standing service projects here" in refused.err
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def test_the_environment_of_this_test_is_its_own(cli: Cli) -> None:
    """No store of whoever runs the tests is touched."""
    assert os.environ["STANDING_HOME"] == str(cli.home)
