"""Pages of a replica: what it cannot do itself is refused plainly."""

from pathlib import Path

import orjson

from events.errors import StoreError
from events.kafka.topics import EVENTS, REJECTED
from tests.kafka.alerting import KEY
from tests.kafka.house import House, until
from tests.kafka.logs import producer
from tests.kafka.replicas import caught_up, replica
from tests.unit.forms import as_json, page, send
from tests.unit.making import CCMC, issued
from tests.unit.serving import Api, problem, served
from tests.unit.test_population import POISON


async def test_a_replica_shows_who_is_parked_and_leaves_releasing_to_workers(
    house: House, tmp_path: Path
) -> None:
    """And what was rejected, as the worker told it."""
    await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "globex"})
    async with producer(house.servers) as theirs:
        poison = POISON | {"subject": "acme", "id": "bad", "specversion": "1.0"}
        await theirs.send_and_wait(EVENTS.name, orjson.dumps(poison), b"acme")
        await theirs.send_and_wait(EVENTS.name, b"<b>oops</b>", b"globex")
    async with house.working(tmp_path / "worker"):
        await house.until(REJECTED, lambda told: len(told) > 0)
    async with replica(house, tmp_path / "home") as api:
        await caught_up(house, api)
        await until(lambda: "acme" in api.service.following.parked)
        shown = await page(api, "/operate")
        assert "A replica cannot do that" in shown
        assert "Retract the event" not in shown
        found = await as_json(api, "/operate")
        assert [one["event"]["id"] for one in found["parked"]] == ["bad"]
        assert [one["partition"] for one in found["partitions"]] == [0, 1, 2]
        problem(await api.client.post("/v1/parked/acme/release"), 422, "company")
        (rejected, *_) = (await as_json(api, "/operate/rejected"))["rejected"]
        assert rejected["subject"] == "globex"
        text = await page(api, "/operate/rejected")
        assert rejected["position"] in text


async def test_where_nobody_can_subscribe_the_pages_say_why(house: House, tmp_path: Path) -> None:
    """The key that workers and replicas share is missing."""
    async with replica(house, tmp_path) as api:
        await caught_up(house, api)
        await until(lambda: "STANDING_SECRET_KEY" in _no_desk(api))
        assert "STANDING_SECRET_KEY" in await page(api, "/subscriptions", 503)
        assert "STANDING_SECRET_KEY" in await page(api, "/operate")


async def test_one_subscribes_at_a_replica(house: House, tmp_path: Path) -> None:
    """With a form, as anywhere."""
    key = {"STANDING_KAFKA": house.servers, "STANDING_SECRET_KEY": KEY}
    async with served(tmp_path, environment=key) as api:
        await caught_up(house, api)
        await until(lambda: not _no_desk(api))
        fields = {"type": "webhook", "url": "https://desk.example/hook", "label": "far away"}
        assert (await send(api, "/subscriptions", fields)).status_code == 201
        assert "far away" in await page(api, "/subscriptions")


def _no_desk(api: Api) -> str:
    """Why nobody can subscribe; empty where one can."""
    try:
        api.service.desk()
    except StoreError as error:
        return str(error)
    return ""
