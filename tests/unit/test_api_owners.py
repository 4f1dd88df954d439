"""Whose subscriptions are: everybody's own, and an administrator's all; and who did what."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from service.audit import Audit
from service.compose import system_clock
from service.tokens import OPERATOR, Tokens
from tests.unit.serving import Api, problem, served

AT = "/v1/subscriptions"
ASKED = {"channel": {"type": "webhook", "url": "https://desk.example/hook"}}
Headers = dict[str, str]


def bearer(home: Path, role: str, owner: str) -> Headers:
    text, _ = Tokens(home, system_clock).create(role, "", owner=owner)
    return {"authorization": f"Bearer {text}"}


async def subscribed(api: Api, headers: Headers) -> str:
    answer = await api.client.post(AT, json=ASKED, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def listed(api: Api, headers: Headers, **query: Any) -> list[tuple[str, str]]:
    answer = await api.client.get(AT, headers=headers, params=query)
    return [(one["id"], one["owner"]) for one in answer.json()["subscriptions"]]


async def test_everybody_sees_their_own_and_an_administrator_all(tmp_path: Path) -> None:
    a, b = bearer(tmp_path, "read", "a"), bearer(tmp_path, "record", "b")
    admin = bearer(tmp_path, "admin", "root")
    async with served(tmp_path, tokens=True) as api:
        mine, yours = await subscribed(api, a), await subscribed(api, b)
        assert await listed(api, a) == [(mine, "a")]
        assert await listed(api, b) == [(yours, "b")]
        assert await listed(api, admin) == [(mine, "a"), (yours, "b")]
        assert await listed(api, admin, limit=1) == [(mine, "a")]
        assert await listed(api, admin, limit=1, after=mine) == [(yours, "b")]
        problem(await api.client.get(AT, headers=a, params={"after": yours}), 422, "after")
        assert (await api.client.get(f"{AT}/{yours}", headers=admin)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"paused": True}),
        ("DELETE", "", None),
        ("POST", "/test", None),
        ("POST", "/rotate", None),
        ("POST", "/disable", None),
        ("POST", "/enable", None),
        ("POST", "/recover", {"since": "2020"}),
        ("GET", "/deliveries.csv", None),
        ("GET", "/preview", None),
        ("GET", "/deliveries", None),
        ("POST", "/redeliver", {"delivery": "msg_x"}),
        ("GET", "/watchlist", None),
        ("PUT", "/watchlist", {"names": ["Acme"]}),
    ],
)
async def test_of_anothers_every_route_says_that_there_is_none(
    method: str, path: str, body: Any, tmp_path: Path
) -> None:
    a, b = bearer(tmp_path, "read", "a"), bearer(tmp_path, "record", "b")
    async with served(tmp_path, tokens=True) as api:
        yours = await subscribed(api, b)
        answer = await api.client.request(method, f"{AT}/{yours}{path}", json=body, headers=a)
        problem(answer, 404)
        assert answer.json()["type"].endswith("unknown-subscription")
        assert await listed(api, b) == [(yours, "b")]


async def test_anothers_delivery_is_not_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        one, other = await subscribed(api, {}), await subscribed(api, {})
        sent = (await api.client.post(f"{AT}/{other}/test")).json()
        again = {"delivery": sent["delivery"]}
        problem(await api.client.post(f"{AT}/{one}/redeliver", json=again), 404)


async def test_where_nobody_shows_a_token_one_is_the_operator(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        made = await subscribed(api, {})
        assert await listed(api, {}) == [(made, "local")]


async def test_a_token_without_an_owner_belongs_to_its_name(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path, system_clock)
    _, named = tokens.create("read", "desk")
    _, nameless = tokens.create("read", "")
    assert (named.whose, nameless.whose) == ("desk", nameless.id)


async def test_what_waits_for_whom_is_told_to_whom_it_belongs(tmp_path: Path) -> None:
    """In the list, and in metrics one by one: of others, not even the ids."""
    a, b = bearer(tmp_path, "read", "a"), bearer(tmp_path, "read", "b")
    admin = bearer(tmp_path, "admin", "root")
    nobody = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
    channel = {"type": "webhook", "url": "http://127.0.0.1:9/"}  # nobody listens there
    async with served(tmp_path, tokens=True, environment=nobody) as api:
        made = {}
        for owner, headers in (("a", a), ("b", b)):
            answer = await api.client.post(AT, json={"channel": channel}, headers=headers)
            made[owner] = answer.json()["id"]
        listing = {"type": "standing.designation.issued", "subject": "acme"}
        listing |= {"data": {"list": "us-bis-entity-list", "effective": "2022-01-01"}}
        await api.client.post("/v1/events", json=listing, headers=admin)
        waiting = 0
        async with asyncio.timeout(60):
            while not waiting:
                (one,) = (await api.client.get(AT, headers=a)).json()["subscriptions"]
                waiting = one["backlog"]["waiting"]
        assert one["backlog"]["oldest"] is not None
        for headers, sees in ((a, "a"), (b, "b"), (admin, "ab")):
            page = (await api.client.get("/metrics", headers=headers)).text
            for owner, ident in made.items():
                told = f'standing_alerts_backlog{{subscription="{ident}"}} 1.0'
                assert (told in page) == (owner in sees)
                assert (ident in page) == (owner in sees)


async def test_what_was_done_is_on_record(tmp_path: Path) -> None:
    """By whom, to what, in order; what was refused or only asked for is not, and no secret is."""
    a, admin = bearer(tmp_path, "read", "a"), bearer(tmp_path, "admin", "root")
    async with served(tmp_path, tokens=True) as api:
        made = await subscribed(api, a)
        at = f"{AT}/{made}"
        await api.client.patch(at, json={"label": "desk"}, headers=a)
        await api.client.patch(at, json={"paused": True}, headers=a)
        await api.client.patch(at, json={"paused": False}, headers=admin)
        secret = (await api.client.post(f"{at}/rotate", headers=a)).json()["secret"]
        problem(await api.client.patch(at, json={"paused": 1}, headers=a), 422)
        await api.client.post(f"{AT}/preview", json={}, headers=a)
        await api.client.get(at, headers=a)
        await api.client.delete(at, headers=a)
        answer = await api.client.get("/v1/audit", params={"object": made}, headers=admin)
        found = answer.json()["acts"]
        assert [(one["owner"], one["action"], one["detail"]) for one in reversed(found)] == [
            ("a", "subscribe", None),
            ("a", "change", "label"),
            ("a", "pause", "paused"),
            ("root", "resume", "paused"),
            ("a", "rotate", None),
            ("a", "remove", None),
        ]
        assert all(one["token"] and one["at"] for one in found)
        assert secret not in answer.text
        page = (await api.client.get("/v1/audit", params={"limit": 2}, headers=admin)).json()
        rest = {"limit": 9, "before": page["next"]}
        more = (await api.client.get("/v1/audit", params=rest, headers=admin)).json()
        assert [one["seq"] for one in page["acts"] + more["acts"]] == [6, 5, 4, 3, 2, 1]
        problem(await api.client.get("/v1/audit", headers=a), 403)


def test_the_record_is_only_ever_added_to(tmp_path: Path) -> None:
    audit = Audit(tmp_path, lambda: 5)
    audit.note(OPERATOR, "subscribe", "sub_1")
    with sqlite3.connect(audit.path) as db:
        for statement in ("DELETE FROM acts", "UPDATE acts SET owner = 'x'"):
            with pytest.raises(sqlite3.IntegrityError, match="stays on record"):
                db.execute(statement)
    db.close()
    (one,) = Audit(tmp_path, lambda: 6).acts(10)
    assert (one["owner"], one["token"], one["object"]) == ("local", None, "sub_1")
