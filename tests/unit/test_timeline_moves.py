"""A timeline that was moved by events as they came is the one folded from the beginning."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.lists import ListInfo
from events.log import Record
from projections.facts import Fact, entry
from projections.history import Cutoffs, History, View
from projections.timeline import Timeline
from tests.unit import strategies
from tests.unit.making import REGISTRY, tries

Log = list[tuple[int, int, dict[str, Any]]]


def facts_of(log: Log, list_id: str) -> list[Fact]:
    """What the events mean for one list."""
    found = [entry(Record(*one), REGISTRY) for one in log]
    return [one.fact for one in found if one.fact is not None and one.list == list_id]


def whole(timeline: Timeline) -> dict[str, Any]:
    """All that can be asked of a timeline."""
    moments = sorted({at + by for at, *_ in timeline.points for by in (-1, 0, 1)})
    return {
        "points": timeline.points,
        "states": [timeline.state(moment) for moment in moments],
        "readings": [timeline.flip(moment) for moment in moments],
        "episodes": [timeline.episode(moment) for moment in moments],
        "flips": list(timeline.flips()),
        "flips_after": [list(timeline.flips_after(moment)) for moment in moments],
        "anomalies": timeline.anomalies,
    }


def moved(info: ListInfo, facts: list[Fact], data: st.DataObject) -> tuple[Timeline, list[Fact]]:
    """A timeline that took facts in and out at random, and those that are in it at the end."""
    timeline = Timeline(info)
    inside: list[Fact] = []
    outside = list(facts)
    for _ in range(data.draw(st.integers(1, 3 * len(facts)))):
        if outside and (not inside or data.draw(st.integers(1, 3)) < 3):
            fact = outside.pop(data.draw(st.integers(0, len(outside) - 1)))
            inside.append(fact)
            timeline.add(fact)
        else:
            fact = inside.pop(data.draw(st.integers(0, len(inside) - 1)))
            outside.append(fact)
            timeline.drop(fact)
    return timeline, inside


@tries(150)
@given(st.data())
def test_facts_taken_in_and_out_leave_what_folding_the_rest_gives(data: st.DataObject) -> None:
    log = data.draw(strategies.histories().flatmap(strategies.records))
    for list_id in strategies.LISTS:
        facts = facts_of(log, list_id)
        if facts:
            timeline, inside = moved(REGISTRY[list_id], facts, data)
            assert whole(timeline) == whole(Timeline(REGISTRY[list_id], inside))


def seen(view: View) -> dict[str, Any]:
    """All that can be asked of a view."""
    return {
        "lists": {list_id: whole(one) for list_id, one in view.timelines.items()},
        "who counts": view.who_counts,
        "circular": view.circular,
    }


@tries(100)
@given(strategies.histories().flatmap(strategies.records), st.integers(0, 14))
def test_a_history_that_grew_is_the_one_read_at_once(log: Log, at_once: int) -> None:
    records = [Record(*one) for one in log if one[2]["subject"] == "acme"]
    grown = History(REGISTRY, records[:at_once])
    for record in records[at_once:]:
        grown.add(record)
    assert seen(grown.now) == seen(History(REGISTRY, records).now)
    assert seen(grown.view(Cutoffs())) == seen(grown.now)
