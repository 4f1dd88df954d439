"""The cases, recorded and asked over a replica as they are over the embedded form."""

import json
from pathlib import Path
from typing import Any

import pytest

from events.log import Position
from tests.cases.test_cases_over_http import CASES, ask
from tests.kafka.house import House
from tests.kafka.replicas import replica


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One case."""
    found: dict[str, Any] = json.loads(request.param.read_text())
    return found


async def test_every_question_of_a_case_has_its_answer(
    case: dict[str, Any], house: House, tmp_path: Path
) -> None:
    async with replica(house, tmp_path) as api:
        receipts = await api.record(*case["events"], atomic="true")
        assert len(receipts) == len(case["events"])
        known = [Position(dict.fromkeys(range(house.partitions), -1))]
        for one in receipts:
            ((partition, offset),) = Position.parse(one["position"], "position").items()
            known.append(Position({**known[-1], partition: offset}))
        for question in case["expect"]:
            if question.get("known_at", "").startswith("0:"):
                count = int(question["known_at"].removeprefix("0:")) + 1
                question["known_at"] = str(known[count])
        await ask(api, case)
