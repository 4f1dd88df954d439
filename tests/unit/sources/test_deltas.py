"""Publications that tell what became of entries, and nothing of the others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from events.sources.entity import Entity
from events.sources.source import Action, Head, Piece
from tests.unit.sources.made import Desk, entity, source, types


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
