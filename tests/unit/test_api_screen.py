"""Screening and review over HTTP."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from service.tokens import Tokens
from tests.unit.making import CCMC, issued
from tests.unit.serving import Api, described, merged, problem, served

ISIN = "KYG9830T1067"
CSV = {"content-type": "text/csv; charset=utf-8"}


async def fill(api: Api) -> None:
    await api.record(
        described("acme", name="Acme Steel Works", identifiers=[{"scheme": "isin", "value": ISIN}]),
        issued("2021-01-14", "a"),
        described("sokol", name="Sokol Aviation OOO"),
        described("sokol-2", name="Sokol Aviation"),
    )


async def test_holdings_are_screened_as_of_a_date(tmp_path: Path) -> None:
    """As JSON or CSV, and the same is said."""
    async with served(tmp_path) as api:
        await fill(api)
        body = {
            "holdings": [{"isin": ISIN, "weight": 3}, {"name": "steel works ACME"}, {"name": "X"}],
            "as_of": "2021-02-01",
            "list": [CCMC],
        }
        answer = await api.client.post("/v1/screen", json=body)
        assert answer.status_code == 200, answer.text
        rows = answer.json()["rows"]
        assert [one["match"] for one in rows] == ["exact", "strong", "none"]
        assert [one["status"] for one in rows] == ["designated", "designated", None]
        assert rows[0]["input"] == {"isin": ISIN, "weight": 3}
        assert rows[2]["uncovered"] == [CCMC]
        told = await api.client.post(
            "/v1/screen?as_of=2021-02-01&list=" + CCMC + "&format=csv",
            content=f"isin,weight,name\n{ISIN},3,\n,,steel works ACME\n,,X\n",
            headers=CSV,
        )
        written = list(csv.DictReader(io.StringIO(told.text, newline="")))
        assert [one["match"] for one in written] == ["exact", "strong", "none"]
        assert [one["standing_name"] for one in written][:2] == ["Acme Steel Works"] * 2
        lines = await api.client.post(
            "/v1/screen", json=body, headers={"accept": "application/jsonl"}
        )
        assert len(lines.text.splitlines()) == 3


async def test_what_is_recorded_is_found_at_once(tmp_path: Path) -> None:
    """And what is merged counts for the other."""
    async with served(tmp_path) as api:
        await fill(api)

        async def who(name: str) -> list[str]:
            answer = await api.client.post("/v1/screen", json={"names": [name]})
            return [one["company"] for one in answer.json()["rows"]]

        assert await who("Sokol Aviation") == ["sokol-2", "sokol"]
        await api.record(merged("sokol-2", "sokol"))
        assert await who("Sokol Aviation") == ["sokol"]
        await api.record(described("falcon", name="Falcon"))
        assert await who("Falcon") == ["falcon"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"{}", "holdings"),
        (b'{"names": [], "holdings": []}', "holdings"),
        (b'{"names": "x"}', "holdings"),
        (b'{"names": [1]}', "names.0"),
        (b'{"names": ["x", " "]}', "names.1"),
        (b'{"holdings": [{"name": "x"}, {"isn": "x"}]}', "holdings.1"),
        (b'{"holdings": [{"name": 5}]}', "holdings.0.name"),
        (b'{"holdings": ["x"]}', "holdings.0"),
        (b'{"names": ["x"], "asof": "2021"}', "asof"),
        (b'{"names": ["x"], "as_of": "soon"}', "as_of"),
        (b'{"names": ["x"], "as_of": 5}', "as_of"),
        (b'{"names": ["x"], "list": "x"}', "list"),
        (b'{"names": ["x"], "list": ["nowhere"]}', "list"),
        (b'{"names": ["x"], "min_score": 2}', "min_score"),
        (b'{"names": ["x"], "min_score": true}', "min_score"),
    ],
)
async def test_what_cannot_be_screened_is_named(body: bytes, field: str, tmp_path: Path) -> None:
    """By row and field."""
    async with served(tmp_path) as api:
        problem(await api.client.post("/v1/screen", content=body), 422, field)


async def test_csv_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """By line; and there are limits."""
    async with served(tmp_path) as api:

        async def post(content: str, query: str = "") -> Any:
            return await api.client.post("/v1/screen" + query, content=content, headers=CSV)

        problem(await post("weight\n1\n"), 422, "body")
        problem(await post("name\na,b\n"), 422, "body:2")
        problem(await post("name\n" + "x\n" * 10_001), 422, "")
        problem(await post("name\nx\n", "?min_score=x"), 422, "min_score")
        many = {"names": ["x"] * 10_001}
        problem(await api.client.post("/v1/screen", json=many), 422, "names")
        odd = {"names": ["\x00", "=1+1", "x" * 1_000]}
        assert (await api.client.post("/v1/screen", json=odd)).status_code == 200
        long = {"names": ["x" * 1_001]}
        problem(await api.client.post("/v1/screen", json=long), 422, "names.0.name")


async def test_screening_is_reading_and_review_is_recording(tmp_path: Path) -> None:
    """For those who need a token."""
    async with served(tmp_path, tokens=True) as api:
        tokens = Tokens(tmp_path, api.standing.clock)
        for role, screens, reviews in (("read", 200, 403), ("record", 200, 200)):
            text, _ = tokens.create(role, role)
            headers = {"authorization": f"Bearer {text}"}
            answer = await api.client.post("/v1/screen", json={"names": ["x"]}, headers=headers)
            assert answer.status_code == screens
            assert (await api.client.get("/v1/review", headers=headers)).status_code == reviews


async def test_a_question_is_decided_and_undone(tmp_path: Path) -> None:
    """As on the command line."""
    async with served(tmp_path) as api:
        await fill(api)
        found = await api.get("/v1/review")
        assert found["count"] == 1
        (question,) = found["questions"]
        at = f"/v1/review/{question['id']}"
        shown = await api.get(at)
        assert [one["company"] for one in shown["sides"]] == ["sokol", "sokol-2"]
        assert shown["decision"] is None
        said = {"verdict": "accepted", "by": "j.doe", "why": "one register number"}
        answer = await api.client.post(at, json=said)
        assert [one["outcome"] for one in answer.json()["recorded"]] == ["recorded"]
        assert (await api.get("/v1/review"))["count"] == 0
        assert (await api.client.get("/v1/companies/sokol-2/status")).status_code == 308
        problem(await api.client.post(at, json=said), 422, "id")
        answer = await api.client.post(at, json={**said, "verdict": "undone"})
        assert answer.status_code == 200
        answer = await api.client.post(at, json={**said, "verdict": "refused"})
        assert answer.status_code == 200
        assert (await api.get(at))["decision"]["verdict"] == "refused"


async def test_a_decision_that_cannot_be_is_a_problem(tmp_path: Path) -> None:
    """Which names the field."""
    async with served(tmp_path) as api:
        problem(await api.client.get("/v1/review/same-0"), 404)
        for body, field in (
            ([], ""),
            ({"verdict": "yes", "by": "x", "why": "y"}, "verdict"),
            ({"verdict": "refused", "by": "x"}, "why"),
            ({"verdict": "refused", "by": 5, "why": "y"}, "by"),
            ({"verdict": "refused", "by": "x", "why": "y", "because": "z"}, "because"),
        ):
            problem(await api.client.post("/v1/review/same-0", json=body), 422, field)
        said = {"verdict": "refused", "by": "x", "why": "y"}
        problem(await api.client.post("/v1/review/same-0", json=said), 404)
