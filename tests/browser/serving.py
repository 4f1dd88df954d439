"""The program as people run it: a process that serves the history that ships."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STANDING = (sys.executable, "-m", "service.cli.main")
_STOPS_IN_S = 120


def run(home: Path, *arguments: str) -> str:
    """A command on a folder; what it prints."""
    done = subprocess.run(
        [*_STANDING, *arguments], env=_environment(home), check=True, capture_output=True, text=True
    )
    return done.stdout


def history(home: Path) -> Path:
    """A folder with the history that ships."""
    run(home, "demo", "--no-serve")
    return home


@contextmanager
def serving(home: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a `standing serve` on a folder, on a port that the system chose."""
    command = [*_STANDING, "serve", "--host", host, "--port", "0"]
    with (
        (home / "serve.log").open("ab") as log,
        subprocess.Popen(
            command, env=_environment(home), stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            assert "is served at" in said, (home / "serve.log").read_text()
            yield f"http://127.0.0.1:{said.strip().rpartition(':')[2]}"
        finally:
            process.terminate()
            process.wait(_STOPS_IN_S)


def copied(home: Path, to: Path) -> Path:
    """The same folder once more, for a process of its own."""
    return Path(shutil.copytree(home, to))


def _environment(home: Path) -> dict[str, str]:
    given = {key: value for key, value in os.environ.items() if not key.startswith("STANDING_")}
    return {**given, "STANDING_HOME": str(home)}
