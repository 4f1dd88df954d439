"""A new version of the lists' rules: what was told stays, and the difference is published."""

import asyncio
from pathlib import Path
from typing import Any

from events.dates import start
from projections.rows import Told
from service.compose import Standing, opened
from service.settings import load_settings

NOW = start("2026-11-01T00:00:00Z")
RULES = """
version = "{version}"
[[list]]
id = "xx-test"
name = "A list of the test's own"
authority = "Nobody"
zone = "UTC"
[[list.rules]]
kind = "export.license"
basis = "nothing"
after = {after}
"""
DESIGNATION = {
    "type": "standing.designation.issued",
    "subject": "acme",
    "data": {"list": "xx-test", "effective": "2026-10-01"},
}


def at(home: Path, version: str, after: int) -> list[Told]:
    """Open the home with rules of this version, and fold; every change told so far."""
    lists = home / "lists.toml"
    lists.write_text(RULES.format(version=version, after=after))
    settings = load_settings({"STANDING_HOME": str(home), "STANDING_LISTS": str(lists)})

    async def fold(standing: Standing) -> list[Told]:
        if standing.log.end() < 0:
            await standing.log.append([standing.admit(DESIGNATION)])
        async with standing.caught_up() as store:
            return [one.told for one in store.changes()]

    with opened(settings, lambda: NOW) as standing:
        return asyncio.run(fold(standing))


def told(changes: list[Told]) -> list[tuple[Any, ...]]:
    return [(one.change.sequence, one.change.kind, one.change.after.kinds) for one in changes]


def test_what_the_new_rules_change_is_told_with_their_version_as_its_cause(tmp_path: Path) -> None:
    first = at(tmp_path, "1", after=0)
    assert told(first) == [(1, "changed", ("export.license",))]
    second = at(tmp_path, "2", after=60)
    assert second[0] == first[0]
    assert told(second[1:]) == [(2, "changed", ()), (3, "scheduled", ())]
    assert all(one.change.cause[0] == "list:xx-test@2" for one in second[1:])
    assert [one.place for one in second] == sorted(one.place for one in second)


def test_a_second_revision_stands_behind_the_first_and_has_ids_of_its_own(tmp_path: Path) -> None:
    at(tmp_path, "1", after=0)
    at(tmp_path, "2", after=60)
    third = at(tmp_path, "3", after=0)
    assert [one.change.sequence for one in third] == [1, 2, 3, 4, 5]
    assert len({one.change.id for one in third}) == 5
    assert [one.place for one in third] == sorted(one.place for one in third)


def test_the_same_rules_again_tell_nothing(tmp_path: Path) -> None:
    first = at(tmp_path, "1", after=0)
    assert at(tmp_path, "1", after=0) == first
