"""Events over HTTP: what goes in, what is answered in kind, and reading the log."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.making import CCMC, ENTITY, granted, issued, passed, removed
from tests.unit.serving import Api, described, lines, merged, problem, served

Json = dict[str, Any]
NDJSON = {"content-type": "application/x-ndjson"}


async def post(api: Api, content: bytes, content_type: str = "", **query: Any) -> Any:
    headers = {"content-type": content_type} if content_type else {}
    return await api.client.post("/v1/events", content=content, headers=headers, params=query)


async def test_one_event_is_answered_by_one_object(tmp_path: Path) -> None:
    """With its id, where it stands, and that it was recorded."""
    async with served(tmp_path) as api:
        answer = await api.client.post("/v1/events", json=issued("2022-01-01", "mine"))
        assert answer.status_code == 200
        assert answer.json() == {"id": "mine", "position": "0:0", "outcome": "recorded"}


async def test_the_same_fact_again_is_a_duplicate_of_the_first(tmp_path: Path) -> None:
    """Whoever tells it, and also once it was retracted, which is said."""
    async with served(tmp_path) as api:
        fact = issued("2022-01-01", None)
        (first,) = await api.record(fact)
        (again,) = await api.record(fact)
        assert again == {**first, "outcome": "duplicate"}
        taken_back = {"event": first["id"], "reason": "a slip"}
        await api.record(
            {"id": "r", "type": "standing.event.retracted", "subject": "acme", "data": taken_back}
        )
        (again,) = await api.record(fact)
        assert again["retracted_by"] == "r"


async def test_an_id_that_stands_with_other_content_is_a_conflict(tmp_path: Path) -> None:
    """409, and the first counts."""
    async with served(tmp_path) as api:
        await api.record(issued("2022-01-01", "mine"))
        answer = await api.client.post("/v1/events", json=issued("2022-01-02", "mine"))
        problem(answer, 409, "id")
        assert (await api.status("acme"))["lists"][0]["since"] == "2022-01-01T00:00:00-05:00"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "type"),
        ([1][0], ""),
        (issued("2022-01-01") | {"subject": "Not An Id"}, "subject"),
        (issued("2022-01-01") | {"subject": 7}, "subject"),
        (issued("2022-01-01") | {"specversion": "0.3"}, "specversion"),
        (issued("2022-01-01") | {"surprise": 1}, "surprise"),
        (issued("2022-01-01", list_="us-dod-cmcc"), "data.list"),
        (issued("2022-13-01"), "data.effective"),
        (issued("2022-01-01T10:00:00"), "data.effective"),
        (issued("2022-01-01", expires="2021-01-01"), "data.expires"),
        (issued("2022-01-01", surprise=1), "data.surprise"),
        ({"type": "standing.designation.isued", "subject": "acme", "data": {}}, "type"),
        ({"type": "standing.company.merged", "subject": "a", "data": {"into": "a"}}, "data.into"),
    ],
)
async def test_what_is_wrong_is_refused_by_field(event: Any, field: str, tmp_path: Path) -> None:
    """422, and nothing was written."""
    async with served(tmp_path) as api:
        problem(await api.client.post("/v1/events", json=event), 422, field)
        assert (await api.get("/v1/events"))["events"] == []


async def test_of_an_array_the_good_go_in_and_the_bad_are_told_in_place(tmp_path: Path) -> None:
    """In order, with the index and the field."""
    async with served(tmp_path) as api:
        events = [issued("2022-01-01", "a"), {"id": "b", "type": "?"}, removed("2022-02-01", "c")]
        answer = await api.client.post("/v1/events", json=events)
        assert answer.status_code == 200
        first, bad, last = answer.json()
        assert first == {"id": "a", "position": "0:0", "outcome": "recorded"}
        assert last == {"id": "c", "position": "0:1", "outcome": "recorded"}
        assert (bad["id"], bad["position"], bad["outcome"]) == ("b", None, "rejected")
        assert bad["index"] == 1
        assert [one["field"] for one in bad["errors"]] == ["type"]


async def test_of_json_lines_a_bad_one_is_told_with_its_line(tmp_path: Path) -> None:
    """Empty lines count as lines; a broken line keeps no other out."""
    async with served(tmp_path) as api:
        content = lines(issued("2022-01-01", "a")) + b"\n{nonsense\n" + lines({"type": "?"})
        answer = await post(api, content, "application/jsonl")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/jsonl"
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["outcome"] for one in told] == ["recorded", "rejected", "rejected"]
        assert [one.get("line") for one in told] == [None, 3, 4]
        assert told[2]["errors"][0]["field"] == "type"


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "x-www-form"])
async def test_several_lines_are_json_lines_whatever_they_are_called(
    content_type: str, tmp_path: Path
) -> None:
    """As a tool posts a file that says nothing of its type."""
    async with served(tmp_path) as api:
        content = lines(issued("2022-01-01", "a"), removed("2022-02-01", "b"))
        answer = await post(api, content, content_type)
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["position"] for one in told] == ["0:0", "0:1"]


async def test_one_line_of_json_lines_is_answered_by_one_line(tmp_path: Path) -> None:
    """The type says what it is; so does one event over several lines that is plain JSON."""
    async with served(tmp_path) as api:
        answer = await post(api, lines(issued("2022-01-01", "a")), "application/x-ndjson")
        assert answer.text.count("\n") == 1
        indented = json.dumps(issued("2022-01-01", "a"), indent=2).encode()
        answer = await post(api, b"\xef\xbb\xbf" + indented, "application/json")
        assert answer.json()["outcome"] == "duplicate"


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("content", [b"", b"  \n\n", b"{", b"nonsense", b"\xff\xfe"])
async def test_what_holds_no_event_is_refused(
    content: bytes, content_type: str, tmp_path: Path
) -> None:
    """With a reason, in either form."""
    async with served(tmp_path) as api:
        assert problem(await post(api, content, content_type), 422)["detail"]


async def test_where_none_was_taken_it_is_a_problem_that_names_each(tmp_path: Path) -> None:
    """The results are there in kind as well."""
    async with served(tmp_path) as api:
        answer = await api.client.post("/v1/events", json=[{"type": "?"}, {"type": "!"}])
        found = problem(answer, 422, "type")
        assert [one["index"] for one in found["errors"]] == [0, 1]
        assert [one["outcome"] for one in found["results"]] == ["rejected", "rejected"]
        found = problem(await post(api, b"{\n{\n", "application/jsonl"), 422, "")
        assert [one["line"] for one in found["errors"]] == [1, 2]


async def test_an_empty_array_holds_nothing_and_that_is_fine(tmp_path: Path) -> None:
    """Answered in kind."""
    async with served(tmp_path) as api:
        assert await api.record() == []


async def test_an_atomic_array_goes_in_whole_or_not_at_all(tmp_path: Path) -> None:
    """One refusal keeps the others out, at the door and in the log."""
    async with served(tmp_path) as api:
        await api.record(issued("2022-01-01", "a"))
        good = removed("2022-02-01", "b")
        for bad in ({"type": "?"}, issued("2022-01-05", "a")):
            answer = await api.client.post(
                "/v1/events", json=[good, bad], params={"atomic": "true"}
            )
            found = problem(answer, 422)
            assert [one["outcome"] for one in found["results"]] == ["rejected", "rejected"]
        assert len((await api.get("/v1/events"))["events"]) == 1
        receipts = await api.record(good, granted("2022-01-15"), atomic="true")
        assert [one["position"] for one in receipts] == ["0:1", "0:2"]


async def test_an_atomic_array_is_not_endless(tmp_path: Path) -> None:
    """At most 10,000."""
    async with served(tmp_path) as api:
        answer = await api.client.post("/v1/events", json=[{}] * 10_001, params={"atomic": "true"})
        problem(answer, 422, "atomic")


async def test_a_body_larger_than_one_transaction_goes_in_in_order(tmp_path: Path) -> None:
    """Thousands of lines, each at its place."""
    async with served(tmp_path) as api:
        events = [described(f"c{number}", name=f"Company {number}") for number in range(2_500)]
        answer = await post(api, lines(*events), "application/jsonl")
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["position"] for one in told] == [f"0:{n}" for n in range(2_500)]


async def test_backfill_marks_history_as_no_news(tmp_path: Path) -> None:
    """What it causes says so."""
    async with served(tmp_path) as api:
        await api.record(issued("2022-01-01"), backfill="true")
        await api.record(removed("2022-02-01"))
        changes = (await api.get("/v1/changes"))["changes"]
        assert [change["backfill"] for change in changes] == [True, False]


@pytest.mark.parametrize("query", [{"atomic": "maybe"}, {"backfil": "true"}])
async def test_a_bad_parameter_is_refused_by_name(query: Json, tmp_path: Path) -> None:
    """Before anything is read."""
    async with served(tmp_path) as api:
        answer = await api.client.post("/v1/events", json=issued("2022-01-01"), params=query)
        problem(answer, 422, next(iter(query)))


async def test_an_event_that_is_too_large_for_a_broker_is_refused(tmp_path: Path) -> None:
    """Also where the body as a whole is not too large."""
    async with served(tmp_path) as api:
        sources = [{"quote": "x" * 19_000}] * 60
        answer = await api.client.post("/v1/events", json=issued("2022-01-01", sources=sources))
        assert "bytes" in problem(answer, 422, "")["detail"]


async def test_whoever_wrote_reads_what_was_written(tmp_path: Path) -> None:
    """At once, everywhere: status, history, changes, search and everybody's status."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"), issued("2022-01-01", list_=ENTITY))
        assert (await api.status("acme"))["status"] == "designated"
        assert len((await api.get("/v1/companies/acme/history"))["events"]) == 2
        assert len((await api.get("/v1/changes"))["changes"]) == 1
        assert len((await api.get("/v1/companies", q="acme"))["companies"]) == 1
        row = json.loads((await api.client.get("/v1/status")).text)
        assert row["status"] == "designated"


# --- reading the log -----------------------------------------------------------------------------


async def test_the_log_is_read_page_by_page(tmp_path: Path) -> None:
    """Each event as it was recorded, with where and when; `next` goes on, and stays at the end."""
    async with served(tmp_path, clock=lambda: 1_000_000) as api:
        await api.record(*(described(f"c{number}", name="C") for number in range(5)))
        seen: list[str] = []
        after: str | None = None
        while True:
            query = {"limit": 2} | ({"after": after} if after else {})
            page = await api.get("/v1/events", **query)
            if not page["events"]:
                assert page["next"] == after
                break
            seen += [one["position"] for one in page["events"]]
            after = page["next"]
            assert page["events"][0]["recorded"] == "1970-01-01T00:00:01+00:00"
            assert page["events"][0]["data"] == {"name": "C"}
        assert seen == [f"0:{number}" for number in range(5)]


@pytest.mark.parametrize("accept", ["application/jsonl", "application/x-ndjson"])
async def test_the_log_as_json_lines_is_all_of_it(accept: str, tmp_path: Path) -> None:
    """Unless a limit is given."""
    async with served(tmp_path) as api:
        await api.record(*(described(f"c{number}", name="C") for number in range(250)))
        headers = {"accept": accept}
        answer = await api.client.get("/v1/events", headers=headers)
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["position"] for one in told] == [f"0:{number}" for number in range(250)]
        answer = await api.client.get("/v1/events?limit=7&after=0:9", headers=headers)
        assert [json.loads(line)["subject"] for line in answer.text.splitlines()] == [
            f"c{number}" for number in range(10, 17)
        ]


async def test_the_log_of_one_company_has_the_ids_merged_into_it(tmp_path: Path) -> None:
    """In the order of the log."""
    async with served(tmp_path) as api:
        await api.record(
            described("old", name="Old"),
            described("other", name="Other"),
            described("new", name="New"),
            merged("old", "new"),
        )
        page = await api.get("/v1/events", company="new")
        assert [one["position"] for one in page["events"]] == ["0:0", "0:2", "0:3"]
        await api.refused("/v1/events", "company", 404, company="nobody")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"after": "41"}, "after"),
        ({"after": "1:41"}, "after"),
        ({"after": "0:1,1:2"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "10001"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"subject": "acme"}, "subject"),
    ],
)
async def test_a_page_that_cannot_be_had_is_refused(
    query: Json, field: str, tmp_path: Path
) -> None:
    """By name."""
    async with served(tmp_path) as api:
        await api.refused("/v1/events", field, **query)


async def test_events_that_are_not_about_companies_are_recorded_and_read_too(
    tmp_path: Path,
) -> None:
    """A list that was read, and the clock."""
    async with served(tmp_path) as api:
        checked = {
            "type": "standing.list.checked",
            "subject": f"list:{CCMC}",
            "data": {"publication": "2021-06-03"},
        }
        await api.record(checked, passed("2021-06-04T00:00:00Z"))
        assert len((await api.get("/v1/events"))["events"]) == 2
        await api.refused(f"/v1/companies/list:{CCMC}/status", "company", 404)
        await api.refused("/v1/companies/clock/status", "company", 404)
