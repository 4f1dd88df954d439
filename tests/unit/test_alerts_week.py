"""A week of alerts on a clock that the tests hold: receivers that fail, hang, leave and are dead
for days, new keys, a change of clocks, and two restarts, one of them over a day without anybody.

Everything is delivered at least once, in order, and its owner can see over HTTP what became of it.
"""

import csv
import hmac
import io
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from alerts.quiet import Quiet, until
from events.dates import DAY, SECOND, show, start
from service.tokens import Tokens
from tests.contract.alert_twins import Post
from tests.unit.alert_week import HOUR, NAMES, OWNER, SDN, TOLD, Json, Week, week
from tests.unit.making import issued
from tests.unit.serving import Api, problem, served

AT = "/v1/subscriptions"
LOOPBACK = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}


@pytest.mark.parametrize(
    ("begins", "zone", "hours"),
    [
        ("2026-03-26T10:00:00Z", "Europe/Berlin", 23),
        ("2026-10-22T10:00:00Z", "Europe/Berlin", 25),
        ("2026-10-29T15:00:00Z", "America/New_York", 25),
    ],
)
async def test_a_week(tmp_path: Path, begins: str, zone: str, hours: int) -> None:
    async with week(tmp_path, begins, zone) as on:
        await on.pass_by()
        for name in TOLD:
            check_that_all_came_in_order(on, name)
        check_the_digests(on, hours)
        check_the_quiet(on)
        check_what_time_brought(on)
        check_what_was_told_of_those_who_failed(on)
        for name in NAMES:
            check_the_signatures(on, name)
        async with seen(on, OWNER) as (api, headers):
            await check_what_the_owner_sees(on, api, headers)
            await check_that_nothing_comes_again(on, api)
        async with seen(on, "desk-b") as (api, headers):
            assert (await got(api, headers, AT))["subscriptions"] == []
            for ident in on.ids.values():
                answer = await api.client.get(f"{AT}/{ident}/deliveries", headers=headers)
                problem(answer, 404)


# --- what came ------------------------------------------------------------------------------------


def check_that_all_came_in_order(on: Week, name: str) -> None:
    """Every change, and of each company one number after the other, and one change."""
    posts = on.posts(name)
    changes = [one.message["data"].get("change") for one in posts]
    assert Counter(one for one in changes if one) == Counter(on.told), name
    numbers: dict[str | None, list[int]] = {}
    sequences: dict[str, list[int]] = {}
    for one in posts:
        data = one.message["data"]
        numbers.setdefault(data.get("company"), []).append(one.message["n"])
        if "sequence" in data:
            sequences.setdefault(data["company"], []).append(data["sequence"])
    assert all(some == list(range(1, len(some) + 1)) for some in numbers.values()), name
    assert all(some == sorted(set(some)) for some in sequences.values()), name


def check_the_digests(on: Week, hours: int) -> None:
    """Every change in one of them; the windows follow each other, one of them longer or shorter."""
    messages = [one.message for one in on.posts("digest")]
    found = [
        one["change"]
        for message in messages
        for one in (*message["data"]["changes"], *message["data"]["corrections"])
    ]
    assert Counter(found) == Counter(on.told)
    assert [one["n"] for one in messages] == list(range(1, len(messages) + 1))
    windows = [one["data"]["window"] for one in messages]
    ends = [start(one["to"]) for one in windows]
    assert all(start(later["from"]) >= start(one["to"]) for one, later in pairwise(windows))
    lengths = [(start(one["to"]) - start(one["from"])) // HOUR for one in windows[1:]]
    assert Counter(lengths) == {24: len(lengths) - 1, hours: 1}
    assert ends == sorted(ends)


def check_the_quiet(on: Week) -> None:
    """Nothing at night."""
    quiet = Quiet.model_validate(on.night)
    times = [_sent(one) for one in on.receivers["quiet"].posts]
    assert [show(one) for one in times if until(quiet, one) is not None] == []


def check_what_time_brought(on: Week) -> None:
    """One reminder, and heartbeats while somebody was there."""
    messages = [post.message for post in on.posts("plain")]
    reminders = [one["data"] for one in messages if one["type"] == "standing.reminder"]
    assert [(one["company"], start(one["at"])) for one in reminders] == [("umbrella", on.flip)]
    beats = [start(one["data"]["at"]) for one in messages if one["type"] == "standing.heartbeat"]
    assert beats == sorted(set(beats))
    gaps = Counter((b - a) // HOUR for a, b in pairwise(beats))
    assert gaps.keys() <= {6, 24, 30}


def check_what_was_told_of_those_who_failed(on: Week) -> None:
    """To another receiver: before the dead one was disabled, when it was, and when one had gone."""
    told = [one.message for one in on.posts("pager")]
    assert sorted((one["data"]["subscription"], one["type"]) for one in told) == sorted(
        [
            (on.ids["gone"], "standing.subscription.disabled"),
            (on.ids["dead"], "standing.subscription.failing"),
            (on.ids["dead"], "standing.subscription.disabled"),
        ]
    )
    of_the_dead = [one for one in told if one["data"]["subscription"] == on.ids["dead"]]
    assert [one["type"].rpartition(".")[2] for one in of_the_dead] == ["failing", "disabled"]


def check_the_signatures(on: Week, name: str) -> None:
    """By the key that was the newest, for a day also by the one before, and by no other."""
    newest, *before = on.secrets[name]
    rotated = on.rotated.get(name)
    for post in on.receivers[name].posts:
        right = {newest}
        if rotated is not None and _sent(post) < rotated:
            right = set(before)
        elif rotated is not None and _sent(post) < rotated + DAY:
            right = {newest, *before}
        given = set(post.headers["webhook-signature"].split())
        assert given == {_signature(post, secret) for secret in right}, name


def _sent(post: Post) -> int:
    return int(post.headers["webhook-timestamp"]) * SECOND


def _signature(post: Post, secret: str) -> str:
    ident, at = post.headers["webhook-id"], post.headers["webhook-timestamp"]
    signed = f"{ident}.{at}.".encode() + post.body
    key = b64decode(secret.removeprefix("whsec_"))
    return f"v1,{b64encode(hmac.new(key, signed, sha256).digest()).decode()}"


# --- what can be seen -----------------------------------------------------------------------------


@asynccontextmanager
async def seen(on: Week, owner: str) -> AsyncIterator[tuple[Api, dict[str, str]]]:
    """The service over what is left of that week, as an owner reaches it."""
    folder, clock = on.house.folder, on.house.clock
    text, _ = Tokens(folder, clock).create("read", "", owner=owner)
    async with served(folder, clock=clock, tokens=True, environment=LOOPBACK) as api:
        yield api, {"authorization": f"Bearer {text}"}


async def got(api: Api, headers: dict[str, str], path: str, **query: Any) -> Any:
    answer = await api.client.get(path, headers=headers, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def deliveries(api: Api, headers: dict[str, str], ident: str) -> list[Json]:
    """All of them, page by page."""
    found: list[Json] = []
    before: Json = {}
    while True:
        page = await got(api, headers, f"{AT}/{ident}/deliveries", limit=20, **before)
        found += page["deliveries"]
        if page["next"] is None:
            return found
        before = {"before": page["next"]}


async def check_what_the_owner_sees(on: Week, api: Api, headers: dict[str, str]) -> None:
    listed = (await got(api, headers, AT))["subscriptions"]
    assert {one["id"] for one in listed} == set(on.ids.values())
    assert {one["state"] for one in listed} == {"active"}
    assert {one["backlog"]["waiting"] for one in listed} == {0}
    errors = {}
    for name in TOLD:
        found = await deliveries(api, headers, on.ids[name])
        changes = Counter(one["change"] for one in found if one["type"].startswith("standing.st"))
        assert changes == Counter(on.told), name
        assert {one["delivery"] for one in found} == {
            one.headers["webhook-id"] for one in on.posts(name)
        }
        for one in found:
            latest, *earlier = one["attempts"]
            assert (one["state"], latest["outcome"]) == ("delivered", "delivered")
            assert {each["outcome"] for each in earlier} <= {"failed"}
            assert all(each["request"] and each["latency_ms"] >= 0 for each in one["attempts"])
            errors.setdefault(name, set()).update(each["error"] for each in earlier)
        await check_the_file(on, api, headers, name, found)
    assert not errors["plain"] | errors["quiet"]
    for name, said in (
        ("flaky", "500"),
        ("hanging", "no answer"),
        ("gone", "410"),
        ("dead", "503"),
    ):
        assert errors[name], name
        assert all(said in error for error in errors[name]), name
    notices = (await got(api, headers, f"{AT}/{on.ids['dead']}"))["notices"]
    assert {(one["kind"], one["to"], one["waiting"]) for one in notices} == {
        (kind, to, False)
        for kind in ("failing", "disabled")
        for to in ("operator", on.ids["pager"])
    }


async def check_the_file(
    on: Week, api: Api, headers: dict[str, str], name: str, found: list[Json]
) -> None:
    """A row for each attempt; and one message is shown as it was sent."""
    at = f"{AT}/{on.ids[name]}/deliveries"
    answer = await api.client.get(f"{at}.csv", headers=headers)
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert Counter(one["delivery"] for one in rows) == Counter(
        {one["delivery"]: one["attempts_count"] for one in found}
    )
    post = on.posts(name)[-1]
    shown = await got(api, headers, f"{at}/{post.headers['webhook-id']}")
    assert shown["message"] == post.message


async def check_that_nothing_comes_again(on: Week, api: Api) -> None:
    """After yet another start, only what is new."""
    before = {name: len(on.receivers[name].posts) for name in TOLD}
    text, _ = Tokens(on.house.folder, on.house.clock).create("admin", "")
    day = show(on.house.clock.now - DAY)[:10]
    new = issued(day, "after-all", SDN) | {"subject": "hooli"}
    bearer = {"authorization": f"Bearer {text}"}
    assert (await api.client.post("/v1/events", json=new, headers=bearer)).status_code == 200
    for name in set(TOLD) - {"quiet"}:  # which may wait for the morning
        await on.receivers[name].count(before[name] + 1)
        (post,) = on.receivers[name].posts[before[name] :]
        assert post.message["data"]["company"] == "hooli"
