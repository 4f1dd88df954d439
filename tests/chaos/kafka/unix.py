"""What the system is asked about processes."""

import ctypes
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
_LISTENS: Final = "0A"
TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Who listens, where the kernel tells."""


def end_with_the_tests() -> None:
    """In a new process: Linux kills it if the tests themselves are killed."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def stands_still(pid: int) -> bool:
    """After `ps`, which every Unix has."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return told.stdout.strip().startswith(b"T")


def listening(pid: int) -> set[int]:
    """The ports at which a process listens."""
    mine = _open_files(pid)
    found: set[int] = set()
    for table in TABLES:
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _, local, _, state, *rest = line.split()
            if state == _LISTENS and f"socket:[{rest[5]}]" in mine:
                found.add(int(local.rpartition(":")[2], 16))
    return found


def _open_files(pid: int) -> set[str]:
    found: set[str] = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            found.add(str(one.readlink()))
    return found
