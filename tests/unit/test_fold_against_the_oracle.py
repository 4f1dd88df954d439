"""The fold against a slow, literal reading of the rules, over small hostile histories."""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events.dates import NEVER
from events.lists import load_registry
from events.log import Record
from projections.coverage import UNCOVERED
from projections.history import Cutoffs, History
from projections.timeline import Timeline
from tests.unit import strategies
from tests.unit.making import list_status
from tests.unit.oracle import answer

REGISTRY = load_registry()
RULES = {info.id: info.described | {"zone": info.zone.key} for info in REGISTRY}


def as_records(log: list[tuple[int, int, dict[str, Any]]]) -> list[Record]:
    return [Record(offset, recorded, event) for offset, recorded, event in log]


def as_oracle_tells(records: list[Record], list_id: str, now: int, cut: Cutoffs) -> Any:
    """The fold's answer in the oracle's words."""
    view = History(REGISTRY, records).view(cut)
    if list_id not in view.timelines:
        return None
    timeline: Timeline = view.timelines[list_id]
    told = list_status(view, REGISTRY[list_id], now, UNCOVERED)
    following = next(timeline.flips_after(now), None)
    return {
        "status": told["status"],
        "how": told["how"],
        "episode": told["episode"],
        "restrictions": [one["kind"] for one in told["restrictions"]],
        "upcoming": [one["kind"] for one in told["upcoming"]],
        "pending_removal": told["pending_removal"],
        "anomalies": [one["event"] for one in told["anomalies"]],
        "next": following
        and {
            "at": following.at,
            "status": following.reading.status,
            "restrictions": list(following.reading.kinds),
        },
    }


@st.composite
def questions(draw: st.DrawFn) -> tuple[int, Cutoffs]:
    """A moment and cut-offs, each of them given or not."""
    now = draw(strategies.instants())
    announced_by = draw(st.just(NEVER) | strategies.instants())
    known_at = draw(st.just(NEVER) | strategies.instants())
    offset = draw(st.just(NEVER) | st.integers(0, 40)) if known_at == NEVER else NEVER
    return now, Cutoffs(announced_by, known_at, offset)


def literal(
    log: list[tuple[int, int, dict[str, Any]]], list_id: str, now: int, cut: Cutoffs
) -> dict[str, Any] | None:
    known_at = ("offset", cut.offset) if cut.offset != NEVER else cut.known_at
    found = answer(
        log,
        RULES,
        "acme",
        list_id,
        as_of=now,
        announced_by=None if cut.announced_by == NEVER else cut.announced_by,
        known_at=None if known_at == NEVER else known_at,
    )
    if found is None:
        return None
    return {key: value for key, value in found.items() if key not in ("since", "until")}


@settings(
    max_examples=int(os.environ.get("STANDING_EXAMPLES", "150")),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_every_question_to_every_history_gets_the_literal_answer(data: st.DataObject) -> None:
    history = data.draw(strategies.histories())
    everything = data.draw(strategies.records(history))
    log = [one for one in everything if one[2]["subject"] == "acme"]
    for now, cut in data.draw(st.lists(questions(), min_size=4, max_size=8)):
        for list_id in strategies.LISTS:
            told = as_oracle_tells(as_records(log), list_id, now, cut)
            assert told == literal(log, list_id, now, cut)
