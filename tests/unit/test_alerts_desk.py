"""What people ask of the alerts, without a loop running."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.outbox import UnknownDelivery
from alerts.store import AlertStore, UnknownSubscription
from alerts.webhook import WebhookChannel
from events.dates import DAY
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
    told = await room.desk.preview({"companies": ["a", "b"]}, limit=2)
    assert told["count"] == 3
    assert [(one["data"]["company"], one["n"]) for one in told["messages"]] == [("a", 1), ("b", 1)]
    assert (await room.desk.preview({"companies": ["a"]}, since="0:0"))["messages"][0]["n"] == 1
    assert (await room.desk.preview({"companies": ["a"]}, backfill=True))["count"] == 3
    assert (await room.desk.preview({}, since="now"))["count"] == 0
    assert await room.desk.subscriptions() == []
    with pytest.raises(Refused, match="since"):
        await room.desk.preview({}, since="soon")


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
