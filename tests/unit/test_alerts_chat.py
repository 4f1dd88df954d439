"""Chats: receivers on loopback that hold what comes to the form of each service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientTimeout, web

from alerts.channel import Outcome, Parcel
from alerts.chat import ChatChannel
from alerts.egress import Egress
from alerts.subscriptions import requested
from alerts.targets import CHATS, ChatTarget
from alerts.telling import Teller
from events.dates import SECOND
from events.errors import Refused
from service.settings import load_settings
from tests.contract.alert_twins import LOOPBACK, Handler, ManualClock, fine, receiving
from tests.unit.making import REGISTRY
from tests.unit.test_alerts_email import REMOVED, named

HOSTILE = '<script>&<!channel> @everyone **bold** [x](javascript:1) `code`\r\n# "' + "y" * 9_000


def hostile() -> Any:
    message = orjson.loads(orjson.dumps(REMOVED))
    message["data"] |= {"name": HOSTILE, "kind": "corrected", "intervals_count": 5_000}
    reading = {"status": "designated", "how": None, "restrictions": ["other"] * 12}
    one = {"from": "2021-01-14T00:00:00-05:00", "until": None, "before": reading, "after": reading}
    message["data"]["intervals"] = [one] * 100
    source = {"url": "https://court.example/" + "z" * 400, "title": HOSTILE}
    cause = {"event": "e", "type": HOSTILE, "text": HOSTILE, "sources": [source] * 50}
    message["data"]["causes"] = [cause] * 50
    return message


def target(kind: str, url: str) -> ChatTarget:
    asked = {"channel": {"type": kind, "url": f"{url}/topic"}}
    found = requested(asked, REGISTRY).channel
    assert found.type == kind
    return found  # type: ignore[return-value]


@asynccontextmanager
async def chat(egress: Egress | None = None) -> AsyncIterator[ChatChannel]:
    teller = Teller("https://alerts.example", named)
    made = ChatChannel(
        egress or Egress(LOOPBACK), teller, ManualClock(), timeout=ClientTimeout(total=60)
    )
    yield made
    await made.close()


async def sent(
    kind: str, message: Any, handler: Handler = fine
) -> tuple[Outcome, list[tuple[str, Any]]]:
    parcel = Parcel("msg_1", ManualClock().now, orjson.dumps(message), (), "sub_1")
    async with receiving(handler) as receiver, chat() as channel:
        outcome = await channel.send(target(kind, receiver.url), parcel)
        for post in receiver.posts:
            assert post.headers["Content-Type"] == "application/json"
        return outcome, [(post.path, post.message) for post in receiver.posts]


# --- what each service takes ----------------------------------------------------------------------


def slack(body: Any) -> str:
    assert body.keys() == {"text", "blocks", "unfurl_links"}
    assert 0 < len(body["text"]) <= 4_000
    assert "<" not in body["text"]
    assert len(body["blocks"]) <= 50
    told = []
    for block in body["blocks"]:
        match block["type"]:
            case "header":
                texts, most = [block["text"]], 150
            case "section":
                texts, most = block.get("fields") or [block["text"]], 3_000
                assert len(texts) <= 10
                most = 2_000 if "fields" in block else most
            case "actions":
                texts, most = [one["text"] for one in block["elements"]], 75
            case other:
                raise AssertionError(other)
        for text in texts:
            assert text["type"] == "plain_text"
            assert 0 < len(text["text"]) <= most
            told.append(text["text"])
    return "\n".join(told)


def teams(body: Any) -> str:
    assert len(orjson.dumps(body)) <= 28_000
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    told = []
    for block in card["body"]:
        assert block["type"] == "RichTextBlock"
        assert all(run["type"] == "TextRun" and run["text"] for run in block["inlines"])
        told.append("".join(run["text"] for run in block["inlines"]))
    assert [one["type"] for one in card["actions"]] == ["Action.OpenUrl"]
    return "\n".join(told)


def discord(body: Any) -> str:
    assert body["allowed_mentions"] == {"parse": []}
    (embed,) = body["embeds"]
    assert 0 < len(embed["title"]) <= 256
    assert len(embed["description"]) <= 4_096
    assert len(embed["fields"]) <= 25
    texts = [embed["title"], embed["description"], embed["footer"]["text"]]
    for one in embed["fields"]:
        assert 0 < len(one["name"]) <= 256
        assert 0 < len(one["value"]) <= 1_024
        texts += [one["name"], one["value"]]
    assert sum(map(len, texts)) <= 6_000
    return "\n".join(texts).replace("\\", "")


def ntfy(body: Any) -> str:
    assert body.keys() == {"topic", "title", "message", "priority", "tags", "click"}
    assert body["topic"] == "topic"
    assert 1 <= body["priority"] <= 5
    assert len(body["message"].encode()) < 4_096
    assert len(body["title"]) <= 250
    return f"{body['title']}\n{body['message']}"


TAKES: dict[str, Callable[[Any], str]] = {
    "slack": slack,
    "teams": teams,
    "discord": discord,
    "ntfy": ntfy,
}


@pytest.mark.parametrize("kind", CHATS)
async def test_a_chat_is_told_all_that_there_is_to_know(kind: str) -> None:
    outcome, posts = await sent(kind, REMOVED)
    assert outcome.delivered, outcome
    ((path, body),) = posts
    assert path == ("/" if kind == "ntfy" else "/topic")
    told = TAKES[kind](body)
    for said in (
        "Xiaomi Corporation: designated → removed",
        "us-dod-ccmc",
        "removed, vacated by a court",
        "Its securities may not be bought (investment.purchase)",
        "25 May 2021, 16:09 UTC-04:00",
        "Final order (https://court.example/order)",
    ):
        assert said in told, (said, told)
    assert "https://alerts.example/companies/xiaomi" in orjson.dumps(body).decode()


@pytest.mark.parametrize("kind", CHATS)
async def test_what_others_wrote_stays_text_and_within_the_limits(kind: str) -> None:
    outcome, posts = await sent(kind, hostile())
    assert outcome.delivered, outcome
    ((_, body),) = posts
    assert "everyone" in TAKES[kind](body)
    if kind == "discord":
        assert "\\@everyone" in body["embeds"][0]["title"]
        assert "\\[x\\]" in body["embeds"][0]["title"]


@pytest.mark.parametrize("kind", CHATS)
async def test_messages_of_other_types_are_told_as_far_as_they_go(kind: str) -> None:
    test = {"type": "standing.test", "data": {"text": "A test: this receiver is reached."}}
    outcome, posts = await sent(kind, test)
    assert outcome.delivered
    assert "this receiver is reached" in orjson.dumps(posts).decode()


def answering(status: int, body: Any = None, **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else orjson.dumps(body).decode()
        return web.Response(status=status, text=text, headers=headers)

    return handler


@pytest.mark.parametrize("kind", CHATS)
async def test_one_that_has_had_enough_is_left_for_so_long(kind: str) -> None:
    outcome, _ = await sent(kind, REMOVED, answering(429, {}, **{"Retry-After": "30"}))
    assert (outcome.delivered, outcome.gone, outcome.status) == (False, False, 429)
    assert outcome.retry_after == 30 * SECOND


async def test_discord_says_it_to_the_millisecond() -> None:
    said = {"message": "You are being rate limited.", "retry_after": 1.25, "global": False}
    outcome, _ = await sent("discord", REMOVED, answering(429, said, **{"Retry-After": "2"}))
    assert outcome.retry_after == int(1.25 * SECOND) + 1


@pytest.mark.parametrize(
    ("kind", "status", "said", "gone"),
    [
        ("slack", 404, "no_service", True),
        ("slack", 410, "channel_is_archived", True),
        ("slack", 400, "invalid_payload", False),
        ("slack", 500, "rollup_error", False),
        ("teams", 404, {"error": {"code": "WorkflowNotFound"}}, True),
        ("teams", 400, {"error": {"code": "WorkflowTriggerIsNotEnabled"}}, False),
        ("discord", 404, {"message": "Unknown Webhook", "code": 10015}, True),
        ("discord", 404, "not here", False),
        ("ntfy", 403, {"code": 40301, "error": "forbidden"}, False),
        ("ntfy", 410, "", True),
    ],
)
async def test_a_hook_that_is_no_more_ends_it(
    kind: str, status: int, said: Any, gone: bool
) -> None:
    outcome, _ = await sent(kind, REMOVED, answering(status, said))
    assert (outcome.delivered, outcome.status, outcome.gone) == (False, status, gone)


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as other:
        outcome, _ = await sent("slack", REMOVED, answering(307, "", Location=other.url))
        assert (outcome.delivered, other.posts) == (False, [])


@pytest.mark.parametrize("kind", CHATS)
async def test_it_leads_nowhere_inside(kind: str) -> None:
    """Neither when somebody subscribes, nor, whatever a name led to then, when it is sent."""
    async with receiving() as receiver, chat(Egress()) as channel:
        inside = target(kind, receiver.url)
        with pytest.raises(Refused, match="STANDING_ALLOW_NETWORKS"):
            await channel.check(inside)
        parcel = Parcel("msg_1", 0, orjson.dumps(REMOVED), ())
        outcome = await channel.send(inside, parcel)
        assert (outcome.delivered, receiver.posts) == (False, [])


async def test_a_topic_keeps_the_servers_path_and_access() -> None:
    async with receiving() as receiver, chat() as channel:
        asked = {"channel": {"type": "ntfy", "url": f"{receiver.url}/push/topic?auth=dGs"}}
        mine: Any = requested(asked, REGISTRY).channel
        await channel.check(mine)
        parcel = Parcel("msg_1", 0, orjson.dumps(REMOVED), ())
        assert (await channel.send(mine, parcel)).delivered
        assert receiver.posts[0].path == "/push/"


async def test_whoever_subscribes_need_not_know_the_address() -> None:
    async with receiving() as receiver:
        channel = ChatChannel(
            Egress(LOOPBACK), Teller(), ManualClock(), named={"desk": receiver.url}
        )
        mine: Any = requested({"channel": {"type": "slack", "name": "desk"}}, REGISTRY).channel
        await channel.check(mine)
        parcel = Parcel("msg_1", 0, orjson.dumps(REMOVED), ())
        assert (await channel.send(mine, parcel)).delivered
        other: Any = requested({"channel": {"type": "slack", "name": "x"}}, REGISTRY).channel
        with pytest.raises(Refused, match="known are desk"):
            await channel.check(other)
        assert "unknown 'x'" in ((await channel.send(other, parcel)).error or "")
        await channel.close()
    for both in ({}, {"name": "desk", "url": "https://x.example/"}):
        with pytest.raises(Refused, match="either url or name"):
            requested({"channel": {"type": "slack", **both}}, REGISTRY)


def test_the_names_are_the_operators(tmp_path: Path) -> None:
    (tmp_path / "standing.toml").write_text('[chat]\ndesk = "https://hooks.example/secret"\n')
    settings = load_settings({"STANDING_HOME": str(tmp_path)})
    assert settings.chat == {"desk": "https://hooks.example/secret"}
    assert "secret" not in str(settings.shown()).replace("STANDING_SECRET_KEY", "")
    (tmp_path / "standing.toml").write_text("[chat]\ndesk = 1\n")
    with pytest.raises(Refused, match="names with URLs"):
        load_settings({"STANDING_HOME": str(tmp_path)})


async def test_one_that_hangs_is_left() -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with receiving(hang) as receiver:
        channel = ChatChannel(
            Egress(LOOPBACK), Teller(), ManualClock(), timeout=ClientTimeout(total=0.5)
        )
        parcel = Parcel("msg_1", 0, orjson.dumps(REMOVED), ())
        outcome = await channel.send(target("slack", receiver.url), parcel)
        never.set()
        await channel.close()
    assert (outcome.delivered, outcome.error) == (False, "no answer within 0.5 s")
