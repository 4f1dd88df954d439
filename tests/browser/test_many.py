"""The pages with many companies: 2,000, and with STANDING_PAGES=long 100,000."""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.bench.generate import company_id, write_lines
from tests.browser import serving
from tests.browser.looking import check

COMPANIES = 100_000 if os.environ.get("STANDING_PAGES") == "long" else 2_000
SDN = "us-ofac-sdn"
_PATIENCE_MS = 300_000


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with made-up companies, which all of these tests share and only read."""
    home = tmp_path_factory.mktemp("crowd")
    write_lines(home / "events.jsonl", COMPANIES * 5 // 2, COMPANIES)
    serving.run(home, "record", str(home / "events.jsonl"))
    with serving.serving(home) as address:
        yield address


@pytest.fixture
def tab(browser: Browser, crowd: str) -> Iterator[Page]:
    """A tab without scripts, whose addresses begin at the crowd."""
    with browser.new_context(base_url=crowd, java_script_enabled=False) as context:
        context.set_default_timeout(_PATIENCE_MS)
        yield context.new_page()


def counted(text: str) -> int:
    """The number with which a text begins."""
    return int(re.match(r"\s*([\d,]+)", text)[1].replace(",", ""))  # type: ignore[index]


def test_the_members_of_a_list_come_by_page(tab: Page) -> None:
    """As many as are counted, each once, in order."""
    tab.goto(f"/lists/{SDN}")
    members = counted(tab.get_by_role("region", name="How many").inner_text())
    assert members > COMPANIES // 10
    seen = 0
    last = ""
    for _ in range(5):
        links = tab.get_by_role("table", name="Companies on the list").get_by_role("link")
        found = links.evaluate_all("all => all.map(one => one.pathname)")
        assert found == sorted(found)
        assert found[0] > last
        seen, last = seen + len(found), found[-1]
        further = tab.get_by_role("link", name="Further")
        if not further.count():
            break
        further.click()
    assert seen == min(members, 500)
    told = tab.request.get(f"/lists/{SDN}.csv", timeout=_PATIENCE_MS).text()
    assert len(told.splitlines()) == members + 1


def test_the_page_of_a_list_is_no_larger_than_of_few(tab: Page) -> None:
    """Its chart and tables are bounded; so is the page of all lists."""
    for path in ("/lists", f"/lists/{SDN}", f"/lists/{SDN}?as_of=2022-01-01"):
        answer = tab.goto(path)
        assert answer is not None
        assert answer.status == 200
        assert len(answer.body()) < 200_000
    check_without_scripts(tab)


def check_without_scripts(tab: Page) -> None:
    """Nothing of it is wider than a phone."""
    tab.set_viewport_size({"width": 390, "height": 844})
    expect(tab.get_by_role("heading", level=1)).to_be_visible()


def test_everybody_is_compared_between_two_dates(tab: Page) -> None:
    """What happened is counted, the first of each are told, and the CSV has them all."""
    query = "as_of_before=2020-01-01&as_of_after=2023-01-01"
    tab.goto(f"/compare?{query}")
    heading = tab.get_by_role("heading", name="differences of").inner_text()
    told = tab.request.get(f"/compare.csv?{query}", timeout=_PATIENCE_MS).text()
    assert len(told.splitlines()) == counted(heading) + 1 > COMPANIES // 4
    assert len(tab.content()) < 1_500_000


def test_a_company_is_found_by_its_number(tab: Page) -> None:
    """Its id, and what begins as many names as there are."""
    one = company_id(COMPANIES - 1)
    tab.goto(f"/search?q={one}")
    table = tab.get_by_role("table", name="Companies found")
    expect(table.get_by_role("row")).to_have_count(2)
    tab.goto("/search?q=company")
    expect(table.get_by_role("row")).to_have_count(51)


def test_the_latest_changes_are_there_at_once(browser: Browser, crowd: str) -> None:
    """With scripts, and nothing to complain of."""
    with browser.new_context(base_url=crowd) as context:
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        page.goto("/changes")
        expect(page.locator("tr[data-cursor]")).to_have_count(100)
        check(page)
