"""The search page: what it finds, and by what."""

from pathlib import Path

from tests.unit.making import ENTITY, issued
from tests.unit.pages import HOSTILE, page
from tests.unit.serving import described, problem, served


async def test_it_tells_who_is_found_by_what_and_how_it_stands(tmp_path: Path) -> None:
    """As a page, and for the box that asks as one types."""
    async with served(tmp_path) as api:
        isin = {"scheme": "isin", "value": "KYG9830T1067"}
        await api.record(
            described(
                "xiaomi", name="Xiaomi Corporation", aliases=["小米集团"], identifiers=[isin]
            ),
            issued("2021-01-01", list_=ENTITY, subject="xiaomi"),
        )
        for text, matched in (("小米", "小米集团"), ("kyg98", "isin KYG9830T1067"), ("xia", None)):
            told = await api.get("/search.json", q=text)
            (one,) = told["companies"]
            assert (one["company"], one["status"]) == ("xiaomi", "designated")
            assert one["matched"] == matched
            found = await page(api, f"/search?q={text}")
            assert "/companies/xiaomi" in found.links
            assert "Exports to it need a licence" in found.words
            assert matched is None or matched in found.words
        answer = await api.client.get("/search.csv", params={"q": "xia"})
        assert answer.text.splitlines()[1].startswith("xiaomi,Xiaomi Corporation,")


async def test_nothing_found_clears_nobody(tmp_path: Path) -> None:
    """And an empty search is none."""
    async with served(tmp_path) as api:
        assert "not an all-clear" in (await page(api, "/search?q=nobody")).words
        assert "Nothing is known" not in (await page(api, "/search")).words
        assert (await api.get("/search.json"))["companies"] == []
        problem(await api.client.get("/search.json?limit=0"), 422, "limit")


async def test_whatever_somebody_is_called_is_text(tmp_path: Path) -> None:
    """Also what is searched for."""
    async with served(tmp_path) as api:
        await api.record(described("evil", name=HOSTILE, aliases=["a" * 900, "=1+1"]))
        assert HOSTILE.split()[0] in (await page(api, "/search?q=alert")).words
        found = await page(api, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E")
        assert "1 company found" in found.words
        answer = await api.client.get("/search.csv", params={"q": "=1+1"})
        assert "'=1+1" in answer.text
