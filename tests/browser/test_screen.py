"""Screening: holdings in, whom they may be out, and on to watching them."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.looking import check, look

ROWS = (
    "name,isin\nXiaomi Corporation,KYG9830T1067\nLuokung Technologie,\n<script>alert(1)</script>,\n"
)


def test_holdings_are_screened_as_of_a_date(page: Page) -> None:
    """With how sure each match is; what is pasted stays to be changed."""
    page.goto("/screen")
    page.get_by_label("Names, one a line, or a CSV with a heading").fill(ROWS)
    page.get_by_label("As of").fill("2021-04-01")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="3 rows screened")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Xiaomi")
    expect(row).to_contain_text("Exact")
    expect(row).to_contain_text("Enjoined")
    expect(page.get_by_role("row").filter(has_text="<script>")).to_contain_text("clears nobody")
    expect(page.get_by_label("Names, one a line, or a CSV with a heading")).to_have_value(ROWS)
    expect(page.get_by_role("button", name="Subscribe to")).to_be_visible()
    look(page, "screen")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert "Xiaomi Corporation" in Path(download.value.path()).read_text()


def test_a_file_is_screened_without_scripts(plain: Page, tmp_path: Path) -> None:
    """And one that cannot be read is told beside the form."""
    file = tmp_path / "names.csv"
    file.write_text("name\nXiaomi Corporation\n")
    plain.goto("/screen")
    plain.get_by_label("Or a file").set_input_files(file)
    plain.get_by_role("button", name="Screen", exact=True).click()
    expect(plain.get_by_role("heading", name="1 row screened")).to_be_visible()
    plain.get_by_label("As of").fill("someday")
    plain.get_by_role("button", name="Screen", exact=True).click()
    expect(plain.get_by_role("alert")).to_contain_text("someday")


def test_the_empty_form_is_for_everybody(page: Page) -> None:
    """Before anything is written."""
    page.goto("/screen")
    check(page)
