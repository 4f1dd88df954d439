"""Questions to a log, and how they are refused."""

import asyncio
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from events.dates import Instant
from events.door import admit
from events.errors import Refused, UnknownCompany
from events.lists import Registry, load_registry
from events.memory_log import MemoryEventLog
from projections.reader import Question, Reader
from tests.unit.making import CCMC, ENTITY, REGISTRY, at, event, issued, removed, retracted

Json = dict[str, Any]
NOW = at("2021-04-01")


class World:
    """A log, its clock, and a reader of it."""

    def __init__(self, registry: Registry = REGISTRY) -> None:
        self.now: Instant = at("2021-01-20")
        self.registry = registry
        self.log = MemoryEventLog(lambda: self.now)
        self.reader = Reader(self.log, registry, lambda: NOW)

    def record(self, *sent: Json, when: str | None = None) -> None:
        """Append events at a time."""
        self.now = at(when) if when else self.now
        receipts = asyncio.run(self.log.append([admit(one, self.registry) for one in sent]))
        assert {one.outcome for one in receipts} == {"recorded"}

    def ask(self, company: str = "acme", *lists: str, **cuts: str) -> Json:
        """The answer to a question."""
        return self.reader.status(company, Question(lists, **cuts))


def listed() -> World:
    """A world in which a company is on two lists."""
    world = World()
    world.record(
        event("company.described", name="Acme"),
        issued("2021-01-14", "a"),
        issued("2021-01-15", "b", ENTITY),
    )
    return world


def test_an_answer_says_what_was_asked_and_what_stands() -> None:
    answer = listed().ask(as_of="2021-04-01")
    lists = answer.pop("lists")
    assert answer == {
        "company": "acme",
        "name": "Acme",
        "as_of": "2021-04-01T23:59:59.999999-04:00",
        "announced_by": None,
        "known_at": None,
        "position": "0:2",
        "status": "designated",
        "restrictions": [
            {
                "kind": "export.license",
                "lists": [ENTITY],
                "events": ["b"],
                "from": "2021-01-15T00:00:00-05:00",
            },
            {
                "kind": "investment.purchase",
                "lists": [CCMC],
                "events": ["a"],
                "from": "2021-03-15T09:30:00-04:00",
            },
        ],
        "upcoming": [
            {
                "kind": "investment.hold",
                "lists": [CCMC],
                "events": ["a"],
                "from": "2022-01-14T00:00:00-05:00",
            }
        ],
        "ownership": "not_evaluated",
    }
    assert [one["list"] for one in lists] == sorted([ENTITY, CCMC])


def test_without_as_of_it_is_now() -> None:
    assert listed().ask()["as_of"] == "2021-04-01T00:00:00-04:00"


def test_the_cut_offs_are_told_as_they_were_read() -> None:
    answer = listed().ask(as_of="2021", announced_by="2021-02", known_at="2021-03-01T00:00:00Z")
    assert answer["as_of"] == "2021-12-31T23:59:59.999999-05:00"
    assert answer["announced_by"] == "2021-02-28T23:59:59.999999-05:00"
    assert answer["known_at"] == "2021-02-28T19:00:00-05:00"
    assert listed().ask(known_at="0:1")["known_at"] == "0:1"


def test_asked_for_one_list_the_answer_is_of_that_list() -> None:
    answer = listed().ask("acme", ENTITY, as_of="2021-04")
    assert [one["list"] for one in answer["lists"]] == [ENTITY]
    assert [one["kind"] for one in answer["restrictions"]] == ["export.license"]


def test_a_list_without_the_company_is_answered_where_it_was_asked_for() -> None:
    answer = listed().ask("acme", "us-ofac-sdn")
    assert answer["status"] == "not_listed"
    assert answer["lists"][0]["covered"] is False


def test_a_list_on_which_nothing_counts_any_more_is_not_told() -> None:
    world = listed()
    world.record(retracted("b"))
    assert [one["list"] for one in world.ask()["lists"]] == [CCMC]


def test_a_company_on_no_list_is_told_in_utc() -> None:
    world = World()
    world.record(event("company.described", name="Acme"))
    answer = world.ask(as_of="2021-04-01")
    assert (answer["as_of"], answer["lists"]) == ("2021-04-01T23:59:59.999999+00:00", [])
    assert answer["status"] == "not_listed"


def test_lists_in_several_zones_are_each_read_in_their_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'version = "1"\n[[list]]\nid = "jp-test"\nname = "n"\nauthority = "a"\nzone = "Asia/Tokyo"'
    )
    world = World(load_registry(path))
    world.record(issued("2021-01-14", "a"), issued("2021-01-14", "b", "jp-test"))
    answer = world.ask(as_of="2021-01-13T15:00:00Z")
    assert answer["as_of"] == "2021-01-13T15:00:00+00:00"
    assert {one["list"]: one["status"] for one in answer["lists"]} == {
        "jp-test": "designated",
        CCMC: "not_listed",
    }
    by_day = world.ask(as_of="2021-01-13")
    assert {one["status"] for one in by_day["lists"]} == {"not_listed"}
    both = world.ask("acme", "jp-test", CCMC, as_of="2021-01-13")
    assert both["as_of"] == "2021-01-13T23:59:59.999999+00:00"


def test_coverage_is_told_as_it_was_known() -> None:
    world = listed()
    checked = {
        "type": "standing.list.checked",
        "subject": f"list:{CCMC}",
        "data": {"publication": "2021-01-14", "retrieved": "2021-03-31T00:00:00Z"},
    }
    world.record(checked, when="2021-03-31")
    (entity, ccmc) = world.ask()["lists"]
    assert ccmc["coverage"] == {"from": "2021-01-14", "checked": "2021-03-31T00:00:00Z"}
    assert ccmc["covered"] is True
    assert entity["covered"] is False
    (_, ccmc) = world.ask(known_at="0:2")["lists"]
    assert ccmc["coverage"] == {"from": None, "checked": None}


def test_an_answer_that_was_changed_by_who_got_it_is_not_what_the_next_one_gets() -> None:
    world = listed()
    answer = world.ask(as_of="2021-04-01")
    expected = deepcopy(answer)
    answer["restrictions"].clear()
    answer["lists"][0]["restrictions"][0]["events"].append("x")
    answer["lists"][0]["status"] = "removed"
    assert world.ask(as_of="2021-04-01") == expected


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("company", ["nobody", "clock", f"list:{CCMC}", "Acme", ""])
def test_an_unknown_company_is_not_one_that_is_not_listed(company: str) -> None:
    world = listed()
    world.record(
        {
            "type": "standing.time.passed",
            "subject": "clock",
            "data": {"due": "2021-01-14T00:00:00Z"},
        }
    )
    with pytest.raises(UnknownCompany, match="unknown company"):
        world.ask(company)


def test_a_company_that_the_log_did_not_know_then_was_unknown_then() -> None:
    world = listed()
    with pytest.raises(UnknownCompany):
        world.ask(known_at="2021-01-01")
    with pytest.raises(UnknownCompany):
        world.ask(known_at="0:-1")
    assert world.ask(known_at="0:0")["status"] == "not_listed"


@pytest.mark.parametrize(
    ("cuts", "field"),
    [
        ({"as_of": "soon"}, "as_of"),
        ({"as_of": "2021-02-30"}, "as_of"),
        ({"as_of": "2021-01-14T00:00:00"}, "as_of"),
        ({"announced_by": "soon"}, "announced_by"),
        ({"known_at": "soon"}, "known_at"),
        ({"known_at": "0:99"}, "known_at"),
        ({"known_at": "1:0"}, "known_at"),
        ({"known_at": "0:0,1:0"}, "known_at"),
        ({"known_at": "0:1,0:2"}, "known_at"),
        ({"known_at": "0:x"}, "known_at"),
    ],
    ids=str,
)
def test_a_bad_cut_off_is_refused_by_name(cuts: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        listed().ask(**cuts)
    assert [one.field for one in refused.value.problems] == [field]


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(Refused, match="did you mean 'us-dod-ccmc'"):
        listed().ask("acme", "us-dod-ccm")


# --- merged and growing ---------------------------------------------------------------------------


def test_a_merged_id_is_answered_with_the_other() -> None:
    world = listed()
    world.record(event("company.merged", "m", "acme", into="holding"), when="2021-03-01")
    assert world.ask()["company"] == "holding"
    assert world.reader.resolve("acme") == "holding"
    assert world.reader.resolve("acme", Question(known_at="2021-02-01")) == "acme"
    before = world.ask(known_at="2021-02-01")
    assert (before["company"], before["status"]) == ("acme", "designated")
    with pytest.raises(UnknownCompany):
        world.ask("holding", known_at="2021-02-01")


def test_a_merge_that_was_undone_can_still_be_seen_then() -> None:
    world = listed()
    world.record(event("company.merged", "m", "acme", into="holding"), when="2021-03-01")
    world.record(retracted("m"), when="2021-03-10")
    assert world.ask()["company"] == "acme"
    then = world.ask("holding", known_at="2021-03-05")
    assert (then["company"], then["status"]) == ("holding", "designated")


def test_a_reader_sees_what_was_written_since() -> None:
    world = listed()
    assert world.ask()["status"] == "designated"
    world.record(removed("2021-02-01"), removed("2021-02-01", "r2", ENTITY))
    assert world.ask()["status"] == "removed"
    assert world.ask()["position"] == "0:4"
