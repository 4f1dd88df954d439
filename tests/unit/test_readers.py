"""Several partitions asked as one: they say what one log says, and where a merge has not come to
the other partition yet, nothing that would read as clearance."""

from contextlib import ExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.dates import Instant
from events.errors import Refused, StandingError
from events.log import Position, Record
from projections.held import Held
from projections.reader import Question, Reader, Seat
from projections.readers import Readers
from projections.replay import replay
from projections.stores import Stores
from tests.unit import crowds
from tests.unit.making import CCMC, ENTITY, REGISTRY, at, issued, removed, retracted, tries
from tests.unit.test_partition import HOMES, House
from tests.unit.test_population import Shelf, merged

Json = dict[str, Any]
NOW = at("2030-01-01")


def home(subject: str) -> int:
    """As in the house."""
    return HOMES.get(subject, 0)


class World:
    """A house of three partitions, held on this machine."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.house = House(HOMES, Random(0))  # noqa: S311 - no secret
        self._count = 0
        self.held = [
            Held(folder / str(number), number, REGISTRY, lambda one, n=number: HOMES.get(one) == n)
            for number in range(3)
        ]
        for one in self.held:
            stack.callback(one.close)
        self.stores = Stores([one.store for one in self.held], home)
        self.readers = Readers(
            [
                Reader(one.mirror, REGISTRY, lambda: NOW, Seat(one.partition, 3))
                for one in self.held
            ],
            home,
        )

    def record(self, when: str, sent: Json, *, copies: bool = True) -> None:
        """An event is written, folded where it stands, and held here; its copies come at once, or
        wait."""
        self._count += 1
        written = {"id": f"x{self._count}", "source": "urn:test", **sent}
        there = self.house.partitions[home(sent["subject"])]
        there.waiting.append((at(when), written))
        for copy in there.step():
            self.house.partitions[HOMES[copy.company]].waiting.append((at(when), dict(copy.event)))
        if copies:
            self.house.fold()
        self.take()

    def take(self) -> None:
        """Hold what stands in the house."""
        for held, one in zip(self.held, self.house.partitions, strict=True):
            new = [record for record in one.shelf.records if record.offset > held.read]
            if new:
                held.take(new, new[-1].offset)

    def told(self, company: str, **question: str) -> tuple[str, str]:
        """Who answers for a company, and its status."""
        found = self.readers.status(company, Question(**question))
        return found["company"], found["status"]

    def everybody(self) -> dict[str, str | None]:
        """The status of each, by replay."""
        rows = replay(self.stores, self.readers, Question(), "2021-12-31")
        return {row.company: row.status for row in rows}


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """An empty one."""
    with ExitStack() as stack:
        yield World(tmp_path, stack)


def about(company: str, sent: Json) -> Json:
    """An event of another company."""
    return sent | {"subject": company}


def test_a_merge_that_the_other_partition_does_not_have_yet_is_passed_over(world: World) -> None:
    """The old company is told of by itself, everywhere; then the new one answers for it."""
    world.record("2021-01-01", about("a", issued("2021-01-01", "i", ENTITY)))
    world.record("2021-01-01", about("b", issued("2021-01-01", "j", CCMC)))
    world.record("2021-01-01", about("b", removed("2021-01-02", "r", list_=CCMC)))
    world.record("2021-01-02", merged("a", "b", "m"), copies=False)
    assert world.told("a") == ("a", "designated")
    assert world.told("b") == ("b", "removed")
    assert world.readers.waiting() == ["a"]
    assert world.everybody() == {"a": "designated", "b": "removed"}
    world.house.fold()
    world.take()
    assert world.told("a") == world.told("b") == ("b", "designated")
    assert world.readers.waiting() == []
    assert world.everybody() == {"b": "designated"}


def test_at_a_cut_at_which_it_had_not_come_it_is_passed_over_for_ever(world: World) -> None:
    world.record("2021-01-01", about("a", issued("2021-01-01", "i", ENTITY)))
    world.record("2021-01-02", merged("a", "b", "m"))
    before = str(Position({0: 4, 1: -1, 2: -1}))
    assert world.told("a", known_at=before) == ("a", "designated")
    assert world.told("a", known_at="2021-01-01") == ("a", "designated")
    assert world.told("a") == ("b", "designated")


def test_a_chain_over_three_partitions_waits_for_its_end(world: World) -> None:
    world.record("2021-01-01", about("a", issued("2021-01-01", "i", ENTITY)))
    world.record("2021-01-02", merged("b", "c", "m2"))
    world.record("2021-01-03", merged("a", "b", "m1"), copies=False)
    assert world.told("a") == ("a", "designated")
    world.house.fold()
    world.take()
    assert world.told("a") == ("c", "designated")
    world.record("2021-01-04", about("a", retracted("m1", "t")))
    assert world.told("a") == ("a", "designated")


def test_a_chain_that_comes_back_is_answered_at_home() -> None:
    """From one of ours over another's to one of ours."""
    homes = {"a": 0, "b": 1, "c": 0}
    readers = [_reader(number, homes, [merged("a", "b"), merged("b", "c")]) for number in (0, 1)]
    both = Readers(readers, lambda one: homes[one])
    assert both.seat("a") == (readers[0], Question())


def test_a_circle_that_is_not_known_from_both_sides_is_not_followed() -> None:
    homes = {"a": 0, "b": 1}
    readers = [
        _reader(0, homes, [merged("a", "b", "m1")]),
        _reader(1, homes, [merged("b", "a", "m2"), merged("a", "b", "m1")]),
    ]
    both = Readers(readers, lambda one: homes[one])
    reader, question = both.seat("a")
    assert (reader, question.apart) == (readers[0], frozenset("a"))


def _reader(number: int, homes: dict[str, int], sent: list[Json]) -> Reader:
    shelf = Shelf()
    shelf.records = [
        Record(offset, at("2021-01-01") + offset, {"id": f"m{offset}", **one}, number)
        for offset, one in enumerate(sent)
    ]
    return Reader(shelf, REGISTRY, lambda: NOW, Seat(number, len(set(homes.values()))))


@pytest.mark.parametrize("text", ["0:2", "0:2,1:0", "0:2,1:0,2:0,3:0", "0:2,1:0,2:0"])
def test_a_position_names_every_partition_and_nothing_that_is_not_there(
    world: World, text: str
) -> None:
    world.record("2021-01-01", about("a", issued("2021-01-01", "i", ENTITY)))
    for one in world.readers.readers:
        one.ends = lambda: Position({0: 2, 1: -1, 2: -1})
    with pytest.raises(Refused, match=r"known_at.*(each of 3 partitions|not written yet)"):
        world.told("a", known_at=text)


def test_the_log_of_a_company_has_originals_and_no_copies(world: World) -> None:
    world.record("2021-01-01", about("a", issued("2021-01-01", "i", ENTITY)))
    world.record("2021-01-02", merged("a", "b", "m"))
    world.record("2021-01-03", about("b", issued("2021-01-03", "j", CCMC)))
    assert [one.position for one in world.readers.records("b")] == ["0:2", "0:4", "1:6"]


@tries(60)
@given(crowds.logs(), st.randoms(use_true_random=False))
def test_in_the_end_they_say_what_one_log_says(
    log: list[tuple[Instant, Json]], hazard: Random
) -> None:
    """Of every company, whoever answers for it, and as of any date."""
    house = House(HOMES, hazard)
    shelf = Shelf()
    for number, (now, sent) in enumerate(log):
        event = {"id": f"x{number}", "source": "urn:test", **sent}
        house.record(now + number, event)
        if event["id"] not in {one.id for one in shelf.records}:
            shelf.records.append(Record(number, now + number, event))
    house.fold()
    with TemporaryDirectory() as folder, ExitStack() as stack:
        world = World(Path(folder), stack)
        world.house = house
        world.take()
        alone = Reader(shelf, REGISTRY, lambda: NOW)
        for company in HOMES:
            for question in (Question(), Question(as_of="2021-06-01")):
                told = [_told(one, company, question) for one in (world.readers, alone)]
                assert told[0] == told[1]


def _told(reader: Readers | Reader, company: str, question: Question) -> Any:
    try:
        found = reader.status(company, question)
    except StandingError as error:
        return str(error)
    del found["position"]
    return found
