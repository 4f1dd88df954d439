"""What was once told is told again word for word, whenever the log is read."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.golden_changes import CHANGES, TAMPERED, differences, read, told
from tests.unit.making import REGISTRY

Json = dict[str, Any]


@pytest.fixture(scope="module")
def now() -> list[Json]:
    """The changes that the golden log yields."""
    return told()


def test_the_golden_log_yields_the_golden_changes(now: list[Json]) -> None:
    assert differences(read(CHANGES), now) == []


def test_the_golden_changes_are_of_every_kind_and_time(now: list[Json]) -> None:
    assert {one["kind"] for one in now} == {"changed", "corrected", "scheduled", "noted"}
    assert {one["backfill"] for one in now} == {True, False}
    assert {one["company"] for one in now} == {"acme", "acme-old"}
    assert any(one["recorded"].endswith("04:00:00+00:00") for one in now)  # a flip, at its moment
    assert {one["list"] for one in now} <= {info.id for info in REGISTRY}


def test_a_copy_with_two_things_altered_is_caught_at_both(now: list[Json]) -> None:
    found = differences(read(TAMPERED), now)
    assert [one.split(" is ")[0] for one in found] == ["change 12: change", "change 16: sequence"]


ALTERED: dict[str, Callable[[list[Json]], Any]] = {
    "one is missing at the end": lambda some: some.pop(),
    "one is missing at the beginning": lambda some: some.pop(0),
    "one is told twice": lambda some: some.append(some[-1]),
    "two have changed places": lambda some: some.insert(0, some.pop(1)),
    "another position": lambda some: some[3].update(position=99),
    "another time": lambda some: some[3].update(recorded="2021-01-01T00:00:00+00:00"),
    "one field more": lambda some: some[3].update(mood="good"),
    "one field less": lambda some: some[3].pop("overall"),
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_every_other_alteration_is_caught(
    now: list[Json], alter: Callable[[list[Json]], Any]
) -> None:
    altered = read(CHANGES)
    alter(altered)
    assert differences(altered, now)
