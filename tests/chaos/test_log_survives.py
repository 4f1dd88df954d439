"""A log whose process is killed, or whose disk is full, has all that it acknowledged, no half."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from events.log import Record
from events.sqlite_log import SqliteEventLog
from tests.chaos.log_process import GROUP, group, now

ROOT = Path(__file__).parents[2]


@contextmanager
def process(what: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own, gone at the end whatever happens."""
    command = [sys.executable, "-m", "tests.chaos.log_process", what, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def lines(running: subprocess.Popen[str], count: int) -> list[str]:
    """The next so many lines that it prints."""
    assert running.stdout is not None
    return [running.stdout.readline().strip() for _ in range(count)]


def positions(told: list[str]) -> dict[str, str]:
    """Where each acknowledged event is said to stand."""
    pairs = [part.split("@", 1) for line in told for part in line.split()]
    return dict(pairs)


def contents(path: Path) -> list[Record]:
    """Everything in the log, opened anew; SQLite finds the file sound."""
    log = SqliteEventLog(path, now)
    try:
        return log.between(-1, log.end(), 1_000_000)
    finally:
        log.close()


def holds(path: Path, acknowledged: dict[str, str]) -> None:
    """The log has what was acknowledged, where it was said to stand, and every append whole."""
    records = contents(path)
    assert [one.offset for one in records] == list(range(len(records)))
    standing = {one.id: one.position for one in records}
    assert acknowledged.items() <= standing.items()
    appends: dict[str, int] = {}
    for one in records:
        name = one.id.rpartition("-")[0]
        appends[name] = appends.get(name, 0) + 1
    assert set(appends.values()) == {GROUP}
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    acknowledged: dict[str, str] = {}
    for attempt, after in enumerate((1, 25, 60)):
        with process("write", str(path), f"run{attempt}") as running:
            told = lines(running, after)
            running.send_signal(signal.SIGKILL)
            rest, _ = running.communicate()
        # A line that the kill cut short acknowledges nothing.
        told += rest.splitlines() if rest.endswith("\n") else rest.splitlines()[:-1]
        acknowledged |= positions(told)
        holds(path, acknowledged)
    assert len(acknowledged) >= GROUP * (1 + 25 + 60)


def test_two_processes_that_write_at_once_lose_nothing_when_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with process("write", str(path), "left") as left, process("write", str(path), "right") as right:
        told = lines(left, 10) + lines(right, 10)
        left.send_signal(signal.SIGKILL)
        left.wait()
        told += lines(right, 40)  # it goes on
        right.send_signal(signal.SIGKILL)
        right.wait()
    acknowledged = positions(told)
    assert len(set(acknowledged.values())) == len(acknowledged)
    holds(path, acknowledged)


def test_a_log_without_room_refuses_whole_appends_and_goes_on_when_there_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.db"
    with process("starve", str(path)) as running:
        told, _ = running.communicate(timeout=600)
        assert running.returncode == 0
    *before, refused, after = told.splitlines()
    assert refused.startswith(f"refused: {path}: ")
    assert after.startswith("third-0-0@0:")
    holds(path, positions([*before, after]))


async def test_what_was_acknowledged_before_a_kill_is_a_duplicate_after_it(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with process("write", str(path), "run") as running:
        told = lines(running, 5)
    log = SqliteEventLog(path, now)
    name, number, _ = told[0].split("@")[0].split("-")
    receipts = await log.append(group(name, int(number)))
    assert {one.outcome for one in receipts} == {"duplicate"}
    assert {one.id: one.position for one in receipts}.items() <= positions(told).items()
    log.close()
