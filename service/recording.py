"""Recording files of events: read, through the door, into the log, and what became of each."""

import asyncio
import gc
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.admitted import Admitted
from events.batch import WITHHELD
from events.bulk import no_collection
from events.errors import Problem, Refused
from events.log import EventLog, Receipt
from service.checking import Checked, Complaint, checked

MOST_ATOMIC: Final = 10_000
_APPENDING: Final = 16
"""So many pieces wait for the log at most: it commits them together, which writes the pages of its
indexes, where ids lie anywhere, less often."""


@dataclass(slots=True)
class Tally:
    """What became of the events so far, and how many bytes of the files were read."""

    recorded: int = 0
    duplicate: int = 0
    rejected: int = 0
    withheld: int = 0
    """Nothing is wrong with these, but with others that were to go in with them or not at all."""
    read: int = 0


Tell = Callable[[Complaint], None]
Progress = Callable[[Tally], None]


async def record(
    log: EventLog,
    files: Sequence[Path],
    lists: Path | None = None,
    *,
    backfill: bool = False,
    atomic: bool = False,
    tell: Tell = lambda _: None,
    progress: Progress = lambda _: None,
) -> Tally:
    """Record files, of which `-` is the standard input as JSON Lines. `lists` is the user's own.

    `tell` hears of every event that was not taken. With `atomic`, one such event keeps all out.
    Raises `OSError` where a file cannot be read, `Refused` where an atomic batch is too large.
    """
    tally = Tally()
    with no_collection():
        found = checked(files, lists, backfill=backfill)
        if atomic:
            await _at_once(log, found, tally, tell)
        else:
            await _piecewise(log, found, tally, tell, progress)
    progress(tally)
    return tally


async def _piecewise(
    log: EventLog, found: AsyncIterator[Checked], tally: Tally, tell: Tell, progress: Progress
) -> None:
    under_way: deque[tuple[Checked, asyncio.Task[list[Receipt]]]] = deque()

    async def settle() -> None:
        piece, task = under_way.popleft()
        _count(piece, await task, tally, tell)
        progress(tally)
        gc.collect(0)  # a task and its frame hold each other, and with them a piece of the file

    try:
        async for piece in found:
            if not piece.where and not piece.complaints:  # a stream that has paused
                while under_way:
                    await settle()
                continue
            for complaint in piece.complaints:
                tell(complaint)
            under_way.append((piece, asyncio.create_task(log.append(piece.events))))
            if len(under_way) > _APPENDING:
                await settle()
        while under_way:
            await settle()
    finally:
        for _, task in under_way:
            with suppress(Exception):  # the first error is on its way out
                await task


async def _at_once(log: EventLog, found: AsyncIterator[Checked], tally: Tally, tell: Tell) -> None:
    everything = Checked([], [], [], 0)
    async for piece in found:
        everything.events.extend(piece.events)
        everything.where.extend(piece.where)
        everything.complaints.extend(piece.complaints)
        if len(everything.where) + len(everything.complaints) > MOST_ATOMIC:
            raise Refused.field("--atomic", f"takes at most {MOST_ATOMIC:,} events at once")
    for complaint in everything.complaints:
        tell(complaint)
    guards = _GUARDS if everything.complaints else ()
    receipts = await log.append([*everything.events, *guards], atomic=True)
    _count(everything, receipts[: len(everything.events)], tally, tell)


_GUARDS: Final = tuple(
    Admitted.of({"id": "guard", "type": said, "subject": "guard", "data": {}}, said)
    for said in ("one", "another")
)
"""Two events that contradict each other. A log takes no batch with both: it compares the others,
and says of each what is wrong with it, but writes none."""


def _count(piece: Checked, receipts: Sequence[Receipt], tally: Tally, tell: Tell) -> None:
    tally.rejected += len(piece.complaints)
    tally.read += piece.read
    for where, receipt in zip(piece.where, receipts, strict=True):
        match receipt.outcome:
            case "recorded":
                tally.recorded += 1
            case "duplicate":
                tally.duplicate += 1
                if receipt.retracted_by:
                    detail = f"a duplicate of {receipt.id}, which {receipt.retracted_by} took back"
                    tell(Complaint(where, Problem("", detail)))
            case "rejected" if receipt.problem == WITHHELD:
                tally.withheld += 1
            case "rejected":
                tally.rejected += 1
                tell(Complaint(where, receipt.problem or Problem("", "not taken")))
