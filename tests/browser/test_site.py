"""What all pages share: colours, keys, cookies, and signing in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import serving
from tests.browser.looking import check, look

PAGES = ("/", "/search?q=xiaomi", "/companies/nobody")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_everybody(page: Page, path: str) -> None:
    """In both themes, on a desk and on a phone."""
    page.goto(path)
    look(page, path.strip("/").replace("/", "-").replace("?", "") or "front")


def test_the_first_key_leads_past_the_navigation(page: Page) -> None:
    """Tab, Enter: to what the page is about."""
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_slash_goes_to_search(page: Page) -> None:
    """And where one writes it is a slash."""
    page.goto("/")
    page.keyboard.press("/")
    box = page.get_by_label("Find a company", exact=True)
    expect(box).to_be_focused()
    page.keyboard.type("a/b")
    expect(box).to_have_value("a/b")


def test_a_theme_is_remembered(plain: Page) -> None:
    """Without any script, and one comes back to the page where one chose it."""
    plain.goto("/companies/xiaomi?as_of=2021-02-01")
    plain.get_by_role("button", name="Dark").click()
    expect(plain).to_have_url("/companies/xiaomi?as_of=2021-02-01")
    assert plain.locator("html").get_attribute("data-theme") == "dark"
    plain.goto("/")
    expect(plain.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    cookie = next(one for one in plain.context.cookies() if one["name"].endswith("theme"))
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")


def test_no_page_shows_in_another_sites_frame(page: Page) -> None:
    """And nothing in it is loaded from elsewhere."""
    answer = page.goto("/")
    assert answer is not None
    assert answer.headers["x-frame-options"] == "DENY"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.fixture
def guarded(home: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server that others can reach, and a token for it."""
    copy = serving.copied(home, tmp_path / "home")
    token = serving.run(copy, "token", "create", "--role", "read", "--owner", "desk").strip()
    with serving.serving(copy, host="0.0.0.0") as address:  # noqa: S104 - it is what asks for tokens
        yield address, next(word for word in token.split() if word.startswith("standing_"))


def test_one_signs_in_with_a_token_and_out_again(
    browser: Browser, guarded: tuple[str, str]
) -> None:
    """And is led to where one wanted to go; nothing shows without."""
    address, token = guarded
    with browser.new_context(base_url=address) as context:
        page = context.new_page()
        page.goto("/companies/xiaomi?as_of=2021-04-01")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        check(page)
        page.get_by_label("Token").fill("standing_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("no token")
        page.get_by_label("Token").fill(token)
        page.keyboard.press("Enter")
        expect(page).to_have_url("/companies/xiaomi?as_of=2021-04-01")
        expect(page.get_by_text("Signed in as desk")).to_be_visible()
        cookie = next(one for one in context.cookies() if one["name"].endswith("token"))
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        assert token not in page.content()
        page.get_by_role("button", name="Sign out").click()
        page.goto("/")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_may_only_read_is_told_how_to_come_further(
    browser: Browser, guarded: tuple[str, str], tmp_path: Path
) -> None:
    """Review needs another role: the page names it, and leads to signing in with a token that has
    it, and from there to review."""
    address, token = guarded
    made = serving.run(tmp_path / "home", "token", "create", "--role", "record", "--owner", "desk")
    better = next(word for word in made.split() if word.startswith("standing_"))
    with browser.new_context(base_url=address) as context:
        page = context.new_page()
        page.goto("/review")
        page.get_by_label("Token").fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your token may not see this")
        expect(page.get_by_text("The role record is needed")).to_be_visible()
        look(page, "barred")
        page.get_by_role("link", name="Sign in with another token").press("Enter")
        page.get_by_label("Token").fill(better)
        page.keyboard.press("Enter")
        expect(page).to_have_url("/review")
        expect(page.get_by_role("heading", level=1)).to_have_text("Review")
