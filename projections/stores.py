"""What was projected of a whole log, one store for each partition: to be read."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

from events.dates import Instant
from events.log import Position
from projections.readers import Home, one_home
from projections.rows import CompanyRow, Told
from projections.store import ProjectionStore

Place = tuple[int, Instant, str, int]
Places = Mapping[int, Place]
"""For each partition, a place in its order of changes; the beginning where none is given."""


class News(NamedTuple):
    """A change, and the partition of the record on whose reading it was told."""

    partition: int
    told: Told

    @property
    def position(self) -> str:
        """`partition:offset` of that record."""
        return f"{self.partition}:{self.told.position}"


class Stores:
    """The stores of all partitions, by number. A company is in that of its id's partition alone."""

    def __init__(self, stores: Sequence[ProjectionStore], home: Home = one_home) -> None:
        self.stores = stores
        self.home = home

    def close(self) -> None:
        """Let go of the files."""
        for one in self.stores:
            one.close()

    def of(self, company: str) -> ProjectionStore:
        """The store that has a company."""
        return self.stores[self.home(company)]

    @property
    def position(self) -> Position:
        """How far each partition was folded."""
        return Position({number: one.read for number, one in enumerate(self.stores)})

    def row(self, company: str) -> CompanyRow | None:
        """See `ProjectionStore`."""
        return self.of(company).row(company)

    def described(self, company: str) -> dict[str, Any] | None:
        """See `ProjectionStore`."""
        return self.of(company).described(company)

    def rows(self, after: str = "", limit: int = 1_000) -> list[CompanyRow]:
        """See `ProjectionStore`."""
        pages = [one.rows(after, limit) for one in self.stores]
        return pages[0] if len(pages) == 1 else sorted(chain(*pages))[:limit]

    def descriptions(self) -> Iterator[tuple[str, bytes]]:
        """See `ProjectionStore`; by id within each partition."""
        return chain.from_iterable(one.descriptions() for one in self.stores)

    def standings(
        self, lists: Sequence[str] = (), after: str = ""
    ) -> Iterator[tuple[str, str | None, str | None, str | None, str, bytes]]:
        """See `ProjectionStore`."""
        each = [one.standings(lists, after) for one in self.stores]
        return each[0] if len(each) == 1 else heapq.merge(*each, key=itemgetter(0))

    def search(self, text: str, limit: int) -> list[tuple[str, str]]:
        """See `ProjectionStore`. The closest of each partition come first: how close they are
        cannot be compared between partitions."""
        pages = [one.search(text, limit) for one in self.stores]
        if len(pages) == 1:
            return pages[0]
        return [one for some in zip_longest(*pages) for one in some if one is not None][:limit]

    def counts(self) -> dict[str, int]:
        """See `ProjectionStore`."""
        each = [one.counts() for one in self.stores]
        return {table: sum(one[table] for one in each) for table in each[0]}

    def parked(self) -> dict[str, str]:
        """See `ProjectionStore`."""
        return {company: why for one in self.stores for company, why in one.parked().items()}

    def changes(
        self,
        after: Places | None = None,
        limit: int = 1_000,
        company: str | None = None,
        kind: str | None = None,
    ) -> list[News]:
        """Changes behind a place in each partition: those of one partition in the order in which
        they were told, those of several by when they were recorded."""
        after = after or {}
        numbers = range(len(self.stores)) if company is None else [self.home(company)]
        pages = [
            [
                News(number, told)
                for told in self.stores[number].changes(
                    after=after.get(number), limit=limit, company=company, kind=kind
                )
            ]
            for number in numbers
        ]
        if len(pages) == 1:
            return pages[0]
        return list(islice(heapq.merge(*pages, key=_when), limit))

    def newest(
        self, before: Places | None = None, limit: int = 1_000, company: str | None = None
    ) -> list[News]:
        """Changes before a place in each partition, from the end of each where none is given: the
        latest first, those of several partitions by when they were recorded."""
        before = before or {}
        numbers = range(len(self.stores)) if company is None else [self.home(company)]
        pages = [
            [
                News(number, told)
                for told in self.stores[number].newest(
                    before=before.get(number), limit=limit, company=company
                )
            ]
            for number in numbers
        ]
        if len(pages) == 1:
            return pages[0]
        return list(islice(heapq.merge(*pages, key=_when, reverse=True), limit))

    def latest(self) -> dict[int, Told | None]:
        """The last change of each partition."""
        found = ((number, one.newest(limit=1)) for number, one in enumerate(self.stores))
        return {number: some[0] if some else None for number, some in found}

    def told(self, company: str | None = None, page: int = 2_000) -> Iterator[News]:
        """Every change, or every change of a company, in order."""
        after: dict[int, Place] = {}
        while found := self.changes(after, page, company):
            after.update({one.partition: one.told.place for one in found})
            yield from found

    def place(self, company: str, sequence: int) -> Place | None:
        """See `ProjectionStore`."""
        return self.of(company).place(company, sequence)


def _when(one: News) -> tuple[Instant, int]:
    return one.told.change.recorded, one.partition
