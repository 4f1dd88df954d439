"""Subscribing on pages, and looking after one's subscriptions there."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.contract.alert_twins import receiving
from tests.unit.forms import HTML, page, send
from tests.unit.making import ENTITY, issued
from tests.unit.serving import Api, described, served
from tests.unit.test_api_owners import bearer

LOOPBACK = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
AT = "/subscriptions"
HOOK = {"type": "webhook", "url": "https://desk.example/hook"}
HOSTILE = "<script>alert(1)</script>\u202e"


async def subscribed(api: Api, **asked: Any) -> str:
    body = {"channel": HOOK, **asked}
    return str((await api.client.post(f"/v1{AT}", json=body)).json()["id"])


async def hostile(_: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text=HOSTILE, headers={"retry-after": "<b>"})


async def test_one_subscribes_with_a_form_and_sees_the_secret_once(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        fields = {
            **HOOK,
            "companies": "acme, other",
            "to": ["removed", "enjoined"],
            "label": "mine",
        }
        answer = await send(api, AT, fields)
        assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
        assert "whsec_" in answer.text
        (one,) = (await api.get(f"/v1{AT}"))["subscriptions"]
        assert one["filter"] == {"companies": ["acme", "other"], "to": ["removed", "enjoined"]}
        assert (one["label"], one["owner"]) == ("mine", "local")
        for path in (AT, f"{AT}/{one['id']}", f"{AT}/{one['id']}/change"):
            assert "whsec_" not in await page(api, path)
        (act,) = (await api.get("/v1/audit"))["acts"]
        assert (act["action"], act["object"]) == ("subscribe", one["id"])


async def test_a_preview_says_what_would_have_come_and_keeps_nothing(tmp_path: Path) -> None:
    """Nor is it on record."""
    async with served(tmp_path) as api:
        await api.record(issued("2022-01-01", list_=ENTITY), described(name="Acme & Sons"))
        answer = await send(api, f"{AT}/preview", {**HOOK, "companies": "acme"})
        assert answer.status_code == 200
        assert "1 message</b>" in answer.text
        assert "Acme &amp; Sons" in answer.text
        assert 'value="https://desk.example/hook"' in answer.text
        assert (await api.get(f"/v1{AT}"))["subscriptions"] == []
        assert (await api.get("/v1/audit"))["acts"] == []


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"type": "webhook", "url": "ftp://x"}, "url", "http"),
        ({**HOOK, "companies": "NO"}, "companies", "NO"),
        ({**HOOK, "remind": "soon"}, "remind", "soon"),
        ({**HOOK, "quiet_from": "22:00"}, "quiet_to", "missing"),
        ({**HOOK, "start": "own", "start_at": "some day"}, "start_at", "some day"),
        ({**HOOK, "expires": "1999-01-01"}, "expires", "passed"),
        ({"type": "email", "address": "a@b.example"}, "type", "mail"),
        ({"type": "pull"}, "type", "addresses"),
    ],
)
async def test_what_is_refused_stands_at_its_field(
    fields: dict[str, str], field: str, said: str, tmp_path: Path
) -> None:
    """The form comes back as it was filled in."""
    async with served(tmp_path) as api:
        answer = await send(api, AT, {**fields, "label": "kept"})
        assert answer.status_code == 422
        assert f'id="wrong-{field}"' in answer.text
        assert said in answer.text
        assert 'value="kept"' in answer.text
        assert (await api.get(f"/v1{AT}"))["subscriptions"] == []


async def test_a_watchlist_is_a_file_or_pasted(tmp_path: Path) -> None:
    """Its report says row by row who was found; the file's rows come back in the form."""
    async with served(tmp_path) as api:
        await api.record(described("acme", name="Acme Corp"), described("b", name="Beta Holding"))
        file = {"file": ("mine.csv", "name;isin\nAcme Corp;\nNobody;\n".encode("utf-16"))}
        answer = await send(api, f"{AT}/preview", HOOK, files=file)
        assert answer.status_code == 200
        assert "name;isin" in answer.text
        assert "1 company is watched." in " ".join(answer.text.replace("<b>", "").split())
        rows = {"rows": "Acme Corp\nBeta Holding", "companies": "c"}
        assert (await send(api, AT, {**HOOK, **rows})).status_code == 201
        (one,) = (await api.get(f"/v1{AT}"))["subscriptions"]
        assert one["filter"]["companies"] == ["c", "acme", "b"]
        assert "Beta Holding" in await page(api, f"{AT}/{one['id']}/watchlist")
        again = await send(api, f"{AT}/{one['id']}/watchlist", {}, of=f"{AT}/{one['id']}")
        assert again.status_code == 303


async def test_a_watchlist_of_nobody_known_stays_one_of_nobody(tmp_path: Path) -> None:
    """Also when something else is changed: no company is not every company."""
    async with served(tmp_path) as api:
        answer = await send(api, AT, {**HOOK, "rows": "Nobody At All\nNone Either"})
        assert answer.status_code == 201
        (one,) = (await api.get(f"/v1{AT}"))["subscriptions"]
        assert one["filter"] == {"companies": []}
        at = f"{AT}/{one['id']}/change"
        assert "Nobody is known yet of its watchlist" in await page(api, at)
        assert (await send(api, at, {**HOOK, "label": "new"}, of=at)).status_code == 303
        (one,) = (await api.get(f"/v1{AT}"))["subscriptions"]
        assert (one["label"], one["filter"]) == ("new", {"companies": []})


async def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        for body, said in ((b"name\n" + b"x" * 900_000, "900,000"), (b"name\n\xff\xfe", "UTF-8")):
            answer = await send(api, AT, HOOK, files={"file": ("x.csv", body)})
            assert (answer.status_code, said in answer.text) == (422, True)


async def test_one_is_changed_paused_resumed_and_ended(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        one = await subscribed(api, label="before", filter={"companies": ["acme"]})
        at, of = f"{AT}/{one}", f"{AT}/{one}/change"
        changed = await send(api, of, {"label": "after", "to": "removed"}, of=of)
        assert (changed.status_code, changed.headers["location"]) == (303, at)
        found = await api.get(f"/v1{at}")
        assert (found["label"], found["filter"]) == ("after", {"to": ["removed"]})
        wrong = await send(api, of, {"label": "x", "companies": "NO"}, of=of)
        assert (wrong.status_code, 'id="wrong-companies"' in wrong.text) == (422, True)
        assert (await send(api, f"{of}/preview", {"label": "x"}, of=of)).status_code == 200
        await send(api, f"{at}/pause", {}, of=at)
        assert "Paused" in await page(api, AT)
        assert (await api.get(f"/v1{at}"))["state"] == "paused"
        await send(api, f"{at}/resume", {"missed": "skip"}, of=at)
        assert (await api.get(f"/v1{at}"))["state"] == "active"
        assert (await send(api, f"{at}/end", {}, of=at)).status_code == 422
        assert (await send(api, f"{at}/end", {"sure": "yes"}, of=at)).status_code == 303
        assert await page(api, at, 404)
        acts = [one["action"] for one in (await api.get("/v1/audit"))["acts"]]
        assert acts == ["remove", "resume", "pause", "change", "subscribe"]


async def test_a_new_secret_is_shown_once(tmp_path: Path) -> None:
    """Whatever is not signed has none."""
    async with served(tmp_path) as api:
        at = f"{AT}/{await subscribed(api)}"
        answer = await send(api, f"{at}/rotate", {}, of=at)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert "whsec_" in answer.text
        assert "whsec_" not in await page(api, at)


async def test_what_a_receiver_answers_is_shown_and_it_is_sent_again(tmp_path: Path) -> None:
    """As text, whatever it is; also as CSV and JSON."""
    async with receiving(hostile) as receiver, served(tmp_path, environment=LOOPBACK) as api:
        one = await subscribed(api, channel={"type": "webhook", "url": receiver.url}, label=HOSTILE)
        at = f"{AT}/{one}"
        tested = await send(api, f"{at}/test", {}, of=at)
        assert tested.status_code == 303
        shown = await page(api, tested.headers["location"])
        assert "<details open>" in shown
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(1)" in shown
        await api.record(issued("2022-01-01", list_=ENTITY))
        await receiver.count(2)
        found: list[Any] = []
        while not any(sent["state"] == "pending" and sent["attempts"] for sent in found):
            found = (await api.get(f"{at}/deliveries.json"))["deliveries"]
        delivery = next(sent["delivery"] for sent in found if sent["state"] != "test")
        again = await send(api, f"{at}/redeliver", {"delivery": delivery}, of=at)
        assert again.headers["location"] == f"{at}/deliveries?show={delivery}"
        await receiver.count(3)
        rows = (await api.client.get(f"{at}/deliveries.csv")).text
        assert delivery in rows
        recovered = await send(api, f"{at}/recover", {"since": "2020"}, of=at)
        assert "1 message waits" in await page(api, recovered.headers["location"])
        wrong = await send(api, f"{at}/recover", {"since": "once"}, of=at)
        assert wrong.status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        *("", "/change", "/watchlist", "/deliveries", "/deliveries.csv", "/deliveries.json"),
        *("POST /change", "POST /change/preview", "POST /watchlist", "POST /pause"),
        *("POST /resume", "POST /test", "POST /rotate", "POST /enable", "POST /confirmation"),
        *("POST /end", "POST /redeliver", "POST /recover"),
    ],
)
async def test_of_anothers_every_page_says_that_there_is_none(path: str, tmp_path: Path) -> None:
    a, b = bearer(tmp_path, "read", "a"), bearer(tmp_path, "read", "b")
    async with served(tmp_path, tokens=True) as api:
        made = await api.client.post(f"/v1{AT}", json={"channel": HOOK}, headers=b)
        method, _, rest = path.rpartition(" ")
        at = f"{AT}/{made.json()['id']}{rest}"
        if method:
            answer = await send(api, at, {"sure": "yes", "since": "2020"}, headers=a)
        else:
            answer = await api.client.get(at, headers={**HTML, **a})
        assert (answer.status_code, "Unknown subscription" in answer.text) == (404, True)
        assert len((await api.client.get(f"/v1{AT}", headers=b)).json()["subscriptions"]) == 1
        assert made.json()["id"] not in (await api.client.get(AT, headers={**HTML, **a})).text


@pytest.mark.parametrize(
    "path", ["", "/preview", "/{}/pause", "/{}/end", "/{}/rotate", "/{}/test", "/{}/change"]
)
async def test_a_form_without_its_token_does_nothing(path: str, tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        one = await subscribed(api)
        at = AT + path.format(one)
        answer = await api.client.post(at, data={**HOOK, "sure": "yes"}, headers=HTML)
        assert (answer.status_code, "not from a page" in answer.text) == (422, True)
        found = (await api.get(f"/v1{AT}"))["subscriptions"]
        assert [(each["id"], each["state"]) for each in found] == [(one, "active")]


async def test_hostile_words_are_text(tmp_path: Path) -> None:
    """In labels, addresses, filters and what the address fills in."""
    async with served(tmp_path) as api:
        one = await subscribed(api, label=HOSTILE, filter={"companies": ["acme"]})
        for path in (AT, f"{AT}/{one}", f"{AT}/{one}/deliveries", f"{AT}/{one}/change"):
            assert "<script>alert" not in await page(api, path)
        filled = f"{AT}/new?company=%3Cscript%3Ealert(1)&label=%22onload=%22"
        shown = await page(api, filled)
        assert "<script>alert" not in shown
        assert '"onload=' not in shown
        assert "unknown parameter" in await page(api, f"{AT}/new?companyy=a", 422)


async def test_the_list_is_json_as_well(tmp_path: Path) -> None:
    """With all that is said of each by itself."""
    async with served(tmp_path) as api:
        one = await subscribed(api)
        found = (await api.client.get(AT, headers={"accept": "application/json"})).json()
        alone = json.loads((await api.client.get(f"{AT}/{one}.json")).text)
        assert alone["id"] == one
        assert found == {"subscriptions": [alone], "next": None}
