"""Reading what may have nothing to say for long, without being deaf to signals meanwhile."""

import io
import os
import select
from typing import IO, Any, Final

from events.admitted import MAX_EVENT_BYTES

_STILL_S: Final = 0.05
"""A stream from which nothing comes for so long has paused: what is here can be worked on."""
_LISTEN_S: Final = 0.5
"""Python hears of a signal only between calls: one that comes just before a call that waits for
input would be heard when there is some, perhaps never. So no call waits longer than this."""


class Stream:
    """A file, read in pieces of what has come."""

    def __init__(self, file: IO[bytes], piece: int) -> None:
        self._piece = piece
        try:
            self._descriptor: int | None = file.fileno()
            raw: io.RawIOBase = _Listening(file.fileno())
        except io.UnsupportedOperation:  # none of the system's: it is all here
            self._descriptor, raw = None, _All(file)
        self.file = io.BufferedReader(raw, piece)

    def waits(self, seconds: float) -> bool:
        """Whether there is something to read, or its end, within so many seconds."""
        return self._descriptor is None or _ready(self._descriptor, seconds)

    def here(self) -> bytes:
        """What comes without a pause, up to a piece; empty at the end."""
        found = [self.file.read1(self._piece)]
        size = len(found[0])
        while found[-1] and size < self._piece and self.waits(_STILL_S):
            found.append(self.file.read1(self._piece - size))
            size += len(found[-1])
        return b"".join(found)


class _Listening(io.RawIOBase):
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not _ready(self._descriptor, _LISTEN_S):
            pass
        found = os.read(self._descriptor, len(buffer))
        buffer[: len(found)] = found
        return len(found)


class _All(io.RawIOBase):
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _ready(descriptor: int, seconds: float) -> bool:
    return bool(select.select([descriptor], [], [], seconds)[0])


def rest_of_line(file: IO[bytes]) -> bytes:
    """What is missing of the last line; of one that is too long anyway, not all."""
    rest = file.readline(MAX_EVENT_BYTES)
    more = rest
    while len(more) == MAX_EVENT_BYTES and not more.endswith(b"\n"):
        more = file.readline(MAX_EVENT_BYTES)
    return rest if rest is more else rest + b"\n"
