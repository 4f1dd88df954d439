"""Whose turn it is to project: one process at a time holds a folder's projection."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from events.errors import StoreError


class Taken(StoreError):
    """Another process projects in this folder."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the right to project. Raises `Taken` where another process has it; the system gives it
    back when a process ends, however it ends."""
    try:
        file = (home / "projections.lock").open("w")
    except OSError as error:
        raise StoreError(f"{home}: {error.strerror}; make the folder writable") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Taken(
                f"{home}: a standing service projects here; stop it first, or ask it over HTTP"
            ) from None
        yield
