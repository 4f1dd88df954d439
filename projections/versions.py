"""Which projection is in use: a rebuild is written beside it and takes its place at once.

`projections.current` names the file in use; it is replaced by a rename, so that a crash leaves
either the old or the new one in use, and never a half.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from events.errors import StoreError


class Versions:
    """The projections in a folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._pointer = home / "projections.current"

    def current(self) -> Path:
        """The file in use; the first one where there was none yet."""
        try:
            name = self._pointer.read_text().strip()
        except FileNotFoundError:
            name = "projections-1.db"
        return self._home / name

    def following(self) -> Path:
        """Where the next version goes; what an interrupted rebuild left there is thrown away."""
        number = int(self.current().stem.removeprefix("projections-")) + 1
        path = self._home / f"projections-{number}.db"
        remove(path)
        return path

    def publish(self, path: Path) -> None:
        """Take a finished version into use, and throw the one before it away."""
        before = self.current()
        draft = self._pointer.with_suffix(".draft")
        with draft.open("w") as file:
            file.write(path.name)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._pointer)
        if before != path:
            remove(before)

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the right to project. Raises `StoreError` where another process has it."""
        try:
            file = (self._home / "projections.lock").open("w")
        except OSError as error:
            raise StoreError(f"{self._home}: {error.strerror}; make the folder writable") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(
                    f"{self._home}: another standing projects here; stop it, or ask it"
                ) from None
            yield


def remove(path: Path) -> None:
    """Delete an SQLite file with what belongs to it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
