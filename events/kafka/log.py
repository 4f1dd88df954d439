"""The log on Kafka: one topic, as many partitions as it has, and as many writers as there are.

Nothing is compared here when it is appended: Kafka has no way to write on condition. What stands
is found by whoever reads, with `events.kafka.first`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Final

from events.admitted import MAX_EVENT_BYTES, Admitted
from events.batch import WITHHELD, settle
from events.errors import Problem, StoreError
from events.kafka.binding import Unreadable
from events.kafka.connection import Connection
from events.kafka.first import Kept
from events.kafka.partitioner import partition_of
from events.kafka.producing import Message, Writer
from events.kafka.reading import Entry, TopicReader
from events.kafka.topic import examine
from events.kafka.topics import EVENTS
from events.log import EventLog, Position, Receipt, Record
from events.vocabulary import COPY_OF

PATIENCE_S: Final = 30.0
_LOOK_S: Final = 0.01


class KafkaEventLog(EventLog):
    """The log of a topic; use it in one event loop, and close it there.

    `patience`, in seconds, bounds every append and question, and how long a read may stand still.
    `tell` hears of each message that `read` and `follow` pass over because it is no event.
    """

    def __init__(
        self,
        connection: Connection,
        topic: str = EVENTS.name,
        *,
        patience: float = PATIENCE_S,
        tell: Callable[[Unreadable], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._patience = patience
        self._tell = tell
        self._writer = Writer(connection, topic, patience)
        self._opening = asyncio.Lock()
        self._partitions = 0
        self._reader: TopicReader | None = None
        self._closed = False

    async def append(
        self, events: Sequence[Admitted], *, atomic: bool = False, partition: int | None = None
    ) -> list[Receipt]:
        """See `EventLog`, with these differences. Nothing is compared: every event that is not
        too large is `recorded`, and readers see to repeats and conflicts. Where this raises
        `StoreError`, or nobody waits for it any more, events may have been recorded; to append
        them again does no harm.

        With `atomic`, all events are written in one transaction, unless they contradict each
        other. `partition` is for what belongs to a partition rather than to a subject.
        """
        if not events:
            return []
        reader = await self._opened()
        refused = {
            number: Receipt(event.id, None, "rejected", problem=_too_large(event))
            for number, event in enumerate(events)
            if len(event.body) > MAX_EVENT_BYTES
        }
        if atomic and (kept_out := _kept_out(events, refused)):
            return kept_out
        messages = [
            self._message(event, partition)
            for number, event in enumerate(events)
            if number not in refused
        ]
        if atomic:
            written = iter(await self._writer.write_together(messages))
        else:
            written = iter(await self._writer.write(messages))
        receipts = []
        for number, event in enumerate(events):
            if number not in refused:
                at = next(written)
                reader.stands(at.partition, at.offset)
                receipts.append(Receipt(event.id, f"{at.partition}:{at.offset}", "recorded"))
            else:
                receipts.append(refused[number])
        return receipts

    def _message(self, event: Admitted, partition: int | None) -> Message:
        if partition is None:
            partition = partition_of(event.subject, self._partitions)
        return Message(partition, event.subject.encode(), event.body)

    async def read(
        self, after: Position, to: Position, *, batch: int = 5_000
    ) -> AsyncIterator[list[Record]]:
        """See `EventLog`. Raises `StoreError` where nothing comes for too long."""
        async for entries in self.entries(after, to, batch=batch):
            if records := self._records(entries):
                yield records

    async def follow(self, after: Position, *, batch: int = 5_000) -> AsyncIterator[list[Record]]:
        """See `EventLog`. Where no broker answers, it waits until one does."""
        async for entries in self.entries(after, batch=batch):
            if records := self._records(entries):
                yield records

    async def entries(
        self,
        after: Position,
        to: Position | None = None,
        *,
        batch: int = 5_000,
        only: Collection[int] | None = None,
    ) -> AsyncIterator[list[Entry]]:
        """As `read`, or without `to` as `follow`, with copies and with what is no event in their
        places; of some partitions, where `only` names them."""
        reader = await self._opened()
        async for entries in reader.read(after, to, batch, only):
            yield entries

    def _records(self, entries: Sequence[Entry]) -> list[Record]:
        """The events, without the copies of those that stand in another partition."""
        records = []
        for one in entries:
            if isinstance(one, Unreadable):
                self._tell(one)
            elif COPY_OF not in one.event:
                records.append(one)
        return records

    async def ends(self) -> Position:
        """See `EventLog`. Events behind a transaction that is not decided yet do not count."""
        return await (await self._opened()).ends()

    async def reached(self, position: Position) -> None:
        """Wait until everything up to a position can be read. Raises `StoreError` where that
        takes too long."""
        reader = await self._opened()
        give_up = asyncio.get_running_loop().time() + self._patience
        while not (await reader.committed()).reaches(position):
            if asyncio.get_running_loop().time() > give_up:
                raise StoreError(
                    f"{self._topic} has not come to {position} in {self._patience:g} s: there is "
                    "less in it, or a transaction before it is not decided"
                )
            await asyncio.sleep(_LOOK_S)

    async def partitions(self) -> int:
        """How many partitions the topic has."""
        await self._opened()
        return self._partitions

    async def close(self) -> None:
        """Finish what was appended, then let go."""
        self._closed = True
        await self._writer.close()
        async with self._opening:
            reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def _opened(self) -> TopicReader:
        async with self._opening:
            if self._closed:
                raise StoreError(f"{self._topic}: this log was closed")
            if self._reader is None:
                self._partitions = await examine(self._connection, self._topic, self._patience)
                self._reader = TopicReader(
                    self._connection, self._topic, self._partitions, self._patience
                )
            return self._reader


def _too_large(event: Admitted) -> Problem:
    return Problem("", f"{len(event.body):,} bytes; at most {MAX_EVENT_BYTES:,}")


def _kept_out(events: Sequence[Admitted], refused: dict[int, Receipt]) -> list[Receipt]:
    """What to answer where one event keeps all of them out; nothing where none does."""
    if refused:
        return [
            refused.get(number) or Receipt(event.id, None, "rejected", problem=WITHHELD)
            for number, event in enumerate(events)
        ]
    batch = settle(Kept(), 0, events, atomic=True)
    return [] if batch.new else batch.receipts
