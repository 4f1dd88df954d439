"""Mailboxes over HTTP: asked first, told once they agreed, and let go by a link in each mail."""

import re
from pathlib import Path
from typing import Any

from events.dates import DAY, SECOND
from tests.contract.alert_twins import ManualClock, asked
from tests.contract.mail_twin import MailHouse, mail_house, saying
from tests.unit.making import ENTITY, issued, removed
from tests.unit.serving import Api, problem, served

AT = "/v1/subscriptions"
LINK = re.compile(r"https://alerts\.example(/mail/\S+)")


def mailbox(**more: Any) -> dict[str, Any]:
    return {"channel": {"type": "email", "to": "officer@desk.example"}, **more}


async def subscribe(api: Api, **more: Any) -> dict[str, Any]:
    answer = await api.client.post(AT, json=mailbox(**more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def asked_by(house: MailHouse, number: int = 1) -> str:
    """The path of the link in the mail that asks."""
    post = (await house.count(number))[number - 1]
    found = LINK.search(post.part("plain"))
    assert found is not None
    return found[1]


async def test_a_mailbox_is_told_nothing_until_it_agreed_and_then_all_since(tmp_path: Path) -> None:
    """Opening the link does nothing, as scanners open links; the button does."""
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        made = await subscribe(api, filter={"companies": ["acme"]})
        assert (made["state"], made["confirmed"]) == ("unconfirmed", None)
        assert "secret" not in made
        await api.record(issued("2022-01-01", "on", ENTITY))
        link = await asked_by(house)
        page = await api.client.get(link, headers={"host": "alerts.example"})
        assert page.status_code == 200
        assert '<form method="post">' in page.text
        assert (await api.get(f"{AT}/{made['id']}"))["state"] == "unconfirmed"
        tried = await api.client.post(f"{AT}/{made['id']}/test")
        problem(tried, 422, "subscription")
        assert len(house.posts) == 1
        done = await api.client.post(link, headers={"origin": "null"})
        assert (done.status_code, "You will be told" in done.text) == (200, True)
        _, told = await house.count(2)
        assert told.mail["subject"].startswith("acme: not listed → designated")
        assert (await api.get(f"{AT}/{made['id']}"))["state"] == "active"
        again = await api.client.get(link)
        assert "<form" not in again.text.partition("<main")[2].partition("</main>")[0]
        assert (await api.client.post(link)).status_code == 200


async def test_one_click_ends_it(tmp_path: Path) -> None:
    """A mail program's own button sends a POST (RFC 8058); the link in the mail asks."""
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        made = await subscribe(api)
        await api.client.post(await asked_by(house))
        await api.record(issued("2022-01-01", "on", ENTITY))
        _, told = await house.count(2)
        link = LINK.match(told.mail["list-unsubscribe"].strip("<>"))
        assert link is not None
        page = await api.client.get(link[1])
        assert "Stop these mails?" in page.text
        assert (await api.get(f"{AT}/{made['id']}"))["state"] == "active"
        body = {"List-Unsubscribe": "One-Click"}
        headers = {"origin": "https://webmail.example", "host": "alerts.example"}
        done = await api.client.post(link[1], data=body, headers=headers)
        assert (done.status_code, "unsubscribed" in done.text) == (200, True)
        at = f"{AT}/{made['id']}"
        shown = await api.get(at)
        assert (shown["state"], "unsubscribed" in shown["disabled"]) == ("disabled", True)
        assert (await api.client.post(link[1])).status_code == 200
        await api.record(removed("2022-02-01", "off", ENTITY))
        for again in ("test", "disable", "enable", "confirmation"):  # nobody else can undo it
            answer = await api.client.post(f"{at}/{again}")
            assert answer.status_code == (200 if again == "disable" else 422), again
        assert (await api.get(at))["disabled"] == shown["disabled"]
        assert len(house.posts) == 2


async def test_what_the_owner_of_a_mailbox_did_is_on_record(tmp_path: Path) -> None:
    """Once each; not what was only looked at, or refused."""
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        made = await subscribe(api)
        link = await asked_by(house)
        await api.client.get(link)
        await api.client.post(f"{link}x")
        for _ in range(2):
            await api.client.post(link)
        await api.record(issued("2022-01-01", "on", ENTITY))
        _, told = await house.count(2)
        out = LINK.match(told.mail["list-unsubscribe"].strip("<>"))
        assert out is not None
        for _ in range(2):
            await api.client.post(out[1])
        acts = (await api.get("/v1/audit", object=made["id"]))["acts"]
        assert [(one["owner"], one["action"]) for one in reversed(acts)] == [
            ("local", "subscribe"),
            ("mailto:officer@desk.example", "confirm"),
            ("mailto:officer@desk.example", "unsubscribe"),
        ]
        assert "/mail/" not in str(acts)


async def test_a_mailbox_has_no_secret_to_change(tmp_path: Path) -> None:
    """Nothing that goes there is signed."""
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        made = await subscribe(api)
        problem(await api.client.post(f"{AT}/{made['id']}/rotate"), 422, "subscription")


async def test_a_link_that_is_not_ours_or_too_old_does_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    async with (
        mail_house() as house,
        served(tmp_path, clock=clock, environment=house.environment) as api,
    ):
        made = await subscribe(api)
        link = await asked_by(house)
        ident, expires, proof = link.removeprefix("/mail/confirm/").split(".")
        later = str(int(expires) + 1_000_000)
        for token in (
            f"{ident}.{later}.{proof}",
            f"{ident}.{expires}.{proof[::-1]}",
            f"{ident}.{proof}",
            f"sub_other.{expires}.{proof}",
            "nonsense",
            "é.é.é",
        ):
            for purpose in ("confirm", "unsubscribe"):
                answer = await api.client.post(f"/mail/{purpose}/{token}")
                assert answer.status_code == 422, token
        clock.advance(4 * DAY)
        late = await api.client.post(link)
        assert (late.status_code, "expired" in late.text) == (422, True)
        assert (await api.get(f"{AT}/{made['id']}"))["state"] == "unconfirmed"
        answer = await api.client.post(f"{AT}/{made['id']}/confirmation")
        assert answer.status_code == 202
        assert (await api.client.post(await asked_by(house, 2))).status_code == 200


async def test_nobody_can_be_made_to_be_asked_often(tmp_path: Path) -> None:
    """Whichever subscriptions it is for."""
    clock = ManualClock()
    async with (
        mail_house() as house,
        served(tmp_path, clock=clock, environment=house.environment) as api,
    ):
        made = await subscribe(api)
        at_once = await api.client.post(f"{AT}/{made['id']}/confirmation")
        assert "wait a minute" in problem(at_once, 422, "channel.to")["detail"]
        for _ in range(3):
            clock.advance(61 * SECOND)
            answer = await api.client.post(f"{AT}/{made['id']}/confirmation")
            assert answer.status_code == 202
        clock.advance(61 * SECOND)
        await subscribe(api)
        clock.advance(61 * SECOND)
        problem(await api.client.post(AT, json=mailbox()), 422, "channel.to")
        assert len(house.posts) == 5
        clock.advance(DAY)
        await subscribe(api)


async def test_a_mailbox_that_is_refused_for_good_is_disabled_and_says_why(tmp_path: Path) -> None:
    refuses = saying("550 5.1.1 no such user")
    async with (
        mail_house(to_recipient=refuses) as house,
        served(tmp_path, environment=house.environment) as api,
    ):
        made = await subscribe(api)
        assert made["state"] == "disabled"
        assert "no such user" in made["disabled"]
        (asked_,) = (await api.get(f"{AT}/{made['id']}/deliveries"))["deliveries"]
        assert asked_["type"] == "standing.confirmation"
        assert asked_["attempts"][0]["status"] == 550


async def test_a_mailbox_that_goes_later_is_disabled_and_says_why(tmp_path: Path) -> None:
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        made = await subscribe(api)
        await api.client.post(await asked_by(house))
        house.to_recipient = saying("550 5.1.1 has left us")
        await api.record(issued("2022-01-01", "on", ENTITY))
        while (shown := await api.get(f"{AT}/{made['id']}"))["state"] != "disabled":
            await api.get("/v1/changes")
        assert "has left us" in shown["disabled"]


async def test_without_a_mail_server_a_mailbox_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        answer = await api.client.post(AT, json=mailbox())
        assert "STANDING_SMTP_HOST" in problem(answer, 422, "channel.type")["detail"]


async def test_a_channel_that_is_wrong_is_refused_by_its_field(tmp_path: Path) -> None:
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        for channel, field in (
            ({"type": "pigeon", "url": "https://x.example/"}, "channel.type"),
            ({"url": "https://x.example/"}, "channel.type"),
            ({"type": "email", "to": "a@b.example\r\nBcc: c@d.example"}, "channel.to"),
            ({"type": "email", "url": "https://x.example/"}, "channel.to"),
            ({"type": "slack", "url": "http://10.0.0.1/"}, "channel.url"),
            ({"type": "ntfy", "url": "https://ntfy.sh/"}, "channel.url"),
            ({"type": "teams", "to": "a@b.example"}, "channel.to"),
        ):
            problem(await api.client.post(AT, json=asked(channel=channel)), 422, field)


async def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    """A removal of a reference that is not open is kept, and told with what it is about."""
    async with mail_house() as house, served(tmp_path, environment=house.environment) as api:
        await api.record(issued("2022-01-01", "on", ENTITY, ref="a"))
        await subscribe(api)
        await api.client.post(await asked_by(house))
        await api.record(removed("2022-01-02", "stray", ENTITY, ref="other"))
        await api.record(removed("2022-02-01", "off", ENTITY, ref="a"))
        _, told = await house.count(2)
        assert "Does not fit: " in told.part("plain")
        assert "stray" in told.part("html")
