"""The page of changes: by publication, page by page, and as files."""

from pathlib import Path

from tests.unit.making import CCMC, ENTITY, issued, removed
from tests.unit.pages import HOSTILE, page
from tests.unit.serving import Api, described, problem, served


async def fill(api: Api) -> None:
    """Two come by one publication, one goes by another."""
    await api.record(
        described("a", name=HOSTILE),
        issued("2022-01-01", "on-a", ENTITY, subject="a"),
        issued("2022-01-01", "on-b", ENTITY, subject="b"),
        removed("2022-03-01", "off-a", ENTITY, subject="a"),
    )


async def test_changes_of_one_publication_stand_together(tmp_path: Path) -> None:
    """The latest first, with what begins and ends, and the way to why."""
    async with served(tmp_path) as api:
        await fill(api)
        found = await page(api, "/changes")
        assert (
            found.words.index("1 Mar 2022") < found.words.index("1 Jan 2022")
            if ("1 Mar 2022" in found.words)
            else found.words.index("2022-03-01") < found.words.index("2022-01-01")
        )
        assert "begin: Exports to it need a licence" in found.words
        assert "end: Exports to it need a licence" in found.words
        assert "/companies/a#off-a" in found.links
        assert found.text.count('class="publication"') == 2


async def test_the_filter_lives_in_the_address_and_in_every_link(tmp_path: Path) -> None:
    """The feed, the files and the next page keep it."""
    async with served(tmp_path) as api:
        await fill(api)
        query = f"list={ENTITY}&kind=changed"
        found = await page(api, f"/changes?{query}&limit=1")
        for path in ("/feeds/changes.atom", "/changes.csv", "/changes.json"):
            assert any(link.startswith(f"{path}?") and ENTITY in link for link in found.links)
        (earlier,) = [link for link in found.links if "before=" in link]
        second = await page(api, f"{earlier}&limit=1")
        assert "/companies/b#on-b" in second.links
        assert "Nothing that is asked for" in (await page(api, f"/changes?list={CCMC}")).words
        problem(await api.client.get("/changes.json?list=nothing"), 422, "list")
        assert "nothing" in (await page(api, "/changes?list=nothing", 422)).words


async def test_what_came_since_is_asked_for_by_its_cursor(tmp_path: Path) -> None:
    """Which each page tells: what a script does that keeps the page up to date."""
    async with served(tmp_path) as api:
        await fill(api)
        head = (await api.get("/changes.json"))["after"]
        assert (await api.get("/changes.json", after=head))["changes"] == []
        await api.record(issued("2022-05-01", "on-c", ENTITY, subject="c"))
        told = await api.get("/changes.json", after=head)
        assert [one["cursor"] for one in told["changes"]] == ["c/1"]
        found = await page(api, f"/changes?after={head}")
        assert 'data-after="c/1"' in found.text
        assert "/companies/c#on-c" in found.links
        problem(await api.client.get(f"/changes.json?after={head}&before={head}"), 422, "after")


async def test_all_changes_are_there_as_csv(tmp_path: Path) -> None:
    """In the order in which they were told, under one heading."""
    async with served(tmp_path) as api:
        await fill(api)
        rows = (await api.client.get("/changes.csv?kind=changed")).text.splitlines()
        assert rows[0].startswith("company,list,sequence,kind")
        assert [row.split(",")[0] for row in rows[1:]] == ["a", "b", "a"]
