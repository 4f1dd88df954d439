"""However one is told, one is told why, and where that is said."""

import csv
import io
from pathlib import Path

import feedparser

from tests.contract.alert_twins import receiving
from tests.contract.mail_twin import mail_house
from tests.unit.making import ENTITY, issued
from tests.unit.serving import Api, described, served
from tests.unit.streaming import listening, reading

AT = "/v1/subscriptions"
ORDER = {"url": "https://court.example/order", "title": "Final order", "publisher": "The court"}


async def subscribed(api: Api, kind: str, where: str) -> str:
    channel = {"type": kind, "to" if kind == "email" else "url": where}
    answer = await api.client.post(AT, json={"channel": channel})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_every_way_has_the_cause_with_its_source(tmp_path: Path) -> None:
    async with mail_house() as mails, receiving() as hook, receiving() as chat:
        local = {**mails.environment, "STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
        async with (
            served(tmp_path, environment=local) as api,
            listening(api) as url,
            reading(url) as stream,
        ):
            mine = await subscribed(api, "webhook", hook.url)
            await subscribed(api, "slack", chat.url)
            await subscribed(api, "email", "officer@desk.example")
            asked = (await mails.count(1))[0].part("plain")
            link = next(part for part in asked.split() if "/mail/confirm/" in part)
            await api.client.post(link.removeprefix("https://alerts.example"))
            await api.record(described("acme", name="Acme AG"))
            await api.record(issued("2022-01-01", "on", ENTITY, sources=[ORDER]))
            (post,) = await hook.count(1)
            told = post.message["data"]
            (cause,) = told["causes"]
            assert (told["name"], told["gained"]) == ("Acme AG", ["export.license"])
            assert (cause["event"], cause["type"]) == ("on", "standing.designation.issued")
            assert cause["sources"] == [ORDER]
            streamed = await stream.change()
            (page,) = (await api.get("/v1/changes"))["changes"]
            assert {**told, "cursor": "acme/1", "position": page["position"]} == page == streamed
            mail = (await mails.count(2))[1]
            (posted,) = await chat.count(1)
            feed = feedparser.parse((await api.client.get("/feeds/changes.atom")).content)
            for text in (
                mail.part("plain"),
                mail.part("html"),
                posted.body.decode(),
                feed.entries[0].content[0].value,
            ):
                assert "Final order" in text
                assert "https://court.example/order" in text
            rows = csv.DictReader(
                io.StringIO((await api.client.get(f"{AT}/{mine}/deliveries.csv")).text, newline="")
            )
            assert [(one["causes"], one["sources"]) for one in rows] == [("on", ORDER["url"])]
