"""Publications that tell what became of entries, and nothing of the others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from events.sources.entity import Entity
from events.sources.ledger import Ledger, written_by
from events.sources.source import Action, Head, Piece
from tests.unit.sources.made import SDN, Desk, entity, source, types


def _told(entries: Sequence[tuple[Action, Entity]], head: Head) -> Iterator[Piece]:
    for line, (action, one) in enumerate(entries, start=1):
        yield Piece(one.key, one, line, action)


DELTA = replace(
    source("delta"),
    every=False,
    pieces=lambda parts, head: _told(cast("Sequence[tuple[Action, Entity]]", parts), head),
)


async def test_what_a_delta_does_not_name_stays() -> None:
    """Only what it removes is removed."""
    desk = Desk(DELTA)
    acme, beta = entity("1"), entity("2", "Beta Bank")
    await desk.read("2024-05-01", ("add", acme), ("add", beta))  # type: ignore[arg-type]
    found = await desk.read("2024-05-02", ("modify", replace(acme, name="Acme Global")))  # type: ignore[arg-type]
    assert types(found) == ["company.described"]
    found = await desk.read(
        "2024-05-03", ("remove", replace(acme, name="")), ("remove", entity("77"))
    )  # type: ignore[arg-type]
    assert types(found) == ["removal.issued"]
    assert await desk.state("acme-trading", "2024-05-03") == "removed"
    assert await desk.state("beta-bank", "2024-05-03") == "designated"
    found = await desk.read("2024-05-04", ("add", acme))  # type: ignore[arg-type]
    assert types(found)[-1] == "designation.issued"


def test_a_removal_closes_what_any_source_shows() -> None:
    """By its reference; one of what is not open closes nothing."""
    ledger = Ledger()
    said = {"list": SDN, "reference": {"scheme": "made", "id": "1"}, "effective": "2024-05-01"}
    issued = {"type": "standing.designation.issued", "subject": "acme", "id": "a", "data": said}
    gone = {"type": "standing.removal.issued", "subject": "acme", "id": "b", "data": said}
    ledger.learn({**issued, "source": written_by("one")})
    assert SDN in ledger.shown("one")["1"].places
    assert ledger.standing(SDN, "made") == 1
    for _ in range(2):
        ledger.learn({**gone, "source": written_by("two")})
        assert ledger.shown("one")["1"].places == {}
        assert ledger.standing(SDN, "made") == 0
