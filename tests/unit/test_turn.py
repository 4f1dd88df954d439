"""Whose turn it is to project."""

import subprocess
import sys
from pathlib import Path

import pytest

from events.errors import StoreError
from projections.turn import Taken, only_one

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from projections.turn import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_at_a_time_projects_in_a_folder(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(Taken, match="projects here"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_another_process_holds_it_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Taken), only_one(tmp_path):
            pass
        other.kill()
        other.wait()
        with only_one(tmp_path):
            pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="make the folder writable"), only_one(tmp_path / "no"):
        pass
