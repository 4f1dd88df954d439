"""Deciding on pages what nothing here decides by itself."""

import re
from pathlib import Path

import pytest

from tests.unit.forms import HTML, as_json, page, send
from tests.unit.serving import Api, described, served
from tests.unit.test_api_owners import bearer

AT = "/review"
HOSTILE = "<img src=x onerror=alert(1)>"


async def alike(api: Api, some: int = 1) -> None:
    """Pairs of companies with like names."""
    for number in range(some):
        name = f"{HOSTILE * (number == 0)} Hikari Works {number:02} {chr(97 + number) * 9}"
        await api.record(
            described(f"a-{number:02}", name=name), described(f"b-{number:02}", name=f"{name} Ltd")
        )


async def keys(api: Api, path: str = AT) -> list[str]:
    return re.findall(r'<article[^>]* id="([^"]+)"', await page(api, path))


async def test_both_sides_stand_next_to_each_other_as_text(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await alike(api)
        shown = await page(api, AT)
        assert "&lt;img src=x" in shown
        assert "<img" not in shown
        (key,) = await keys(api)
        assert await keys(api, f"{AT}/{key}") == [key]
        assert await page(api, f"{AT}/nothing", 404)


async def test_a_question_is_accepted_and_undone(tmp_path: Path) -> None:
    """With who and why, on record."""
    async with served(tmp_path) as api:
        await alike(api)
        (key,) = await keys(api)
        fields = {"verdict": "accepted", "by": "j.doe", "why": "one address", "into": "b-00"}
        done = await send(api, f"{AT}/{key}", fields, of=AT)
        assert done.headers["location"] == f"{AT}?by=j.doe&done={key}"
        assert "Nothing waits" in await page(api, done.headers["location"])
        assert (await api.client.get("/v1/companies/a-00")).status_code == 308
        assert "one address" in await page(api, f"{AT}?state=decided")
        undo = {"verdict": "undone", "by": "j.doe", "why": "another address"}
        assert (await send(api, f"{AT}/{key}", undo, of=f"{AT}?state=decided")).status_code == 303
        assert await keys(api) == [key]
        assert (await api.client.get("/v1/companies/a-00")).status_code == 200
        acts = [(one["action"], one["detail"]) for one in (await api.get("/v1/audit"))["acts"]]
        assert acts == [("review", "undone"), ("review", "accepted")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"verdict": "refused", "by": "j.doe", "why": " "}, "why"),
        ({"verdict": "refused", "by": "", "why": "two"}, "by"),
        ({"verdict": "perhaps", "by": "a", "why": "b"}, "verdict"),
        ({"verdict": "undone", "by": "a", "why": "b"}, "nothing that stands"),
    ],
)
async def test_a_decision_says_who_and_why(
    fields: dict[str, str], said: str, tmp_path: Path
) -> None:
    """Else the question comes back, with what was entered."""
    async with served(tmp_path) as api:
        await alike(api)
        (key,) = await keys(api)
        answer = await send(api, f"{AT}/{key}", fields, of=AT)
        assert (answer.status_code, said in answer.text) == (422, True)
        assert await keys(api) == [key]
        assert (await api.get("/v1/audit"))["acts"] == []


async def test_many_questions_come_in_pages_and_by_kind(tmp_path: Path) -> None:
    async with served(tmp_path) as api:
        await alike(api, 12)
        first, second = await keys(api), await keys(api, f"{AT}?page=2")
        assert (len(first), len(second), len({*first, *second})) == (10, 2, 12)
        assert len(await keys(api, f"{AT}?kind=name&page=2")) == 2
        assert await keys(api, f"{AT}?kind=identifier") == []
        assert await page(api, f"{AT}?kind=other", 422)
        assert (await as_json(api, AT))["count"] == 12


async def test_who_reads_does_not_decide(tmp_path: Path) -> None:
    """Nor does a form that is not ours."""
    read, record = bearer(tmp_path, "read", "a"), bearer(tmp_path, "record", "b")
    async with served(tmp_path, tokens=True) as api:
        assert (await api.client.get(AT, headers={**HTML, **read})).status_code == 403
        assert (await api.client.get(AT, headers={**HTML, **record})).status_code == 200
        answer = await api.client.post(f"{AT}/x", data={}, headers={**HTML, **record})
        assert (answer.status_code, "not from a page" in answer.text) == (422, True)
