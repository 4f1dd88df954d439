"""A real Chromium, and a real server with the history that ships.

Chromium is the machine's own: `chromium` on the PATH, or what STANDING_TEST_CHROMIUM names. Where
there is none these tests are skipped, and the summary says so.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import serving
from tests.browser.looking import DESK, Complaints

expect.set_options(timeout=120_000)

_HERE = Path(__file__).parent
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MS = 120_000
_NONE = "tests of the pages were skipped: there is no Chromium; STANDING_TEST_CHROMIUM names one"


def _chromium() -> str | None:
    given = os.environ.get("STANDING_TEST_CHROMIUM")
    return given or next(filter(None, map(shutil.which, _NAMES)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none."""
    if _chromium() is None:
        for item in items:
            if _HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no Chromium"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped."""
    if _chromium() is None:
        terminalreporter.write_line(_NONE, yellow=True)


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the history that ships; nobody writes to it: see `serving.copied`."""
    return serving.history(tmp_path_factory.mktemp("history") / "home")


@pytest.fixture(scope="package")
def site(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on this machine, which asks nobody for a token. All tests share it:
    one that records events takes a server of its own."""
    with serving.serving(
        serving.copied(home, tmp_path_factory.mktemp("served") / "home")
    ) as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser. It runs until the last of these tests: while it does, no other event loop can
    run in this thread, so all of them are plain functions."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=_chromium(),
            headless=True,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
            timeout=_PATIENCE_MS,
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A tab of a new browser, whose addresses begin at the server. Whatever the browser complains
    of fails the test."""
    yield from _tab(browser, site, scripts=True)


@pytest.fixture
def plain(browser: Browser, site: str) -> Iterator[Page]:
    """A tab in which no script runs."""
    yield from _tab(browser, site, scripts=False)


def _tab(browser: Browser, site: str, *, scripts: bool) -> Iterator[Page]:
    context = browser.new_context(
        base_url=site,
        viewport={"width": DESK[0], "height": DESK[1]},
        java_script_enabled=scripts,
        timezone_id="Asia/Shanghai",
        locale="en-GB",
        color_scheme="light",
    )
    context.set_default_timeout(_PATIENCE_MS)
    tab = context.new_page()
    complaints = Complaints(tab)
    yield tab
    context.close()
    assert not complaints.found
