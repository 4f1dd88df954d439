"""Opening SQLite files the way standing needs them: durable, versioned, honest about trouble."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from events.errors import StoreError

Synchronous = Literal["FULL", "NORMAL", "OFF"]

_APPLICATION: Final = 0x5374_616E
_HINTS: Final = (
    ("disk is full", "free some space; nothing of this write was kept"),
    ("readonly", "make the file and its folder writable for this user"),
    ("unable to open", "check that the folder exists and may be written"),
    ("locked", "another process holds it; try again when it is done"),
    ("not a database", "the file is not a standing store; move it away or restore a backup"),
    ("malformed", "the file is damaged; restore a backup, or rebuild it if it is a projection"),
    ("disk I/O", "the disk does not answer as it should; check it before going on"),
)


def connect(
    path: Path,
    schema: str,
    version: int,
    *,
    synchronous: Synchronous = "FULL",
    steps: Sequence[str] = (),
) -> sqlite3.Connection:
    """Open or create a store in WAL mode. With `FULL`, a commit survives a power cut. `steps` are
    what makes of each earlier format the next, from the first on.

    Raises `StoreError` where the file cannot be used, or a newer version of standing wrote it.
    """
    with trouble(path):
        connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA busy_timeout = 30000")
        # The tables first: whoever makes them marks the file in the same transaction.
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if tables and application != _APPLICATION:
            connection.close()
            raise StoreError(f"{path}: an SQLite file of another program; choose another folder")
        if found > version:
            connection.close()
            raise StoreError(
                f"{path}: written by a newer standing (format {found}, this one knows {version}); "
                "install that version or newer"
            )
        if not tables:  # as SQLite has it by itself, but not Debian's: nothing is ever vacuumed
            connection.execute("PRAGMA auto_vacuum = NONE")
        _write_ahead(connection)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")
        if found < version:
            _create(connection, schema, version, steps)
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Use a write-ahead log. SQLite does not wait its turn here, where several do it at once."""
    for pause in (0.01, 0.05, 0.25, 1.0):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(pause)
    connection.execute("PRAGMA journal_mode = WAL")


@contextmanager
def trouble(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a `StoreError` that names the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise understood(path, error) from error


def understood(path: Path, error: Exception) -> Exception:
    """What SQLite says as a `StoreError` that names the file and what to do; any other as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    text = str(error)
    hint = next((hint for sign, hint in _HINTS if sign in text), "nothing of it was kept")
    told = StoreError(f"{path}: {text}; {hint}")
    told.__cause__ = error
    return told


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, with the write lock taken at once."""
    connection.execute("BEGIN IMMEDIATE")
    with begun(connection):
        yield


@contextmanager
def begun(connection: sqlite3.Connection) -> Iterator[None]:
    """The rest of a transaction that was begun: all or nothing."""
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # also where it was the commit that failed
            connection.execute("ROLLBACK")
        raise


def _create(
    connection: sqlite3.Connection, schema: str, version: int, steps: Sequence[str]
) -> None:
    with transaction(connection):
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found == version:
            return  # another process was faster
        for part in [schema] if found == 0 else steps[found - 1 :]:
            for statement in _statements(part):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {version}")


def _statements(text: str) -> Iterator[str]:
    """One by one; a trigger has semicolons within."""
    statement = ""
    for piece in text.split(";"):
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""
