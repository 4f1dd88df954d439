"""A partition folded again, company by company: what is published of it and should read otherwise.

The fold is the fast one, which tells no changes: what was told stays told. Where events may be each
other's affair (the same id twice, an id of another company, merges), they are compared as
`events.kafka.first` does, and folded as a worker does; mostly nothing of that is so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from events import vocabulary as words
from events.companies import Description, describe, named, plain_name
from events.dates import ALWAYS, NEVER, Instant
from events.kafka.binding import MALFORMED, decode, decode_ours
from events.kafka.first import Kept, sift
from events.kafka.partitioner import partition_of
from events.kafka.spool import HEAPS, Row, Spool, heap_of
from events.kafka.undisputed import undisputed
from events.lists import Registry
from events.log import Record
from events.vocabulary import CLOCK_SUBJECT, COPY_OF
from projections import messages
from projections.bonds import Bonds, Gathered, named_by
from projections.company import Company, next_due
from projections.history import standing_plainly
from projections.messages import CURRENT, Message, Place, Standing
from projections.partition import fold
from projections.population import Population, is_a_company
from projections.revision import revision_of
from projections.store import Mark
from projections.timeline import Timeline

Say = Callable[[int, Place], Message]
"""A status of a company, given its sequence and how far its partition was folded."""
_made = tuple.__new__
_DEEP = 200
"""Brackets in an event, from which on it is looked closely whether it can be kept at all: what is
nested deeper than 254 cannot be written."""
_DEEP_BYTES = 2 * 254


class Said(NamedTuple):
    """What is published of a company: the latest message with its key. Without a value, a
    tombstone; `offset` and `sequence` are -1 where it does not say what a status has to."""

    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    kind: str
    event_id: str
    offset: int
    clock: Instant
    sequence: int


class Goal(NamedTuple):
    """Up to where everything is folded."""

    partition: int
    position: int
    clock: Instant
    generation: int
    """Of what other rules changed."""

    @property
    def place(self) -> Place:
        """As messages name it."""
        return Place(f"{self.partition}:{self.position}", self.clock)


class Differing(NamedTuple):
    """What is to be published of a company, with the changes of which nobody was told. Valid up to
    the moment `due`."""

    key: bytes
    status: Message
    told: Sequence[Message] = ()
    due: Instant = NEVER


class Anew:
    """What was read of a partition into a folder, and what it comes to."""

    def __init__(self, registry: Registry, partition: int, partitions: int, folder: Path) -> None:
        self.events = Spool(folder / "events")
        self.said = Spool(folder / "said")
        self.bonds = Bonds()
        self.nobody: set[bytes] = set()
        """Those of whom something is published and nothing is in the log, as far as they are not
        bound up with others."""
        self.missing: set[bytes] = set()
        """Those of whom nothing is published, or nothing that says their sequence."""
        self.sequences: dict[bytes, int] = {}
        """Of these, as far as it was found out."""
        self._registry = registry
        self._partition = partition
        self._partitions = partitions
        self._moved: set[int] = set()

    # --- companies by themselves -------------------------------------------------------------

    def alone(
        self,
        number: int,
        goal: Goal,
        only: set[bytes] | None = None,
        told: Callable[[int], None] = lambda _: None,
    ) -> Iterator[Differing]:
        """The companies of a heap whose published statuses should be others, or `only` those of
        these; of some of them, in vain, as they turn out to be bound up with others."""
        said = self._said(number)
        rows = _by_key(self.events.heap(number), only)
        for key, some in rows.items():
            told(len(some))
            company = key.decode(errors="replace")
            records, plain = self._standing(key, company, some, first=only is None)
            if records and is_a_company(company):
                one = self._differing(company, records, said.pop(key, None), goal, plain=plain)
                if one is not None:
                    yield one
        left = said if only is None else only.intersection(said)
        self.nobody.update(key for key in left if said[key].value is not None)

    def _said(self, number: int) -> dict[bytes, Said]:
        return {row[0]: _made(Said, row) for row in self.said.heap(number)}

    def _standing(
        self, key: bytes, company: str, rows: Sequence[Row], *, first: bool
    ) -> tuple[list[Record], bool]:
        """The records that stand, and whether they take nothing back; nothing of a company that
        is bound up with others."""
        records = self._records(key, company, rows)
        ids: set[str] = set()
        found = undisputed([one[2] for one in records], ids)
        if found is not None and not any(
            _deep(row[3]) for row in rows if len(row[3]) > _DEEP_BYTES
        ):
            others, plain = found
        else:
            plain = False
            merges = [one for one in records if one.type == words.MERGED]
            self.bonds.pairs += [
                frozenset({key, (named(one) or company).encode()}) for one in merges
            ]
            ids = {one.id for one in records}
            others = [one for record in records for one in named_by(record.event)]
            records = [] if merges else [one.record for one in sift(records, Kept()).standing]
        self.bonds.foreign += [hash(one) for one in others if one not in ids]
        if first:
            self.bonds.ids.extend(map(hash, ids))
        return records, plain

    def _records(self, key: bytes, company: str, rows: Sequence[Row]) -> list[Record]:
        partition = self._partition
        home = partition_of(company, self._partitions) == partition or company == CLOCK_SUBJECT
        records: list[Record] = []
        for _, offset, recorded, value, headers in rows:
            event = decode_ours(key, value) if headers is None else decode(key, value, headers)
            if type(event) is not dict:
                continue
            if event["subject"] != company:
                self._astray(event, offset, recorded, value, headers)
            elif home or COPY_OF in event:
                records.append(_made(Record, (offset, recorded, event, partition)))
        return records

    def _astray(self, event: Mapping[str, Any], offset: int, *rest: Any) -> None:
        """A message whose key is not its subject is put where it belongs, and that is looked at
        once more."""
        if offset not in self._moved:
            self._moved.add(offset)
            subject = event["subject"].encode()
            self.events.put([(subject, offset, *rest)], 0)
            self.bonds.pairs.append(frozenset({subject}))
            self.bonds.ids.append(hash(event["id"]))

    def _differing(
        self,
        company: str,
        records: Sequence[Record],
        said: Said | None,
        goal: Goal,
        *,
        plain: bool,
    ) -> Differing | None:
        if said is not None and said.value is not None and said.kind == CURRENT:
            try:
                known = self._known(company, records, plain=plain)
                changed = _Changed(known.timelines, lambda: describe(records, company))
                return self._compared(company, known.message, changed, said, goal)
            except Exception:  # noqa: BLE001, S110 - as live: what is wrong with it is found out below
                pass
        say = self._live(company, records, goal)
        return self._compared(company, say, None, said, goal)

    def _known(self, company: str, records: Sequence[Record], *, plain: bool) -> Standing:
        if not plain:
            return messages.known(Company(company, self._registry, records))
        timelines = standing_plainly(records, self._registry)
        name = plain_name(records)
        return Standing(company, self._registry, name, timelines.keys(), timelines)

    def _live(self, company: str, records: Sequence[Record], goal: Goal) -> Say:
        """As a worker folds it, record by record, also where that fails."""
        registry = self._registry
        kept = Company(company, registry)
        try:
            for record in records:
                kept.pass_time(record.recorded)
                kept.apply(record)
            kept.pass_time(goal.clock)
            messages.current(kept, goal.place)
        except Exception as error:  # noqa: BLE001 - a company is parked, its neighbours go on
            why = f"{type(error).__name__}: {error}"
            return lambda sequence, place: messages.parked(company, why, sequence, registry, place)

        def say(sequence: int, place: Place) -> Message:
            kept.sequence = sequence
            return messages.current(kept, place)

        return say

    # --- what is published -------------------------------------------------------------------

    def _compared(
        self, company: str, say: Say, changed: "_Changed | None", said: Said | None, goal: Goal
    ) -> Differing | None:
        """Nothing where it is published as it should be, for the place that it says."""
        key = company.encode()
        due = NEVER if changed is None else next_due(changed.timelines.values(), goal.clock)
        if said is None or said.value is None or said.sequence < 0:
            new = say(self.sequences.get(key, 0), goal.place)
            if new.value is None and (said is None or said.value is None):
                return None
            self.missing.add(key)
            return Differing(key, new, (), ALWAYS)
        position = f"{self._partition}:{said.offset}"
        sequence, told = said.sequence, list[Message]()
        if said.event_id == messages.status_id(said.kind, company, position, self._registry):
            if say(said.sequence, Place(position, said.clock)) == (key, said.value, said.headers):
                return None
        elif changed is not None:
            new = say(sequence, goal.place)
            if _lists(new.value) == _lists(said.value):  # mostly; then nothing is told
                return Differing(key, new, (), due)
            sequence, told = self._revised(said, changed, goal)
        return Differing(key, say(sequence, goal.place), told, due)

    def _revised(self, said: Said, changed: "_Changed", goal: Goal) -> tuple[int, list[Message]]:
        """What other rules changed, and the sequence that is reached by it."""
        mark = Mark(goal.position, goal.clock)
        try:
            told = orjson.loads(said.value or b"")
            found = revision_of(
                told, changed.timelines, self._registry, mark, goal.generation
            ).changes(said.sequence)
            changes = list(found)
        except MALFORMED:  # what is no status was told to nobody
            return said.sequence, []
        described = changed.describe() if changes else messages.UNKNOWN
        return said.sequence + len(changes), [
            messages.change(one, self._registry, self._partition, described) for one in changes
        ]

    def arrived(self, rows: Iterable[Row]) -> None:
        """Take in what came behind what was folded."""
        self.bonds.foreign.clear()  # of these it is known already
        for key, some in _by_key(rows, None).items():
            records = self._records(key, key.decode(errors="replace"), some)
            self.bonds.ids.extend([hash(one.id) for one in records])

    # --- companies together ------------------------------------------------------------------

    def suspected(self) -> None:
        """Find out whose the ids are that may concern several companies."""
        suspects = self.bonds.suspects()
        if not suspects:
            return
        whose: dict[int, set[bytes]] = {}
        for number in range(HEAPS):
            for key, rows in _by_key(self.events.heap(number), None).items():
                for record in self._records(key, key.decode(errors="replace"), rows):
                    about = {record.id, *named_by(record.event)}
                    for one in suspects.intersection(map(hash, about)):
                        whose.setdefault(one, set()).add(key)
        self.bonds.pairs += map(frozenset, whose.values())

    def together(self, group: Iterable[bytes], goal: Goal) -> Iterator[Differing]:
        """Companies that are bound up with each other: folded as a worker does."""
        said, records = self._gathered(set(group))
        stand = [one.record for one in sift(records, Kept()).standing]
        population = Population(self._registry, Gathered(stand), owns=self._owns)
        concerned = {key.decode(errors="replace") for key in said}
        for record in stand:
            concerned.update(fold(population, [record]).companies)
        population.pass_time(goal.clock)
        for company in sorted(filter(is_a_company, concerned)):
            one = self._of(population, company, said.get(company.encode()), goal)
            if one is not None:
                yield one._replace(due=ALWAYS)

    def _of(
        self, population: Population, company: str, said: Said | None, goal: Goal
    ) -> Differing | None:
        changed = None
        if company not in population.parked and company not in population.into:
            kept = population.company(company)
            changed = _Changed(kept.timelines, lambda: kept.description)

        def say(sequence: int, place: Place) -> Message:
            if changed is not None:
                population.company(company).sequence = sequence
            return messages.status(population, company, place, sequence)

        return self._compared(company, say, changed, said, goal)

    def _gathered(self, keys: set[bytes]) -> tuple[dict[bytes, Said], list[Record]]:
        said: dict[bytes, Said] = {}
        records: list[Record] = []
        for number in {heap_of(key) for key in keys}:
            published = self._said(number)
            said |= {key: published[key] for key in keys & published.keys()}
            for key, rows in _by_key(self.events.heap(number), keys).items():
                records += self._records(key, key.decode(errors="replace"), rows)
        return said, sorted(records, key=attrgetter("offset"))

    def _owns(self, company: str) -> bool:
        return partition_of(company, self._partitions) == self._partition


class _Changed(NamedTuple):
    """A company of which changes can be told."""

    timelines: Mapping[str, Timeline]
    describe: Callable[[], Description]


def _by_key(rows: Iterable[Row], only: set[bytes] | None) -> dict[bytes, list[Row]]:
    found: dict[bytes, list[Row]] = {}
    for row in rows:
        key = row[0]
        if only is None or key in only:
            mine = found.get(key)
            if mine is None:
                found[key] = [row]
            else:
                mine.append(row)
    return found


def _lists(status: bytes | None) -> bytes:
    """What a status says of the lists: its end."""
    return (status or b"").partition(b',"lists":')[2]


def _deep(value: bytes) -> bool:
    return value.count(b"[") + value.count(b"{") > _DEEP
