"""A publication of which a log has only a part, as after a crash between its events: naming the
same files again ends where it would have ended."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from events.dates import start
from events.door import admit
from events.log import Position
from events.memory_log import MemoryEventLog
from events.sources.catalogue import SOURCES
from events.sources.difference import Older
from events.vocabulary import NOTE_RECORDED
from tests.unit.making import REGISTRY
from tests.unit.sources.made import SDN, SSI, Desk, entity, types
from tests.unit.sources.reading import ingested
from tests.unit.sources.test_cli_ingest import TEN, snapshot

FIRST = (
    entity("1", "Acme Trading", SDN, SSI, aliases=("AT",)),
    entity("2", "Beta Bank"),
    entity("3", "Gamma", terms={"expires": "2030-01-01"}),
)
SECOND = (
    entity("1", "Acme Global", SDN, aliases=("AT",)),
    entity("3", "Gamma"),
    entity("4", "Delta", SDN, SSI),
    replace(FIRST[1], key="5", name="Epsilon"),
)
COMPANIES = ("acme-trading", "beta-bank", "gamma", "delta", "epsilon")


async def standings(desk: Desk) -> dict[str, Any]:
    """How everybody has stood, in spans, and what is odd about it."""
    found: dict[str, Any] = {}
    for company in COMPANIES:
        for list_id in (SDN, SSI):
            if (company, list_id) not in {("beta-bank", SSI), ("gamma", SSI), ("epsilon", SSI)}:
                timeline = await desk.timeline(company, list_id)
                flips = [(flip.at, flip.reading.status) for span in timeline.spans for flip in span]
                found[f"{company} {list_id}"] = (flips, timeline.anomalies)
    return found


@pytest.mark.parametrize(
    "days",
    [("2021-08-18", "2021-08-20"), ("2021-08-18", "2021-08-18"), ("2021-08-18T09:00:00Z",) * 2],
)
@pytest.mark.parametrize("again", ["both", "the second"])
async def test_what_was_cut_off_is_finished(days: tuple[str, str], again: str) -> None:
    """Wherever it was cut: the earlier file is no news, the same one goes on."""
    whole = Desk()
    await whole.read(days[0], *FIRST, sha256="1" * 64)
    found = await whole.read(days[1], *SECOND, sha256="2" * 64)
    expected, wanted = await standings(whole), len(found.events)
    assert wanted > 8
    for cut in range(wanted):
        part = Desk()
        await part.read(days[0], *FIRST, sha256="1" * 64)
        await part.record(found.events[:cut])
        part = await part.anew()
        if again == "both" and cut:
            with pytest.raises(Older):
                await part.read(days[0], *FIRST, sha256="1" * 64)
        await part.read(days[1], *SECOND, sha256="2" * 64)
        assert await standings(part) == expected, cut
        once = await part.anew()
        assert types(await once.read(days[1], *SECOND, sha256="2" * 64)) == []


async def test_what_only_some_partitions_took_is_finished() -> None:
    """A log in several parts keeps the order of each company's events, and of no others."""
    whole = Desk()
    await whole.read("2021-08-18", *FIRST)
    found = await whole.read("2021-08-20", *SECOND)
    expected = await standings(whole)
    for company in COMPANIES:
        for taken in (True, False):
            part = Desk()
            await part.read("2021-08-18", *FIRST)
            there = [one for one in found.events if (one["subject"] == company) == taken]
            await part.record([one for one in there if not one["subject"].startswith("list:")])
            part = await part.anew()
            with pytest.raises(Older):
                await part.read("2021-08-18", *FIRST)
            await part.read("2021-08-20", *SECOND)
            assert await standings(part) == expected, (company, taken)


async def test_a_first_publication_that_was_cut_off_is_a_baseline_when_it_is_finished() -> None:
    """Also where a later one is read instead: what that no longer has was seen to be gone."""
    whole = Desk()
    found = await whole.read("2021-08-18", *FIRST)
    for cut in range(2, len(found.events)):
        part = Desk()
        await part.record(found.events[:cut])
        part = await part.anew()
        with pytest.raises(Older):
            await (await part.anew()).read("2021-08-17", *FIRST)
        later = await (await part.anew()).read("2021-08-20", *SECOND)
        gone = [one["data"] for one in later.events if one["type"] == "standing.removal.issued"]
        assert all(one["effective_basis"] == "observed" for one in gone)


async def test_a_reading_is_not_told_of_what_a_log_did_not_take(tmp_path: Path) -> None:
    """One of its events is refused, as another has its id: the lists are not said to be read."""
    log, other = (MemoryEventLog(lambda: start("2100")) for _ in range(2))
    path = snapshot(tmp_path, "2021-08-18", *TEN)
    await ingested(other, tmp_path, SOURCES["ofac-sdn-csv"], [path])
    told = [one async for some in other.read(Position(), await other.ends()) for one in some]
    (taken,) = (one for one in told if one.subject == "company-3" and one.type.endswith("issued"))
    note = {"kind": "other", "text": "x"}
    conflict = {"id": taken.id, "type": NOTE_RECORDED, "subject": "somebody", "data": note}
    await log.append([admit(conflict, REGISTRY)])
    (report,) = await ingested(log, tmp_path, SOURCES["ofac-sdn-csv"], [path])
    assert (report.recorded, len(report.problems)) == (19, 1)
    there = [one async for some in log.read(Position(), await log.ends()) for one in some]
    assert not [one for one in there if one.subject.startswith("list:")]
