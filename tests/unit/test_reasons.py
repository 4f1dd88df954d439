"""Why a company stands as it does: what each event did, and by which rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.dates import ALWAYS, NEVER, show, start
from events.log import Record
from projections.history import History
from projections.reasons import RULES, reasons
from tests.unit import strategies
from tests.unit.making import (
    ENTITY,
    REGISTRY,
    amended,
    at,
    ended,
    granted,
    issued,
    promised,
    records,
    removed,
    tries,
)

Json = dict[str, Any]


def told(*events: Json, upto: int = NEVER) -> list[tuple[str | None, str, str]]:
    timeline = History(REGISTRY, records(events, "2026-01-01")).now.timelines[ENTITY]
    return [(one["event"], one["did"], one["status"]) for one in reasons(timeline, upto)]


PART = ["export.license"]
ON = issued("2022-01-01", "on", ENTITY)
CASES: list[tuple[str, list[Json], list[tuple[str | None, str, str]]]] = [
    (
        "listed, stopped, and taken off",
        [ON, granted("2022-02-01", "order", ENTITY), removed("2022-03-01", "off", ENTITY)],
        [
            ("on", "opened", "designated"),
            ("order", "enjoined", "enjoined"),
            ("off", "closed", "removed"),
        ],
    ),
    (
        "listed again",
        [ON, removed("2022-02-01", "off", ENTITY), issued("2022-03-01", "anew", ENTITY)],
        [
            ("on", "opened", "designated"),
            ("off", "closed", "removed"),
            ("anew", "opened_again", "designated"),
        ],
    ),
    (
        "two listings, one of which goes",
        [
            issued("2022-01-01", "one", ENTITY, ref="1"),
            issued("2022-02-01", "two", ENTITY, ref="2"),
            removed("2022-03-01", "off", ENTITY, ref="1"),
        ],
        [
            ("one", "opened", "designated"),
            ("two", "added", "designated"),
            ("off", "closed_one", "designated"),
        ],
    ),
    (
        "announced, stopped in advance, and called off",
        [
            issued("2022-06-01", "on", ENTITY, announced="2022-01-01"),
            granted("2022-02-01", "order", ENTITY),
            removed("2022-03-01", "off", ENTITY),
        ],
        [
            ("on", "announced", "scheduled"),
            ("order", "waits", "scheduled"),
            ("off", "withdrawn", "not_listed"),
            ("on", "never_began", "not_listed"),
        ],
    ),
    (
        "one that runs out beside one that does not",
        [
            issued("2022-01-01", "one", ENTITY, ref="1", expires="2022-03-01"),
            issued("2022-01-02", "two", ENTITY, ref="2", expires="2022-04-01"),
        ],
        [
            ("one", "opened", "designated"),
            ("two", "added", "designated"),
            (None, "ran_out_one", "designated"),
            (None, "ran_out", "removed"),
        ],
    ),
    (
        "an order over a part that runs out, another that is ended, one that is over as it comes",
        [
            ON,
            granted(
                "2022-02-01",
                "a",
                ENTITY,
                injunction="a",
                scope=["export.license"],
                expires="2022-03-01",
            ),
            granted("2022-04-01", "b", ENTITY, injunction="b"),
            ended("2022-05-01", "end", ENTITY),
            granted("2022-06-01", "late", ENTITY, injunction="c", expires="2022-05-01"),
        ],
        [
            ("on", "opened", "designated"),
            ("a", "covered", "designated"),
            (None, "order_ran_out", "designated"),
            ("b", "enjoined", "enjoined"),
            ("end", "ended", "designated"),
            ("late", "order_ran_out", "designated"),
        ],
    ),
    (
        "renewed, amended and promised",
        [
            issued("2022-01-01", "on", ENTITY, expires="2022-06-01"),
            issued("2022-02-01", "more", ENTITY, expires="2022-09-01"),
            amended("2022-03-01", "terms", ENTITY, expires="2022-12-01"),
            promised("2022-04-01", "soon", ENTITY),
        ],
        [
            ("on", "opened", "designated"),
            ("more", "renewed", "designated"),
            ("terms", "amended", "designated"),
            ("soon", "agreed", "designated"),
            (None, "ran_out", "removed"),
        ],
    ),
    (
        "what fits nowhere",
        [ended("2022-01-01", "end", ENTITY), removed("2022-02-01", "off", ENTITY)],
        [("end", "fits_nowhere", "not_listed"), ("off", "removed", "removed")],
    ),
]


@pytest.mark.parametrize(
    ("events", "steps"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_each_event_did_something(
    events: list[Json], steps: list[tuple[str | None, str, str]]
) -> None:
    assert told(*events) == steps


def test_what_comes_later_is_left_out() -> None:
    """As of a date."""
    assert told(ON, removed("2022-03-01", "off", ENTITY), upto=at("2022-02-01")) == [
        ("on", "opened", "designated")
    ]


@tries(60)
@given(st.data())
def test_the_steps_lead_to_what_answers_say(data: st.DataObject) -> None:
    """After each, and whatever the story: the status is that of an answer then."""
    everything = data.draw(strategies.records(data.draw(strategies.histories())))
    mine = [Record(*one) for one in everything if one[2]["subject"] == "acme"]
    found = History(REGISTRY, mine)
    for timeline in found.now.timelines.values():
        steps = reasons(timeline, NEVER)
        assert {one["did"] for one in steps} <= RULES.keys()
        last = {one["at"]: one["status"] for one in steps}
        for moment, status in last.items():
            reading = timeline.reading(start(moment))
            assert (show(start(moment), timeline.info.zone), reading.status) == (moment, status)
        assert reasons(timeline, ALWAYS) == []
