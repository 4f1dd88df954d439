"""Deciding what nothing here decides by itself, as people do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import serving
from tests.browser.looking import check, look
from tests.browser.test_subscriptions import tab
from tests.unit.sources.test_cli_ingest import TEN, snapshot
from tests.unit.sources.test_disputed import screening_list

HOSTILE = "<img src=x onerror=\"document.title='taken'\">"


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Iterator[str]:
    """A server with three more pairs of companies that are alike."""
    copy = serving.copied(home, tmp_path / "home")
    events = tmp_path / "more.jsonl"
    lines = [
        f'{{"type": "standing.company.described", "subject": "{side}-{name}", "data": {{"name": '
        f'"Hikari {name} Works{extra}"}}}}'
        for name in ("aaaaaaa", "bbbbbbb", "ccccccc")
        for side, extra in (("old", ""), ("new", " Ltd"))
    ]
    hostile = HOSTILE.replace('"', '\\"')
    events.write_text("\n".join(lines).replace("Hikari aaaaaaa", f"{hostile} Hikari aaaaaaa"))
    serving.run(copy, "record", str(events))
    with serving.serving(copy) as address:
        yield address


@pytest.fixture
def disputed(tmp_path: Path) -> Iterator[str]:
    """A server on which one source took off a list what another still shows there."""
    own = tmp_path / "disputed"
    for source, publication in (
        ("ofac-sdn-csv", snapshot(tmp_path, "2021-08-18", *TEN)),
        ("csl-csv", screening_list(tmp_path, "2021-08-19", range(10))),
        ("ofac-sdn-csv", snapshot(tmp_path, "2021-08-20", *TEN[:9])),
    ):
        serving.run(own, "ingest", source, str(publication))
    with serving.serving(own) as address:
        yield address


def test_a_question_is_decided_by_keys_and_undone(browser: Browser, own: str) -> None:
    """j, k, a, r; with who and why."""
    with tab(browser, own) as page:
        page.goto("/review")
        questions = page.get_by_role("article")
        some = questions.count()
        assert some >= 3
        look(page, "review")
        assert "taken" not in page.title()
        table = questions.nth(0).get_by_role("table")
        heads, ids = (table.get_by_role("row").nth(number) for number in (0, 1))
        for number in (0, 1):
            above = heads.get_by_role("columnheader").nth(number + 1).bounding_box()
            below = ids.get_by_role("cell").nth(number).bounding_box()
            assert above is not None
            assert below is not None
            assert above["x"] == below["x"]
            assert above["y"] < below["y"]
        page.keyboard.press("j")
        expect(questions.nth(0)).to_be_focused()
        page.keyboard.press("j")
        expect(questions.nth(1)).to_be_focused()
        page.keyboard.press("k")
        expect(questions.nth(0)).to_be_focused()
        page.keyboard.press("r")
        why = questions.nth(0).get_by_label("Why")
        expect(why).to_be_focused()
        expect(questions.nth(0).get_by_text("Enter refuses")).to_be_visible()
        page.keyboard.type("a rival of that name")
        page.keyboard.press("Shift+Tab")
        page.keyboard.type("j.doe")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Decided: see or undo it")).to_be_visible()
        expect(questions).to_have_count(some - 1)
        expect(questions.nth(0).get_by_label("Who")).to_have_value("j.doe")
        page.get_by_role("link", name="see or undo it").press("Enter")
        expect(page.get_by_role("row", name="a rival of that name")).to_contain_text("Refused")
        page.get_by_text("Undo", exact=True).nth(1).press("Enter")
        page.get_by_label("Who").fill("j.doe")
        page.get_by_label("Why").fill("the wrong one")
        look(page, "decided")
        page.get_by_role("button", name="Undo it").press("Enter")
        expect(page.get_by_role("article")).to_have_count(some)


def test_a_question_is_decided_without_scripts(browser: Browser, own: str) -> None:
    """Whoever says no reason is asked for it again."""
    with tab(browser, own, scripts=False) as page:
        page.goto("/review?kind=name")
        first = page.get_by_role("article").first
        first.get_by_label("Who").fill("j.doe")
        first.get_by_label("Why").fill(" ")
        first.get_by_role("button", name="Accept").click()
        expect(page.get_by_role("alert")).to_contain_text("why")
        page.get_by_label("Why").fill("one register")
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("Decided: see or undo it")).to_be_visible()


def test_the_keys_are_turned_off(browser: Browser, own: str) -> None:
    """And stay so."""
    with tab(browser, own) as page:
        page.goto("/review")
        page.get_by_text("Keys", exact=True).click()
        check(page)
        page.get_by_label("Use these keys").uncheck()
        page.reload()
        page.keyboard.press("j")
        page.get_by_text("Keys", exact=True).click()
        expect(page.get_by_label("Use these keys")).not_to_be_checked()
        expect(page.get_by_role("article").first).not_to_be_focused()


def test_what_another_source_still_shows_is_decided(browser: Browser, disputed: str) -> None:
    """It comes before all others, and says which source took it off, and which one shows it as of
    when. Once it is decided that it stands, the company does, and nobody is asked any more."""
    with tab(browser, disputed) as page:
        page.goto("/review")
        first = page.get_by_role("article").first
        expect(first).to_contain_text("Taken off, and still shown elsewhere")
        off = "ofac-sdn-csv took ofac-uid 9 off us-ofac-sdn in its publication of 2021-08-20"
        expect(first).to_contain_text(off)
        expect(first).to_contain_text("csl-csv, as last read (2021-08-19), still shows it")
        page.get_by_role("link", name="Taken off, and still shown elsewhere 1").press("Enter")
        question = page.get_by_role("article")
        expect(question).to_have_count(1)
        expect(question.get_by_role("row", name="Today")).to_contain_text("Removed")
        look(page, "still-shown")
        question.get_by_label("Who").fill("j.doe")
        question.get_by_label("Why").fill("the notice names another one")
        question.get_by_role("button", name="Accept: it still stands").press("Enter")
        expect(page.get_by_text("Decided: see or undo it")).to_be_visible()
        expect(page.get_by_text("Nothing waits for a decision here")).to_be_visible()
        page.goto("/companies/company-9")
        standing = page.get_by_role("region", name="Where it stands")
        expect(standing.get_by_text("Designated").first).to_be_visible()
        page.goto("/review?state=decided")
        decision = page.get_by_role("row", name="the notice names another one")
        expect(decision).to_contain_text("Accepted")
        expect(decision).to_contain_text("j.doe")
