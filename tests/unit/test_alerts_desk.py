"""What people ask of the alerts, without a loop running."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.opened import UnknownSubscription
from alerts.outbox import UnknownDelivery
from alerts.places import BEGINNING
from alerts.preview import since
from alerts.store import AlertStore
from alerts.webhook import WebhookChannel
from events.dates import DAY, show, start
from events.errors import Refused
from events.lists import load_registry
from tests.contract.alert_twins import (
    LOOPBACK,
    ManualClock,
    MemorySource,
    answering,
    asked,
    receiving,
)


@dataclass
class Room:
    desk: AlertDesk
    source: MemorySource
    store: AlertStore
    clock: ManualClock


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    clock, source, store = ManualClock(), MemorySource(), AlertStore(tmp_path / "alerts.db")
    channel = WebhookChannel(Egress(LOOPBACK), clock)
    desk = AlertDesk(store, source, load_registry(), {"webhook": channel}, clock)
    yield Room(desk, source, store, clock)
    await channel.close()
    store.close()


async def test_the_secret_is_told_once_and_never_shown(room: Room) -> None:
    made, secret = await room.desk.subscribe(asked(label="desk"))
    assert secret.startswith("whsec_")
    shown = await room.desk.subscription(made.id)
    assert secret not in str(shown)
    assert shown["deliveries"] == {}
    assert [one.id for one in await room.desk.subscriptions()] == [made.id]


async def test_a_receiver_inside_is_refused_unless_the_operator_names_its_network(
    tmp_path: Path,
) -> None:
    clock, store = ManualClock(), AlertStore(tmp_path / "alerts.db")
    channel = WebhookChannel(Egress(), clock)
    desk = AlertDesk(store, MemorySource(), load_registry(), {"webhook": channel}, clock)
    with pytest.raises(Refused, match="STANDING_ALLOW_NETWORKS") as refused:
        await desk.subscribe(asked("http://127.0.0.1:9999/hook"))
    assert refused.value.problems[0].field == "channel.url"
    assert await desk.subscriptions() == []
    store.close()


async def test_a_test_message_is_sent_signed_and_kept(room: Room) -> None:
    async with receiving() as receiver:
        made, secret = await room.desk.subscribe(asked(receiver.url))
        told = await room.desk.test(made.id)
        post = receiver.posts[0]
    assert Webhook(secret).verify(post.body, post.headers)["type"] == "standing.test"
    assert (told["state"], told["attempts"][0]["outcome"]) == ("test", "delivered")
    assert await room.desk.deliveries(made.id) == [told]


async def test_a_test_that_fails_says_why(room: Room) -> None:
    async with receiving(answering(404)) as receiver:
        made, _ = await room.desk.subscribe(asked(receiver.url))
        told = await room.desk.test(made.id)
    assert told["attempts"][0]["status"] == 404
    assert (await room.desk.subscription(made.id))["state"] == "active"


async def test_a_preview_shows_what_would_have_been_sent(room: Room) -> None:
    await room.source.tell("a", "b", "a", "c")
    await room.source.tell("a", backfill=True)
    always = "beginning"
    told = await room.desk.preview({"companies": ["a", "b"]}, always, limit=2)
    assert (told["count"], told["companies"], told["loaded"]) == (3, 2, 1)
    assert told["by"] == {
        "kind": {"changed": 3},
        "list": {"us-ofac-sdn": 3},
        "month": {"2020-09": 3},
    }
    assert [(one["data"]["company"], one["n"]) for one in told["messages"]] == [("a", 1), ("b", 1)]
    assert (await room.desk.preview({"companies": ["a"]}, since="0:0"))["messages"][0]["n"] == 1
    assert (await room.desk.preview({"companies": ["a"]}, always, backfill=True))["count"] == 3
    assert (await room.desk.preview({}, since="now"))["count"] == 0
    assert await room.desk.subscriptions() == []
    with pytest.raises(Refused, match="since"):
        await room.desk.preview({}, since="soon")


async def test_a_preview_looks_back_over_a_year_where_nothing_is_said(room: Room) -> None:
    await room.source.tell("a", recorded=room.clock.now - 364 * DAY)
    await room.source.tell("a", recorded=room.clock.now - 367 * DAY)
    assert (await room.desk.preview({}))["count"] == 1
    assert (await room.desk.preview({}, "P13M"))["count"] == 2
    assert (await room.desk.preview({}, "P51W"))["count"] == 0


@pytest.mark.parametrize(
    ("span", "first"),
    [
        ("P1Y", "2023-02-28T12:00:00"),
        ("P3M", "2023-11-29T12:00:00"),
        ("P12M", "2023-02-28T12:00:00"),
        ("P2W", "2024-02-15T12:00:00"),
        ("P60D", "2023-12-31T12:00:00"),
    ],
)
def test_a_span_back_is_one_of_the_calendar(span: str, first: str) -> None:
    heads = [BEGINNING, BEGINNING]
    begins = since(span, start("2024-02-29T12:00:00Z"), heads)
    assert begins.since == start(f"{first}Z")
    assert (begins.within(0).after, begins.within(1).after) == (BEGINNING, BEGINNING)


def test_a_span_from_before_there_were_dates_is_refused() -> None:
    with pytest.raises(Refused, match="before there were dates"):
        since("P9999Y", start("2024-02-29"), [BEGINNING])


async def test_what_is_wished_is_so_from_then_on(room: Room) -> None:
    made, _ = await room.desk.subscribe(asked(label="old"))
    changed = await room.desk.change(made.id, {"label": "new", "filter": {"lists": []}})
    assert (changed.request.label, changed.request.filter.lists) == ("new", [])
    assert changed.request.channel == made.request.channel
    assert (await room.desk.subscription(made.id))["label"] == "new"
    with pytest.raises(UnknownSubscription):
        await room.desk.change("sub_nobody", {"label": "x"})


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ([], ""),
        ({}, ""),
        ({"channel": {}}, "channel"),
        ({"start": "now"}, "start"),
        ({"colour": "red"}, "colour"),
        ({"paused": 1}, "paused"),
        ({"missed": "skip"}, "missed"),
        ({"paused": True, "missed": "send"}, "missed"),
        ({"paused": False, "missed": "some"}, "missed"),
        ({"filter": {"lists": ["x"]}}, "filter.lists.0"),
        ({"expires": "soon"}, "expires"),
        ({"expires": "2020"}, "expires"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_by_its_field(
    wish: Any, field: str, room: Room
) -> None:
    made, _ = await room.desk.subscribe(asked())
    with pytest.raises(Refused) as refused:
        await room.desk.change(made.id, wish)
    assert refused.value.problems[0].field == field


async def test_what_has_ended_is_not_begun(room: Room) -> None:
    with pytest.raises(Refused, match="has passed"):
        await room.desk.subscribe(asked(expires="2020-01"))


async def test_a_state_is_told_as_it_is_now(room: Room) -> None:
    soon = show(room.clock.now + DAY)
    made, _ = await room.desk.subscribe(asked(expires=soon))
    await room.desk.change(made.id, {"paused": True})
    shown = await room.desk.subscription(made.id)
    assert (shown["state"], shown["paused_since"]) == ("paused", show(room.clock.now))
    room.clock.advance(2 * DAY)
    assert (await room.desk.subscription(made.id))["state"] == "expired"
    await room.desk.change(made.id, {"paused": False, "expires": None})
    assert (await room.desk.subscription(made.id))["state"] == "active"
    await room.desk.disable(made.id, "for a test")
    assert (await room.desk.subscription(made.id))["state"] == "disabled"


async def test_everybody_has_their_own(room: Room) -> None:
    mine, _ = await room.desk.subscribe(asked(), owner="a")
    yours, _ = await room.desk.subscribe(asked(), owner="b")
    room.clock.advance(1)
    other, _ = await room.desk.subscribe(asked(), owner="a")
    assert [one["id"] for one in await room.desk.page("a")] == [mine.id, other.id]
    assert [one["id"] for one in await room.desk.page("a", mine.id)] == [other.id]
    assert [one["owner"] for one in await room.desk.page(limit=2)] != ["a", "a"]
    assert await room.desk.owner(yours.id) == "b"


async def test_after_a_rotation_both_secrets_verify_for_a_day(room: Room) -> None:
    async with receiving() as receiver:
        made, old = await room.desk.subscribe(asked(receiver.url))
        new = await room.desk.rotate(made.id)
        await room.desk.test(made.id)
        room.clock.advance(DAY)
        await room.desk.test(made.id)
        both, one = receiver.posts
    for secret in (old, new):
        Webhook(secret).verify(both.body, both.headers)
    assert len(one.headers["webhook-signature"].split()) == 1


async def test_ids_that_there_are_none_of_are_said(room: Room) -> None:
    for ask in (
        room.desk.subscription,
        room.desk.unsubscribe,
        room.desk.test,
        room.desk.deliveries,
        room.desk.rotate,
    ):
        with pytest.raises(UnknownSubscription):
            await ask("sub_0")
    with pytest.raises(UnknownDelivery):
        await room.desk.redeliver("msg_0")


async def test_a_test_message_is_not_delivered_again(room: Room) -> None:
    async with receiving() as receiver:
        made, _ = await room.desk.subscribe(asked(receiver.url))
        told = await room.desk.test(made.id)
    with pytest.raises(UnknownDelivery):
        await room.desk.redeliver(told["delivery"])
