"""Desks over Kafka: what is asked of one of them is known to all, and to the workers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from alerts.desk_on_kafka import KafkaDesk
from alerts.opened import UnknownSubscription
from alerts.outbox import UnknownDelivery
from alerts.vault import SharedVault
from events.dates import DAY, start
from events.errors import Refused
from tests.contract.alert_twins import Post, answering, asked, fine, receiving
from tests.kafka.alerting import Line, distinct, line, received, until, wrong


@pytest.fixture
async def on(kafka: str) -> AsyncIterator[Line]:
    async with line(kafka) as found:
        yield found


async def ids(desk: KafkaDesk) -> list[str]:
    return [one.id for one in await desk.subscriptions()]


async def test_who_subscribes_at_one_desk_is_known_at_the_other_and_told(
    on: Line, tmp_path: Path
) -> None:
    async with (
        receiving() as receiver,
        on.desk(tmp_path / "one.db") as one,
        on.desk(tmp_path / "two.db") as two,
        on.working(),
    ):
        made, secret = await one.subscribe(asked(receiver.url, label="desk"))
        assert await ids(one) == [made.id]
        await until(lambda: _is(two, [made.id]))
        assert (await two.subscriptions())[0].request == made.request
        await on.tell("acme", "globex", "acme")
        posts = await received(receiver, 3)
        assert wrong(posts, {"acme": 2, "globex": 1}) == []
        for post in posts:
            Webhook(secret).verify(post.body, post.headers)
        for desk in (one, two):
            await until(lambda desk=desk: _told(desk, made.id, 3))
        assert await one.deliveries(made.id) == await two.deliveries(made.id)
        assert (await two.subscription(made.id))["deliveries"] == {"delivered": 3}


async def _is(desk: KafkaDesk, wanted: list[str]) -> bool:
    return await ids(desk) == wanted


async def _told(desk: KafkaDesk, subscription: str, number: int) -> bool:
    return len(await desk.deliveries(subscription)) == number


async def test_a_desk_that_begins_anew_knows_all_of_it(on: Line, tmp_path: Path) -> None:
    """With its file, without it, and with one from before somebody went."""
    async with receiving() as receiver:
        async with on.desk(tmp_path / "one.db") as desk, on.working():
            stays, _ = await desk.subscribe(asked(receiver.url))
            goes, _ = await desk.subscribe(asked(receiver.url))
            await on.tell("acme")
            await until(lambda: _told(desk, stays.id, 1))
            before = await desk.deliveries(stays.id)
        async with on.desk(tmp_path / "two.db") as desk:
            await desk.unsubscribe(goes.id)
            with pytest.raises(UnknownSubscription):
                await desk.subscription(goes.id)
        for name in ("one.db", "two.db", "three.db"):
            async with on.desk(tmp_path / name) as desk:
                await until(lambda desk=desk: _caught_up(desk))
                assert await ids(desk) == [stays.id]
                assert await desk.deliveries(stays.id) == before


async def _caught_up(desk: KafkaDesk) -> bool:
    return not desk.behind


async def test_secrets_change_at_any_desk(on: Line, tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        on.desk(tmp_path / "one.db") as one,
        on.desk(tmp_path / "two.db") as two,
        on.working(),
    ):
        made, first = await one.subscribe(asked(receiver.url))
        await until(lambda: _is(two, [made.id]))
        second = await two.rotate(made.id)
        await on.until(on.names.subscriptions, lambda some: len(some) >= 2)
        shown = await one.test(made.id)
        assert (shown["state"], shown["n"], shown["company"]) == ("test", 0, None)
        await until(lambda: _told(two, made.id, 1))
        # The worker reads of the new secret in its own time; the old one counts all the while.
        told: list[Post] = []
        while not told or not _is_signed(told[-1], second):
            await on.tell("acme")
            _, *told = await received(receiver, len(told) + 2)
        for post in told:
            Webhook(first).verify(post.body, post.headers)
        with pytest.raises(UnknownSubscription):
            await two.rotate("sub_nobody")


def _is_signed(post: Post, secret: str) -> bool:
    try:
        Webhook(secret).verify(post.body, post.headers)
    except WebhookVerificationError:
        return False
    return True


async def test_a_message_is_delivered_again_by_the_worker_who_has_its_company(
    on: Line, tmp_path: Path
) -> None:
    """Before what waits, with its number, and asked for at a desk that did not know it first; also
    if nobody works at that moment."""
    async with (
        receiving() as receiver,
        on.desk(tmp_path / "one.db") as one,
        on.desk(tmp_path / "two.db") as two,
    ):
        made, _ = await one.subscribe(asked(receiver.url))
        async with on.working():
            await on.tell("acme", "acme", "globex")
            await on.attempts(3)
            await until(lambda: _told(two, made.id, 3))
            (first,) = [
                shown
                for shown in await two.deliveries(made.id)
                if (shown["company"], shown["n"]) == ("acme", 1)
            ]
            answer = await two.redeliver(first["delivery"])
            assert (answer["state"], answer["n"]) == ("pending", 1)
            attempts = await on.attempts(4)
        assert (attempts[-1]["delivery"], attempts[-1]["attempt"]) == (first["delivery"], 2)
        await until(lambda: _tried(two, made.id, 2))
        await two.redeliver(first["delivery"])
        async with on.working():
            attempts = await on.attempts(5)
            await on.tell("acme")
            await received(receiver, 4)
        assert [post.headers["webhook-id"] for post in receiver.posts].count(first["delivery"]) == 3
        assert wrong(receiver.posts, {"acme": 3, "globex": 1}) == []
        with pytest.raises(UnknownDelivery):
            await one.redeliver("msg_nobody")


async def _tried(desk: KafkaDesk, subscription: str, number: int) -> bool:
    return any(one["attempts_count"] == number for one in await desk.deliveries(subscription))


async def test_a_wish_outlives_the_worker_that_could_not_meet_it(on: Line, tmp_path: Path) -> None:
    up = True

    async def sometimes(request: web.Request) -> web.StreamResponse:
        return await (fine if up else answering(503))(request)

    async with receiving(sometimes) as receiver, on.desk(tmp_path / "one.db") as desk:
        made, _ = await desk.subscribe(asked(receiver.url))
        async with on.working():
            await on.tell("acme")
            (told,) = await on.attempts(1)
            up = False
            await until(lambda: _told(desk, made.id, 1))
            await desk.redeliver(told["delivery"])
            assert (await on.attempts(2))[-1]["state"] == "pending"
        up = True
        async with on.working(clock=lambda: later(told["at"])):
            attempts = await on.attempts(3)
            await on.tell("acme")
            await received(receiver, 2)
        assert [one["attempt"] for one in attempts] == [1, 2, 3]
        assert attempts[-1]["state"] == "delivered"
        assert len(distinct(receiver.posts)) == 2


def later(text: str) -> int:
    return start(text) + DAY


async def test_a_desk_previews_over_all_partitions(on: Line, tmp_path: Path) -> None:
    companies = ("acme", "globex", "initech", "umbrella", "hooli")
    await on.tell(*companies, country="CN")
    await on.tell(*companies, country="US")
    async with on.desk(tmp_path / "one.db") as desk:
        found = await desk.preview({"countries": ["CN"]}, "beginning", limit=3)
        assert (found["count"], len(found["messages"])) == (5, 3)
        assert found["by"]["kind"] == {"changed": 5}
        assert (await desk.preview({}, since="now"))["count"] == 0


async def test_a_pause_is_held_by_every_worker_and_ends_at_any_desk(
    on: Line, tmp_path: Path
) -> None:
    """In all partitions, also by a worker that takes over meanwhile; what was missed comes in
    order, or is left out where that is wished."""
    companies = ("acme", "globex", "initech", "umbrella", "hooli")
    async with (
        receiving() as receiver,
        receiving() as other,
        on.desk(tmp_path / "one.db") as one,
        on.desk(tmp_path / "two.db") as two,
    ):
        made, _ = await one.subscribe(asked(receiver.url), owner="a", watchlist=b"report")
        skips, _ = await one.subscribe(asked(receiver.url))
        await one.subscribe(asked(other.url))
        await until(lambda: _knows(two, made.id))
        for ident in (made.id, skips.id):
            await two.change(ident, {"paused": True, "label": "waits"})
        for _ in range(2):
            async with on.working():
                await on.tell(*companies)
                await received(other, len(other.posts) + len(companies))
        assert receiver.posts == []
        await one.change(skips.id, {"paused": False, "missed": "skip"})
        await one.change(made.id, {"paused": False, "filter": {"companies": ["acme", "hooli"]}})
        async with on.working():
            posts = await received(receiver, 4)
            assert wrong(posts, {"acme": 2, "hooli": 2}) == []
            await on.tell("globex")
            posts = await received(receiver, 5)
            assert (posts[-1].message["data"]["company"], posts[-1].message["n"]) == ("globex", 1)
        await until(lambda: _is_called(two, made.id, "waits"))
        shown = await two.subscription(made.id)
        assert (shown["owner"], shown["state"], shown["paused_since"]) == ("a", "active", None)
        assert await two.watchlist(made.id) == b"report"
        assert [found["id"] for found in await two.page("a")] == [made.id]


async def _knows(desk: KafkaDesk, subscription: str) -> bool:
    return subscription in await ids(desk)


async def _is_called(desk: KafkaDesk, subscription: str, label: str) -> bool:
    shown = await desk.subscription(subscription)
    return bool(shown["label"] == label and shown["state"] == "active")


async def test_the_later_of_two_wishes_counts(on: Line, tmp_path: Path) -> None:
    """Also where the desk that wrote last had not read of it."""
    async with on.desk(tmp_path / "one.db") as one, on.desk(tmp_path / "two.db") as two:
        made, _ = await one.subscribe(asked())
        await until(lambda: _is(two, [made.id]))
        await one.change(made.id, {"label": "first"})
        await asyncio.gather(two.change(made.id, {"filter": {"lists": []}}), one.rotate(made.id))
        for desk in (one, two):
            await until(lambda desk=desk: _wants_nothing(desk, made.id))
    async with on.desk(tmp_path / "three.db") as three:
        assert await _wants_nothing(three, made.id)


async def _wants_nothing(desk: KafkaDesk, subscription: str) -> bool:
    return (await desk.subscription(subscription))["filter"] == {"lists": []}


async def test_desks_mend_what_one_of_them_wrote_in_ignorance(on: Line, tmp_path: Path) -> None:
    """Two secrets are made at once, and somebody goes while another one writes about him."""
    async with (
        receiving() as receiver,
        on.desk(tmp_path / "one.db") as one,
        on.desk(tmp_path / "two.db") as two,
    ):
        made, _ = await one.subscribe(asked(receiver.url))
        await until(lambda: _is(two, [made.id]))
        await asyncio.gather(one.rotate(made.id), two.rotate(made.id))
        shown = await asyncio.gather(one.test(made.id), two.test(made.id))
        assert len(shown) == 2
        signatures = {post.headers["webhook-signature"].split()[0] for post in receiver.posts}
        assert len(signatures) == 2
        await asyncio.gather(one.unsubscribe(made.id), two.rotate(made.id))
        for desk in (one, two):
            await until(lambda desk=desk: _is(desk, []))
    async with on.desk(tmp_path / "three.db") as three:
        assert await ids(three) == []


def test_without_a_key_that_all_share_nothing_begins() -> None:
    with pytest.raises(Refused, match="STANDING_SECRET_KEY"):
        SharedVault("")
    with pytest.raises(Refused, match="too short"):
        SharedVault("short")
