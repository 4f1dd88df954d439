"""A partition folded again from its messages: what is published right is left alone, and what is
not is put right."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.dates import Instant
from events.kafka.binding import decode
from events.kafka.first import Kept, sift
from events.kafka.partitioner import partition_of
from events.kafka.spool import HEAPS, Row
from events.lists import Registry
from events.log import Record
from events.vocabulary import COPY_OF
from projections import messages
from projections.anew import Anew, Differing, Goal, Said
from projections.messages import Message, Place
from projections.partition import fold
from projections.population import Population
from projections.sources import place_of
from tests.unit import crowds
from tests.unit.making import REGISTRY, tries
from tests.unit.test_population import Shelf

Json = dict[str, Any]
Log = list[tuple[Instant, Json]]
BEGUN = 1_600_000_000_000_000
_SORTED = orjson.OPT_SORT_KEYS


@st.composite
def disputed(draw: st.DrawFn) -> Log:
    """A crowd, some of whose events are told twice, or under the id of another."""
    log = draw(crowds.logs())
    told: Log = []
    for number, (now, one) in enumerate(log):
        event = {"id": f"x{number}", "source": "urn:test", **one}
        told.append((now, event))
        match draw(st.integers(0, 11)):
            case 0:
                told.append((now, event))
            case 1:
                told.append((now, {key: said for key, said in event.items() if key != "id"}))
            case 2:
                told.append((now, {**draw(st.sampled_from(told))[1], "subject": "b"}))
            case 3:
                told.append((now, {**event, "id": f"again{number}"}))
    return told


class Partition:
    """The first partition of some, folded record by record and published after each."""

    def __init__(self, log: Log, partitions: int, registry: Registry = REGISTRY) -> None:
        self.partitions = partitions
        self.rows: list[Row] = []
        self.published: dict[bytes, tuple[Message, Place, int]] = {}
        self.place = Place("0:-1", 0)
        shelf, kept = Shelf(), Kept()
        self.population = Population(registry, shelf, owns=self.owns)
        self.sequences: dict[str, int] = {}
        for number, (now, sent) in enumerate(log):
            offset, recorded = 2 * number + 1, now - now % 1_000
            value = orjson.dumps({"specversion": "1.0", **sent})
            key = sent["subject"].encode()
            self.rows.append((key, offset, recorded, value, None))
            event = decode(key, value, ())
            if not isinstance(event, dict) or not (self.owns(sent["subject"]) or COPY_OF in event):
                continue
            found = sift([Record(offset, recorded, event, 0)], kept)
            for one in found.standing:
                kept.put(one)
                shelf.records.append(one.record)
                brought = fold(self.population, [one.record])
                for told in brought.told:
                    self.sequences[told.change.company] = told.change.sequence
                self.place = Place(f"0:{offset}", recorded)
                for company in brought.companies:
                    sequence = self.sequences.get(company, 0)
                    self.published[company.encode()] = (
                        messages.status(self.population, company, self.place, sequence),
                        self.place,
                        sequence,
                    )

    def owns(self, company: str) -> bool:
        return partition_of(company, self.partitions) == 0

    @property
    def goal(self) -> Goal:
        return Goal(0, int(self.place.position.partition(":")[2]), self.place.recorded, 1)

    def now(self) -> dict[bytes, Message]:
        """Everybody's status as of the end."""
        return {
            key: messages.status(
                self.population, key.decode(), self.place, self.sequences.get(key.decode(), 0)
            )
            for key in self.published
        }

    @contextmanager
    def anew(self, *without: bytes, registry: Registry = REGISTRY) -> Iterator[Anew]:
        """What was read of it, `without` the statuses of some."""
        with TemporaryDirectory() as folder:
            anew = Anew(registry, 0, self.partitions, Path(folder))
            half = len(self.rows) // 2
            anew.events.put(self.rows[:half], 2**30)  # which goes to the disk
            anew.events.put(self.rows[half:], 0)
            for key, (message, place, sequence) in self.published.items():
                if key not in without:
                    anew.said.put([tuple(_said(message, place, sequence))], 0)
            anew.sequences = {one.encode(): last for one, last in self.sequences.items()}
            yield anew


def _said(message: Message, place: Place, sequence: int) -> Said:
    headers = dict(message.headers)
    kind, event_id = (headers.get(name, b"").decode() for name in ("ce_type", "ce_id"))
    offset = int(place.position.partition(":")[2])
    key, value, marks = message
    return Said(key, value, marks, kind, event_id, offset, place.recorded, sequence)


def _found(anew: Anew, goal: Goal) -> dict[bytes, Differing]:
    found = {one.key: one for number in range(HEAPS) for one in anew.alone(number, goal)}
    anew.suspected()
    for group in anew.bonds.groups():
        found = {key: one for key, one in found.items() if key not in group}
        anew.nobody -= group
        found |= {one.key: one for one in anew.together(group, goal)}
    assert not anew.nobody
    return found


@tries(150)
@given(disputed(), st.integers(1, 3))
def test_what_is_published_right_is_left_alone(log: Log, partitions: int) -> None:
    """Flips, merges, repeats and conflicts, and statuses that were published at any time."""
    partition = Partition(log, partitions)
    with partition.anew() as anew:
        assert _found(anew, partition.goal) == {}


@tries(150)
@given(disputed(), st.integers(1, 3))
def test_what_is_lost_is_told_again(log: Log, partitions: int) -> None:
    """As a worker would tell it."""
    partition = Partition(log, partitions)
    with partition.anew(*partition.published) as anew:
        found = _found(anew, partition.goal)
    wanted = {key: one for key, one in partition.now().items() if one.value is not None}
    assert {key: one.status for key, one in found.items()} == wanted


@tries(75)
@given(disputed(), st.integers(1, 3))
def test_under_other_rules_all_is_as_a_worker_with_these_tells_it(
    log: Log, partitions: int
) -> None:
    """The fold that looks at no more than it must comes to the same bytes as record by record."""
    other = Registry({one.id: one for one in REGISTRY}, "other")
    partition = Partition(log, partitions)
    with partition.anew(registry=other) as anew:
        found = _found(anew, partition.goal)
    wanted = Partition(log, partitions, other).now()
    assert not any(one.told for one in found.values())
    assert {key: one.status for key, one in found.items()} == {
        key: one for key, one in wanted.items() if one.value is not None
    }


@tries(25)
@given(disputed(), st.text())
def test_the_place_of_a_status_is_read_from_its_beginning(log: Log, name: str) -> None:
    """As whoever reads all of it has it."""
    for message, place, sequence in Partition(log, 1).published.values():
        if message.value is not None:
            told = {**orjson.loads(message.value), "name": name}
            offset = int(place.position.partition(":")[2])
            for value in (message.value, orjson.dumps(told), orjson.dumps(told, option=_SORTED)):
                assert place_of(value) == (message.key, 0, offset, sequence)
