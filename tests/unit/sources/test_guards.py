"""What is held: nobody is delisted by a fault."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from events.sources.guards import doubts
from events.sources.source import MOST_FAULTS, Head, Piece, Unreadable
from tests.unit.sources.made import SDN, SSI, Desk, entity, source

MANY = [entity(str(number), f"Company {number}") for number in range(10)]


async def _held(*after: int, head: Head | None = None, most: float = 0.2) -> list[str]:
    """Why a publication with these of ten entries is held, after one with all."""
    desk, head = Desk(), head or Head()
    await desk.read("2021-08-18", *MANY)
    return doubts(
        await desk.read("2021-08-19", *(MANY[one] for one in after), head=head), head, most
    )


async def test_what_is_in_order_is_not_held() -> None:
    """Up to a fifth may go at once; one may always."""
    assert await _held(*range(10)) == []
    assert await _held(*range(8)) == []
    desk = Desk()
    await desk.read("2021-08-18", *MANY[:2])
    assert doubts(await desk.read("2021-08-19", MANY[0]), Head()) == []


async def test_a_mass_removal_is_held() -> None:
    """More than the set share of a list."""
    assert await _held(*range(7)) == [f"it would remove 3 of 10 from {SDN}, more than 20% at once"]
    assert await _held(*range(7), most=0.3) == []


async def test_an_empty_one_is_held() -> None:
    """A publisher moved its address, and the daily download had 0 bytes."""
    assert await _held() == [
        "it has no entries at all",
        f"it would remove 10 of 10 from {SDN}, more than 20% at once",
    ]


async def test_one_whose_own_count_is_another_is_held() -> None:
    """Before any removal is inferred."""
    assert await _held(*range(9), head=Head(records=10)) == [
        "it says that it has 10 entries, and has 9"
    ]
    assert await _held(*range(9), head=Head(records=9)) == []


async def test_one_that_is_cut_or_cannot_be_read_is_held() -> None:
    """And told where."""
    head = Head(cut="made does not end as such a file does")
    assert await _held(*range(10), head=head) == [
        "it is cut short or broken: made does not end as such a file does"
    ]
    head = Head()
    for line in range(MOST_FAULTS + 1):
        head.fault("made", line, "row", "is no row")
    assert await _held(*range(10), head=head) == ["101 of its entries cannot be read"]
    assert len(head.faults) == MOST_FAULTS


async def test_each_list_is_looked_at_by_itself() -> None:
    """A whole small list may be missing in a large file."""
    desk = Desk()
    small = [entity(f"s{number}", f"Small {number}", SSI) for number in range(2)]
    await desk.read("2021-08-18", *MANY, *small)
    found = await desk.read("2021-08-19", *MANY)
    assert doubts(found, Head()) == [f"it would remove 2 of 2 from {SSI}, more than 20% at once"]


async def test_what_is_held_leaves_everything_as_it_was() -> None:
    """The next good publication is compared with the one before."""
    desk = Desk()
    await desk.read("2021-08-18", *MANY)
    before = await desk.log.ends()
    await desk.read("2021-08-19", accept=False)
    assert await desk.log.ends() == before
    found = await desk.read("2021-08-20", *MANY, entity("77", "New Bank"), accept=False)
    assert (found.added, found.removed) == (1, {})
    again = await desk.read("2021-08-20", *MANY, entity("77", "New Bank"), accept=False)
    assert again.added == 0


@pytest.mark.parametrize("cut", ["", "row"])
async def test_a_source_that_breaks_off_is_cut(cut: str) -> None:
    """What was read until then is not taken for all of it."""

    def breaking(*_: object) -> Iterator[Piece]:
        yield Piece("1", MANY[0], 1)
        raise Unreadable(cut, "is broken")

    head = Head()
    desk = Desk(replace(source(), pieces=breaking))
    await desk.read("2021-08-18", head=head)
    assert head.cut == (f"{cut}: is broken" if cut else "is broken")
