"""Changes as they come."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import serving
from tests.browser.looking import look

_PATIENCE_MS = 120_000


def test_changes_are_filtered_and_the_filter_is_kept(plain: Page) -> None:
    """In the address, for the feed, and over the pages; without scripts."""
    plain.goto("/changes")
    plain.get_by_role("combobox", name="List").select_option("us-dod-ccmc")
    plain.get_by_role("combobox", name="What").select_option("changed")
    plain.get_by_role("button", name="Show").click()
    expect(plain.get_by_role("combobox", name="List")).to_have_value("us-dod-ccmc")
    expect(plain.locator("section.publication").first).to_be_visible()
    feed = plain.get_by_role("link", name="feed", exact=True)
    expect(feed).to_have_attribute("href", "/feeds/changes.atom?list=us-dod-ccmc&kind=changed")


def test_one_pages_back_to_the_first_change(plain: Page) -> None:
    """A page at a time, and to the latest again."""
    plain.goto("/changes?limit=60")
    seen = 0
    while True:
        seen += plain.locator("tr[data-cursor]").count()
        earlier = plain.get_by_role("link", name="Earlier")
        if not earlier.count():
            break
        earlier.click()
    told = plain.request.get("/v1/changes?limit=1000").json()["changes"]
    assert seen == len(told)
    plain.get_by_role("link", name="The latest").click()
    expect(plain).to_have_url("/changes")


@pytest.fixture
def lively(home: Path, tmp_path: Path) -> Iterator[str]:
    """A server on which something will happen."""
    with serving.serving(serving.copied(home, tmp_path / "home")) as address:
        yield address


def record(address: str, subject: str, effective: str) -> None:
    """Let a company be listed."""
    data = {"list": "us-bis-entity-list", "effective": effective}
    event = {"type": "standing.designation.issued", "subject": subject, "data": data}
    body = json.dumps([event]).encode()
    asked = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/v1/events", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        assert answer.status == 200


def test_what_happens_while_one_reads_comes_to_the_top(browser: Browser, lively: str) -> None:
    """As often as it happens; not while it is paused, and then all of it."""
    with browser.new_context(base_url=lively) as context:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.goto("/changes?list=us-bis-entity-list")
        status = page.locator("#live-said")
        expect(status).to_have_text("Waiting for changes", timeout=_PATIENCE_MS)
        record(lively, "new-one", "2024-05-01")
        fresh = page.locator("tr.fresh")
        expect(fresh).to_have_count(1, timeout=_PATIENCE_MS)
        expect(page.locator("section.publication").first).to_contain_text("new-one")
        record(lively, "new-two", "2024-05-01")
        expect(status).to_have_text("2 new changes", timeout=_PATIENCE_MS)
        expect(page.locator("section.publication").first.locator("tr.fresh")).to_have_count(2)
        live = page.get_by_role("button", name="Live")
        live.focus()
        page.keyboard.press("Enter")
        expect(live).to_have_attribute("aria-pressed", "false")
        record(lively, "new-three", "2024-06-01")
        page.keyboard.press("Enter")
        expect(fresh).to_have_count(3, timeout=_PATIENCE_MS)
        look(page, "changes")
