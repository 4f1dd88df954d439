"""The whole standing on one list: what it reads at each moment, and when it flips."""

from typing import Any

import pytest

from events.dates import NEVER
from projections.facts import entry
from projections.timeline import UNLISTED, Flip, Reading, Timeline, differs
from tests.unit.making import (
    CCMC,
    ENTITY,
    LONG_AFTER,
    REGISTRY,
    at,
    fact,
    granted,
    issued,
    records,
    removed,
    told,
)

Json = dict[str, Any]
PURCHASE = ("investment.purchase",)


def timeline(*events: Json, list_: str = CCMC) -> Timeline:
    """These events, folded."""
    found = [entry(one, REGISTRY).fact for one in records(events, LONG_AFTER)]
    return Timeline(REGISTRY[list_], [one for one in found if one is not None])


def flips(line: Timeline, after: str = "1990") -> list[tuple[str, str, tuple[str, ...]]]:
    """The flips after a moment."""
    return [
        (told(flip.at), flip.reading.status, flip.reading.kinds)
        for flip in line.flips_after(at(after))
    ]


XIAOMI = (
    issued("2021-01-14"),
    granted("2021-03-12"),
    removed("2021-05-25T16:09:00-04:00", how="vacated"),
)


def test_without_events_a_list_says_nothing() -> None:
    empty = timeline()
    assert empty.reading(at("2021")) == UNLISTED
    assert list(empty.flips_after(at("2021"))) == []
    assert empty.episode(NEVER) == 0
    assert empty.flip(at("2021")).reading == UNLISTED


def test_every_flip_is_told_in_order() -> None:
    assert flips(timeline(*XIAOMI)) == [
        ("2021-01-14", "designated", ()),
        ("2021-03-12", "enjoined", ()),
        ("2021-05-25T16:09", "removed", ()),
    ]


def test_a_restriction_that_begins_or_ends_is_a_flip() -> None:
    assert flips(timeline(issued("2021-01-14"))) == [
        ("2021-01-14", "designated", ()),
        ("2021-03-15T09:30", "designated", PURCHASE),
        ("2021-06-03", "designated", ()),
    ]


def test_what_runs_out_is_a_flip() -> None:
    line = timeline(issued("2021-01-14", expires="2021-04"), granted("2021-02", expires="2021-03"))
    assert flips(line) == [
        ("2021-01-14", "designated", ()),
        ("2021-02-01", "enjoined", ()),
        ("2021-03-01", "designated", ()),
        ("2021-03-15T09:30", "designated", PURCHASE),
        ("2021-05-01", "removed", ()),
    ]


def test_only_flips_after_the_moment_are_to_come() -> None:
    assert [when for when, *_ in flips(timeline(*XIAOMI), "2021-01-14")] == [
        "2021-03-12",
        "2021-05-25T16:09",
    ]
    assert flips(timeline(*XIAOMI), "2022") == []


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2021-01-13T23:59:59.999999-05:00", UNLISTED),
        ("2021-01-14T00:00:00-05:00", Reading("designated", None, ())),
        ("2021-03-12T00:00:00-05:00", Reading("enjoined", None, ())),
        ("2021-05-25T16:08:59-04:00", Reading("enjoined", None, ())),
        ("2021-05-25T16:09:00-04:00", Reading("removed", "vacated", ())),
    ],
)
def test_what_stands_stands_from_its_start_to_just_before_its_end(
    moment: str, expected: Reading
) -> None:
    assert timeline(*XIAOMI).reading(at(moment)) == expected


def test_a_reading_is_told_with_its_beginning() -> None:
    line = timeline(*XIAOMI)
    assert line.flip(at("2021-04")) == Flip(at("2021-03-12"), Reading("enjoined", None, ()))


def test_events_at_one_instant_leave_one_reading() -> None:
    line = timeline(issued("2021-01-14"), removed("2021-01-14", how="vacated"))
    assert [status for _, status, _ in flips(line)] == ["designated"] * 3
    assert line.anomalies == {"removed": "a removal with no designation known"}


def test_two_states_that_read_alike_are_no_flip() -> None:
    line = timeline(
        issued("2021-01-14", "a", ENTITY, ref="1"),
        issued("2021-02-01", "b", ENTITY, ref="2"),
        list_=ENTITY,
    )
    assert [when for when, *_ in flips(line)] == ["2021-01-14"]


def test_how_a_company_was_removed_is_no_flip() -> None:
    one, other = Reading("removed", "vacated", ()), Reading("removed", "expired", ())
    assert not differs(one, other)
    assert differs(one, Reading("designated", None, ()))
    assert differs(Reading("designated", None, ()), Reading("designated", None, PURCHASE))


def test_episodes_are_counted_as_they_begin() -> None:
    line = timeline(issued("2021", "a"), removed("2022"), issued("2023", "b"))
    moments = ("2020", "2021", "2022", "2023", "2030")
    assert [line.episode(at(moment)) for moment in moments] == [0, 1, 1, 2, 2]


def test_a_fact_that_is_dropped_was_never_there() -> None:
    line = timeline(*XIAOMI)
    line.drop(fact(XIAOMI[1], LONG_AFTER))
    assert [status for _, status, _ in flips(line)] == ["designated", "designated", "removed"]


def test_an_anomaly_goes_when_its_fact_fits_or_goes() -> None:
    line = timeline(removed("2021-06", "r"), granted("2021-07", "g"))
    assert set(line.anomalies) == {"r", "g"}
    line.drop(fact(granted("2021-07", "g"), LONG_AFTER))
    assert set(line.anomalies) == {"r"}
    line.add(fact(issued("2021"), LONG_AFTER))
    assert line.anomalies == {}
