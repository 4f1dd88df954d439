"""The page of whoever runs it, and releasing a company that is parked."""

from pathlib import Path
from typing import Any

from tests.contract.alert_twins import answering, receiving
from tests.unit.forms import HTML, as_json, page, send
from tests.unit.making import issued
from tests.unit.serving import Api, described, problem, served
from tests.unit.test_api_owners import bearer

AT = "/operate"


async def poisoned(api: Api, company: str = "acme") -> str:
    """A company with an event that the door would not have let in; its id."""
    await api.record(issued("2021-01-14", f"good-{company}", subject=company))
    admitted = api.standing.admit(issued("2021-02-01", f"poison-{company}", subject=company))
    bad = admitted._replace(body=admitted.body.replace(b"2021-02-01", b"<b>no</b>"))
    receipts = await api.service.record([bad])
    assert receipts[0].outcome == "recorded"
    return str(receipts[0].id)


async def test_all_is_well_where_it_is(tmp_path: Path) -> None:
    """How far it is folded, what is to come, and how fresh each list is."""
    async with served(tmp_path) as api:
        checked = {"publication": "2022-03-07", "retrieved": "2022-03-07T18:47:58Z"}
        await api.record(
            issued("2099-01-01", announced="2020-01-01"),
            {"type": "standing.list.checked", "subject": "list:us-ofac-sdn", "data": checked},
        )
        shown = await page(api, AT)
        for words in ("All is well", "None: every company can be folded", "Too old", "1 Jan 2099"):
            assert words in shown
        found: dict[str, Any] = await as_json(api, AT)
        assert found["partitions"] == [{"partition": 0, "at": 1, "end": 1, "lag": 0, "share": 100}]
        (flip,) = found["flips"]
        assert (flip["company"], flip["lists"][0]["status"]) == ("acme", "designated")


async def test_a_parked_company_is_shown_with_its_event_and_released(tmp_path: Path) -> None:
    """The event is retracted with a reason, and the company is answered for again; also after a
    restart, and it is on record."""
    async with served(tmp_path) as api:
        poison = await poisoned(api)
        shown = await page(api, AT)
        assert poison in shown
        assert "&lt;b&gt;no&lt;/b&gt;" in shown
        assert "<b>no</b>" not in shown
        as_it_is = await send(api, f"{AT}/release", {"company": "acme"}, of=AT)
        assert as_it_is.headers["location"] == f"{AT}?still=acme"
        problem(await api.client.get("/v1/companies/acme/status"), 503)
        fields = {"company": "acme", "event": poison, "reason": "no date"}
        done = await send(api, f"{AT}/release", fields, of=AT)
        assert done.headers["location"] == f"{AT}?released=acme"
        assert (await api.status("acme"))["status"] == "designated"
        story = (await api.get("/v1/companies/acme/history"))["events"]
        assert [one["effective"] for one in story if one["id"] == poison] == [None]
        assert "<b>no</b>" not in await page(api, "/companies/acme")
        events = (await api.get("/v1/events"))["events"]
        assert events[-1]["data"]["reason"] == "no date (local)"
        acts = [(one["action"], one["object"]) for one in (await api.get("/v1/audit"))["acts"]]
        assert acts == [("release", "acme"), ("release", "acme")]
    async with served(tmp_path) as api:
        assert (await api.status("acme"))["status"] == "designated"
        assert (await api.get("/readyz"))["parked"] == []


async def test_a_company_is_released_over_the_api(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        poison = await poisoned(api)
        at = "/v1/parked/acme/release"
        assert "no" in (await api.client.post(at)).json()["parked"]
        gone = {"event": poison, "reason": "no date"}
        await api.record({"type": "standing.event.retracted", "subject": "acme", "data": gone})
        assert (await api.client.post(at)).json() == {"company": "acme", "parked": None}
        problem(await api.client.post(at), 422, "company")


async def test_only_who_is_parked_is_released(tmp_path: Path) -> None:
    """Nothing is retracted of others, and only with a form of ours."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"))
        fields = {"company": "acme", "event": "x", "reason": "y"}
        assert (
            await api.client.post(f"{AT}/release", data=fields, headers=HTML)
        ).status_code == 422
        assert len((await api.get("/v1/events"))["events"]) == 1


async def test_who_reads_does_not_release(tmp_path: Path) -> None:
    """And is not asked to."""
    read, admin = bearer(tmp_path, "read", "a"), bearer(tmp_path, "admin", "root")
    async with served(tmp_path, tokens=True) as api:
        api.client.headers.update(admin)
        poison = await poisoned(api)
        shown, theirs = [
            (await api.client.get(AT, headers={**HTML, **one})).text for one in (read, admin)
        ]
        assert poison in shown
        assert f'action="{AT}/release"' not in shown
        assert f'action="{AT}/release"' in theirs
        for path in (f"{AT}/release", "/v1/parked/acme/release"):
            problem(await api.client.post(path, headers=read), 403)


async def test_others_receivers_are_not_shown(tmp_path: Path) -> None:
    """An operator sees all that are ill."""
    a, b = bearer(tmp_path, "read", "a"), bearer(tmp_path, "admin", "root")
    async with served(tmp_path, tokens=True) as api:
        asked = {"channel": {"type": "webhook", "url": "https://desk.example/h"}, "label": "B's"}
        made = (await api.client.post("/v1/subscriptions", json=asked, headers=b)).json()["id"]
        await api.client.patch(f"/v1/subscriptions/{made}", json={"paused": True}, headers=b)
        assert made not in (await api.client.get(AT, headers={**HTML, **a})).text
        assert made in (await api.client.get(AT, headers={**HTML, **b})).text


async def test_for_whom_something_waits_is_shown_first(tmp_path: Path) -> None:
    """Then who is not told for another reason; of each, all that there is to say."""
    networks = {"STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
    async with receiving(answering(503)) as receiver, served(tmp_path, environment=networks) as api:
        made = []
        for url in ("https://desk.example/a", receiver.url, "https://desk.example/b"):
            asked = {"channel": {"type": "webhook", "url": url}, "filter": {"companies": []}}
            if url == receiver.url:
                asked["filter"] = {"companies": ["acme"]}
            made.append((await api.client.post("/v1/subscriptions", json=asked)).json()["id"])
        paused, behind, living = made
        await api.client.patch(f"/v1/subscriptions/{paused}", json={"paused": True})
        await api.record(issued("2022-01-01"))
        await receiver.count(1)
        found: list[Any] = []
        while [one["state"] for one in found] != ["failing", "paused"]:
            found = (await as_json(api, AT))["endpoints"]
        assert [one["id"] for one in found] == [behind, paused]
        assert (found[0]["backlog"]["waiting"], found[1]["backlog"]["waiting"]) == (1, 0)
        assert {"next", "held_until"} < found[0]["backlog"].keys()
        assert {"deliveries", "notices", "public_keys"} < found[0].keys()
        assert living not in await page(api, AT)


async def test_without_kafka_nothing_rejected_is_kept(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        assert "refused where it is sent" in await page(api, f"{AT}/rejected")
        assert await as_json(api, f"{AT}/rejected") == {"rejected": []}
