"""Subscribing and looking after it, as people do: with a receiver of one's own on this machine."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import serving
from tests.browser.looking import DESK, check, look

HOSTILE = "<script>document.title='taken'</script>"
_PATIENCE_MS = 120_000


class _Receiver(BaseHTTPRequestHandler):
    """Refuses what it is sent, with words that are no good."""

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["content-length"]))
        body = HOSTILE.encode()
        self.send_response(500, "no")
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiver() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()
        thread.join()


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Iterator[str]:
    """A server to write to, which may reach this machine."""
    copy = serving.copied(home, tmp_path / "home")
    (copy / "standing.toml").write_text(
        'allow_networks = "127.0.0.0/8"\n[chat]\ndesk = "https://hooks.slack.com/services/T/B/x"\n'
    )
    with serving.serving(copy) as address:
        yield address


@contextmanager
def tab(browser: Browser, address: str, *, scripts: bool = True) -> Iterator[Page]:
    """A tab of a server of one's own."""
    with browser.new_context(
        base_url=address,
        viewport={"width": DESK[0], "height": DESK[1]},
        java_script_enabled=scripts,
        timezone_id="Asia/Shanghai",
        locale="en-GB",
    ) as context:
        context.set_default_timeout(_PATIENCE_MS)
        yield context.new_page()


def subscribed(page: Page, url: str, label: str) -> None:
    """Make a subscription, and go to its page."""
    page.goto("/subscriptions/new?companies=xiaomi,smic&to=designated,removed")
    page.get_by_label("Address of the receiver").fill(url)
    page.get_by_role("textbox", name="Label").fill(label)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Subscribed")).to_be_visible()
    page.get_by_role("link", name="Go on to the subscription").click()
    expect(page.get_by_role("heading", name=label, level=1)).to_be_visible()


def test_one_subscribes_from_a_companys_page(browser: Browser, own: str) -> None:
    """With a look at what it would have brought."""
    with tab(browser, own) as page:
        page.goto("/companies/xiaomi")
        page.get_by_label("This company").get_by_role("link", name="Subscribe").click()
        expect(page).to_have_url(re.compile(r"/subscriptions/new\?company=xiaomi$"))
        expect(page.get_by_role("textbox", name="Companies")).to_have_value("xiaomi")
        look(page, "subscribe")
        expect(page.get_by_role("radio", name="Mail")).to_be_disabled()
        page.get_by_label("Address of the receiver").fill("https://desk.example/hook")
        page.get_by_role("combobox", name="over").select_option("all there is")
        page.get_by_role("checkbox", name="Also history that is loaded").check()
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("heading", name="What it would have sent")).to_be_visible()
        expect(page.get_by_text(re.compile(r"^\d+ messages$"))).to_be_visible()
        expect(page.get_by_label("Address of the receiver")).to_have_value(
            "https://desk.example/hook"
        )
        look(page, "subscribe-preview")
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("textbox", name="Secret")).to_have_value(re.compile("^whsec_"))
        look(page, "subscribed")


def test_what_cannot_be_kept_is_said_at_its_field(browser: Browser, own: str) -> None:
    """And the words lead there."""
    with tab(browser, own) as page:
        page.goto("/subscriptions/new")
        page.get_by_label("Slack").check()
        page.get_by_label("Address of its hook").fill("https://hooks.slack.com/services/x")
        page.get_by_role("textbox", name="Companies").fill("No Such")
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("alert")).to_contain_text("filter.companies")
        box = page.get_by_role("textbox", name="Companies")
        expect(box).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_label("Slack")).to_be_checked()
        check(page)


def test_a_watchlist_is_uploaded(browser: Browser, own: str, tmp_path: Path) -> None:
    """Whom nobody knows is said."""
    with tab(browser, own) as page:
        page.goto("/subscriptions/new")
        page.get_by_label("Address of the receiver").fill("https://desk.example/hook")
        page.get_by_text("A watchlist: holdings or names").click()
        file = tmp_path / "mine.csv"
        file.write_text("name,isin\nXiaomi Corporation,\nNobody of That Name AG,\nSMIC,\n")
        page.get_by_label(re.compile("^File")).set_input_files(file)
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("heading", name="Whom the watchlist means")).to_be_visible()
        expect(page.get_by_role("row", name="Nobody of That Name AG")).to_contain_text("Not found")
        look(page, "subscribe-watchlist")


def test_one_looks_after_a_subscription_by_keys_alone(browser: Browser, own: str) -> None:
    """Pause, resume, and end it."""
    with tab(browser, own) as page:
        subscribed(page, "https://desk.example/hook", "by keys")
        page.get_by_role("button", name="Pause").press("Enter")
        expect(page.get_by_text("Paused", exact=True)).to_be_visible()
        look(page, "subscription-paused")
        page.get_by_role("button", name="Resume").press("Enter")
        expect(page.get_by_text("Living", exact=True)).to_be_visible()
        page.get_by_text("End this subscription").press("Enter")
        page.get_by_label("I am sure").press("Space")
        page.get_by_role("button", name="End it").press("Enter")
        expect(page).to_have_url("/subscriptions")
        expect(page.get_by_role("link", name="by keys")).to_have_count(0)


def test_one_sees_what_a_receiver_answered(browser: Browser, own: str) -> None:
    """As text; without any script as well."""
    with receiver() as url, tab(browser, own, scripts=False) as plain, tab(browser, own) as page:
        subscribed(plain, url, "desk")
        plain.get_by_role("button", name="Send a test message").click()
        expect(plain.get_by_role("heading", name="Messages")).to_be_visible()
        expect(plain.get_by_text(HOSTILE).first).to_be_visible()
        page.goto("/subscriptions")
        page.get_by_role("link", name="desk").press("Enter")
        page.get_by_role("button", name="New secret").press("Enter")
        expect(page.get_by_role("textbox", name="Secret")).to_have_value(re.compile("^whsec_"))
        page.get_by_role("link", name="Go on").click()
        look(page, "subscription")
        page.get_by_role("link", name="All messages").click()
        page.locator("summary").first.press("Enter")
        expect(page.get_by_text(HOSTILE).first).to_be_visible()
        assert "taken" not in page.title()
        look(page, "deliveries")
        page.goto("/subscriptions")
        look(page, "subscriptions")
