"""A company's page: what one does there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import serving
from tests.browser.looking import Complaints, check, look

QUESTIONS = {
    "company-xiaomi": "/companies/xiaomi?as_of=2021-04-01",
    "company-huawei": "/companies/huawei",
    "company-luokung": "/companies/luokung?as_of=2021-05-01",
    "certificate": "/companies/xiaomi/certificate?as_of=2021-02-01",
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_is_for_everybody(page: Page, name: str) -> None:
    """In both themes, on a desk and on a phone."""
    page.goto(QUESTIONS[name])
    look(page, name)


def test_one_sees_where_it_stands_and_why(page: Page) -> None:
    """Status, restrictions to come with their rule and source, and each step that led there."""
    page.goto("/companies/xiaomi?as_of=2021-02-01")
    answer = page.get_by_role("region", name="Where it stands")
    expect(answer).to_contain_text("Designated as of the end of 1 Feb 2021")
    expect(answer).to_contain_text("No restriction of the lists below")
    expect(answer).to_contain_text("Its securities may not be bought from 15 Mar 2021")
    expect(answer).to_contain_text("the 50 % rule and the affiliates rule")
    rule = page.get_by_role("link", name="EO 13959 section 1(a)(i) and (ii), as amended")
    expect(rule.first).to_have_attribute("href", re.compile("^https://home.treasury.gov/"))
    steps = page.get_by_role("listitem").filter(has_text="Rule 3")
    expect(steps.first).to_contain_text("An injunction over everything")
    expect(steps.first).to_contain_text("later than asked")


def test_a_mark_of_the_timeline_opens_its_event(plain: Page) -> None:
    """With the keyboard, and without a script."""
    plain.goto("/companies/xiaomi?as_of=2021-02-01")
    source = plain.locator("#xiaomi-ccmc-listing").get_by_text("Well, if you don't know")
    expect(source).to_be_hidden()
    mark = plain.get_by_role("link", name=re.compile("^Designated, 14 Jan 2021"))
    mark.focus()
    plain.keyboard.press("Enter")
    expect(plain).to_have_url(re.compile("#xiaomi-ccmc-listing$"))
    expect(source).to_be_visible()


def test_the_date_is_dragged_and_the_address_keeps_it(page: Page) -> None:
    """By the arrow keys; the page says what it is then, without being loaded anew, and nothing
    moves under one's hands."""
    page.goto("/companies/xiaomi?as_of=2021-03-11")
    answer = page.get_by_role("region", name="Where it stands")
    expect(answer).to_contain_text("Designated")
    page.evaluate("window.same = true")
    slider = page.get_by_role("slider", name="As of")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(answer).to_contain_text("Enjoined as of the end of 12 Mar 2021")
    expect(page).to_have_url(re.compile(r"as_of=2021-03-12$"))
    expect(page.get_by_role("textbox", name="As of")).to_have_value("2021-03-12")
    expect(page.get_by_role("link", name="JSON", exact=True)).to_have_attribute(
        "href", re.compile("as_of=2021-03-12")
    )
    expect(slider).to_be_focused()
    assert page.evaluate("window.same") is True
    page.keyboard.press("End")
    expect(answer).to_contain_text("Removed")


def test_the_controls_ask_without_a_script(plain: Page) -> None:
    """The question lives in the address."""
    plain.goto("/companies/xiaomi")
    assert plain.get_by_role("slider").count() == 0
    plain.get_by_role("textbox", name="As of").fill("2021-05-25")
    plain.get_by_label("Announced by").fill("2021-05-25")
    plain.keyboard.press("Enter")
    answer = plain.get_by_role("region", name="Where it stands")
    expect(answer).to_contain_text("Enjoined")
    expect(answer).to_contain_text("With what was public by the end of 25 May 2021")
    assert "announced_by=2021-05-25" in plain.url
    plain.get_by_role("textbox", name="As of").fill("soon")
    plain.keyboard.press("Enter")
    expect(plain.get_by_role("listitem").filter(has_text="as_of")).to_be_visible()


def test_times_are_said_in_the_readers_zone_too(page: Page) -> None:
    """From the second page on; the first one learns it."""
    page.goto("/companies/xiaomi")
    page.reload()
    expect(page.get_by_text("04:09 on 26 May your time").first).to_be_visible()


def test_names_are_there_in_every_script(page: Page) -> None:
    """Each with its own, for fonts and for being read aloud."""
    page.goto("/companies/huawei")
    name = page.get_by_text("华为", exact=True)
    expect(name).to_have_attribute("lang", "und-Hani")


def test_nothing_moves_while_it_loads(page: Page) -> None:
    """No layout shift."""
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
        "one => window.shift += one.value)).observe({type: 'layout-shift', buffered: true})"
    )
    for path in ("/companies/huawei", "/"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("window.shift") == 0


def test_a_certificate_is_reached_and_says_where_to_ask_again(page: Page) -> None:
    """With the question; and there it says the same."""
    page.goto("/companies/xiaomi?as_of=2021-02-01")
    page.get_by_role("link", name="Certificate").click()
    verdict = page.get_by_text("the standing of this company was")
    expect(verdict).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("As of the end of 1 Feb 2021")
    again = page.get_by_role("link").filter(has_text="/certificate?as_of=")
    again.click()
    expect(page.get_by_role("main")).to_contain_text("as recorded here by position 0:266")
    expect(page.get_by_role("main")).to_contain_text("Designated")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Back to the company")).to_be_hidden()
    expect(page.get_by_label("Find a company", exact=True)).to_be_hidden()


HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
TURNED = "\u202eevil\u202c \u2067\u0647\u0648\u0627\u0648\u064a\u2069"


@pytest.fixture
def hostile(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A tab at a server whose log was written by somebody hostile."""
    events = tmp_path / "events.yaml"
    events.write_text(_hostile_events())
    home = tmp_path / "home"
    serving.run(home, "record", str(events))
    with (
        serving.serving(home) as address,
        browser.new_context(base_url=address) as context,
    ):
        page = context.new_page()
        complaints = Complaints(page)
        yield page
        assert not complaints.found


def _hostile_events() -> str:
    sources = (
        f"[{{url: 'javascript:alert(1)', title: \"{HOSTILE}\"}}, "
        "{url: 'data:text/html,x', title: data}, {url: 'https://ok.example/', title: fine}]"
    )
    long = "W" * 10_000
    return f"""
- type: standing.company.described
  subject: acme
  data: {{name: "{HOSTILE}", aliases: ["{TURNED}", "{long[:1_000]}"], website: "https://ok.example/"}}
- type: standing.designation.issued
  subject: acme
  data: {{list: us-bis-entity-list, effective: 2022-01-01, basis: "{HOSTILE}", sources: {sources}}}
- type: standing.note.recorded
  subject: acme
  data: {{kind: news, text: "{long} {TURNED}", sources: {sources}}}
"""


def test_what_somebody_hostile_wrote_is_text(hostile: Page) -> None:
    """Markup, scripts, addresses that run, letters that turn around, and ten thousand of them."""
    for path in ("/companies/acme", "/companies/acme/certificate", "/search?q=script"):
        hostile.goto(path)
        expect(hostile.get_by_text(HOSTILE).first).to_be_visible()
        assert "taken" not in hostile.title().replace(HOSTILE, "")
        assert hostile.locator("main img, main script").count() == 0
        hrefs = hostile.eval_on_selector_all(
            "a", "all => all.map(one => one.getAttribute('href') ?? '')"
        )
        assert not [one for one in hrefs if one.startswith(("javascript:", "data:"))]
        for width in (1280, 390):
            hostile.set_viewport_size({"width": width, "height": 800})
            wide = hostile.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path}: {wide} px too wide for {width}"
        check(hostile)
    assert "\u202e" not in hostile.title()
