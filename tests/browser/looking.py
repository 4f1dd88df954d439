"""Looking at a page as people do: in both themes, on a desk and on a phone, and with the rules of
accessibility in hand."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

SEEN = Path(__file__).parent / "seen"
"""Pictures of each page, made anew by each run; no part of the repository."""

DESK, PHONE = (1280, 800), (390, 844)
THEMES = ("light", "dark")

_RULES = {
    "runOnly": {
        "type": "tag",
        "values": [
            *("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"),
            "best-practice",
        ],
    },
    "resultTypes": ["violations"],
}
_AXE = Axe()


def check(page: Page) -> None:
    """Hold the page against WCAG 2.2 AA, as far as a machine can; any violation fails."""
    found = _AXE.run(page, options=_RULES).response["violations"]
    told = [
        f"{one['id']}: {one['help']}\n    "
        + "\n    ".join(f"{node['target']} {node['html'][:200]}" for node in one["nodes"][:5])
        for one in found
    ]
    assert not told, "\n".join([page.url, *told])


def look(page: Page, name: str) -> None:
    """In both themes and widths: no violation, nothing that makes the whole page scroll sideways;
    and a picture, `seen/NAME.THEME.WIDTH.png`."""
    SEEN.mkdir(exist_ok=True)
    for width, height in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{page.url} is {wide} px too wide for {width}"
        for theme in THEMES:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            check(page)
            page.screenshot(path=SEEN / f"{name}.{theme}.{width}.png", full_page=True)
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    page.emulate_media(color_scheme="light")


class Complaints:
    """What the browser complains of: errors of scripts, what the policy kept out, what could not
    be loaded. That an address itself was answered with an error is for the test to say."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.found.append(str(error)))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        itself = message.page is not None and message.location["url"] == message.page.url
        if not (itself and "the server responded with a status of" in message.text):
            self.found.append(f"{message.text} ({message.location['url']})")
