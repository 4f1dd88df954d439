"""A company's status over HTTP."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from events.dates import start
from tests.unit.making import CCMC, ENTITY, granted, issued, removed
from tests.unit.serving import described, merged, problem, served

OVERALL = {"company", "name", "as_of", "announced_by", "known_at", "position", "lists"} | {
    "status",
    "restrictions",
    "upcoming",
    "ownership",
}
LISTS = {"list", "list_version", "covered", "coverage", "since", "until", "how", "next"} | {
    "status",
    "restrictions",
    "upcoming",
    "episode",
    "pending_removal",
    "references",
    "injunctions",
    "cause",
    "anomalies",
}


async def test_the_answer_has_every_name_that_is_promised(tmp_path: Path) -> None:
    """Of the company and of each list."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"), issued("2021-01-14"), granted("2021-03-12"))
        found = await api.status("acme", as_of="2021-04-01")
        assert found.keys() >= OVERALL
        assert found["lists"][0].keys() >= LISTS
        assert (found["name"], found["status"]) == ("Acme", "enjoined")
        assert found["as_of"] == "2021-04-01T23:59:59.999999-04:00"
        assert found["position"] == "0:2"
        assert found["ownership"] == "not_evaluated"


async def test_a_list_narrows_the_status_overall_included(tmp_path: Path) -> None:
    """One, several, or one that never heard of the company and does not cover it."""
    async with served(tmp_path) as api:
        await api.record(
            issued("2021-01-14", "a"),
            removed("2021-05-01", "b"),
            issued("2020-01-01", "c", ENTITY),
        )
        assert (await api.status("acme"))["status"] == "designated"
        narrowed = await api.status("acme", list=CCMC)
        assert (narrowed["status"], len(narrowed["lists"])) == ("removed", 1)
        both = await api.status("acme", list=[CCMC, ENTITY])
        assert [one["list"] for one in both["lists"]] == [CCMC, ENTITY]
        (never,) = (await api.status("acme", list="us-ofac-sdn"))["lists"]
        assert (never["status"], never["covered"], never["episode"]) == ("not_listed", False, 0)


async def test_an_unknown_company_is_not_an_all_clear(tmp_path: Path) -> None:
    """404, which says so; also where it was unknown at the cut."""
    async with served(tmp_path) as api:
        found = await api.refused("/v1/companies/nobody/status", "company", 404)
        assert "not the same as not_listed" in found["detail"]
        await api.record(described("first", name="First"), issued("2021-01-14"))
        await api.refused("/v1/companies/acme/status", "company", 404, known_at="0:0")
        for path in ("", "/history"):
            await api.refused(f"/v1/companies/nobody{path}", "company", 404)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": "2021-02-30"}, "as_of"),
        ({"as_of": "2021-02-03T10:00:00"}, "as_of"),
        ({"announced_by": "2021-13"}, "announced_by"),
        ({"known_at": "soon"}, "known_at"),
        ({"known_at": "1:0"}, "known_at"),
        ({"known_at": "0:0,1:0"}, "known_at"),
        ({"known_at": "0:99"}, "known_at"),
        ({"list": "us-dod"}, "list"),
        ({"at_least": "now"}, "at_least"),
        ({"at_least": "1:0"}, "at_least"),
        ({"asof": "2021-01-01"}, "asof"),
        ({"as_of": ["2021", "2022"]}, "as_of"),
    ],
)
@pytest.mark.parametrize("path", ["status", "history"])
async def test_a_bad_question_is_refused_by_name(
    query: dict[str, Any], field: str, path: str, tmp_path: Path
) -> None:
    """422; a misspelt cut-off is not passed over."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        await api.refused(f"/v1/companies/acme/{path}", field, **query)


async def test_an_offset_whose_plus_was_not_escaped_is_understood(tmp_path: Path) -> None:
    """It arrives as a space, which no date has."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        path = "/v1/companies/acme/status?as_of=2021-01-14T05:00:00+00:00"
        assert (await api.get(path))["as_of"] == "2021-01-14T00:00:00-05:00"


@pytest.mark.parametrize("name", ["as_of", "announced_by", "known_at", "list", "at_least"])
async def test_a_parameter_that_is_empty_is_refused(tmp_path: Path, name: str) -> None:
    """A variable that was not set would be answered as if nothing had been asked. The form of a
    page sends its empty fields, too, and there they were not given."""
    async with served(tmp_path) as api:
        await api.record(described(name="Acme"))
        for path in ("/v1/companies/acme/status", "/v1/companies/acme/history", "/v1/status"):
            await api.refused(f"{path}?{name}=", name)
        found = await api.get(f"/companies/acme.json?{name}=")
        assert found["company"] == "acme"
        page = (await api.client.get(f"/companies/acme?{name}=")).text
        assert 'href="/v1/companies/acme/history"' in page


async def test_the_same_question_is_answered_alike_until_something_is_recorded(
    tmp_path: Path,
) -> None:
    """An answer that is kept is never an old one: position, status and coverage move on."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        question = {"as_of": "2021-04-01", "list": CCMC}
        first = await api.status("acme", **question)
        assert await api.status("acme", **question) == first
        await api.record(described("other", name="Other"))
        assert await api.status("acme", **question) == {**first, "position": "0:1"}
        await api.record(granted("2021-03-12"))
        assert (await api.status("acme", **question))["status"] == "enjoined"
        now = await api.status("acme")
        assert (await api.status("acme"))["as_of"] > now["as_of"]


async def test_what_time_brings_is_answered_without_an_event(tmp_path: Path) -> None:
    """The clock alone moves the answer."""
    now = start("2021-03-14T00:00:00Z")

    def clock() -> int:
        return now

    async with served(tmp_path, clock=clock) as api:
        await api.record(issued("2021-01-14"))
        assert (await api.status("acme"))["restrictions"] == []
        now = start("2021-03-15T13:30:00Z")
        kinds = [one["kind"] for one in (await api.status("acme"))["restrictions"]]
        assert kinds == ["investment.purchase"]


@pytest.mark.parametrize("path", ["", "/status", "/history"])
async def test_a_merged_id_leads_to_the_one_it_counts_for(path: str, tmp_path: Path) -> None:
    """308, with the question kept; before the merge it answers for itself."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14", subject="old"), described("new", name="New"))
        await api.record(merged("old", "new"))
        query = "?as_of=2021-04-01&list=us-dod-ccmc" if path else ""
        answer = await api.client.get(f"/v1/companies/old{path}{query}")
        assert answer.status_code == 308
        assert answer.headers["location"] == f"/v1/companies/new{path}{query}"
        answer = await api.client.get(f"/v1/companies/old{path}{query}", follow_redirects=True)
        assert answer.json()["company"] == "new"
        if path:
            before = await api.get(f"/v1/companies/old{path}", known_at="0:1")
            assert before["company"] == "old"


async def test_a_read_waits_for_the_position_it_asks_for(tmp_path: Path) -> None:
    """It is answered when the event is there, and not before."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"))
        waiting = asyncio.create_task(
            api.status("acme", at_least="0:1", as_of="2021-06-01", list=CCMC)
        )
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
        await api.record(removed("2021-05-01"))
        assert (await waiting)["status"] == "removed"
        assert (await api.status("acme", at_least="0:1"))["position"] == "0:1"


@pytest.mark.parametrize(
    "path",
    ["/companies/acme/status", "/companies/acme/history", "/companies", "/status", "/changes"],
)
async def test_a_position_that_does_not_come_ends_the_wait(path: str, tmp_path: Path) -> None:
    """504, which says where this service is."""
    async with served(tmp_path, patience_s=0.02) as api:
        await api.record(issued("2021-01-14"))
        found = await api.refused(f"/v1{path}", "at_least", 504, at_least="0:9")
        assert "0:0" in found["detail"]


async def test_of_a_parked_company_nothing_is_said(tmp_path: Path) -> None:
    """503 and why, rather than something wrong; its neighbours are answered."""
    async with served(tmp_path) as api:
        await api.record(issued("2021-01-14"), described("other", name="Other"))
        admitted = api.standing.admit(issued("2021-02-01", "poison"))
        poison = admitted._replace(body=admitted.body.replace(b"2021-02-01", b"no date"))
        receipts = await api.service.record([poison])
        assert receipts[0].outcome == "recorded"
        for path in ("", "/status", "/history"):
            answer = await api.client.get(f"/v1/companies/acme{path}")
            assert "parked" in problem(answer, 503)["detail"]
        assert (await api.get("/v1/companies/other"))["name"] == "Other"
        ready = await api.get("/readyz")
        assert [one["company"] for one in ready["parked"]] == ["acme"]
        (found,) = (await api.get("/v1/companies", q="acme"))["companies"]
        assert (found["status"], bool(found["parked"])) == (None, True)


async def test_a_company_is_who_it_was_last_described_as(tmp_path: Path) -> None:
    """With its standing in short."""
    async with served(tmp_path) as api:
        identifier = {"scheme": "isin", "value": "KYG9830T1067"}
        await api.record(
            described(name="Acme", country="CN", aliases=["A"], identifiers=[identifier]),
            issued("2020-01-01", list_=ENTITY),
            described(name="Acme Corporation"),
        )
        found = await api.get("/v1/companies/acme")
        assert (found["name"], found["country"]) == ("Acme Corporation", "CN")
        assert found["identifiers"] == [identifier]
        assert (found["status"], found["lists"]) == ("designated", [ENTITY])


async def test_companies_are_found_by_any_name_in_any_script(tmp_path: Path) -> None:
    """The closest first; a merged id leads to the company that it counts for."""
    async with served(tmp_path) as api:
        await api.record(
            described("xiaomi", name="Xiaomi Corporation", aliases=["小米集团"], country="CN"),
            described("mi", name="Mi"),
            described("zmi", name="Zimi Xiaomi Supplier"),
            described("old-mi", name="Beijing Xiaomi Technology"),
        )
        await api.record(merged("old-mi", "xiaomi"))

        async def found(text: str) -> list[str]:
            page = await api.get("/v1/companies", q=text)
            return [one["company"] for one in page["companies"]]

        assert await found("小米") == ["xiaomi"]
        assert await found("XÍAOMI") == ["xiaomi", "zmi"]
        assert (await found("mi"))[0] == "mi"
        assert await found("beijing") == ["xiaomi"]
        assert await found('"; DROP TABLE names; --') == []
        assert await found("   ") == []


async def test_all_companies_are_listed_page_by_page(tmp_path: Path) -> None:
    """By id, without those that were merged into others."""
    async with served(tmp_path) as api:
        await api.record(*(described(f"c{number}", name="C") for number in range(5)))
        await api.record(merged("c1", "c0"))
        seen: list[str] = []
        after = ""
        while True:
            page = await api.get("/v1/companies", limit=2, after=after)
            seen += [one["company"] for one in page["companies"]]
            if page["next"] is None:
                break
            after = page["next"]
        assert seen == ["c0", "c2", "c3", "c4"]
