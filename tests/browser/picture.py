"""`python -m tests.browser.picture`: the picture at the top of README.md, made anew from the
history that ships. It looks as the fonts of the machine do."""

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser import serving
from tests.browser.conftest import chromium

_PICTURE = Path(__file__).parents[2] / "docs" / "images" / "company.png"
_ASKED = "/companies/xiaomi?as_of=2021-04-01"


def main() -> None:
    """Serve, look, and keep what is seen."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = serving.history(Path(folder) / "home")
        with (
            serving.serving(home) as address,
            playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
            ) as browser,
        ):
            page = browser.new_page(
                viewport={"width": 1280, "height": 1000},
                timezone_id="America/New_York",
                color_scheme="light",
            )
            page.goto(address + _ASKED)
            _PICTURE.parent.mkdir(exist_ok=True)
            page.screenshot(path=_PICTURE)


if __name__ == "__main__":
    main()
