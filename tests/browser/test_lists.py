"""The lists: how many stand on each, who stood there on a date, and by what law."""

from playwright.sync_api import Page, expect

from tests.browser.looking import look


def test_one_asks_who_stood_on_a_list_on_a_date(page: Page) -> None:
    """From the lists, by keyboard; the date stays in the address."""
    page.goto("/lists")
    page.get_by_role("link", name="Communist Chinese Military Companies (section 1237)").focus()
    page.keyboard.press("Enter")
    page.get_by_label("As of").fill("2021-03-01")
    page.keyboard.press("Enter")
    expect(page).to_have_url(
        "/lists/us-dod-ccmc?as_of=2021-03-01&announced_by=&known_at=&show=members"
    )
    how_many = page.get_by_role("region", name="How many")
    expect(how_many).to_contain_text("44 on it as of 2021-03-01")
    expect(how_many).to_contain_text("0 on it today")
    row = page.get_by_role("row").filter(has_text="Xiaomi")
    expect(row).to_contain_text("Designated")
    expect(row).to_contain_text("Removed")
    expect(page.get_by_role("link", name="EO 13959 section 1(a)", exact=False)).to_be_visible()


def test_the_chart_and_its_table_say_the_same(plain: Page) -> None:
    """Without scripts: who came by which publication, and the list on that day."""
    plain.goto("/lists/us-dod-ccmc")
    expect(
        plain.get_by_role("img", name="Additions upwards and removals downwards")
    ).to_be_visible()
    plain.get_by_text("publications as a table").click()
    table = plain.get_by_role("table", name="Additions and removals by publication")
    row = table.get_by_role("row").filter(has_text="2021-06-03")
    expect(row).to_contain_text("43")
    row.get_by_role("link", name="2021-06-03").click()
    expect(plain).to_have_url("/lists/us-dod-ccmc?as_of=2021-06-03")


def test_the_lists_are_for_everybody(page: Page) -> None:
    """All of them, and one."""
    page.goto("/lists")
    look(page, "lists")
    page.goto("/lists/us-dod-ccmc?as_of=2021-03-01")
    page.get_by_text("publications as a table").click()
    look(page, "list")
