"""All partitions of a log that are on this machine, read as one."""

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice

from events.dates import Instant
from events.log import Position, Record
from events.sqlite_archive import SqliteArchive
from events.vocabulary import COPY_OF


class WholeLog:
    """The partitions by number. Copies are left out: the log has their originals."""

    def __init__(self, parts: Sequence[SqliteArchive]) -> None:
        self.parts = parts

    def ends(self) -> Position:
        """The last offset of each partition."""
        return Position({number: one.end() for number, one in enumerate(self.parts)})

    def records(self, after: Position, batch: int = 5_000) -> Iterator[list[Record]]:
        """What stands behind a position now, by when it was taken in; within a partition in its
        order."""
        each = [
            self._of(one, after.get(number, -1), batch) for number, one in enumerate(self.parts)
        ]
        merged = each[0] if len(each) == 1 else heapq.merge(*each, key=_when)
        while some := list(islice(merged, batch)):
            yield some

    @staticmethod
    def _of(part: SqliteArchive, after: int, batch: int) -> Iterator[Record]:
        end = part.end()
        while found := part.between(after, end, batch):
            yield from (one for one in found if COPY_OF not in one.event)
            after = found[-1].offset


def _when(record: Record) -> tuple[Instant, int]:
    return record.recorded, record.partition
