"""Subscriptions over HTTP, with a receiver on this machine."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.contract.alert_twins import Receiver, answering, fine, receiving
from tests.unit.making import ENTITY, issued, removed
from tests.unit.serving import Api, described, problem, served

LOOPBACK = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
AT = "/v1/subscriptions"


async def subscribe(api: Api, url: str, **more: Any) -> dict[str, Any]:
    asked = {"channel": {"type": "webhook", "url": url}, **more}
    answer = await api.client.post(AT, json=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def delivered(api: Api, subscription: str, receiver: Receiver, count: int) -> list[Any]:
    """Wait until so many messages were taken, and that was kept; latest first."""
    await receiver.count(count)
    found: list[Any] = []
    while [one["state"] for one in found].count("delivered") < count:
        found = (await api.get(f"{AT}/{subscription}/deliveries"))["deliveries"]
    return found


async def test_a_subscriber_is_told_and_can_check_who_told(tmp_path: Path) -> None:
    """The secret is shown once, and signs what is sent."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url, filter={"companies": ["acme"]})
        assert made["secret"].startswith("whsec_")
        assert made["state"] == "active"
        await api.record(
            issued("2022-01-01", "on", ENTITY), issued("2022-01-01", "x", ENTITY, subject="other")
        )
        (post,) = await receiver.count(1)
        lower = {key.lower(): value for key, value in post.headers.items()}
        told: Any = Webhook(made["secret"]).verify(post.body, lower)
        assert told["type"] == "standing.status.changed"
        assert (told["n"], told["data"]["company"]) == (1, "acme")
        (change,) = (await api.get("/v1/changes", company="acme"))["changes"]
        assert told["data"]["change"] == change["change"]


async def test_a_subscription_is_looked_at_and_ended(tmp_path: Path) -> None:
    """Never with its secret."""
    async with served(tmp_path) as api:
        made = await subscribe(api, "https://desk.example/hook", label="desk")
        listed = (await api.get(AT))["subscriptions"]
        one = await api.get(f"{AT}/{made['id']}")
        assert [found["id"] for found in listed] == [one["id"]] == [made["id"]]
        assert "whsec" not in json.dumps([listed, one])
        assert one["label"] == "desk"
        assert (await api.client.delete(f"{AT}/{made['id']}")).status_code == 204
        problem(await api.client.get(f"{AT}/{made['id']}"), 404)
        problem(await api.client.delete(f"{AT}/{made['id']}"), 404)
        assert (await api.get(AT))["subscriptions"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "channel"),
        ([], ""),
        ({"channel": {"type": "webhook", "url": "http://127.0.0.1/"}}, "channel.url"),
        ({"channel": {"type": "webhook", "url": "file:///etc/passwd"}}, "channel.url"),
        ({"channel": {"type": "pigeon", "url": "https://a.example"}}, "channel.type"),
        (
            {"channel": {"type": "webhook", "url": "https://a.example"}, "filter": {"x": 1}},
            "filter.x",
        ),
        (
            {
                "channel": {"type": "webhook", "url": "https://a.example"},
                "filter": {"lists": ["x"]},
            },
            "filter.lists.0",
        ),
        ({"channel": {"type": "webhook", "url": "https://a.example"}, "start": "soon"}, "start"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused_by_field(
    asked: Any, field: str, tmp_path: Path
) -> None:
    """Also a receiver in a network that is not for it."""
    async with served(tmp_path) as api:
        problem(await api.client.post(AT, json=asked), 422, field)
        problem(await api.client.post(AT, content=b"{"), 422, "")


async def test_a_test_message_is_sent_at_once(tmp_path: Path) -> None:
    """And says what the receiver answered."""
    async with receiving(answering(500)) as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        answer = await api.client.post(f"{AT}/{made['id']}/test")
        assert answer.status_code == 200
        (attempt,) = answer.json()["attempts"]
        assert attempt["status"] == 500
        (post,) = await receiver.count(1)
        assert post.message["type"] == "standing.test"
        problem(await api.client.post(f"{AT}/sub_nobody/test"), 404)


async def test_a_message_is_sent_again_on_request(tmp_path: Path) -> None:
    """With the same id, number and body."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        await api.record(issued("2022-01-01", list_=ENTITY))
        (delivery,) = await delivered(api, made["id"], receiver, 1)
        answer = await api.client.post(
            f"{AT}/{made['id']}/redeliver", json={"delivery": delivery["delivery"]}
        )
        assert answer.status_code == 202
        first, second = await receiver.count(2)
        assert first.body == second.body
        path = f"{AT}/{made['id']}/redeliver"
        problem(await api.client.post(path, json={"delivery": "msg_x"}), 404)
        problem(await api.client.post(path, json={}), 422, "delivery")
        problem(await api.client.post(f"{AT}/sub_x/redeliver", json={"delivery": "m"}), 404)


async def test_a_secret_is_changed_with_overlap(tmp_path: Path) -> None:
    """Both sign for a while."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        answer = await api.client.post(f"{AT}/{made['id']}/rotate")
        fresh = answer.json()["secret"]
        assert fresh != made["secret"]
        await api.record(issued("2022-01-01", list_=ENTITY))
        (post,) = await receiver.count(1)
        lower = {key.lower(): value for key, value in post.headers.items()}
        for secret in (fresh, made["secret"]):
            assert Webhook(secret).verify(post.body, lower)


async def test_a_preview_tells_what_would_have_been_sent(tmp_path: Path) -> None:
    """Of a filter, or of a subscription; nothing is sent."""
    async with served(tmp_path) as api:
        await api.record(issued("2022-01-01", list_=ENTITY), removed("2022-02-01", list_=ENTITY))
        filter_ = {"to": ["removed"]}
        found = (await api.client.post(f"{AT}/preview", json={"filter": filter_})).json()
        assert found["count"] == 1
        assert found["messages"][0]["data"]["to"]["status"] == "removed"
        made = await subscribe(api, "https://desk.example/hook", filter=filter_)
        assert await api.get(f"{AT}/{made['id']}/preview") == found
        assert (await api.get(f"{AT}/{made['id']}/preview", since="0:1"))["count"] == 0
        assert (await api.get(f"{AT}/{made['id']}/deliveries"))["deliveries"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ([], ""),
        ({"filters": {}}, "filters"),
        ({"since": 1}, "since"),
        ({"since": "soon"}, "since"),
        ({"backfill": "yes"}, "backfill"),
        ({"limit": True}, "limit"),
        ({"limit": 100_000}, "limit"),
        ({"filter": {"kinds": ["chnged"]}}, "filter.kinds.0"),
    ],
)
async def test_a_preview_that_cannot_be_had_is_refused_by_field(
    asked: Any, field: str, tmp_path: Path
) -> None:
    """422."""
    async with served(tmp_path) as api:
        problem(await api.client.post(f"{AT}/preview", json=asked), 422, field)


async def test_one_that_was_disabled_is_enabled_again(tmp_path: Path) -> None:
    """And is sent what waited, and what came meanwhile."""
    gone = True

    async def first_gone(_: web.Request) -> web.StreamResponse:
        return web.Response(status=410 if gone else 204)

    async with receiving(first_gone) as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        path = f"{AT}/{made['id']}"
        await api.record(issued("2022-01-01", list_=ENTITY))
        await receiver.count(1)
        async with asyncio.timeout(60):
            while (await api.get(path))["state"] != "disabled":  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        (notice,) = (await api.get(path))["notices"]
        assert (notice["kind"], notice["to"]) == ("disabled", "operator")
        await api.record(issued("2022-02-01", "o", ENTITY, subject="other"))
        gone = False
        assert (await api.client.post(f"{path}/enable")).json()["state"] == "active"
        first, *again = await receiver.count(3)
        assert {one.message["data"]["company"] for one in again} == {"acme", "other"}
        assert first.body in [one.body for one in again]
        problem(await api.client.post(f"{path}/enable?skip=perhaps"), 422, "skip")
        problem(await api.client.post(f"{AT}/sub_x/enable"), 404)
        assert "standing_alerts_disabled 0.0" in (await api.client.get("/metrics")).text


async def test_what_was_sent_since_a_time_is_sent_again(tmp_path: Path) -> None:
    """As it was."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        path = f"{AT}/{made['id']}/recover"
        await api.record(issued("2022-01-01", list_=ENTITY))
        await delivered(api, made["id"], receiver, 1)
        answer = await api.client.post(path, json={"since": "2000"})
        assert (answer.status_code, answer.json()) == (202, {"count": 1})
        first, second = await receiver.count(2)
        assert (first.headers["webhook-id"], first.body) == (
            second.headers["webhook-id"],
            second.body,
        )
        assert (await api.client.post(path, json={"since": "2999"})).json() == {"count": 0}
        problem(await api.client.post(path, json={"since": "soon"}), 422, "since")
        problem(await api.client.post(path, json={}), 422, "since")


async def test_with_ed25519_a_public_key_is_told_and_no_secret(tmp_path: Path) -> None:
    """It stands with the subscription, and both of them while it is changed."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        asked = {"type": "webhook", "url": receiver.url, "signature": "ed25519"}
        made = (await api.client.post(AT, json={"channel": asked})).json()
        assert made["secret"].startswith("whpk_")
        path = f"{AT}/{made['id']}"
        assert (await api.get(path))["public_keys"] == [made["secret"]]
        fresh = (await api.client.post(f"{path}/rotate")).json()["secret"]
        assert (await api.get(path))["public_keys"] == [fresh, made["secret"]]


async def test_a_message_of_each_kind_is_shown(tmp_path: Path) -> None:
    """As a receiver gets it."""
    async with served(tmp_path) as api:
        found = {one["kind"]: one["body"] for one in (await api.get(f"{AT}/examples"))["messages"]}
        assert set(found) == {
            *("changed", "corrected", "scheduled", "noted", "digest", "reminder", "heartbeat"),
            *("found", "test", "failing", "disabled"),
        }
        assert found["changed"]["type"] == "standing.status.changed"
        assert found["changed"]["data"]["sequence"] == 7
        assert found["digest"]["data"]["changes"] == [found["changed"]["data"]]
        assert found["reminder"]["data"]["lost"] == ["investment.purchase"]


async def test_what_was_sent_is_shown_with_what_it_said(tmp_path: Path) -> None:
    """And why, with its sources: alone, in a row of a spreadsheet, and in the examples."""
    source = {"url": "https://court.example/order", "title": "Final order"}
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        await api.record(described("acme", name="Acme AG"))
        await api.record(issued("2022-01-01", "on", ENTITY, sources=[source]))
        (delivery,) = await delivered(api, made["id"], receiver, 1)
        at = f"{AT}/{made['id']}/deliveries"
        shown = await api.get(f"{at}/{delivery['delivery']}")
        (post,) = receiver.posts
        assert shown.pop("message") == post.message
        assert shown == delivery
        (cause,) = post.message["data"]["causes"]
        assert (cause["event"], cause["sources"]) == ("on", [source])
        (row,) = await csv_of(api, at)
        assert (row["name"], row["list"], row["kind"]) == ("Acme AG", ENTITY, "changed")
        assert (row["from"], row["to"]) == ("not_listed", "designated")
        assert (row["gained"], row["causes"]) == ("export.license", "on")
        assert row["sources"] == source["url"]
        other = await subscribe(api, receiver.url)
        wrong = f"{AT}/{other['id']}/deliveries/{delivery['delivery']}"
        problem(await api.client.get(wrong), 404)
        problem(await api.client.get(f"{at}/msg_none"), 404)
        examples = (await api.get(f"{AT}/examples"))["messages"]
        for one in examples[:4]:
            assert one["body"]["data"].keys() >= post.message["data"].keys()
            assert one["body"]["data"]["causes"][0]["sources"]


async def test_who_is_told_of_a_failing_receiver_has_to_be_there(tmp_path: Path) -> None:
    """Else nobody would be."""
    channel = {"type": "webhook", "url": "https://a.example"}
    async with served(tmp_path) as api:
        answer = await api.client.post(AT, json={"channel": channel, "notify": "sub_nobody"})
        problem(answer, 422, "notify")


async def test_what_was_sent_is_a_file_for_spreadsheets(tmp_path: Path) -> None:
    """A row for each attempt, of all that is kept; a receiver's answer that a spreadsheet would
    run is text."""

    async def formula(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500, reason="=1+1", text="=cmd()")

    async with receiving(formula) as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        await api.record(
            *(issued("2022-01-01", f"e{n}", ENTITY, subject=f"c{n}") for n in range(3))
        )
        await receiver.count(3)
        at = f"{AT}/{made['id']}/deliveries"
        while len([line for line in (await csv_of(api, at)) if line["outcome"]]) < 3:
            await api.get(at)
        (one, *_) = await csv_of(api, at)
        assert one["outcome"] == "failed"
        assert (one["attempt"], one["status"], one["type"]) == (
            "1",
            "500",
            "standing.status.changed",
        )
        rows = await csv_of(api, f"{at}.csv", {})
        assert {row["company"] for row in rows} == {"c0", "c1", "c2"}
        assert len(await csv_of(api, f"{at}.csv?limit=2", {})) == 2
        assert all(
            not value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values()
        )
        problem(await api.client.get(f"{AT}/sub_none/deliveries.csv"), 404)


async def csv_of(
    api: Api, path: str, headers: dict[str, str] | None = None
) -> list[dict[str, str]]:
    wanted = {"accept": "text/csv"} if headers is None else headers
    answer = await api.client.get(path, headers=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/test?x=1", None, "x"),
        ("POST", "/rotate?overlap=0", None, "overlap"),
        ("POST", "/confirmation?x=1", None, "x"),
        ("POST", "/disable?x=1", None, "x"),
        ("POST", "/recover", {"since": "2020", "until": "2021"}, "until"),
        ("POST", "/recover", [], ""),
        ("POST", "/redeliver", {"delivery": "msg_x", "n": 1}, "n"),
        ("PATCH", "?x=1", {"label": "x"}, "x"),
        ("DELETE", "?x=1", None, "x"),
        ("GET", "?x=1", None, "x"),
        ("GET", "/watchlist?x=1", None, "x"),
        ("PUT", "/watchlist", {"csv": "name\nAcme\n", "names": ["Acme"]}, ""),
        ("PUT", "/watchlist", {"csv": 1}, "csv"),
        ("GET", "/deliveries?before=x", None, "before"),
    ],
)
async def test_what_is_not_known_is_refused_and_nothing_is_done(
    method: str, path: str, body: Any, field: str, tmp_path: Path
) -> None:
    async with served(tmp_path) as api:
        made = await subscribe(api, "https://desk.example/hook")
        at = f"{AT}/{made['id']}"
        before = await api.get(at)
        problem(await api.client.request(method, at + path, json=body), 422, field)
        assert await api.get(at) == before


async def test_a_page_begins_where_one_ended_or_not_at_all(tmp_path: Path) -> None:
    """One that begins anew behind a subscription that was ended would go in rounds."""
    async with served(tmp_path) as api:
        some = [await subscribe(api, "https://desk.example/hook") for _ in range(3)]
        page = await api.get(AT, limit=2)
        assert page["next"] == some[1]["id"]
        (last,) = (await api.get(AT, after=page["next"]))["subscriptions"]
        assert last["id"] == some[2]["id"]
        await api.client.delete(f"{AT}/{some[1]['id']}")
        await api.refused(AT, "after", after=page["next"])


async def test_a_new_subscription_says_where_it_is(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        asked = {"channel": {"type": "webhook", "url": "https://desk.example/hook"}}
        answer = await api.client.post(AT, json=asked)
        assert answer.headers["location"] == f"{AT}/{answer.json()['id']}"


async def test_one_is_disabled_by_hand_and_keeps_what_waits(tmp_path: Path) -> None:
    async with receiving(answering(500)) as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver.url)
        at = f"{AT}/{made['id']}"
        await api.record(issued("2022-01-01", list_=ENTITY))
        await receiver.count(1)
        shown = (await api.client.post(f"{at}/disable")).json()
        assert (shown["state"], shown["disabled"]) == ("disabled", "disabled by its owner")
        receiver.handler = fine
        assert (await api.client.post(f"{at}/enable")).json()["state"] == "active"
        first, again = await receiver.count(2)
        assert first.body == again.body


async def test_who_was_to_be_told_may_go_and_the_rest_still_be_changed(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        other = await subscribe(api, "https://desk.example/other")
        made = await subscribe(api, "https://desk.example/hook", notify=other["id"])
        await api.client.delete(f"{AT}/{other['id']}")
        at = f"{AT}/{made['id']}"
        answer = await api.client.patch(at, json={"label": "desk"})
        assert (answer.status_code, answer.json()["label"]) == (200, "desk")
        problem(await api.client.patch(at, json={"notify": "sub_x"}), 422, "notify")
        assert (await api.client.patch(at, json={"notify": None})).json()["notify"] is None
