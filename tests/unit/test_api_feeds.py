"""Atom feeds, read as a feed reader reads them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest

from tests.unit.making import CCMC, ENTITY, granted, issued, removed
from tests.unit.serving import Api, described, merged, problem, served


def read(text: bytes) -> Any:
    found = feedparser.parse(text)
    assert not found.bozo, found.bozo_exception
    assert found.version == "atom10"
    for one in (found.feed, *found.entries):
        assert one.id.startswith("urn:uuid:")
        assert one.title
        assert datetime.fromisoformat(one.updated).tzinfo is not None
    assert found.feed.author == "standing"
    return found


async def feed(api: Api, path: str = "/feeds/changes.atom", **query: Any) -> Any:
    answer = await api.client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/atom+xml")
    return read(answer.content)


def link(found: Any, rel: str) -> str | None:
    return next((one.href for one in found.feed.links if one.rel == rel), None)


async def fill(api: Api, *companies: str) -> None:
    for company in companies:
        await api.record(
            issued("2022-01-01", f"on-{company}", ENTITY, subject=company),
            granted("2022-02-01", f"stop-{company}", ENTITY, subject=company),
            removed("2022-03-01", f"off-{company}", ENTITY, subject=company),
        )


async def test_the_latest_is_first_and_says_what_happened(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await api.record(described("acme", name="Acme Corporation"))
        await fill(api, "other", "acme")
        found = await feed(api)
        assert len(found.entries) == 6
        first = found.entries[0]
        assert first.title.startswith("Acme Corporation: enjoined → removed")
        assert first.link == "http://localhost/companies/acme"
        (change,) = [
            one for one in (await api.get("/v1/changes"))["changes"] if one["cursor"] == "acme/3"
        ]
        assert first.id == f"urn:uuid:{change['change']}"
        assert first.updated == change["recorded"]
        assert {one.term for one in first.tags} == {"changed", ENTITY, "removed"}
        assert "Removed" in first.content[0].value
        assert found.feed.updated == first.updated


async def test_an_empty_feed_is_a_feed(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        found = await feed(api)
        assert (found.entries, found.feed.updated) == ([], "1970-01-01T00:00:00Z")


async def test_a_reader_that_has_it_is_not_sent_it_again(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await fill(api, "acme")
        first = await api.client.get("/feeds/changes.atom")
        tag = first.headers["etag"]
        for given in (tag, f'"x", W/{tag}'):
            again = await api.client.get("/feeds/changes.atom", headers={"if-none-match": given})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        await fill(api, "other")
        new = await api.client.get("/feeds/changes.atom", headers={"if-none-match": tag})
        assert new.status_code == 200
        assert {one.id for one in read(first.content).entries} < {
            one.id for one in read(new.content).entries
        }


async def test_pages_lead_back_to_the_beginning(tmp_path: Path) -> None:
    """And each says where the first is (RFC 5005, 3)."""
    async with served(tmp_path) as api:
        await fill(api, "a", "b", "c")
        every = [one.id for one in (await feed(api)).entries]
        seen: list[str] = []
        first = "http://localhost/feeds/changes.atom?limit=2"
        url: str | None = first
        while url:
            page = await feed(api, url)
            assert link(page, "self") == url
            assert link(page, "first") == (first if seen else None)
            seen += [one.id for one in page.entries]
            url = link(page, "next")
        assert seen == every


async def test_one_companys_feed_is_its_own(tmp_path: Path) -> None:
    """Also by an id that was merged into it; of one that is not known there is none."""
    async with served(tmp_path) as api:
        await fill(api, "acme", "other")
        found = await feed(api, "/feeds/companies/acme.atom")
        assert len(found.entries) == 3
        assert found.feed.title == "acme: changes"
        narrowed = await feed(api, "/feeds/companies/acme.atom", to="removed")
        assert [one.id for one in narrowed.entries] == [found.entries[0].id]
        await api.record(merged("old-acme", "acme"))
        moved = await api.client.get("/feeds/companies/old-acme.atom?limit=1")
        assert moved.status_code == 308
        assert moved.headers["location"] == "/feeds/companies/acme.atom?limit=1"
        problem(await api.client.get("/feeds/companies/nobody.atom"), 404, "company")


async def test_a_feed_is_narrowed_as_pages_are(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await fill(api, "a", "b")
        await api.record(issued("2021-01-14", "on-c", CCMC, subject="c"))
        everything = await feed(api)
        for query in ({"company": "a"}, {"list": CCMC}, {"to": "removed"}, {"kind": "changed"}):
            pages = (await api.get("/v1/changes", **query))["changes"]
            found = await feed(api, **query)
            wanted = [f"urn:uuid:{one['change']}" for one in reversed(pages)]
            assert [one.id for one in found.entries] == wanted
            assert found.feed.id != everything.feed.id


async def test_what_others_wrote_stays_text(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>]]>&\u202e" + "x" * 400
    async with served(tmp_path) as api:
        await api.record(described("acme", name=hostile))
        sources = [{"url": "javascript:alert(1)", "title": "<img src=x>"}]
        await api.record(issued("2022-01-01", "on", ENTITY, sources=sources))
        answer = await api.client.get("/feeds/changes.atom")
        (entry,) = read(answer.content).entries
        assert "<script" not in entry.content[0].value
        assert "<img" not in entry.content[0].value
        assert b"javascript:" not in answer.content
        assert "\u202e" not in answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [({"before": "nonsense"}, "before"), ({"limit": "501"}, "limit"), ({"after": "x"}, "after")],
)
async def test_a_bad_question_is_refused_by_name(
    query: dict[str, str], field: str, tmp_path: Path
) -> None:
    async with served(tmp_path) as api:
        await api.refused("/feeds/changes.atom", field, **query)


async def test_a_feed_reader_is_asked_for_a_password_it_can_give(tmp_path: Path) -> None:
    """A token's, with any name."""
    async with served(tmp_path, tokens=True) as api:
        answer = await api.client.get("/feeds/changes.atom")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
