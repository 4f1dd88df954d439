"""Everybody's status over HTTP, in three formats."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.unit.making import CCMC, ENTITY, issued, removed
from tests.unit.serving import Api, described, merged, problem, served


async def fill(api: Api) -> None:
    await api.record(
        described("acme", name="Acme", country="CN"),
        issued("2021-01-14", "a"),
        removed("2021-05-01", "b", announced="2021-05-10"),
        issued("2022-01-01", "c", ENTITY, subject="beta"),
        described("gone", name="Gone"),
        merged("gone", "beta"),
    )


async def rows(api: Api, **query: Any) -> list[dict[str, Any]]:
    answer = await api.client.get("/v1/status", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/jsonl"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_every_company_has_one_row(tmp_path: Path) -> None:
    """By id, as of a moment; a merged one counts with the other."""
    async with served(tmp_path) as api:
        await fill(api)
        acme, beta = await rows(api, as_of="2021-04-01")
        assert (acme["company"], acme["name"], acme["country"]) == ("acme", "Acme", "CN")
        assert (acme["status"], acme["restrictions"]) == ("designated", ["investment.purchase"])
        assert acme["as_of"] == "2021-04-01"
        assert (beta["company"], beta["status"]) == ("beta", "not_listed")
        assert [row["status"] for row in await rows(api)] == ["removed", "designated"]


async def test_the_other_cuts_and_lists_apply_to_everyone(tmp_path: Path) -> None:
    """As they do to one company; who was not known at the cut has no row."""
    async with served(tmp_path) as api:
        await fill(api)
        (acme, _) = await rows(api, as_of="2021-05-05", announced_by="2021-05-05")
        assert acme["status"] == "designated"
        (acme,) = await rows(api, as_of="2021-05-05", known_at="0:1")
        assert acme["status"] == "designated"
        (acme,) = await rows(api, as_of="2021-05-05", list=CCMC)
        assert (acme["status"], acme["company"]) == ("removed", "acme")


async def test_each_row_says_what_the_company_is_asked_alone(tmp_path: Path) -> None:
    """The same fold answers."""
    async with served(tmp_path) as api:
        await fill(api)
        for as_of in ("2020", "2021-01-14", "2021-03-15", "2021-05-01", "2022-01-01"):
            for row in await rows(api, as_of=as_of):
                alone = await api.status(row["company"], as_of=as_of)
                assert row["status"] == alone["status"]
                kinds = sorted(one["kind"] for one in alone["restrictions"])
                assert row["restrictions"] == kinds
                for told, one in zip(row["lists"], alone["lists"], strict=True):
                    assert told | {"restrictions": []} == {
                        key: one[key]
                        for key in ("list", "covered", "status", "since", "until", "how")
                    } | {"restrictions": []}


@pytest.mark.parametrize(
    ("accept", "served_as"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("application/x-ndjson", "application/jsonl"),
        ("application/json", "application/jsonl"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/jsonl"),
        ("text/csv;q=0.5, application/jsonl;q=0.9", "application/jsonl"),
        ("text/csv;q=0.9, */*;q=0.1", "text/csv; charset=utf-8"),
    ],
)
async def test_accept_chooses_the_format(accept: str, served_as: str, tmp_path: Path) -> None:
    """With its weights."""
    async with served(tmp_path) as api:
        await fill(api)
        answer = await api.client.get("/v1/status", headers={"accept": accept})
        assert answer.headers["content-type"] == served_as


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "application/xml"])
async def test_what_is_not_served_is_not_acceptable(accept: str, tmp_path: Path) -> None:
    """406."""
    async with served(tmp_path) as api:
        problem(await api.client.get("/v1/status", headers={"accept": accept}), 406)


async def test_csv_and_parquet_hold_the_same_rows(tmp_path: Path) -> None:
    """Read back with the tools of the field; `format` stands above `Accept`."""
    async with served(tmp_path) as api:
        await fill(api)
        query = {"as_of": "2021-04-01"}
        told = await rows(api, **query)
        text = (
            await api.client.get("/v1/status?format=csv", params=query | {"format": "csv"})
        ).text
        found = list(csv.DictReader(io.StringIO(text)))
        assert [one["company"] for one in found] == [one["company"] for one in told]
        assert found[0]["restrictions"] == "investment.purchase"
        answer = await api.client.get("/v1/status", params=query | {"format": "parquet"})
        table = pq.read_table(io.BytesIO(answer.content)).to_pylist()
        assert [one["status"] for one in table] == [one["status"] for one in told]
        assert table[0]["lists"][0]["list"] == CCMC


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"as_of": "2021-13"}, "as_of"),
        ({"announced_by": "soon"}, "announced_by"),
        ({"known_at": "0:99"}, "known_at"),
        ({"list": "us-dod"}, "list"),
        ({"format": "xlsx"}, "format"),
        ({"company": "acme"}, "company"),
    ],
)
async def test_a_bad_question_is_refused_before_anything_is_sent(
    query: dict[str, str], field: str, tmp_path: Path
) -> None:
    """422 by name."""
    async with served(tmp_path) as api:
        await fill(api)
        await api.refused("/v1/status", field, **query)


async def test_nobody_is_an_empty_answer(tmp_path: Path) -> None:
    """In every format."""
    async with served(tmp_path) as api:
        assert await rows(api) == []
        text = (await api.client.get("/v1/status?format=csv")).text
        assert text.startswith("as_of,company")
        answer = await api.client.get("/v1/status?format=parquet")
        assert pq.read_table(io.BytesIO(answer.content)).num_rows == 0
