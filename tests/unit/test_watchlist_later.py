"""Whom nobody knew when a watchlist was uploaded is taken in when somebody does."""

import asyncio
from pathlib import Path
from typing import Any

from tests.contract.alert_twins import Post, Receiver, receiving
from tests.unit.making import ENTITY, issued, removed
from tests.unit.serving import Api, described, served

AT = "/v1/subscriptions"
LOOPBACK = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
FOUND = "standing.watchlist.found"
PATIENCE_S = 120


async def subscribe(api: Api, receiver: Receiver, names: list[str], **more: Any) -> dict[str, Any]:
    channel = {"type": "webhook", "url": receiver.url}
    asked = {"channel": channel, "watchlist": {"names": names}, **more}
    answer = await api.client.post(AT, json=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def posts(receiver: Receiver, count: int) -> list[Post]:
    async with asyncio.timeout(PATIENCE_S):
        return await receiver.count(count)


async def test_who_is_listed_later_is_told_from_the_first(tmp_path: Path) -> None:
    """That it is known who the row is, and then each change since the watchlist was there, in
    order and numbered on; and the rest of the list as ever."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        await api.record(described("known", name="Golden Silk Trading LLC"))
        names = ["Golden Silk Trading LLC", "Future Listings Limited", "Nobody At All"]
        made = await subscribe(api, receiver, names)
        assert made["filter"]["companies"] == ["known"]
        await api.record(
            described("later", name="Future Listings Limited"),
            issued("2022-01-01", "on", ENTITY, subject="later"),
            issued("2022-01-01", "known-on", ENTITY, subject="known"),
        )
        told = [one.message for one in await posts(receiver, 3)]
        mine = [one for one in told if one["data"]["company"] == "later"]
        assert [(one["type"], one["n"]) for one in mine] == [
            (FOUND, 1),
            ("standing.status.changed", 2),
        ]
        found = mine[0]["data"]
        assert (found["row"], found["input"]) == (2, {"name": "Future Listings Limited"})
        assert (found["outcome"], found["taken"], found["status"]) == (
            "matched",
            True,
            "designated",
        )
        assert "Future Listings Limited, which is designated" in found["text"]
        await api.record(removed("2022-02-01", "off", ENTITY, subject="later"))
        last = (await posts(receiver, 4))[3].message
        assert (last["data"]["company"], last["n"]) == ("later", 3)
        at = f"{AT}/{made['id']}"
        assert (await api.get(at))["filter"]["companies"] == ["known", "later"]
        rows = (await api.get(f"{at}/watchlist"))["rows"]
        assert [(one["outcome"], "found" in one) for one in rows] == [
            ("matched", False),
            ("matched", True),
            ("not_found", False),
        ]
        acts = (await api.get("/v1/audit", object=made["id"]))["acts"]
        assert [(one["owner"], one["action"]) for one in acts] == [
            ("standing", "found"),
            ("local", "subscribe"),
        ]


async def test_a_list_of_which_nobody_is_known_yet_is_kept(tmp_path: Path) -> None:
    """And nothing is told of others; also where the service was away when they became known."""
    async with receiving() as receiver:
        async with served(tmp_path, environment=LOOPBACK) as api:
            made = await subscribe(api, receiver, ["Future Listings Limited"])
            assert made["filter"]["companies"] == []
            assert made["watchlist"]["counts"]["not_found"] == 1
            await api.record(issued("2022-01-01", "x", ENTITY, subject="other"))
        async with served(tmp_path, environment=LOOPBACK) as api:
            await api.record(described("later", name="Future Listings Limited"))
            await api.record(issued("2022-01-01", "on", ENTITY, subject="later"))
        async with served(tmp_path, environment=LOOPBACK) as api:
            told = [one.message for one in await posts(receiver, 2)]
            assert [one["data"]["company"] for one in told] == ["later", "later"]
            shown = (await api.get(f"{AT}/{made['id']}/deliveries"))["deliveries"]
            assert {one["company"] for one in shown} == {"later"}


async def test_a_row_that_may_be_somebody_is_told_and_left_to_a_person(tmp_path: Path) -> None:
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        made = await subscribe(api, receiver, ["Jade Energy Co"])
        await api.record(
            described("jade-1", name="Jade Energy Co"), described("jade-2", name="Jade Energy Co")
        )
        (post,) = await posts(receiver, 1)
        told = post.message["data"]
        assert (post.message["type"], told["outcome"], told["taken"]) == (FOUND, "several", False)
        assert {one["company"] for one in told["candidates"]} == {"jade-1", "jade-2"}
        assert told["company"] is None
        assert (await api.get(f"{AT}/{made['id']}"))["filter"]["companies"] == []


async def test_a_filter_of_more_than_companies_holds_for_them_too(tmp_path: Path) -> None:
    """Of who is found, only what is asked for is told."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        filter_ = {"to": ["removed"]}
        await subscribe(api, receiver, ["Future Listings Limited"], filter=filter_)
        await api.record(
            described("later", name="Future Listings Limited"),
            issued("2022-01-01", "on", ENTITY, subject="later"),
            removed("2022-02-01", "off", ENTITY, subject="later"),
        )
        told = [one.message for one in await posts(receiver, 2)]
        assert [one["type"] for one in told] == [FOUND, "standing.status.changed"]
        assert told[1]["data"]["to"]["status"] == "removed"


async def test_what_goes_on_meanwhile_is_told_in_order_and_once(tmp_path: Path) -> None:
    """Of who is found, and of who was known before."""
    async with receiving() as receiver, served(tmp_path, environment=LOOPBACK) as api:
        await api.record(described("known", name="Golden Silk Trading LLC"))
        names = ["Golden Silk Trading LLC", "Future Listings Limited"]
        made = await subscribe(api, receiver, names)
        at, number = f"{AT}/{made['id']}", 0
        await api.record(described("later", name="Future Listings Limited"))
        async with asyncio.timeout(PATIENCE_S):
            while "later" not in (await api.get(at))["filter"]["companies"] or number < 20:
                number += 1
                for one in ("known", "later"):
                    on, off = f"{1800 + number}-01-01", f"{1800 + number}-06-01"
                    await api.record(
                        issued(on, f"{one}-on-{number}", ENTITY, subject=one),
                        removed(off, f"{one}-off-{number}", ENTITY, subject=one),
                    )
        page = await api.get("/v1/changes", limit=1_000)
        changes = [one for one in page["changes"] if one["kind"] != "noted"]
        told = [one.message for one in await posts(receiver, len(changes) + 1)]
        for company in ("known", "later"):
            mine = [one for one in told if one["data"]["company"] == company]
            assert [one["n"] for one in mine] == list(range(1, len(mine) + 1))
            sequences = [one["data"]["sequence"] for one in mine if one["type"] != FOUND]
            expected = [one["sequence"] for one in changes if one["company"] == company]
            assert sequences == expected
