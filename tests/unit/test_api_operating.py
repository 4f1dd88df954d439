"""Lists, health, metrics, problems, and what /openapi.json says."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from events.vocabulary import CHANGE_KINDS
from service.metrics import NAMES
from tests.unit.making import CCMC, issued
from tests.unit.serving import Api, described, problem, served


async def test_a_list_says_its_rules_with_their_sources_and_how_far_it_is_read(
    tmp_path: Path,
) -> None:
    """Each rule cites its instrument."""
    async with served(tmp_path) as api:
        checked = {"publication": "2020-06-24", "retrieved": "2021-06-03T00:00:00Z"}
        await api.record(
            {"type": "standing.list.checked", "subject": f"list:{CCMC}", "data": checked}
        )
        found = await api.get(f"/v1/lists/{CCMC}")
        assert (found["list"], found["version"]) == (CCMC, "1")
        assert found["coverage"] == {"from": "2020-06-24", "checked": "2021-06-03T00:00:00Z"}
        assert all(rule["basis"] and rule["citation"] for rule in found["rules"])
        lists = (await api.get("/v1/lists"))["lists"]
        assert len(lists) == 16
        assert found in lists
        problem(await api.client.get("/v1/lists/us-dod"), 404)


async def test_it_is_alive_and_ready(tmp_path: Path) -> None:
    """With how far behind it is, and when the next flip comes."""
    async with served(tmp_path) as api:
        await api.record(issued("2099-01-01", announced="2020-01-01"))
        assert await api.get("/healthz") == {"status": "ok"}
        ready = await api.get("/readyz")
        assert (ready["ready"], ready["lag"], ready["parked"]) == (True, 0, [])
        assert ready["next_flip"] == "2099-01-01T05:00:00+00:00"


async def test_a_source_that_is_not_read_any_more_is_told(tmp_path: Path) -> None:
    """A week without a reading of a list that was read: silence about a company means nothing. It
    can serve all the same. A list that has ended needs no further reading."""
    async with served(tmp_path) as api:
        for list_id, day in ((CCMC, "2021-06-04"), ("us-ofac-sdn", "2022-03-07")):
            checked = {"publication": day, "retrieved": f"{day}T18:47:58Z"}
            await api.record(
                {"type": "standing.list.checked", "subject": f"list:{list_id}", "data": checked}
            )
        ready = await api.get("/readyz")
        assert (ready["ready"], ready["stale"]) == (True, ["us-ofac-sdn"])
        page = (await api.client.get("/metrics")).text
        assert 'standing_list_checked_seconds{list="us-ofac-sdn"} 1.646678878e+09' in page


async def test_it_is_not_ready_where_the_log_cannot_be_written(tmp_path: Path) -> None:
    """And says why; the metric tells it too."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"))
        log = api.standing.log.path
        holder = sqlite3.connect(log, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            ready = await api.get("/readyz", 503)
        finally:
            holder.close()
        assert (ready["ready"], ready["log"]["writable"]) == (False, False)
        assert "locked" in ready["log"]["trouble"]
        assert "standing_log_writable 0.0" in (await api.client.get("/metrics")).text


async def test_metrics_have_the_names_that_are_promised_and_no_others(tmp_path: Path) -> None:
    """Paths are counted by their template, so that there are not endlessly many."""
    async with served(tmp_path) as api:
        await api.record(issued("2099-01-01"))
        await api.client.post("/v1/events", json={"type": "?"})
        for company in ("acme", "nobody"):
            await api.client.get(f"/v1/companies/{company}/status")
        await api.client.get("/no/such/address")
        text = (await api.client.get("/metrics")).text
        families = {one.name: one for one in text_string_to_metric_families(text)}
        ours = {name for name in families if name.startswith("standing")}
        assert {name.removesuffix("_created") for name in ours} <= NAMES.keys()
        outcomes = {
            sample.labels["outcome"]: sample.value
            for sample in families["standing_events"].samples
            if sample.name.endswith("_total")
        }
        assert outcomes == {"recorded": 1, "duplicate": 0, "rejected": 1}
        routes = {sample.labels["route"] for sample in families["standing_http_requests"].samples}
        assert "/v1/companies/{company}/status" in routes
        assert "other" in routes
        assert not any("nobody" in route for route in routes)


async def test_what_a_later_version_wrote_is_counted(tmp_path: Path) -> None:
    """It is kept, skipped, and seen by whoever watches."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"))
        assert "standing_skipped_events_total 0.0" in (await api.client.get("/metrics")).text
        admitted = api.standing.admit(issued("2021-01-14", "later"))
        later = admitted._replace(
            type="standing.ownership.found",
            body=admitted.body.replace(b"standing.designation.issued", b"standing.ownership.found"),
        )
        await api.service.record([later])
        assert "standing_skipped_events_total 1.0" in (await api.client.get("/metrics")).text


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_address_that_is_none_is_a_problem(method: str, tmp_path: Path) -> None:
    """404."""
    async with served(tmp_path) as api:
        problem(await api.client.request(method, "/v2/companies"), 404)


async def test_a_method_that_is_not_served_is_a_problem(tmp_path: Path) -> None:
    """405, which says which are."""
    async with served(tmp_path) as api:
        answer = await api.client.delete("/v1/companies/acme/status")
        problem(answer, 405)
        assert "GET" in answer.headers["allow"]


async def test_a_store_that_fails_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    """503; nothing is half answered."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"))
        api.standing.log.close()
        answer = await api.client.post("/v1/events", json=described(name="Other"))
        assert "closed" in problem(answer, 503)["detail"]


# --- what /openapi.json says ----------------------------------------------------------------------


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


async def test_the_description_is_whole(tmp_path: Path) -> None:
    """Every reference leads somewhere, every operation says what it does, by whom, and how it
    fails; every path parameter is described."""
    async with served(tmp_path) as api:
        schema = await api.get("/openapi.json")
        assert schema["openapi"].startswith("3.1")
        for reference in set(_references(schema)):
            node = schema
            for part in reference.removeprefix("#/").split("/"):
                node = node[part]
        tags = {one["name"] for one in schema["tags"]}
        for path, operations in schema["paths"].items():
            for operation in operations.values():
                assert operation["summary"]
                assert operation["description"].endswith((".", ";"))
                assert set(operation["tags"]) <= tags
                named = {one["name"] for one in operation.get("parameters", [])}
                assert set(re.findall(r"{(\w+)}", path)) <= named
                if path.startswith("/v1"):
                    assert {"422", "404", "503"} & operation["responses"].keys()
        used = {reference.rpartition("/")[2] for reference in _references(schema)}
        assert schema["components"]["schemas"].keys() - used == set()


def _names(schema: dict[str, Any], node: dict[str, Any]) -> set[str]:
    """What a component requires, through references and `allOf`."""
    if "$ref" in node:
        return _names(schema, schema["components"]["schemas"][node["$ref"].rpartition("/")[2]])
    parts = (_names(schema, one) for one in node.get("allOf", ()))
    return set(node.get("required", ())).union(*parts)


async def _answers(api: Api) -> dict[str, Any]:
    await api.record(described(name="Acme"), issued("2021-01-14"))
    return {
        "Status": await api.status("acme"),
        "Company": await api.get("/v1/companies/acme"),
        "History": await api.get("/v1/companies/acme/history"),
        "Change": (await api.get("/v1/changes"))["changes"][0],
        "CompanyInShort": (await api.get("/v1/companies"))["companies"][0],
        "List": await api.get(f"/v1/lists/{CCMC}"),
        "RecordedEvent": (await api.get("/v1/events"))["events"][0],
        "ListStatus": (await api.status("acme"))["lists"][0],
        "StoryEvent": (await api.get("/v1/companies/acme/history"))["events"][0],
    }


async def test_what_is_described_is_what_is_answered(tmp_path: Path) -> None:
    """Each answer has every name that its schema requires."""
    async with served(tmp_path) as api:
        schema = await api.get("/openapi.json")
        for name, found in (await _answers(api)).items():
            required = _names(schema, {"$ref": f"#/components/schemas/{name}"})
            assert required <= found.keys(), name
        kinds = schema["components"]["schemas"]["ChangeTold"]["properties"]["kind"]["enum"]
        assert kinds == list(CHANGE_KINDS)


async def test_many_readers_at_once_are_answered(tmp_path: Path) -> None:
    """Stories are told one after the other, beside everything else."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"), issued("2021-01-14"))
        paths = ["/v1/companies/acme/history", "/v1/companies/acme/status", "/v1/status"] * 10
        answers = await asyncio.gather(*(api.client.get(path) for path in paths))
        assert {answer.status_code for answer in answers} == {200}
