"""Asking a whole log, however many partitions it has.

A company is asked for in the partition that its id leads to. Where it counts for one of another
partition, it is asked for there, but not before that partition, too, has the merge: until then, or
at a cut at which it had not, the other is told of without it, and it is told of by itself, as if
they had not been merged yet. Else what stands against the old company would be said of neither.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from events.companies import root
from events.lists import Registry
from events.log import Position, Record
from events.vocabulary import COPY_OF, LIST_SUBJECT_PREFIX
from projections.coverage import Coverage
from projections.dossier import Dossier
from projections.reader import EVERYTHING, Answer, Asked, Question, Reader

Home = Callable[[str], int]
"""Of a subject, the partition that its events go to."""


def one_home(_: str) -> int:
    """Where there is but one partition."""
    return 0


class Readers(Asked):
    """The readers of all partitions, by number. Not for several threads at once."""

    def __init__(self, readers: Sequence[Reader], home: Home = one_home) -> None:
        self.readers = readers
        self.registry: Registry = readers[0].registry
        self.home = home
        self._alone = len(readers) == 1
        if not self._alone:
            for one in readers:
                one.holder = self._holder

    def _holder(self, list_id: str) -> Reader:
        return self.readers[self.home(LIST_SUBJECT_PREFIX + list_id)]

    def seat(self, company: str, question: Question = EVERYTHING) -> tuple[Reader, Question]:
        """See `Asked`."""
        if self._alone:
            return self.readers[0], question
        home = self.home(company)
        reader = self.readers[home]
        if not reader.merges:
            return reader, question
        into = reader.merged(question)
        goal = root(into, company)
        if self.home(goal) == home:
            return reader, question
        there = self._end(company, goal, home, question)
        if there is None:
            left = self._leaves(into, company, home)
            return reader, question._replace(apart=frozenset({left}))
        return there, question

    def waiting(self) -> list[str]:
        """Companies that are merged into one of another partition, which does not know yet: they
        are told of by themselves, though their own partition has them as merged."""
        if self._alone:
            return []
        return sorted(
            company
            for number, reader in enumerate(self.readers)
            if reader.merges
            for company in reader.merged()
            if self.home(company) == number and self.seat(company)[1].apart
        )

    def _leaves(self, into: Mapping[str, str], company: str, home: int) -> str:
        """On the way to the end of a company's chain, the first that is followed by one of another
        partition."""
        while self.home(into[company]) == home:
            company = into[company]
        return company

    def _end(self, company: str, goal: str, home: int, question: Question) -> Reader | None:
        """The reader in whose partition the chain ends; nothing where a partition on the way has
        not come to the merge, or where they lead in a circle, one end of which is not known yet."""
        been = [home]
        while (there := self.home(goal)) not in been:
            been.append(there)
            further = self.readers[there].merged(question)
            if company not in further:
                return None
            goal = root(further, company)
        return self.readers[there] if there == been[-1] else None

    def answer(self, company: str, question: Question = EVERYTHING) -> Answer:
        """See `Reader`."""
        reader, question = self.seat(company, question)
        return reader.answer(company, question)

    def status(self, company: str, question: Question = EVERYTHING) -> dict[str, Any]:
        """See `Reader`."""
        found: dict[str, Any] = orjson.loads(self.answer(company, question).text)
        return found

    def known(self, company: str, question: Question = EVERYTHING) -> Dossier:
        """See `Reader`."""
        reader, question = self.seat(company, question)
        return reader.known(company, question)

    def resolve(self, company: str, question: Question = EVERYTHING) -> str:
        """See `Reader`."""
        reader, question = self.seat(company, question)
        return reader.resolve(company, question)

    def coverage(self, list_id: str, question: Question = EVERYTHING) -> Coverage:
        """See `Reader`."""
        reader = self.readers[0] if self._alone else self._holder(list_id)
        return reader.coverage(list_id, question)

    def refresh(self) -> Position:
        """Look whether the log has more; the last offset of each partition."""
        return Position({one.partition.partition: one.refresh() for one in self.readers})

    def records(self, company: str) -> list[Record]:
        """The events that count for a company, in the order in which they were taken in, each from
        where it was written: of copies, the originals."""
        found = list(self.known(company).records)
        copied = sorted({one.subject for one in found if COPY_OF in one.event})
        originals = {
            original.position: original
            for subject in copied
            for original in self.readers[self.home(subject)].log.of_subjects([subject])
        }
        whole = [originals.get("{}:{}".format(*one.origin), one) for one in found]
        return sorted(whole, key=lambda one: (one.recorded, one.partition, one.offset))
