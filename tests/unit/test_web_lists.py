"""The pages of the lists: who stands on them, then and now, and who came and went."""

from pathlib import Path

import pytest

from projections.membership import Membership
from service.web import charting, members
from tests.unit.making import CCMC, ENTITY, NEW_YORK, Json, at, event, issued, removed
from tests.unit.pages import HOSTILE, page
from tests.unit.serving import Api, described, problem, served


async def fill(api: Api) -> None:
    """Three came, one of them went."""
    await api.record(
        described("a", name="Alpha", country="CN"),
        issued("2020-06-24", "a", CCMC, subject="a"),
        issued("2020-06-24", "b", CCMC, subject="b"),
        issued("2021-01-14", "c", CCMC, subject="c"),
        removed("2021-05-25", list_=CCMC, subject="c", how="vacated"),
        described("d", name=HOSTILE),
        issued("2022-01-01", "d", ENTITY, subject="d"),
    )


def checked(publication: str) -> Json:
    """A source was read."""
    return event(
        "list.checked",
        None,
        f"list:{CCMC}",
        publication=publication,
        retrieved=f"{publication}T12:00:00Z",
    )


async def test_a_list_has_its_members_then_and_today(tmp_path: Path) -> None:
    """With what each may not, and where the list was not read, that silence says nothing."""
    async with served(tmp_path) as api:
        await fill(api)
        then = await page(api, f"/lists/{CCMC}?as_of=2021-03-01")
        assert "3 on it as of 2021-03-01" in then.words
        assert "2 on it today" in then.words
        assert "Alpha" in then.words
        assert "EO 13959" in then.words
        assert "This list is not read here." in then.words
        now = await page(api, f"/lists/{CCMC}")
        assert "2 on it now" in now.words
        assert "/companies/c" not in [link for link in now.links if "#" not in link][-40:-30]
        told = await api.get(f"/lists/{CCMC}.json")
        assert [one["company"] for one in told["members"]] == ["a", "b"]
        told = await api.get(f"/lists/{CCMC}.json", show="removed")
        assert [(one["company"], one["how"]) for one in told["members"]] == [("c", "vacated")]
        await api.record(checked("2020-06-24"), checked("2030-01-01"))
        covered = await page(api, f"/lists/{CCMC}?as_of=2021-03-01")
        assert "for that date it is covered" in covered.words


async def test_the_members_come_by_page_and_all_as_csv(tmp_path: Path) -> None:
    """Whatever cut-offs are asked for."""
    async with served(tmp_path) as api:
        await fill(api)
        for query in (
            "as_of=2021-03-01",
            "as_of=2021-03-01&announced_by=2021-02-01",
            "known_at=0:5",
        ):
            seen: list[str] = []
            after = ""
            while True:
                told = await api.get(f"/lists/{CCMC}.json?{query}&limit=1&after={after}")
                seen += [one["company"] for one in told["members"]]
                after = told["next"]
                if not after:
                    break
            rows = (await api.client.get(f"/lists/{CCMC}.csv?{query}")).text.splitlines()
            assert [row.split(",")[1] for row in rows[1:]] == seen == sorted(seen)
            assert len(seen) == (2 if "known" in query else 3)


async def test_where_each_is_folded_a_page_says_how_far_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leads on, so that none takes for ever."""
    monkeypatch.setattr(members, "_LOOKED_AT", 2)
    async with served(tmp_path) as api:
        await fill(api)
        told = await api.get(f"/lists/{ENTITY}.json?known_at=0:6")
        assert (told["members"], told["whole"], told["next"]) == ([], False, "b")
        found = await page(api, f"/lists/{ENTITY}?known_at=0:6")
        assert "Look on, behind b" in found.words
        told = await api.get(f"/lists/{ENTITY}.json?known_at=0:6&after=b")
        assert [one["company"] for one in told["members"]] == ["d"]


async def test_all_lists_are_there_with_how_many_stand_on_each(tmp_path: Path) -> None:
    """On a date, too; as CSV as well."""
    async with served(tmp_path) as api:
        await fill(api)
        told = await api.get("/lists.json?as_of=2021-03-01")
        counts = {one["list"]: one["counts"]["members"] for one in told["lists"]}
        assert (counts[CCMC], counts[ENTITY]) == (3, 0)
        found = await page(api, "/lists?as_of=2021-03-01")
        assert f"/lists/{CCMC}?as_of=2021-03-01" in found.links
        assert "none recorded" in found.words
        rows = (await api.client.get("/lists.csv")).text.splitlines()
        assert rows[1].startswith(f"{CCMC},")
        problem(await api.client.get("/lists.json?as_of=yesterday"), 422, "as_of")


async def test_hostile_names_and_questions_are_text(tmp_path: Path) -> None:
    """What is refused is told by its name; an unknown list is not found."""
    async with served(tmp_path) as api:
        await fill(api)
        assert "javascript:alert(1)" in (await page(api, f"/lists/{ENTITY}")).words
        assert "unknown list" in (await page(api, "/lists/%3Cscript%3E", 404)).words
        problem(await api.client.get("/lists/nothing.json"), 404)
        for query in ("as_of=x", "known_at=0:99", "show=x", "limit=0", "misspelt=1"):
            name = query.partition("=")[0]
            problem(await api.client.get(f"/lists/{CCMC}.json?{query}"), 422, name)
            assert name in (await page(api, f"/lists/{CCMC}?{query}", 422)).words


def test_who_came_and_went_is_counted_by_day_of_the_list() -> None:
    """A court's order keeps nobody off a list; who comes again is counted again."""
    packed = b'[[%d,"designated",null,[]],[%d,"enjoined",null,[]],[%d,"removed",null,[]]]'
    first, second, third = at("2020-06-24"), at("2020-07-01"), at("2021-06-03")
    found = Membership(NEW_YORK)
    found.take("a", "A", packed % (first, second, third))
    found.take("b", "B", packed % (second, third, third + 1))
    assert [(one.day, one.added, one.removed) for one in found.moves] == [
        ("2020-06-24", 1, 0),
        ("2020-07-01", 1, 0),
        ("2021-06-03", 0, 2),
    ]
    assert found.moves[0].added_some == [("a", "A")]
    assert found.at(first - 1) == {}
    assert found.at(second) == {"enjoined": 1, "designated": 1}
    assert found.at(third + 1) == {"removed": 2}


@pytest.mark.parametrize(
    ("years", "unit"), [(0, "day"), (5, "month"), (20, "quarter"), (200, "year")]
)
def test_a_chart_takes_the_shortest_time_that_leaves_its_bars_apart(years: int, unit: str) -> None:
    """And every bar is in it, a single one not too small to be seen."""
    packed = b'[[%d,"designated",null,[]]]'
    times = [at("1801-03-05"), *(at(f"{1801 + years}-03-{day:02}") for day in range(6, 26))]
    found = Membership(NEW_YORK)
    for number, time in enumerate(times):
        found.take(str(number), "", packed % time)
    drawn = charting.chart(found.moves, at("1801-03-06"))
    assert drawn is not None
    assert drawn.unit == unit
    assert all(0 <= bar.x <= charting.WIDTH and bar.up >= 2 for bar in drawn.bars)
    assert charting.chart([], 0) is None
