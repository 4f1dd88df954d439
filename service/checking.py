"""Files of events on their way to the log: read and let through the door, piece by piece.

Long JSON Lines are parsed and admitted by processes beside this one; their order stays that of the
lines.
"""

import asyncio
import gc
import io
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson

from events.admitted import Admitted
from events.codec import Sent, read_file, read_lines
from events.door import admit
from events.errors import Problem, Refused
from events.lists import Registry, load_registry
from service.stream import Stream, rest_of_line

STDIN: Final = Path("-")

_PIECE: Final = 1_000_000
"""Bytes of JSON Lines that are read, checked and appended together."""
_ALONE: Final = 16
"""So many pieces are checked here before other processes are worth their start."""
_BEGINNING: Final = 2
"""So many pieces are checked here while other processes start."""
_HELPERS: Final = min(2, max(1, (os.cpu_count() or 1) - 1))
_AHEAD: Final = 4
"""So many pieces are with each of them at most."""
_SMALL: Final = 500_000
"""A piece of a stream that is smaller is not worth another process."""
_BATCH: Final = 5_000
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_NO_ARRAY: Final = (
    "standard input is read as JSON Lines, one event a line, and an array begins here; "
    "record it as a .json file, or send it line by line: jq -c '.[]'"
)
_WHOLE: Final = (".json", ".yaml", ".yml")


class Complaint(NamedTuple):
    """What is wrong where: `FILE:LINE`, or `FILE: event N`."""

    where: str
    problem: Problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class _Piece(NamedTuple):
    """Whole lines of a file, the first of which has the number `first`."""

    name: str
    first: int
    lines: bytes
    small: bool = False


class Checked(NamedTuple):
    """What passed the door, each with where it stood, and what did not."""

    events: list[Admitted]
    where: list[str]
    complaints: list[Complaint]
    read: int


async def checked(
    files: Sequence[Path], lists: Path | None, *, backfill: bool
) -> AsyncIterator[Checked]:
    """The events of files, in their order; nothing in a piece where a stream has paused.

    Raises `OSError` where a file cannot be read, `Refused` where a stream is no JSON Lines.
    """
    registry = load_registry(lists)
    pool = _helpers(lists) if _are_long(files) else None
    alone = _BEGINNING if pool else _ALONE
    under_way: deque[Future[_Passed]] = deque()
    try:
        for number, work in enumerate(_work(files), 1):
            if isinstance(work, list) or work.small:
                while under_way:
                    yield _unpacked(await asyncio.wrap_future(under_way.popleft()))
                yield _check_here(work, registry, backfill)
            elif number <= alone:
                yield _check_here(work, registry, backfill)
            else:
                pool = pool or _helpers(lists)
                under_way.append(pool.submit(_help, work, backfill))
                if len(under_way) > _AHEAD * _HELPERS:
                    yield _unpacked(await asyncio.wrap_future(under_way.popleft()))
        while under_way:
            yield _unpacked(await asyncio.wrap_future(under_way.popleft()))
    finally:
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _are_long(files: Iterable[Path]) -> bool:
    """Whether other processes are sure to be worth their start."""
    lines = (path for path in files if path != STDIN and path.suffix not in _WHOLE)
    return sum(path.stat().st_size for path in lines) > _ALONE * _PIECE


def _work(files: Iterable[Path]) -> Iterator[_Piece | list[Sent]]:
    for path in files:
        if path == STDIN:
            yield from _of_stdin()
        elif path.suffix in _WHOLE:
            if path.stat().st_size == 0:
                yield _nothing(str(path))
            sent = list(read_file(path))
            for start in range(0, len(sent), _BATCH):
                yield sent[start : start + _BATCH]
        else:
            with path.open("rb") as file:
                yield from _pieces(str(path), file)


def _nothing(name: str) -> list[Sent]:
    return [Sent(name, None, Problem("", "empty: there is no event in it"))]


def _pieces(name: str, file: IO[bytes]) -> Iterator[_Piece | list[Sent]]:
    first = 1
    lines = file.read(_PIECE)
    if not lines:
        yield _nothing(name)
    while lines:
        lines += rest_of_line(file)
        yield _Piece(name, first, lines.removeprefix(_UTF8_MARK) if first == 1 else lines)
        first += lines.count(b"\n")
        lines = file.read(_PIECE)


def _of_stdin() -> Iterator[_Piece | list[Sent]]:
    """As pieces, however slowly they come. An empty list where it pauses."""
    stream = Stream(sys.stdin.buffer, _PIECE)
    name, first, empty = "<stdin>", 1, True
    while lines := stream.here():
        if empty and lines.lstrip().startswith(b"["):
            raise Refused.field(name, _NO_ARRAY)
        if not lines.endswith(b"\n"):
            lines += rest_of_line(stream.file)
        count = lines.count(b"\n")
        if empty:
            lines = lines.removeprefix(_UTF8_MARK)
        empty = False
        yield _Piece(name, first, lines, len(lines) < _SMALL)
        first += count
        if not stream.waits(0):
            yield []
    if empty:
        yield _nothing(name)


def _together(problems: Sequence[Problem]) -> Problem:
    """One line for all that is wrong with an event."""
    first, *more = problems
    return Problem(first.field, "; ".join([first.detail, *map(str, more)]))


def _check_here(work: _Piece | list[Sent], registry: Registry, backfill: bool) -> Checked:
    if isinstance(work, list):
        return _check(work, registry, backfill, 0)
    return _check_piece(work, registry, backfill)


def _check_piece(piece: _Piece, registry: Registry, backfill: bool) -> Checked:
    sent = read_lines(piece.name, io.BytesIO(piece.lines), piece.first)
    return _check(sent, registry, backfill, len(piece.lines))


def _check(sent: Iterable[Sent], registry: Registry, backfill: bool, read: int) -> Checked:
    found = Checked([], [], [], read)
    for one in sent:
        if one.problem is not None:
            found.complaints.append(Complaint(one.where, one.problem))
            continue
        raw = one.raw
        if backfill and isinstance(raw, dict):
            raw["backfill"] = True
        try:
            found.events.append(admit(raw, registry))
            found.where.append(one.where)
        except Refused as refused:
            found.complaints.append(Complaint(one.where, _together(refused.problems)))
        except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
            found.complaints.append(Complaint(one.where, Problem("", str(error))))
    return found


# --- the processes beside this one --------------------------------------------------------------

_registry: Any = None


class _Passed(NamedTuple):
    """A `Checked` on its way between processes: by columns, which is a third of the work."""

    columns: tuple[Sequence[Any], ...]
    where: list[str]
    complaints: list[Complaint]
    read: int


def _packed(found: Checked) -> _Passed:
    columns = list(zip(*found.events, strict=True)) or [()] * len(Admitted._fields)
    columns[_TYPE] = tuple(map(sys.intern, columns[_TYPE]))  # each is sent once
    return _Passed(tuple(columns), *found[1:])


_TYPE: Final = Admitted._fields.index("type")


def _unpacked(passed: _Passed) -> Checked:
    return Checked(list(map(Admitted, *passed.columns)), *passed[1:])


def _helpers(lists: Path | None) -> ProcessPoolExecutor:
    # Not forked: a copy of this process would hold its store open and its threads half alive.
    pool = ProcessPoolExecutor(_HELPERS, get_context("spawn"), _begin, (lists,))
    for _ in range(_HELPERS):
        pool.submit(_start)
    return pool


def _start() -> None:
    """Nothing: a process starts when there is something for it to do."""


def _begin(lists: Path | None) -> None:
    global _registry  # noqa: PLW0603 - what a helper process is set up with, once
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that was started
    _registry = load_registry(lists)
    gc.disable()  # events hold no circles


def _help(piece: _Piece, backfill: bool) -> _Passed:
    return _packed(_check_piece(piece, _registry, backfill))
