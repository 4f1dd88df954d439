"""The pages: what they say, and what they never do."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.making import CCMC, ENTITY, event, granted, issued, removed, retracted
from tests.unit.serving import Api, described, merged, served


class Page(HTMLParser):
    """A page's words and links; fails where it is no well-formed page."""

    EMPTY = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.links: list[str] = []
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.EMPTY:
            self._open.append(tag)
        given = dict(attrs)
        assert not [name for name in given if name == "style" or name.startswith("on")]
        if tag == "script":
            self.scripts.append(given["src"] or "")
        if tag == "a":
            self.links.append(given["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


async def page(api: Api, path: str, status: int = 200) -> Page:
    answer = await api.client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    found = Page(answer.text)
    assert all(one.startswith("/static/") for one in found.scripts)
    return found


async def test_the_first_page_finds_companies(tmp_path: Path) -> None:
    """With their status today."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme", country="CN"), issued("2020-01-01", list_=ENTITY))
        first = await page(api, "/")
        assert "1 company, " in first.words
        assert "Entity List" in first.words
        found = await page(api, "/search?q=acm")
        assert "1 company found" in found.words
        assert "Designated" in found.words
        assert "/companies/acme" in found.links


async def test_nothing_found_is_no_all_clear(tmp_path: Path) -> None:
    """And says so."""
    async with served(tmp_path) as api:
        found = await page(api, "/search?q=nobody")
        assert "not an all-clear" in found.words


async def test_a_company_has_its_status_why_and_what_it_forbids(tmp_path: Path) -> None:
    """The cause with its sources, restrictions in force and to come, injunctions, intervals."""
    async with served(tmp_path) as api:
        source = {"url": "https://court.example/21", "title": "Opinion", "quote": "So ordered."}
        await api.record(
            described(name="Acme", aliases=["Acme Group"]),
            issued("2021-01-14"),
            granted("2021-03-12", docket="1:21-cv-00280", court="D.D.C.", sources=[source]),
            removed("2021-05-25", how="vacated"),
            event("note.recorded", "n", kind="news", text="Something happened."),
        )
        found = await page(api, "/companies/acme?as_of=2021-04-01")
        assert "Enjoined as of the end of 1 Apr 2021" in found.words
        assert (
            "Why: Injunction granted, effective 12 Mar 2021 · D.D.C., 1:21-cv-00280" in found.words
        )
        assert "https://court.example/21" in found.links
        assert "So ordered." in found.words
        assert "Why this status: 3 steps" in found.words
        assert "An injunction over everything" in found.words
        assert "vacated by a court" in found.words
        assert "Next: 25 May 2021, removed" in found.words
        assert "Not evaluated" in found.words
        assert "Not covered. This list was not read here for that date" in found.words
        assert "Something happened." in found.words
        before = await page(api, "/companies/acme?as_of=2021-02-01")
        assert "Its securities may not be held from 14 Jan 2022" in before.words
        assert "EO 13959" in before.words


async def test_what_is_taken_back_or_does_not_fit_says_so(tmp_path: Path) -> None:
    """Both stay to be seen."""
    async with served(tmp_path) as api:
        await api.record(
            issued("2022-01-01", list_=ENTITY),
            removed("2022-02-01", "wrong", ENTITY),
            retracted("wrong"),
            granted("2021-01-01", "early", ENTITY),
        )
        found = await page(api, "/companies/acme")
        assert "Removed, 1 Feb 2022 was taken back by retraction: a slip." in found.words
        told = (
            "Injunction granted, 1 Jan 2021 does not fit: an injunction with no designation to stop"
        )
        assert told in found.words
        assert "taken back by another event" in found.words


async def test_the_question_stays_in_the_form(tmp_path: Path) -> None:
    """To be changed and asked again; with what it cut."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        query = f"as_of=2021-04-01&announced_by=2021-02-01&known_at=0:0&list={CCMC}"
        answer = await api.client.get(f"/companies/acme?{query}")
        for value in ("2021-04-01", "2021-02-01", "0:0"):
            assert f'value="{value}"' in answer.text
        assert f'value="{CCMC}" selected' in answer.text
        assert f"/companies/acme.json?{query.replace('&', '&amp;')}" in answer.text
        assert "What was" not in answer.text
        assert "With what was public by the end of 1 Feb 2021" in Page(answer.text).words


async def test_the_same_is_there_as_json(tmp_path: Path) -> None:
    """Under the same address, with the same question."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        found = await api.get("/companies/acme.json", as_of="2021-04-01", list=CCMC)
        assert found == await api.status("acme", as_of="2021-04-01", list=CCMC)
        await api.refused("/companies/nobody.json", "company", 404)
        await api.refused("/companies/acme.json", "as_of", as_of="?")


async def test_an_unknown_company_is_not_the_same_as_not_listed(tmp_path: Path) -> None:
    """A page for people, 404."""
    async with served(tmp_path) as api:
        found = await page(api, "/companies/nobody", 404)
        assert "not the same as “not listed”" in found.words


@pytest.mark.parametrize("query", ["as_of=soon", "known_at=0:99", "list=x", "asof=2021"])
async def test_a_bad_question_is_explained(query: str, tmp_path: Path) -> None:
    """422, which names what is wrong."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        found = await page(api, f"/companies/acme?{query}", 422)
        assert query.partition("=")[0] in found.words
        await page(api, "/?query=acme", 422)


async def test_a_merged_id_leads_on(tmp_path: Path) -> None:
    """With the question."""
    async with served(tmp_path) as api:
        await api.record(described("old", name="Old"), described("new", name="New"))
        await api.record(merged("old", "new"))
        answer = await api.client.get("/companies/old?as_of=2021")
        assert (answer.status_code, answer.headers["location"]) == (
            308,
            "/companies/new?as_of=2021",
        )


async def test_what_others_wrote_stays_text(tmp_path: Path) -> None:
    """Names, notes and quotes are never markup, and only web addresses are links."""
    async with served(tmp_path) as api:
        nasty = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        sources = [
            {"url": "javascript:alert(1)", "title": nasty, "quote": nasty, "publisher": nasty},
            {"url": "data:text/html,x", "title": "data"},
            {"url": "https://ok.example/?a=1&b=2", "title": "fine"},
        ]
        await api.record(
            described(name=nasty, aliases=[nasty], identifiers=[{"scheme": nasty, "value": nasty}]),
            issued("2022-01-01", list_=ENTITY, basis=nasty, sources=sources),
            event("note.recorded", "n", kind="news", text=nasty, sources=sources),
        )
        for path in ("/companies/acme", "/search?q=script", f"/search?q={nasty}"):
            found = await page(api, path)
            assert "img" not in found.tags
            assert not [link for link in found.links if link.startswith(("javascript:", "data:"))]
        assert "https://ok.example/?a=1&b=2" in (await page(api, "/companies/acme")).links
        await page(api, f"/companies/{nasty.replace('/', '')}", 404)


async def test_a_long_story_is_told_from_its_end(tmp_path: Path) -> None:
    """The latest hundred events and intervals; the rest is a link away."""
    async with served(tmp_path) as api:
        await api.record(
            *(
                make(f"20{20 + number // 12}-{number % 12 + 1:02}-01", f"{name}-{number}", ENTITY)
                for number in range(70)
                for name, make in (("on", issued), ("off", removed))
            )
        )
        found = await page(api, "/companies/acme")
        assert "the latest 100 of 140" in found.words
        story = await api.get("/v1/companies/acme/history")
        assert len(story["events"]) == 140


async def test_what_lies_beside_the_pages_may_be_kept(tmp_path: Path) -> None:
    """For ever: its address is of its content. What has another address is not there."""
    async with served(tmp_path) as api:
        text = (await api.client.get("/")).text
        (style,) = re.findall(r'"(/static/style\.[0-9a-f]{12}\.css)"', text)
        answer = await api.client.get(style)
        assert answer.headers["content-type"].startswith("text/css")
        assert "immutable" in answer.headers["cache-control"]
        assert (await api.client.get("/static/style.css")).status_code == 404
