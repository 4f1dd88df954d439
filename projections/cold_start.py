"""Where nothing was published of a partition and much is in its log: everything at once.

The mirror is filled, the companies are shared out among processes, and what a projector that read
record by record would have told is published in one transaction, with each company's status once:
all of it can be seen or nothing. Whoever is interrupted leaves nothing behind, and the next one
begins anew; then the partition is followed from there like any other.
"""

import asyncio
import multiprocessing
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

from events.aside import aside
from events.errors import StoreError
from events.kafka.binding import Unreadable
from events.kafka.fenced import FencedWriter
from events.kafka.mirror import Mirror, taken
from events.kafka.packing import Outgoing, Packed, packed
from events.kafka.reading import Entry
from events.lists import Registry
from projections.outgoing import copied, rejected, unreadable
from projections.share import (
    Parcel,
    Stretch,
    fold_group,
    fold_share,
    groups,
    helped,
    parcelled,
    prepared,
)

MANY: Final = 20_000
"""Below so many events of a partition, to read record by record is as quick."""
BATCH: Final = 10_000
"""Records to fill the mirror with at once."""
_MOST: Final = 4
"""Processes: filling the mirrors, in this one, does not keep pace with more."""
_SHARES: Final = 16
"""Pieces of work for each process: none waits long for another."""
_TENTHS: Final = 10


class Helpers:
    """The processes that fold; they are there while somebody needs them. One partition is folded
    at a time, while the next one's mirror is filled."""

    def __init__(self, registry: Registry, tell: Callable[[str], None]) -> None:
        self.registry = registry
        self.tell = tell
        self.number = min(os.cpu_count() or 1, _MOST)
        self.filling = asyncio.Lock()
        self.folding = asyncio.Lock()
        self._users = 0
        self._pool: ProcessPoolExecutor | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """As long as there is something to fold."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users and self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None

    async def fold(self, stretch: Stretch) -> Parcel:
        """`fold_share`, in another process where there are processors for it."""
        if self.number == 1:
            share = await aside(fold_share, self.registry, stretch)
            return parcelled(share, stretch.partition)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.number,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=prepared,
                initargs=(self.registry,),
            )
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, helped, stretch)
        except BrokenProcessPool as error:
            if self._pool is pool:
                self._pool = None
            raise StoreError(
                "a process that folds was ended from outside; is there too little memory?"
            ) from error


async def fill(mirror: Mirror, coming: AsyncIterator[list[Entry]]) -> list[Outgoing]:
    """Put everything that stands into an empty mirror; what is to be said of the rest."""
    told: list[Outgoing] = []
    async for entries, sifted in taken(mirror, coming):
        told += [unreadable(one) for one in entries if isinstance(one, Unreadable)]
        told += map(rejected, sifted.rejected)
    return told


async def publish(
    mirror: Mirror,
    writer: FencedWriter,
    helpers: Helpers,
    partitions: int,
    told: Sequence[Outgoing],
) -> None:
    """Publish all that follows from what is in the mirror, and `told` with it. Raises what the
    writer raises; then nothing was published."""
    end = mirror.end()
    if end < 0:
        await writer.write(packed(told))
        return
    (last,) = mirror.between(end - 1, end, 1)
    together = groups(mirror, end)
    bound_up = frozenset(company for group in together for company in group)
    whole = Stretch(mirror.path, mirror.partition, partitions, end, last.recorded, bound_up)
    number = mirror.count()
    copies: list[Outgoing] = []

    async def batches() -> AsyncIterator[Sequence[Packed]]:
        yield packed(told)
        folded, shown = 0, 0
        async for parcel in _folded(mirror, helpers, whole, together):
            yield parcel.batches
            copies.extend(copied(one, partitions) for one in parcel.copies)
            folded += parcel.events
            if folded * _TENTHS // number > shown:
                shown = folded * _TENTHS // number
                helpers.tell(
                    f"partition {mirror.partition}: {folded:,} of {number:,} events folded"
                )
        # Last: until the transaction is decided, nobody reads on behind them.
        yield packed(copies)

    await writer.write_all(batches())


async def _folded(
    mirror: Mirror, helpers: Helpers, whole: Stretch, together: Iterable[Sequence[str]]
) -> AsyncIterator[Parcel]:
    borders = ["", *mirror.borders(helpers.number * _SHARES)]
    stretches = deque(
        whole._replace(first=first, last=last)
        for first, last in zip(borders, [*borders[1:], None], strict=True)
    )
    waiting: deque[asyncio.Task[Parcel]] = deque()
    try:
        while stretches or waiting:
            while stretches and len(waiting) < 2 * helpers.number:
                waiting.append(asyncio.create_task(helpers.fold(stretches.popleft())))
            yield await waiting[0]
            waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    for group in together:
        share = await aside(fold_group, mirror, group, helpers.registry, whole)
        yield parcelled(share, mirror.partition)
