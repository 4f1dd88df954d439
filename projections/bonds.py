"""Companies that are bound up with each other, as one merges into the other or an id may concern
both; and their records, taken together."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from events.log import Archive, Record


@dataclass
class Bonds:
    """Companies that are to be folded together, and how they were found."""

    pairs: list[frozenset[bytes]] = field(default_factory=list)
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    """The hash of each id of each company: equal ones may be equal ids."""
    foreign: list[int] = field(default_factory=list)
    """Hashes of the ids that events name and their companies do not have."""

    def suspects(self) -> set[int]:
        """The hashes of ids that may concern more than one company."""
        seen = set(self.ids)
        found = seen.intersection(self.foreign)
        if len(seen) < len(self.ids):
            once: set[int] = set()
            for one in self.ids:
                (found if one in once else once).add(one)
        return found

    def groups(self) -> list[frozenset[bytes]]:
        """Each with all that it is bound up with, over chains."""
        found: dict[bytes, frozenset[bytes]] = {}
        for pair in self.pairs:
            group = pair.union(*(found.get(one, frozenset()) for one in pair))
            found.update(dict.fromkeys(group, group))
        return sorted(set(found.values()), key=min)


class Gathered(Archive):
    """Records in memory, in log order."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._of: dict[str, list[Record]] = {}
        for one in records:
            self._of.setdefault(one.subject, []).append(one)

    def of_subjects(self, subjects: Sequence[str], *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        found = [one for subject in set(subjects) for one in self._of.get(subject, ())]
        found = [one for one in found if to is None or one.offset <= to]
        return sorted(found, key=attrgetter("offset"))

    def of_type(self, event_type: str, *, to: int | None = None) -> list[Record]:
        """See `Archive`."""
        return [one for one in self._up_to(to) if one.type == event_type]

    def subjects(self, *, after: int, to: int) -> list[str]:
        """See `Archive`."""
        return sorted({one.subject for one in self._up_to(to) if one.offset > after})

    def end(self) -> int:
        """See `Archive`."""
        return self._records[-1].offset if self._records else -1

    def _up_to(self, to: int | None) -> Iterator[Record]:
        return (one for one in self._records if to is None or one.offset <= to)


def named_by(event: Mapping[str, Any]) -> list[str]:
    """The ids that an event may name as those that it takes back."""
    named_by = (event["data"].get("event"), event["data"].get("replaces"))
    return [one for one in named_by if isinstance(one, str)]
