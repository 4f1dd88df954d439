"""An answer at an earlier state of knowledge is the one that was given then."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.dates import Instant, show
from events.door import admit
from events.errors import UnknownCompany
from events.memory_log import MemoryEventLog
from projections.reader import Question, Reader
from tests.unit import crowds
from tests.unit.making import REGISTRY, tries
from tests.unit.projecting import Arrivals
from tests.unit.strategies import LISTS, moments

NOW = 1_640_000_000_000_000
days = st.none() | moments


def log_of(arrivals: Arrivals) -> MemoryEventLog:
    """A log with these events, each taken in at its time."""
    now: list[Instant] = [0]
    log = MemoryEventLog(lambda: now[0])

    async def write() -> None:
        for now[0], sent in arrivals:
            await log.append([admit(sent, REGISTRY)])

    asyncio.run(write())
    return log


def answer(reader: Reader, company: str, question: Question) -> Any:
    """What is told, but for what repeats the question."""
    try:
        told = reader.status(company, question)
    except UnknownCompany:
        return None
    return {key: value for key, value in told.items() if key not in ("known_at", "position")}


questions = st.builds(
    Question,
    lists=st.sampled_from([(), LISTS[:1], LISTS]),
    as_of=days,
    announced_by=days,
    known_at=st.none(),
)


@tries(80)
@given(st.data(), crowds.logs(), st.lists(questions, min_size=1, max_size=4))
def test_known_at_a_position_is_what_was_known_when_the_log_ended_there(
    data: st.DataObject, arrivals: Arrivals, asked: list[Question]
) -> None:
    earlier = log_of(arrivals[: data.draw(st.integers(0, len(arrivals)))])
    then = Reader(earlier, REGISTRY, lambda: NOW)
    now = Reader(log_of(arrivals), REGISTRY, lambda: NOW)
    for question in asked:
        for company in crowds.COMPANIES:
            known = question._replace(known_at=f"0:{earlier.end()}")
            assert answer(now, company, known) == answer(then, company, question)


@tries(80)
@given(st.data(), crowds.logs(), st.lists(questions, min_size=1, max_size=4))
def test_known_at_an_instant_is_what_was_known_then(
    data: st.DataObject, arrivals: Arrivals, asked: list[Question]
) -> None:
    at = data.draw(st.sampled_from([when for when, _ in arrivals])) + data.draw(
        st.sampled_from([-1, 0, 1])
    )
    then = Reader(log_of([one for one in arrivals if one[0] <= at]), REGISTRY, lambda: NOW)
    now = Reader(log_of(arrivals), REGISTRY, lambda: NOW)
    for question in asked:
        for company in crowds.COMPANIES:
            known = question._replace(known_at=show(at))
            assert answer(now, company, known) == answer(then, company, question)


@tries(80)
@given(crowds.logs(), st.lists(questions, min_size=1, max_size=3))
def test_a_reader_that_saw_the_log_grow_answers_as_a_new_one(
    arrivals: Arrivals, asked: list[Question]
) -> None:
    now: list[Instant] = [0]
    log = MemoryEventLog(lambda: now[0])
    reader = Reader(log, REGISTRY, lambda: NOW)

    async def write() -> None:
        for now[0], sent in arrivals:
            await log.append([admit(sent, REGISTRY)])
            for company in crowds.COMPANIES:
                answer(reader, company, asked[0])

    asyncio.run(write())
    for question in asked:
        for company in crowds.COMPANIES:
            fresh = Reader(log, REGISTRY, lambda: NOW)
            assert answer(reader, company, question) == answer(fresh, company, question)
