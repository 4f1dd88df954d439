"""Each case is a history and what must be answered about it; here it is posted and asked over
HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.serving import Api, lines, served

CASES = sorted(Path(__file__).parent.glob("*.json"))
ASKED = ("list", "as_of", "announced_by", "known_at")
OF_THE_LIST = ("episode", "how", "pending_removal", "anomalies")


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One case."""
    found: dict[str, Any] = json.loads(request.param.read_text())
    return found


def test_there_are_cases() -> None:
    """Else the tests below would hold of nothing."""
    assert len(CASES) >= 9


async def test_posted_one_by_one(case: dict[str, Any], tmp_path: Path) -> None:
    """Each event in a request of its own, answered with its position."""
    async with served(tmp_path) as api:
        for offset, event in enumerate(case["events"]):
            answer = await api.client.post("/v1/events", json=event)
            assert answer.json() | {"id": "…"} == {
                "id": "…",
                "position": f"0:{offset}",
                "outcome": "recorded",
            }
        await ask(api, case)


async def test_posted_as_an_array(case: dict[str, Any], tmp_path: Path) -> None:
    """All of them at once, or none."""
    async with served(tmp_path) as api:
        receipts = await api.record(*case["events"], atomic="true")
        assert [one["position"] for one in receipts] == _positions(case)
        await ask(api, case)


async def test_posted_as_json_lines(case: dict[str, Any], tmp_path: Path) -> None:
    """Answered line by line."""
    async with served(tmp_path) as api:
        body = lines(*case["events"])
        answer = await api.client.post(
            "/v1/events", content=body, headers={"content-type": "application/x-ndjson"}
        )
        receipts = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["position"] for one in receipts] == _positions(case)
        await ask(api, case)


def _positions(case: dict[str, Any]) -> list[str]:
    return [f"0:{offset}" for offset in range(len(case["events"]))]


async def ask(api: Api, case: dict[str, Any]) -> None:
    """Put every question of a case, and hold the answers to what is expected."""
    for question in case["expect"]:
        query = {key: question[key] for key in ASKED if key in question}
        answer = await api.status(question["company"], **query)
        expected = {k: v for k, v in question.items() if k not in (*ASKED, "company")}
        assert _told(answer, expected) == expected, question


def _told(answer: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Of an answer, what something is expected of."""
    told: dict[str, Any] = {}
    for key in expected:
        holder = answer
        if key in OF_THE_LIST:
            (holder,) = answer["lists"]
        value = holder[key]
        if key in ("restrictions", "upcoming"):
            value = sorted(one["kind"] for one in value)
        told[key] = len(value) if key == "anomalies" else value
    return told
