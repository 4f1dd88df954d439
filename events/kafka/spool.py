"""More messages than should be in memory at once, sorted by their keys into heaps of which each may
be. What is in a folder serves the program that put it there, and is thrown away with it."""

import marshal
from collections.abc import Iterable
from pathlib import Path
from struct import Struct
from typing import Any, Final
from zlib import crc32

HEAPS: Final = 64
_HELD_BYTES: Final = 32 * 1024 * 1024
"""So much of what is in messages is kept in memory before it goes to the disk."""
_SIZE: Final = Struct(">Q")

Row = tuple[Any, ...]
"""Its key first, then what else there is: of nothing but bytes, text, numbers, tuples and None."""


def heap_of(key: bytes) -> int:
    """The heap in which everything with this key is."""
    return crc32(key) % HEAPS


class Spool:
    """Rows by heaps, in memory as long as they are few, then in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = [folder / str(number) for number in range(HEAPS)]
        self._heaps: list[list[Row]] = [[] for _ in range(HEAPS)]
        self._held = 0

    def put(self, rows: Iterable[Row], size: int) -> None:
        """Take rows in, behind those before; `size` is how many bytes they hold, about."""
        heaps = self._heaps
        for row in rows:
            heaps[crc32(row[0]) % HEAPS].append(row)
        self._held += size
        if self._held > _HELD_BYTES:
            self._put_away()

    def heap(self, number: int) -> list[Row]:
        """The rows of a heap, in the order in which they came."""
        found: list[Row] = []
        if self._paths[number].exists():
            content = memoryview(self._paths[number].read_bytes())
            at = 0
            while at < len(content):
                (size,) = _SIZE.unpack_from(content, at)
                at += _SIZE.size + size
                # These are files of our own, in a folder that nobody else may open.
                found += marshal.loads(content[at - size : at])  # noqa: S302
        return found + self._heaps[number]

    def _put_away(self) -> None:
        for path, rows in zip(self._paths, self._heaps, strict=True):
            if rows:
                # Version 2 does not look for what comes twice, which costs more than it saves.
                body = marshal.dumps(rows, 2)
                with path.open("ab") as file:
                    file.write(_SIZE.pack(len(body)) + body)
                rows.clear()
        self._held = 0
