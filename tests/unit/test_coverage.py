"""Since when, and how lately, a list was read: outside of that, silence is worth nothing."""

from typing import Any

import pytest

from projections.coverage import UNCOVERED, coverage
from tests.unit.making import CCMC, ENTITY, REGISTRY, at, through

Json = dict[str, Any]


def checked(publication: str, retrieved: str | None = None) -> Json:
    """The data of one reading."""
    data: Json = {"publication": publication}
    return data if retrieved is None else {**data, "retrieved": retrieved}


def test_without_a_reading_nothing_is_covered() -> None:
    assert coverage([]) == UNCOVERED
    assert UNCOVERED.shown() == {"from": None, "checked": None}
    assert not UNCOVERED.holds(at("2021"), REGISTRY[ENTITY])


READINGS = [
    checked("2021-03-01", "2021-03-02T00:00:00Z"),
    checked("2021-02-01"),
    checked("2021-02-15", "2021-03-05T00:00:00Z"),
    checked("2021-02-20", "2021-02-20T00:00:00Z"),
]


def test_it_is_told_since_when_and_how_lately() -> None:
    found = coverage(READINGS)
    assert found.shown() == {"from": "2021-02-01", "checked": "2021-03-05T00:00:00Z"}
    assert found.latest == "2021-03-01"


@pytest.mark.parametrize(
    ("moment", "covered"),
    [
        ("2021-01-31T23:59:59-05:00", False),
        ("2021-02-01T00:00:00-05:00", True),
        ("2021-03-12T00:00:00Z", True),
        ("2021-03-12T00:00:01Z", False),
    ],
)
def test_a_list_that_grows_is_covered_for_a_week_after_its_reading(
    moment: str, *, covered: bool
) -> None:
    assert coverage(READINGS).holds(at(moment), REGISTRY[ENTITY]) is covered


def test_a_publication_covers_as_well_as_a_reading() -> None:
    found = coverage([checked("2021-02-01")])
    assert found.holds(through("2021-02-08") - 1, REGISTRY[ENTITY])
    assert not found.holds(through("2021-02-08"), REGISTRY[ENTITY])


def test_a_list_that_has_ended_stays_covered_once_it_was_read_to_its_end() -> None:
    whole = coverage([checked("2020-06-24"), checked("2021-06-03")])
    assert whole.holds(at("2026"), REGISTRY[CCMC])
    assert not whole.holds(at("2020-06-23"), REGISTRY[CCMC])


def test_a_list_that_was_not_read_to_its_end_grows_stale_like_another() -> None:
    some = coverage([checked("2020-06-24"), checked("2021-01-14")])
    assert some.holds(at("2021-01-20"), REGISTRY[CCMC])
    assert not some.holds(at("2026"), REGISTRY[CCMC])
