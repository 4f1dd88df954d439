"""Small corners of what becomes of an event; the rest is in the suite that every log passes."""

import pytest

from events.door import admit
from events.errors import Problem, Refused
from events.log import Position, Receipt, Record
from events.memory_log import MemoryEventLog
from tests.unit.making import REGISTRY, issued


async def test_a_note_whose_id_is_taken_is_not_written() -> None:
    first = issued("2021", "a")
    again = issued("2021", "a", sources=[{"url": "https://x"}])
    scratch = MemoryEventLog(lambda: 0)
    await scratch.append([admit(first, REGISTRY), admit(again, REGISTRY)])
    note = scratch.of_subjects(["acme"])[-1]

    log = MemoryEventLog(lambda: 0)
    squatter = issued("1999", note.id)
    receipts = await log.append([admit(one, REGISTRY) for one in (first, squatter, again)])
    assert receipts[-1] == Receipt("a", "0:0", "duplicate")
    assert log.end() == 1


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ({"title": "T", "publisher": "P", "url": "https://x"}, "T P https://x"),
        ({"url": "https://x"}, "https://x"),
        ({"quote": "q"}, '{"quote":"q"}'),
    ],
    ids=str,
)
async def test_a_note_names_the_source_that_it_keeps(source: dict[str, str], name: str) -> None:
    log = MemoryEventLog(lambda: 0)
    for sources in (None, [source]):
        await log.append([admit(issued("2021", "a", sources=sources), REGISTRY)])
    note = log.of_subjects(["acme"])[-1]
    assert note.event["data"]["text"] == f"Also told by {name}"


# --- positions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0:41", "0:41,1:7", "0:-1", "0:0,1:0,2:5"])
def test_a_position_is_read_and_told(text: str) -> None:
    assert str(Position.parse(text, "after")) == text


def test_partitions_are_told_in_order() -> None:
    assert str(Position({1: 7, 0: 41})) == "0:41,1:7"


@pytest.mark.parametrize("text", ["", "41", "0:", ":1", "0:41,", "0:x", "0:٤", "0:1,0:2", "0:1 "])
def test_what_is_no_position_is_refused_by_field(text: str) -> None:
    with pytest.raises(Refused) as refused:
        Position.parse(text, "after")
    assert refused.value.problems[0].field == "after"


@pytest.mark.parametrize(
    ("mine", "other", "reaches"),
    [
        ({0: 5}, {0: 5}, True),
        ({0: 5}, {0: 6}, False),
        ({0: 5}, {}, True),
        ({}, {0: -1}, True),
        ({}, {0: 0}, False),
        ({0: 5, 1: 2}, {1: 2}, True),
        ({0: 5}, {0: 5, 1: 0}, False),
    ],
)
def test_a_position_reaches_another_in_every_partition(
    mine: dict[int, int], other: dict[int, int], *, reaches: bool
) -> None:
    assert Position(mine).reaches(Position(other)) is reaches


# --- receipts and records -------------------------------------------------------------------------


def test_a_receipt_tells_what_there_is_to_tell() -> None:
    assert Receipt("a", "0:1", "recorded").shown() == {
        "id": "a",
        "position": "0:1",
        "outcome": "recorded",
    }
    refused = Receipt("a", None, "rejected", problem=Problem("data.list", "unknown"))
    assert refused.shown() == {"id": "a", "outcome": "rejected", "error": "data.list: unknown"}
    assert Receipt("a", "0:1", "duplicate", "r").shown()["retracted_by"] == "r"


def test_a_record_knows_its_place_and_name() -> None:
    record = Record(3, 0, issued("2021", "a"), partition=2)
    assert (record.id, record.subject, record.position) == ("a", "acme", "2:3")
    assert record.type == "standing.designation.issued"


def test_a_refusal_tells_all_its_problems() -> None:
    assert str(Refused(Problem("a", "b"), Problem("", "c"))) == "a: b; c"
