"""All companies of a log: whose flip is next, and which company counts for which."""

from typing import Any

import pytest

from events.dates import NEVER
from events.log import Record
from projections.changes import Change
from projections.population import Population, is_about_a_company
from projections.timeline import Reading
from tests.unit.making import (
    ENTITY,
    REGISTRY,
    at,
    event,
    granted,
    issued,
    passed,
    record,
    removed,
    retracted,
    told,
)

Json = dict[str, Any]


class Shelf:
    """An archive in a list, of whatever stands in it."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def of_subjects(self, subjects: Any, *, to: int | None = None) -> list[Record]:
        return [one for one in self._upto(to) if one.subject in subjects]

    def of_type(self, event_type: str, *, to: int | None = None) -> list[Record]:
        return [one for one in self._upto(to) if one.type == event_type]

    def subjects(self, *, after: int, to: int) -> list[str]:
        return [one.subject for one in self.records if after < one.offset <= to]

    def end(self) -> int:
        return self.records[-1].offset if self.records else -1

    def _upto(self, to: int | None) -> list[Record]:
        return [one for one in self.records if to is None or one.offset <= to]


class World:
    """A population, and the log that drives it."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.population = Population(REGISTRY, self.shelf)

    def record(self, when: str, sent: Json, subject: str | None = None) -> list[Change]:
        """Take one more record in. Offsets have gaps, as in a log they may."""
        if subject is not None:
            sent = {**sent, "subject": subject}
        one = record(sent, 2 * len(self.shelf.records), when)
        self.shelf.records.append(one)
        return self.population.apply(one)


def merged(old: str, into: str, id_: str = "merge") -> Json:
    """A merge."""
    return event("company.merged", id_, old, into=into)


def short(changes: list[Change]) -> list[tuple[str, str, int, str, str]]:
    """Company, kind, sequence, status before and after."""
    return [
        (one.company, one.kind, one.sequence, one.before.status, one.after.status)
        for one in changes
    ]


def test_flips_of_all_companies_come_in_order_before_the_records_own_change() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-02-02", "i", ENTITY), "b")
    world.record("2021-01-01", issued("2021-02-01", "j", ENTITY), "a")
    assert told(world.population.due) == "2021-02-01"
    changes = world.record("2021-03-01", removed("2021-03-01", list_=ENTITY), "a")
    assert [(one.company, one.after.status) for one in changes if one.kind == "changed"] == [
        ("a", "designated"),
        ("b", "designated"),
        ("a", "removed"),
    ]
    assert world.population.due == NEVER


def test_the_alarm_lets_flips_be_told_and_is_no_company() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-02-01", list_=ENTITY))
    (flip,) = world.record("2021-02-01T00:00:01-05:00", passed("2021-02-01T05:00:00Z"))
    assert told(flip.recorded) == "2021-02-01"
    assert world.population.position == 2


def test_a_flip_that_was_called_off_is_not_told() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-02-01", list_=ENTITY))
    world.record("2021-01-02", retracted("issued"))
    assert world.population.due == NEVER
    assert world.record("2021-03-01", passed("2021-02-01T05:00:00Z")) == []


def test_a_flip_that_moved_is_told_where_it_is_now() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-02-01", "a", ENTITY))
    world.record("2021-01-02", issued("2021-03-01", "b", ENTITY, replaces="a"))
    assert told(world.population.due) == "2021-03-01"
    (flip,) = world.record("2021-04-01", passed("2021-02-01T05:00:00Z"))
    assert told(flip.moment) == "2021-03-01"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("acme", True), ("clock", False), ("list:us-dod-ccmc", False), ("clockwork", True)],
)
def test_lists_and_the_clock_are_no_companies(subject: str, *, expected: bool) -> None:
    assert is_about_a_company(record({**issued("2021"), "subject": subject})) is expected


# --- merges ---------------------------------------------------------------------------------------


def test_a_merge_hands_the_standing_over() -> None:
    world = World()
    world.record("2021-01-02", issued("2021-01-01", list_=ENTITY), "old")
    changes = world.record("2021-02-01", merged("old", "new"))
    assert short(changes) == [("new", "changed", 1, "not_listed", "designated")]
    assert changes[0].cause == ("merge",)
    assert world.population.into == {"old": "new"}


def test_later_events_of_the_old_company_count_for_the_new_one() -> None:
    world = World()
    world.record("2021-01-01", merged("old", "new"))
    changes = world.record("2021-01-02", issued("2021-01-01", list_=ENTITY), "old")
    assert short(changes) == [("new", "changed", 1, "not_listed", "designated")]


def test_a_merged_company_hears_no_more_of_time() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-03-01", list_=ENTITY), "old")
    world.record("2021-01-02", merged("old", "new"))
    changes = world.record("2021-04-01", passed("2021-03-01T05:00:00Z"))
    assert short(changes) == [("new", "changed", 3, "scheduled", "designated")]


def test_a_chain_leads_to_the_end() -> None:
    world = World()
    world.record("2021-01-02", issued("2021-01-01", list_=ENTITY), "a")
    world.record("2021-01-03", merged("a", "b", "m1"))
    changes = world.record("2021-01-04", merged("b", "c", "m2"))
    assert short(changes) == [("c", "changed", 1, "not_listed", "designated")]
    (noted,) = world.record("2021-01-05", granted("2020", list_=ENTITY), "a")
    assert noted.company == "c"


def test_retracting_a_merge_gives_everything_back() -> None:
    world = World()
    world.record("2021-01-02", issued("2021-01-01", list_=ENTITY), "old")
    world.record("2021-02-01", merged("old", "new"))
    world.record("2021-02-02", granted("2021-02-02", list_=ENTITY), "old")
    changes = world.record("2021-03-01", retracted("merge"), "old")
    assert short(changes) == [
        ("new", "changed", 2 + 1, "enjoined", "not_listed"),
        ("new", "corrected", 4, "enjoined", "not_listed"),
        ("old", "changed", 2, "designated", "enjoined"),
        ("old", "corrected", 3, "designated", "enjoined"),
    ]
    assert world.population.into == {}


def test_time_that_passed_while_it_was_merged_is_made_up_for() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-03-01", list_=ENTITY), "old")
    world.record("2021-01-02", merged("old", "new"))
    world.record("2021-04-01", passed("2021-03-01T05:00:00Z"))
    changes = world.record("2021-05-01", retracted("merge"), "old")
    mine = [one for one in changes if one.company == "old"]
    assert (mine[0].kind, mine[0].before.status, mine[0].after.status) == (
        "changed",
        "scheduled",
        "designated",
    )


def test_a_record_about_a_merge_that_changes_nothing_is_taken_in_and_its_flips_come() -> None:
    world = World()
    world.record("2021-01-01", merged("old", "new", "m1"))
    world.record("2021-01-02", merged("old", "new", "m2"))
    world.record("2021-01-03", issued("2021-03-01", "i", ENTITY, replaces="m1"), "old")
    assert told(world.population.due) == "2021-03-01"
    (flip,) = world.record("2021-04-01", passed("2021-03-01T05:00:00Z"))
    assert (flip.company, flip.after.status) == ("new", "designated")


def test_a_merge_into_a_company_that_is_not_known_yet() -> None:
    world = World()
    assert world.record("2021-01-01", merged("old", "new")) == []
    assert world.population.into == {"old": "new"}


# --- restored, parked, let go ---------------------------------------------------------------------


def test_a_population_that_begins_in_the_middle_of_a_log_goes_on() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-03-01", list_=ENTITY), "old")
    world.record("2021-01-02", merged("old", "new"))
    again = Population(
        REGISTRY,
        world.shelf,
        position=world.population.position,
        clock=world.population.clock,
        sequence_of={"old": 2, "new": 2}.__getitem__,
        dues=[(at("2021-03-01"), "new")],
    )
    (flip,) = again.pass_time(at("2021-04-01"))
    assert (flip.company, flip.sequence, flip.after) == (
        "new",
        3,
        Reading("designated", None, ("export.license",)),
    )
    assert again.company("old").due == NEVER


POISON = event("removal.issued", "poison", list=ENTITY, effective="2021")
"""An event that lacks what its type needs; the door would not have let it in."""


def test_a_poison_event_parks_its_company_and_its_neighbours_go_on() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-02-01", "i", ENTITY), "acme")
    assert world.record("2021-01-02", POISON) == []
    assert world.population.parked == {"acme": "KeyError: 'how'"}
    changes = world.record("2021-03-01", issued("2021-03-01", "j", ENTITY), "other")
    assert [one.company for one in changes] == ["other"]
    assert world.record("2021-03-02", removed("2021-03-02", list_=ENTITY)) == []


def test_what_is_kept_of_a_parked_company_is_why_and_how_far_it_came() -> None:
    world = World()
    world.record("2021-01-02", POISON)
    kept = world.population.folded("acme", [], sequence=7)
    assert (kept.row.sequence, kept.row.due, kept.row.parked) == (7, NEVER, "KeyError: 'how'")
    assert kept.standings == []


def test_companies_that_were_let_go_come_back_as_they_were() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-03-01", list_=ENTITY), "acme")
    for number in range(4_100):
        world.population.company(f"c{number}")
    before = world.population.company("acme")
    for number in range(4_100):
        world.population.company(f"d{number}")
    world.population.let_go()
    after = world.population.company("acme")
    assert after is not before
    assert after.due == before.due == at("2021-03-01")


def test_a_merge_that_names_nobody_parks_its_company_and_no_other() -> None:
    """It may stand in a log on Kafka, whose producers hold it against no model. Whoever begins
    with it there goes on."""
    world = World()
    world.record("2021-01-01", issued("2021-01-01", "i", ENTITY), "poor")
    world.record("2021-01-02", event("company.merged", "m0", "poor"))
    why = "ValueError: a merge names the company that it is into"
    assert world.population.parked == {"poor": why}
    changes = world.record("2021-01-03", issued("2021-01-03", "j", ENTITY), "old")
    changes += world.record("2021-01-04", merged("old", "new"))
    assert ("new", "changed", 1, "not_listed", "designated") in short(changes)
    again = Population(
        REGISTRY, world.shelf, position=world.population.position, parked=world.population.parked
    )
    assert again.into == {"old": "new"}
