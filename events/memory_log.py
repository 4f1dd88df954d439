"""The log in memory: the twin of the SQLite form, for tests and for folding without a store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from events.admitted import Admitted
from events.batch import settle
from events.dates import Instant
from events.intake import Shelved
from events.log import EventLog, Position, Receipt, Record


class MemoryEventLog(EventLog):
    """One partition in a list. `clock` gives the instant at which an event is taken in."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._records: list[Record] = []
        self._ids: dict[str, Shelved] = {}
        self._facts: dict[str, Shelved] = {}
        self._grown = asyncio.Condition()

    async def append(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """See `EventLog`; what is durable here is as durable as the process."""
        batch = settle(self, len(self._records), events, atomic=atomic)
        recorded = max(self._clock(), self._records[-1].recorded if self._records else 0)
        async with self._grown:
            for offset, event in enumerate(batch.new, len(self._records)):
                self._records.append(Record(offset, recorded, event.event))
                shelved = Shelved(event.id, offset, event.subject, event.fingerprint)
                self._ids[event.id] = shelved
                self._facts.setdefault(event.fingerprint, shelved)
            self._grown.notify_all()
        return batch.receipts

    async def read(
        self, after: Position, to: Position, *, batch: int = 5_000
    ) -> AsyncIterator[list[Record]]:
        """See `EventLog`."""
        last = to.get(0, -1)
        for first in range(after.get(0, -1) + 1, last + 1, batch):
            yield self._records[first : min(first + batch, last + 1)]

    async def ends(self) -> Position:
        """See `EventLog`."""
        return Position({0: self.end()})

    async def follow(self, after: Position, *, batch: int = 5_000) -> AsyncIterator[list[Record]]:
        """See `EventLog`."""
        seen = Position(after)
        while True:
            async with self._grown:
                await self._grown.wait_for(lambda: self.end() > seen.get(0, -1))
            async for records in self.read(seen, await self.ends(), batch=batch):
                seen[0] = records[-1].offset
                yield records

    def end(self) -> int:
        """See `Archive`."""
        return len(self._records) - 1

    def of_subjects(self, subjects: Sequence[str], *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        return [record for record in self._upto(to) if record.subject in subjects]

    def subjects(self, *, after: int, to: int) -> list[str]:
        """See `Archive`."""
        return list(dict.fromkeys(one.subject for one in self._records[after + 1 : to + 1]))

    def by_id(self, event_id: str) -> Shelved | None:
        """See `Shelf`."""
        return self._ids.get(event_id)

    def by_fingerprint(self, fingerprint: str) -> Shelved | None:
        """See `Shelf`."""
        return self._facts.get(fingerprint)

    def of_subject(self, subject: str) -> list[Record]:
        """See `Shelf`."""
        return self.of_subjects([subject])

    def of_type(self, event_type: str, *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        return [record for record in self._upto(to) if record.type == event_type]

    def _upto(self, to: int | None) -> list[Record]:
        return self._records if to is None else self._records[: to + 1]
