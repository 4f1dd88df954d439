"""Each case is a history and what must be answered about it; here it is recorded and asked with
the command that people use."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.cli.main import main

CASES = sorted(Path(__file__).parent.glob("*.json"))
OPTIONS = {"list": "--list", "as_of": "--as-of", "announced_by": "--announced-by"} | {
    "known_at": "--known-at"
}
OF_THE_LIST = ("episode", "how", "pending_removal")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One case."""
    found: dict[str, Any] = json.loads(request.param.read_text())
    return found


def test_there_are_cases() -> None:
    """Else the tests below would hold of nothing."""
    assert len(CASES) >= 9


def test_every_question_of_a_case_has_its_answer(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Recorded from a file of JSON Lines, asked with `standing status --json`."""
    monkeypatch.setenv("STANDING_HOME", str(tmp_path / "home"))
    events = tmp_path / "events.jsonl"
    events.write_text("".join(f"{json.dumps(event)}\n" for event in case["events"]))
    assert main(["record", str(events), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recorded"] == len(case["events"])
    for question in case["expect"]:
        given = [
            part
            for key, option in OPTIONS.items()
            if key in question
            for part in (option, question[key])
        ]
        assert main(["status", question["company"], "--json", *given]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert _told(answer, question) == _expected(question), question


def _expected(question: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in question.items() if key not in {*OPTIONS, "company"}}


def _told(answer: dict[str, Any], question: dict[str, Any]) -> dict[str, Any]:
    """Of an answer, what the question expects something of."""
    one = answer["lists"][0] if len(answer["lists"]) == 1 else None
    told: dict[str, Any] = {}
    for key in _expected(question):
        if key in ("restrictions", "upcoming"):
            told[key] = [restriction["kind"] for restriction in answer[key]]
        elif key == "anomalies":
            told[key] = one and len(one["anomalies"])
        else:
            told[key] = one and one[key] if key in OF_THE_LIST else answer[key]
    return told
