"""The page of whoever runs it."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from events.door import admit
from events.sqlite_log import SqliteEventLog
from service.compose import system_clock
from tests.browser import serving
from tests.browser.looking import look
from tests.browser.test_subscriptions import tab
from tests.unit.making import REGISTRY, issued


async def poisoned(home: Path) -> None:
    """Have an event in the log that no door would have let in."""
    log = SqliteEventLog(home / "log.db", system_clock)
    good = admit(issued("2021-02-01", "poison", subject="xiaomi"), REGISTRY)
    await log.append([good._replace(body=good.body.replace(b"2021-02-01", b"<b>no day</b>"))])
    log.close()


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Iterator[str]:
    """A server with a company that is parked."""
    copy = serving.copied(home, tmp_path / "home")
    with ThreadPoolExecutor(1) as thread:  # this one's event loop is the browser's
        thread.submit(asyncio.run, poisoned(copy)).result()
    with serving.serving(copy) as address:
        yield address


def test_a_parked_company_is_released(browser: Browser, own: str) -> None:
    """Its event is shown, retracted with a reason, and the company answers again."""
    with tab(browser, own) as page:
        page.goto("/operate")
        parked = page.get_by_role("article").filter(has_text="xiaomi")
        expect(parked).to_contain_text("no day")
        look(page, "operate-parked")
        parked.get_by_role("button", name="Try again").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("still cannot be folded")
        parked.get_by_text("What it says").press("Enter")
        expect(parked.get_by_text('"<b>no day</b>"')).to_be_visible()
        parked.get_by_label("Reason").fill("sent by a tool gone wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_text("was folded again")).to_be_visible()
        expect(page.get_by_text("None: every company can be folded")).to_be_visible()
        page.goto("/companies/xiaomi")
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("Xiaomi"))


def test_the_figures_come_again_by_themselves(browser: Browser, own: str) -> None:
    """Unless one does not want that."""
    with tab(browser, own) as page:
        page.goto("/operate")
        page.evaluate("document.getElementById('live').dataset.old = 'yes'")
        expect(page.locator("#live[data-old]")).to_have_count(0, timeout=120_000)
        expect(page.get_by_label("Refresh every 10 seconds")).to_be_checked()


def test_it_reads_without_scripts(plain: Page) -> None:
    """And says nothing of refreshing."""
    plain.goto("/operate")
    expect(plain.get_by_text("All is well")).to_be_visible()
    expect(plain.get_by_label("Refresh every 10 seconds")).to_be_hidden()
    expect(plain.get_by_role("heading", name="To come by itself")).to_be_visible()
    plain.goto("/operate/rejected")
    expect(plain.get_by_role("heading", name="Rejected records")).to_be_visible()


def test_the_page_is_for_everybody(page: Page) -> None:
    """In both themes, on a desk and on a phone."""
    page.goto("/operate")
    look(page, "operate")
