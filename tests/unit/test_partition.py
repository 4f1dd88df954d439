"""Several partitions, each folded by itself, say in the end what one log says of every company."""

from collections import deque
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events import vocabulary as words
from events.dates import Instant, show
from events.kafka.first import Kept, sift
from events.log import Record
from projections import messages
from projections.partition import Copy, fold
from projections.population import Population
from tests.unit import crowds
from tests.unit.making import ENTITY, REGISTRY, at, issued, removed, retracted, tries
from tests.unit.test_population import Shelf, merged

Json = dict[str, Any]

HOMES = {"a": 0, "b": 1, "c": 2}
"""Where each company belongs; the clock's and the lists' events stand in the first partition."""


class Partition:
    """A partition, its log and whoever folds it."""

    def __init__(self, number: int, homes: dict[str, int]) -> None:
        self.number = number
        self.waiting: deque[tuple[Instant, Json]] = deque()
        self._kept = Kept()
        self._offset = 0
        self._clock = 0
        self.shelf = Shelf()
        self.population = Population(
            REGISTRY, self.shelf, owns=lambda company: homes[company] == number
        )

    def step(self) -> list[Copy]:
        """Take in the next event. Offsets have gaps, as in a log they may."""
        now, sent = self.waiting.popleft()
        self._clock = max(self._clock, now)
        self._offset += 2
        taken = sift([Record(self._offset, self._clock, sent, self.number)], self._kept)
        for one in taken.standing:
            self._kept.put(one)
            self.shelf.records.append(one.record)
        return fold(self.population, [one.record for one in taken.standing]).copies


class House:
    """Partitions, and the copies that go from one to another, as late as `hazard` has it."""

    def __init__(self, homes: dict[str, int], hazard: Random) -> None:
        self._homes = homes
        self._hazard = hazard
        self.partitions = [Partition(number, homes) for number in range(3)]
        self._now = 0

    def record(self, now: Instant, sent: Json) -> None:
        """An event is written; those who fold come as far as they come."""
        self._now = now
        self.partitions[self._homes.get(sent["subject"], 0)].waiting.append((now, sent))
        self.fold(self._hazard.randint(0, 3))

    def fold(self, steps: int = 1_000) -> None:
        """Let them go on, by so many events."""
        for _ in range(steps):
            busy = [one for one in self.partitions if one.waiting]
            if not busy:
                return
            for copy in self._hazard.choice(busy).step():
                home = self.partitions[self._homes[copy.company]]
                home.waiting.append((self._now, dict(copy.event)))

    def told(self, now: Instant) -> Json:
        """What is said in the end of each company."""
        self.fold()
        return {
            company: _told(self.partitions[home].population, company, now)
            for company, home in self._homes.items()
        }


def _told(population: Population, company: str, now: Instant) -> Json | str | None:
    population.pass_time(now)
    if company in population.parked:
        return "parked"
    if company in population.into:
        return population.into[company]
    kept = population.company(company)
    if not kept.history.entries:
        return None
    told = messages.standing(kept, now)
    del told["sequence"]  # each partition counts what it tells
    return told


def _standing(log: list[tuple[Instant, Json]]) -> list[Record]:
    """What stands of the same log in one partition, where everything is compared."""
    records = [Record(offset, *one) for offset, one in enumerate(log)]
    return [one.record for one in sift(records, Kept()).standing]


def _together(records: list[Record], now: Instant) -> Json:
    """What one population says of them all."""
    shelf = Shelf()
    population = Population(REGISTRY, shelf)
    for record in records:
        shelf.records.append(record)
        population.apply(record)
    return {company: _told(population, company, now) for company in HOMES}


def _with_ids(log: list[tuple[Instant, Json]]) -> list[tuple[Instant, Json]]:
    """Whole events, no two of one instant: of partitions, those have no order."""
    return [
        (now + number, {"id": f"x{number}", "source": "urn:test", **sent})
        for number, (now, sent) in enumerate(log)
    ]


@tries(150)
@given(crowds.logs(), st.randoms(use_true_random=False))
def test_however_late_copies_come(log: list[tuple[Instant, Json]], hazard: Random) -> None:
    """Chains and circles of merges, taken back and taken back again, wherever the events are."""
    records = _standing(_with_ids(log))
    house = House(HOMES, hazard)
    for one in records:
        house.record(one.recorded, dict(one.event))
    end = log[-1][0] + 100 * crowds.DAY
    assert house.told(end) == _together(records, end)


def _house(*log: tuple[str, Json]) -> House:
    house = House(HOMES, Random(0))  # noqa: S311 - no secret
    for when, sent in log:
        house.record(at(when), {"source": "urn:test", **sent})
    house.fold()
    return house


def _stored(house: House, partition: int) -> list[tuple[str, str | None, str | None]]:
    return [
        (one.id, one.event.get(words.COPY_OF), one.event.get("origintime"))
        for one in house.partitions[partition].shelf.records
    ]


def test_a_merge_forwards_what_there_is_and_what_comes_late() -> None:
    """Each copy with its id, its origin's position and the time at which that was taken in."""
    house = _house(
        ("2021-01-01", issued("2021-01-01", "i", ENTITY) | {"subject": "a"}),
        ("2021-01-02", merged("a", "b", "m")),
        ("2021-02-01", removed("2021-02-01", list_=ENTITY, id_="r") | {"subject": "a"}),
    )
    assert _stored(house, 1) == [
        ("i", "0:2", show(at("2021-01-01"))),
        ("m", "0:4", show(at("2021-01-02"))),
        ("r", "0:6", show(at("2021-02-01"))),
    ]
    told = house.told(at("2021-03-01"))
    assert (told["a"], told["b"]["status"]) == ("b", "removed")


def test_a_chain_hands_on_copies_of_copies_that_name_the_first() -> None:
    house = _house(
        ("2021-01-01", issued("2021-01-01", "i", ENTITY) | {"subject": "a"}),
        ("2021-01-02", merged("b", "c", "m2")),
        ("2021-01-03", merged("a", "b", "m1")),
    )
    assert ("i", "0:2", show(at("2021-01-01"))) in _stored(house, 2)
    assert house.told(at("2021-03-01"))["c"]["status"] == "designated"


def test_taking_a_merge_back_makes_the_copies_void() -> None:
    house = _house(
        ("2021-01-01", issued("2021-01-01", "i", ENTITY) | {"subject": "a"}),
        ("2021-01-02", merged("a", "b", "m")),
        ("2021-01-03", retracted("m", "t") | {"subject": "a"}),
        ("2021-01-04", removed("2021-01-04", list_=ENTITY, id_="r") | {"subject": "a"}),
    )
    assert [one[0] for one in _stored(house, 1)] == ["i", "m", "t"]
    told = house.told(at("2021-03-01"))
    assert (told["a"]["status"], told["b"]) == ("removed", None)


def test_a_circle_over_two_partitions_is_broken_alike_in_both() -> None:
    """Neither knows of the other's merge when it comes; the earlier one holds."""
    house = House(HOMES, Random(0))  # noqa: S311 - no secret
    for sent in (merged("b", "a", "m1"), merged("a", "b", "m2")):
        home = house.partitions[HOMES[sent["subject"]]]
        home.waiting.append((at("2021-01-01"), {"source": "urn:test", **sent}))
    house.fold()
    assert [one.population.into for one in house.partitions[:2]] == [{"a": "b"}, {"a": "b"}]


def test_that_time_passed_is_told_of_nobody_with_its_place() -> None:
    """In every partition, whoever else is told of."""
    shelf = Shelf()
    population = Population(REGISTRY, shelf, owns=lambda _: False)
    passing = {"type": words.TIME_PASSED, "subject": words.CLOCK_SUBJECT, "id": "t", "data": {}}
    brought = fold(population, [Record(7, at("2021-02-01"), passing, 1)])
    assert (brought.companies, brought.passed) == ([], True)
    place = messages.Place("1:7", at("2021-02-01"))
    told = messages.passed(place)
    assert (told.key, told.value) == (b"clock", None)
    assert dict(told.headers) == {"place": b"1:7", "ce_time": show(place.recorded).encode()}
