"""Changes over HTTP: read in order, page by page, and nothing twice."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.making import CCMC, ENTITY, event, granted, issued, removed
from tests.unit.serving import Api, described, served


async def fill(api: Api) -> None:
    for number in range(3):
        await api.record(
            issued("2022-01-01", f"on-{number}", ENTITY, subject=f"c{number}"),
            granted("2022-02-01", f"stopped-{number}", ENTITY, subject=f"c{number}"),
            removed("2022-03-01", f"off-{number}", ENTITY, subject=f"c{number}"),
        )


async def all_of(api: Api, **query: Any) -> list[dict[str, Any]]:
    """Everything, as a reader would who keeps `next`."""
    seen: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await api.get("/v1/changes", **query, **({"after": after} if after else {}))
        seen += page["changes"]
        after = page["next"]
        if not page["more"]:
            return seen


async def test_pages_of_any_size_hold_the_same_changes_in_the_same_order(tmp_path: Path) -> None:
    """None is missed, and none comes twice."""
    async with served(tmp_path) as api:
        await fill(api)
        told = await all_of(api)
        assert [one["company"] for one in told] == ["c0"] * 3 + ["c1"] * 3 + ["c2"] * 3
        assert [one["sequence"] for one in told] == [1, 2, 3] * 3
        for size in (1, 2, 4, 9, 10):
            assert await all_of(api, limit=size) == told


async def test_the_last_next_goes_on_with_what_comes_later(tmp_path: Path) -> None:
    """Also where nothing had been told at all, and where nothing is new."""
    async with served(tmp_path) as api:
        first = await api.get("/v1/changes")
        assert (first["changes"], first["more"]) == ([], False)
        await api.record(issued("2022-01-01", list_=ENTITY))
        page = await api.get("/v1/changes", after=first["next"])
        assert [one["cursor"] for one in page["changes"]] == ["acme/1"]
        again = await api.get("/v1/changes", after=page["next"])
        assert (again["changes"], again["next"]) == ([], page["next"])
        await api.record(removed("2022-02-01", list_=ENTITY))
        page = await api.get("/v1/changes", after=again["next"])
        assert [one["sequence"] for one in page["changes"]] == [2]


async def test_a_position_is_a_place_to_go_on_from(tmp_path: Path) -> None:
    """Behind all that was told on reading it."""
    async with served(tmp_path) as api:
        await fill(api)
        page = await api.get("/v1/changes", after="0:4", limit=2)
        assert [one["cursor"] for one in page["changes"]] == ["c1/3", "c2/1"]
        assert [one["position"] for one in page["changes"]] == ["0:5", "0:6"]


async def test_a_change_has_every_name_that_is_promised(tmp_path: Path) -> None:
    """From, to, overall, and its three times."""
    async with served(tmp_path) as api:
        await api.record(issued("2022-01-01", "on", ENTITY, announced="2021-12-20"))
        (one,) = (await api.get("/v1/changes"))["changes"]
        assert one.keys() >= {"change", "company", "list", "sequence", "kind", "from", "to"}
        assert one.keys() >= {"overall", "effective", "announced", "cause", "recorded", "backfill"}
        assert one["from"] == {"status": "not_listed", "how": None, "restrictions": []}
        assert one["to"]["restrictions"] == ["export.license"]
        assert one["effective"] == "2022-01-01T00:00:00-05:00"
        assert one["announced"] == "2021-12-20T23:59:59.999999-05:00"
        assert one["cause"] == ["on"]


async def test_companies_lists_and_kinds_narrow_it(tmp_path: Path) -> None:
    """And the cursor of a narrowed page goes on in the whole."""
    async with served(tmp_path) as api:
        await fill(api)
        await api.record(issued("2021-01-14", "other", CCMC, subject="c1"))
        note = event("note.recorded", "n", "c1", kind="news", text="News.", list=ENTITY)
        await api.record(note)
        assert {one["company"] for one in await all_of(api, company="c1")} == {"c1"}
        assert {one["list"] for one in await all_of(api, list=CCMC)} == {CCMC}
        assert [one["cause"] for one in await all_of(api, kind="noted")] == [["n"]]
        assert len(await all_of(api, kind=["noted", "changed"], limit=1)) == 11
        page = await api.get("/v1/changes", company="c1", limit=1)
        assert (page["next"], page["more"]) == ("c1/1", True)
        page = await api.get("/v1/changes", after=page["next"], limit=1)
        assert page["next"] == "c1/2"


@pytest.mark.parametrize(
    ("query", "field", "status"),
    [
        ({"after": "nonsense"}, "after", 422),
        ({"after": "acme/9"}, "after", 422),
        ({"after": "acme/x"}, "after", 422),
        ({"after": "1:0"}, "after", 422),
        ({"limit": "1001"}, "limit", 422),
        ({"kind": "scheduld"}, "kind", 422),
        ({"list": "us-dod"}, "list", 422),
        ({"company": "nobody"}, "company", 404),
        ({"since": "now"}, "since", 422),
    ],
)
async def test_a_bad_question_is_refused_by_name(
    query: dict[str, str], field: str, status: int, tmp_path: Path
) -> None:
    """A cursor that no change has, too."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"))
        await api.refused("/v1/changes", field, status, **query)
