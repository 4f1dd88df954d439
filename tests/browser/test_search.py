"""Search: a company is found and opened without leaving the keyboard."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import check, look


def test_one_types_and_opens_what_is_found(page: Page) -> None:
    """From any page: slash, some letters, arrow, Enter."""
    page.goto("/companies/xiaomi")
    page.keyboard.press("/")
    page.keyboard.type("luok")
    box = page.get_by_role("combobox", name="Find a company")
    expect(box).to_have_attribute("aria-expanded", "true")
    found = page.get_by_role("listbox", name="Companies found").get_by_role("option")
    expect(found).to_have_count(1)
    expect(found.first).to_contain_text("Luokung")
    check(page)
    page.keyboard.press("ArrowDown")
    expect(found.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "found-0")
    page.keyboard.press("Enter")
    expect(page).to_have_url("/companies/luokung")


def test_arrows_go_around_and_escape_puts_it_away(page: Page) -> None:
    """Past the last one is in the box again, and Enter sends what is written."""
    page.goto("/search")
    box = page.get_by_role("combobox", name="Find a company")
    box.focus()
    page.keyboard.type("c")
    found = page.get_by_role("listbox", name="Companies found").get_by_role("option")
    expect(found.nth(1)).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(found.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[aria-selected=true]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/search?q=c")
    expect(page.get_by_role("heading", name="found for")).to_be_visible()


@pytest.mark.parametrize("text", ["小米", "xiaomi", "\uff38iaom\uff29", "KYG9830T1067"])
def test_any_script_and_any_identifier_finds(plain: Page, text: str) -> None:
    """Also where no script runs: the form is sent."""
    plain.goto("/search")
    plain.get_by_role("searchbox", name="Find a company").fill(text)
    plain.keyboard.press("Enter")
    table = plain.get_by_role("table", name="Companies found")
    expect(table.get_by_role("link", name="Xiaomi")).to_be_visible()


def test_what_is_found_by_another_name_says_so(page: Page) -> None:
    """And nothing found is no all-clear."""
    page.goto("/search?q=小米")
    expect(page.get_by_role("row").filter(has_text="Xiaomi")).to_contain_text("小米")
    page.goto("/search?q=nobody+of+this+name")
    expect(page.get_by_role("note")).to_contain_text("not an all-clear")
    check(page)


def test_the_search_page_is_for_everybody(page: Page) -> None:
    """With results, and while one types."""
    page.goto("/search?q=technolog")
    look(page, "search")
    page.get_by_role("combobox", name="Find a company").fill("chi")
    expect(page.locator("#found [role=option]").first).to_be_visible()
    look(page, "search-typing")
