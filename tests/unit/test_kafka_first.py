"""What stands in a log that compares nothing: the same as in one that does."""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import Problem
from events.kafka.first import Kept, Sifted, sift
from events.log import Receipt, Record
from events.memory_log import MemoryEventLog
from tests.contract.event_log_suite import everything, let_in, told_by
from tests.unit.making import event, issued, removed, retracted


def written(*sent: Any, partition: int = 0) -> list[Record]:
    """Records of what was let in, as a topic would have them: nothing was compared."""
    return [
        Record(offset, 1_000 * offset, one.event, partition)
        for offset, one in enumerate(let_in(*sent))
    ]


def raw(*events: dict[str, Any]) -> list[Record]:
    """Records that never passed a door."""
    return [Record(offset, 0, one) for offset, one in enumerate(events)]


def sifted(records: list[Record], *sizes: int) -> tuple[list[Record], Sifted]:
    """What stands, sifted in pieces of these sizes and then the rest, and the last piece."""
    shelf = Kept()
    standing: list[Record] = []
    at = 0
    found = Sifted()
    for size in (*sizes, len(records)):
        found = sift(records[at : at + size], shelf)
        for one in found.standing:
            shelf.put(one)
            standing.append(one.record)
        at += size
    return standing, found


SOURCED = issued("2021", None, sources=told_by("one"))
STORY = [
    issued("2021", None),
    SOURCED,
    issued("2021", None, sources=told_by("one", "two")),
    issued("2021", "named"),
    issued("2022", "named"),
    {**issued("2021", "named"), "subject": "other"},
    issued("2022", "b", replaces="named"),
    {**issued("2022", "c", replaces="named"), "subject": "other"},
    removed("2023", None),
    retracted("named", "r"),
    retracted("r", "s"),
    {**retracted("named", "foreign"), "subject": "other"},
    event("company.described", name="A"),
    event("company.described", name="B"),
    event("company.described", "d", name="A"),
    event("company.merged", None, "acme", into="other"),
    event("company.merged", "m", "other", into="acme"),
    {**retracted("m", "n"), "subject": "other"},
]


@given(
    st.lists(st.sampled_from(STORY), max_size=30),
    st.lists(st.integers(1, 7), max_size=4),
)
def test_sifting_finds_what_a_log_that_compares_would_hold(
    sent: list[dict[str, Any]], sizes: list[int]
) -> None:
    """In whatever pieces it is read: the same events in the same order, the same outcomes."""

    async def compared() -> tuple[list[Receipt], list[Record]]:
        log = MemoryEventLog(lambda: 0)
        receipts = [(await log.append([one]))[0] for one in let_in(*sent)]
        return receipts, await everything(log)

    receipts, records = asyncio.run(compared())
    standing, _ = sifted(written(*sent), *sizes)
    assert [one.event for one in standing] == [one.event for one in records]
    told = sift(written(*sent), Kept()).receipts
    assert [(one.id, one.outcome, one.retracted_by) for one in told] == [
        (one.id, one.outcome, one.retracted_by) for one in receipts
    ]
    fields = [one.problem.field for one in told if one.problem]
    assert fields == [one.problem.field for one in receipts if one.problem]


def test_what_stands_keeps_its_place_and_time() -> None:
    """Also a note that stands where its fact was told again."""
    records = written(
        issued("2021", "a"), issued("2021", "a"), issued("2021", "a", sources=told_by("x"))
    )
    first, note = sifted(records)[0]
    assert first == records[0]
    assert (note.offset, note.recorded, note.event["data"]["about"]) == (2, 2_000, "a")


def test_places_are_told_with_their_partition() -> None:
    """In receipts and in what is wrong."""
    found = sift(
        written(issued("2021", "a"), issued("2021", "a"), issued("2022", "a"), partition=3), Kept()
    )
    assert [one.position for one in found.receipts] == ["3:0", "3:0", None]
    (rejected,) = found.rejected
    assert rejected.record.position == "3:2"
    assert rejected.problem == Problem(
        "id", "'a' stands at 3:0 with other content; the first counts"
    )


def test_a_conflict_is_given_out_with_what_was_written() -> None:
    """For whoever looks into it."""
    records = written(issued("2021", "a"), issued("2022", "a"))
    found = sift(records, Kept())
    assert [one.record for one in found.rejected] == records[1:]


def malformed(**data: Any) -> dict[str, Any]:
    """An event that no door would let in."""
    whole = {"specversion": "1.0", "id": "x", "source": "/s", "type": "standing.designation.issued"}
    return {**whole, "subject": "acme", "data": data}


@pytest.mark.parametrize("data", [{"effective": 3}, {"restrictions": [1]}, {"event": ["x"]}])
def test_what_is_malformed_stands(data: dict[str, Any]) -> None:
    """Whoever folds it parks its company: to leave it out could read as clearance."""
    standing, found = sifted(raw(malformed(**data)))
    assert [one.event["data"] for one in standing] == [data]
    assert found.rejected == []


def test_what_is_malformed_is_a_duplicate_of_itself() -> None:
    """Word for word."""
    one = malformed(effective=3)
    assert len(sifted(raw(one, one))[0]) == 1


def test_what_cannot_be_compared_with_its_like_is_rejected() -> None:
    """The first stands."""
    merge = {**malformed(sources=[]), "type": "standing.company.merged", "id": "m"}
    broken = {**merge, "data": {"sources": 7}}
    standing, found = sifted(raw(merge, broken))
    assert [one.id for one in standing] == ["m"]
    assert "cannot be compared with what stands at 0:0" in found.rejected[0].problem.detail


def test_what_cannot_be_written_as_json_again_is_rejected() -> None:
    """JSON is read deeper than it is written."""
    deep = orjson.loads(b"[" * 500 + b"]" * 500)
    (rejected,) = sifted(raw(malformed(text=deep)))[1].rejected
    assert "cannot be kept" in rejected.problem.detail


def test_a_shelf_upon_another_tells_of_both() -> None:
    """The lower one first."""
    below, above = Kept(), None
    records = written(issued("2021", "a"), issued("2021", "b"))
    one, other = sift(records, Kept()).standing
    below.put(one)
    above = Kept(below)
    above.put(other)
    assert above.by_id("a") == one.shelved
    assert above.by_id("b") == other.shelved
    assert above.by_id("c") is None
    assert above.by_fingerprint(one.event.fingerprint) == one.shelved
    assert above.of_subject("acme") == records
    assert below.of_subject("acme") == records[:1]
