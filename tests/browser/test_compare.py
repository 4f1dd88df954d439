"""Two dates side by side."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.looking import look


def test_two_dates_of_a_company_are_compared(page: Page) -> None:
    """By keyboard; what happened is told in words, with what began or ended."""
    page.goto("/compare")
    page.get_by_role("group", name="Before").get_by_label("As of").fill("2021-02-01")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("2021-06-04")
    page.get_by_label("Companies, by id").fill("xiaomi luokung")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 differences of 2 companies")).to_be_visible()
    table = page.get_by_role("table", name="Left a list")
    expect(table.get_by_role("row").filter(has_text="Xiaomi")).to_contain_text("Removed")


def test_a_file_of_holdings_is_compared(plain: Page, tmp_path: Path) -> None:
    """Without scripts; who is not known is told."""
    file = tmp_path / "holdings.csv"
    file.write_text("name,isin\nXiaomi Corporation,\nNobody Of This Name,\n")
    plain.goto("/compare")
    plain.get_by_text("Or a file of holdings").click()
    plain.get_by_label("Before, as of").fill("2021-02-01")
    plain.get_by_label("After, as of").fill("2021-06-04")
    plain.get_by_label("CSV with a heading").set_input_files(file)
    plain.get_by_role("button", name="Compare these").click()
    expect(plain.get_by_role("heading", name="1 difference of 1 company")).to_be_visible()
    expect(plain.get_by_role("note")).to_contain_text("Nobody Of This Name")


def test_comparing_is_for_everybody(page: Page) -> None:
    """Everybody, between two dates."""
    page.goto("/compare?as_of_before=2020-12-31&as_of_after=2021-08-10")
    expect(page.get_by_role("navigation", name="What happened")).to_be_visible()
    look(page, "compare")
