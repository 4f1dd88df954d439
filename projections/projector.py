"""The projector: reads the log, folds, and makes each batch visible at once.

One process projects at a time, held apart by a lock beside the store; others read what it wrote.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from events.bulk import no_collection
from events.dates import Instant
from events.lists import Registry
from events.log import Archive, EventLog, Position, Record
from projections.partition import fold
from projections.population import Population
from projections.rows import Told
from projections.store import Mark, ProjectionStore


class LocalLog(EventLog, Archive, Protocol):
    """A log that is on this machine, to be read by company as well as in order."""


class Folder:
    """Folds what stands of one partition into a store, from where the store stopped. With
    `keeps_told` false, the changes that it comes to are not kept: they are known from elsewhere."""

    def __init__(
        self,
        archive: Archive,
        store: ProjectionStore,
        registry: Registry,
        *,
        owns: Callable[[str], bool] = lambda _: True,
        keeps_told: bool = True,
    ) -> None:
        mark = store.mark
        self._store = store
        self._keeps_told = keeps_told
        self._population = Population(
            registry,
            archive,
            position=mark.position,
            clock=mark.clock,
            sequence_of=self._sequence_of,
            dues=store.dues(),
            parked=store.parked(),
            owns=owns,
        )

    @property
    def position(self) -> int:
        """The last offset that was folded."""
        return self._population.position

    @property
    def due(self) -> Instant:
        """When the next flip comes that needs no event."""
        return self._population.due

    @property
    def parked(self) -> dict[str, str]:
        """Companies that could not be folded, and why."""
        return self._population.parked

    @property
    def skipped(self) -> int:
        """How many events since the start this version did not understand."""
        return self._population.skipped

    def apply(self, batch: Sequence[Record]) -> list[Told]:
        """Fold a batch and commit it; the changes it brought."""
        with no_collection():
            brought = fold(self._population, batch)
            by_company: dict[str, list[Told]] = {company: [] for company in brought.companies}
            for one in brought.told:
                by_company[one.change.company].append(one)
            population = self._population
            found = [
                population.folded(company, some, self._sequence_of(company))
                for company, some in by_company.items()
            ]
            if not self._keeps_told:
                found = [one._replace(told=[]) for one in found]
            self._store.commit(Mark(population.position, population.clock), found)
            population.let_go()
        return brought.told

    def free(self, company: str) -> bool:
        """Try a company that is parked again; whether it could be folded. Either way it is kept
        what came of it. No change is told: nobody knows which were missed."""
        population = self._population
        if company not in population.parked:
            return True
        freed = population.free([company])
        kept = population.folded(company, (), self._sequence_of(company))
        self._store.commit(Mark(population.position, population.clock), [kept])
        return bool(freed)

    def _sequence_of(self, company: str) -> int:
        row = self._store.row(company)
        return row.sequence if row else 0


class Projector(Folder):
    """Folds a log of one partition, as it comes."""

    def __init__(self, log: LocalLog, store: ProjectionStore, registry: Registry) -> None:
        super().__init__(log, store, registry)
        self._log = log
        self._moved = asyncio.Condition()

    async def take(self, batch: Sequence[Record]) -> list[Told]:
        """`apply`, and wake whoever waits for a position."""
        told = self.apply(batch)
        async with self._moved:
            self._moved.notify_all()
        return told

    async def catch_up(self) -> None:
        """Fold what stands in the log now."""
        async for batch in self._log.read(Position({0: self.position}), await self._log.ends()):
            await self.take(batch)

    async def reached(self, position: int) -> None:
        """Wait until the projection has come so far."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.position >= position)
