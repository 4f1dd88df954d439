"""Email, handed in at a real mail server on loopback, well-behaved and not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiosmtpd.smtp import SMTP

from alerts.channel import Outcome, Parcel
from alerts.email import EmailChannel
from alerts.links import Links
from alerts.mail_server import MailServer, Tls
from alerts.targets import EmailTarget, mailbox
from alerts.telling import Teller
from events.errors import Refused
from events.lists import load_registry
from service.settings import load_settings
from tests.contract.alert_twins import ManualClock
from tests.contract.mail_twin import MailHouse, mail_house, saying

LINKS = Links("https://alerts.example", lambda text: f"signed-{len(text)}")
TO = EmailTarget(type="email", to="officer@desk.example")
REMOVED: dict[str, Any] = {
    "type": "standing.status.changed",
    "timestamp": "2021-05-26T08:00:00Z",
    "n": 3,
    "data": {
        "change": "c-1",
        "company": "xiaomi",
        "name": "Xiaomi Corporation",
        "list": "us-dod-ccmc",
        "sequence": 3,
        "kind": "changed",
        "from": {"status": "designated", "how": None, "restrictions": ["investment.purchase"]},
        "to": {"status": "removed", "how": "vacated", "restrictions": []},
        "overall": {
            "before": {"status": "designated", "restrictions": ["investment.purchase"]},
            "after": {"status": "removed", "restrictions": []},
        },
        "effective": "2021-05-25T16:09:00-04:00",
        "announced": "2021-05-25T16:09:00-04:00",
        "recorded": "2021-05-26T08:00:00Z",
        "causes": [
            {
                "event": "e-1",
                "type": "standing.removal.issued",
                "text": None,
                "sources": [{"url": "https://court.example/order", "title": "Final order"}],
            }
        ],
        "backfill": False,
    },
}


def named(list_id: str) -> str | None:
    found = load_registry().find(list_id)
    return found and found.name


@asynccontextmanager
async def channel(server: MailServer, patience_s: float = 60.0) -> AsyncIterator[EmailChannel]:
    teller = Teller("https://alerts.example", named)
    made = EmailChannel(server, LINKS, teller, ManualClock(), patience_s=patience_s)
    yield made
    await made.close()


async def send(house: MailHouse, message: Any = REMOVED, patience_s: float = 60.0) -> Outcome:
    async with channel(house.server, patience_s) as made:
        return await made.send(TO, parcel(message))


def parcel(message: Any = REMOVED, id_: str = "msg_1") -> Parcel:
    return Parcel(id_, ManualClock().now, orjson.dumps(message), (), "sub_1")


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_mail_goes_out_encrypted_and_by_an_account(tmp_path: Path, tls: Tls) -> None:
    async with mail_house(tmp_path, tls) as house:
        outcome = await send(house)
        assert (outcome.delivered, outcome.status, outcome.error) == (True, 250, None)
        (post,) = house.posts
        assert (post.over_tls, post.authenticated) == (tls == "starttls" or post.over_tls, True)
        assert (post.sender, post.to) == ("alerts@standing.example", [TO.to])


async def test_a_server_that_cannot_show_who_it_is_gets_nothing(tmp_path: Path) -> None:
    async with mail_house(tmp_path, "starttls") as house:
        house.server = replace(house.server, ca=None)
        outcome = await send(house)
        assert not outcome.delivered
        assert not outcome.gone
        assert "certificate" in (outcome.error or "").lower()
        assert house.posts == []


async def test_a_wrong_password_is_the_operators_affair(tmp_path: Path) -> None:
    async with mail_house(tmp_path, "starttls") as house:
        house.server = replace(house.server, password="wrong")
        outcome = await send(house)
        assert (outcome.delivered, outcome.gone, outcome.status) == (False, False, 535)


async def test_a_mail_says_all_that_there_is_to_know() -> None:
    async with mail_house() as house:
        await send(house)
        (post,) = house.posts
        text, page = post.part("plain"), _Page(post.part("html"))
        assert post.mail["subject"].startswith("Xiaomi Corporation: designated → removed (")
        for said in (text, page.text):
            flat = " ".join(said.split())
            assert "was designated on" in flat
            assert "us-dod-ccmc" in flat
            assert "removed, vacated by a court" in flat
            assert "Its securities may not be bought (investment.purchase)" in flat
            assert "25 May 2021, 16:09 UTC-04:00" in flat
            assert "Final order" in flat
            assert "not legal advice" in flat
        assert "https://court.example/order" in text
        assert "https://court.example/order" in page.links
        assert "https://alerts.example/companies/xiaomi" in page.links
        assert max(map(len, text.splitlines())) <= 120


async def test_mail_systems_find_what_they_act_on() -> None:
    async with mail_house() as house:
        async with channel(house.server) as made:
            same = parcel()
            for _ in range(2):
                await made.send(TO, same)
        first, second = house.posts
        assert first.raw == second.raw
        mail = first.mail
        assert mail["message-id"] == "<msg_1@alerts.example>"
        assert mail["list-id"] == "standing <sub_1.alerts.example>"
        assert mail["list-unsubscribe"] == f"<{LINKS.unsubscribe('sub_1')}>"
        assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        assert mail["auto-submitted"] == "auto-generated"
        assert mail["date"].datetime.year >= 2024
        assert LINKS.unsubscribe("sub_1") in first.part("plain")


async def test_what_mail_programs_read_is_not_encoded() -> None:
    """Whatever its length: an address in encoded words (RFC 2047) is none."""
    site = "https://alerts.compliance.a-long-name-of-an-organisation.example"
    links = Links(site, lambda _: "s" * 43)
    async with mail_house() as house:
        made = EmailChannel(house.server, links, Teller(site, named), ManualClock())
        ident = "sub_0123456789abcdef01234567"
        sent = Parcel("msg_1", ManualClock().now, orjson.dumps(REMOVED), (), ident)
        assert (await made.send(TO, sent)).delivered
        await made.close()
        lines = house.posts[0].raw.decode("ascii").split("\r\n")
        assert f"List-Unsubscribe: <{links.unsubscribe(ident)}>" in lines
        assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
        assert f"List-Id: standing <{ident}.{site.removeprefix('https://')}>" in lines


async def test_it_is_kept_what_was_handed_in_and_what_the_server_said() -> None:
    """With who took it over, or why not."""
    async with mail_house() as house:
        house.to_mail = saying("250 OK, queued as 4711")
        taken = await send(house)
        house.to_mail = saying("451 4.3.0 come back later")
        refused = await send(house)
    for outcome, said in ((taken, "OK, queued as 4711"), (refused, "4.3.0 come back later")):
        assert outcome.details is not None
        request = outcome.details["request"]
        assert (request["to"], request["from"]) == (TO.to, "alerts@standing.example")
        assert (request["body_bytes"] > 1_000, len(request["body_sha256"])) == (True, 64)
        assert outcome.details["answer"] == {"text": said}


async def test_what_others_wrote_stays_text() -> None:
    hostile = '<script>alert(1)</script>"\r\nBcc: all@example.com\u202e' + "x" * 10_000
    message = orjson.loads(orjson.dumps(REMOVED))
    message["data"] |= {"name": hostile, "list": None}
    sources = [{"url": "javascript:alert(1)", "title": "<img src=x onerror=y>"}]
    message["data"]["causes"][0] |= {"text": hostile, "sources": sources}
    async with mail_house() as house:
        assert (await send(house, message)).delivered
        (post,) = house.posts
        page = _Page(post.part("html"))
        assert {"script", "img"}.isdisjoint(page.tags)
        assert "<script>alert(1)</script>" in page.text
        assert all(link and link.startswith("https://") for link in page.links)
        assert post.mail["bcc"] is None
        assert "\u202e" not in post.part("plain")
        assert len(post.raw) < 20_000


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("421 4.3.2 closing", False),
        ("450 4.2.1 busy mailbox", False),
        ("451 later", False),
        ("550 5.1.1 no such user", True),
        ("552 5.2.2 over quota", True),
        ("554 no", True),
        ("550 5.7.1 relaying denied", False),
    ],
)
@pytest.mark.parametrize("place", ["to_recipient", "to_mail"])
async def test_only_what_is_for_good_ends_it(said: str, gone: bool, place: str) -> None:
    async with mail_house(**{place: saying(said)}) as house:
        outcome = await send(house)
        assert (outcome.delivered, outcome.status) == (False, int(said[:3]))
        assert outcome.gone == gone
        assert said.split(" ", 1)[1] in (outcome.error or "")


async def test_a_server_that_hangs_is_left() -> None:
    never = asyncio.Event()

    async def hang(_: SMTP) -> str:
        await never.wait()
        return "250 OK"

    async with mail_house(to_mail=hang) as house:
        outcome = await send(house, patience_s=0.5)
        never.set()
        assert (outcome.delivered, outcome.gone) == (False, False)
        assert "0.5" in (outcome.error or "") or "Timed out" in (outcome.error or "")


async def test_a_server_that_drops_the_line_is_tried_again_later() -> None:
    async def drop(server: SMTP) -> str:
        assert server.transport is not None
        server.transport.abort()
        return "250 OK"

    async with mail_house(to_recipient=drop) as house:
        outcome = await send(house)
        assert (outcome.delivered, outcome.gone) == (False, False)
        assert outcome.error


async def test_a_connection_serves_again_also_where_it_has_gone_stale() -> None:
    async with mail_house() as house, channel(house.server) as made:
        for number in range(3):
            assert (await made.send(TO, parcel(id_=f"msg_{number}"))).delivered
        assert house.connections == 1
        transport = house.open[0].transport
        assert transport is not None
        transport.abort()
        assert (await made.send(TO, parcel(id_="msg_4"))).delivered
        assert house.connections == 2


async def test_a_server_that_is_not_there_holds_nobody_up() -> None:
    async with mail_house() as house:
        server = house.server
    async with channel(server) as made:
        first = await made.send(TO, parcel())
        second = await made.send(TO, parcel())
        assert "cannot connect" in (second.error or "")
        assert second.retry_after
        assert not first.delivered


async def test_without_a_server_a_mailbox_is_refused() -> None:
    made = EmailChannel(None, LINKS, Teller(), ManualClock())
    with pytest.raises(Refused, match="STANDING_SMTP_HOST"):
        await made.check(TO)
    assert "STANDING_SMTP_HOST" in ((await made.send(TO, parcel())).error or "")


@pytest.mark.parametrize(
    "text",
    [
        "nobody",
        "a@b@c.example",
        "a@desk.example, b@desk.example",
        "a@desk.example\r\nBcc: b@desk.example",
        "A Name <a@desk.example>",
        "a@desk.example\x00",
        "",
    ],
)
def test_only_one_address_is_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        mailbox(text)


SERVER = {"STANDING_SMTP_HOST": "mail.example", "STANDING_SMTP_FROM": "a@standing.example"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"STANDING_SMTP_TLS": "maybe"}, "STANDING_SMTP_TLS"),
        ({"STANDING_SMTP_PORT": "smtp"}, "STANDING_SMTP_PORT"),
        ({"STANDING_SMTP_USER": "me"}, "STANDING_SMTP_USER"),
        (
            {
                "STANDING_SMTP_USER": "me",
                "STANDING_SMTP_PASSWORD": "x",
                "STANDING_SMTP_TLS": "none",
            },
            "STANDING_SMTP_TLS",
        ),
        ({"STANDING_SMTP_FROM": "standing"}, "STANDING_SMTP_FROM"),
        ({"STANDING_PUBLIC_URL": "alerts.example"}, "STANDING_PUBLIC_URL"),
        ({"STANDING_PUBLIC_URL": "https://a.example/?x=1"}, "STANDING_PUBLIC_URL"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    tmp_path: Path, said: dict[str, str], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        load_settings({"STANDING_HOME": str(tmp_path), **SERVER, **said})
    assert refused.value.problems[0].field == field


def test_the_password_is_never_shown(tmp_path: Path) -> None:
    given = {"STANDING_SMTP_USER": "me", "STANDING_SMTP_PASSWORD": "hunter2"}
    settings = load_settings({"STANDING_HOME": str(tmp_path), **SERVER, **given})
    shown = {one["setting"]: one["value"] for one in settings.shown()}
    assert (shown["STANDING_SMTP_PASSWORD"], shown["STANDING_SMTP_PORT"]) == ("********", "587")
    assert "hunter2" not in f"{settings}{shown}"
