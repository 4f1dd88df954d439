"""What documents propose, and what a person makes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from events.dates import start
from events.door import admit
from events.errors import Refused
from events.log import Position
from events.memory_log import MemoryEventLog
from events.sources.gazette import Brought
from events.sources.ledger import Ledger
from events.sources.proposals import Proposal
from service.proposals import Proposals, recorded
from tests.unit.making import REGISTRY, event

LIST = "us-bis-entity-list"
ADDED = Proposal(
    LIST,
    "designation",
    "2022-07643 2022-04-11",
    "Addition of Entities to the Entity List",
    "2022-04-08",
    "2022-04-11",
    named=("huawei",),
    sources=({"url": "https://www.federalregister.gov/d/2022-07643"},),
)
REMOVED = replace(ADDED, action="removal", effective=None)
INSPECTED = replace(ADDED, inspected=True, announced="2022-04-08T08:45:00-04:00")
NOW = start("2022-05-01T00:00:00Z")


@pytest.fixture
def proposals(tmp_path: Path) -> Iterator[Proposals]:
    """An empty file."""
    with Proposals(tmp_path / "proposals.db", lambda: NOW) as found:
        yield found


class Desk:
    """A log with Huawei in it, and with two companies of one name."""

    def __init__(self) -> None:
        self.log = MemoryEventLog(lambda: NOW)
        self.ledger = Ledger()
        for company, name in (("huawei", "Huawei"), ("acme-1", "Acme"), ("acme-2", "ACME")):
            said = event(
                "company.described",
                company,
                company,
                name=name,
                aliases=["华为"][: name == "Huawei"],
            )
            self.ledger.learn(said)

    async def accept(
        self, proposals: Proposals, one: Proposal, *companies: str, new: Sequence[str] = ()
    ) -> list[str]:
        """Accept a proposal: what was recorded, and of whom."""
        events = recorded(proposals.open(one.id), companies, new, self.ledger)
        await self.log.append([admit(each, REGISTRY) for each in events])
        proposals.decided(one.id, "accepted", "jane", "its table says so")
        return await self.recorded()

    async def recorded(self) -> list[str]:
        """What stands in the log."""
        ends = await self.log.ends()
        found = []
        async for records in self.log.read(Position(), ends):
            self.ledger.take(records)
            found += [f"{one.type.removeprefix('standing.')} {one.subject}" for one in records]
        return found


def test_a_proposal_is_kept_once(proposals: Proposals) -> None:
    """However often its document is read."""
    for fresh in (2, 0):
        assert proposals.take(Brought(proposals=[ADDED, REMOVED]), "2022-04-11") == (fresh, [])
    kept = proposals.listed()
    assert {one.proposal for one in kept} == {ADDED, REMOVED}
    assert [one.state for one in kept] == ["open", "open"]
    assert kept[0].shown()["document"] == "2022-07643 2022-04-11"
    assert kept[0].proposal.sources == ADDED.sources


async def test_a_designation_is_accepted(proposals: Proposals) -> None:
    """Of companies by id, by name, and of one that nobody has yet."""
    desk = Desk()
    proposals.take(Brought(proposals=[ADDED]), "2022-04-11")
    for given, why in (
        ("Hauwei", r"'Hauwei' is no company that the log knows, unless .* Huawei \(huawei\)"),
        ("New Chips, Inc.", r"log knows\. One that is new has to be said to be: --new-company"),
    ):
        with pytest.raises(Refused, match=why):
            await desk.accept(proposals, ADDED, given)
    with pytest.raises(Refused, match="a name is empty"):
        await desk.accept(proposals, ADDED, new=[" "])
    fresh = ["New Chips, Inc.", "New Chips Inc"]
    assert await desk.accept(proposals, ADDED, "huawei", new=fresh) == [
        "designation.issued huawei",
        "company.described new-chips-inc",
        "designation.issued new-chips-inc",
        "company.described new-chips-inc-2",
        "designation.issued new-chips-inc-2",
    ]
    (record,) = desk.log.of_subjects(["huawei"])
    assert record.event["data"] == {
        "list": LIST,
        "effective": "2022-04-08",
        "effective_basis": "stated",
        "announced": "2022-04-11",
        "name_as_listed": "Huawei",
        "sources": list(ADDED.sources),
    }
    (kept,) = proposals.listed("accepted")
    assert (kept.who, kept.at, kept.why) == ("jane", NOW, "its table says so")
    assert kept.shown()["at"].startswith("2022-05-01")
    with pytest.raises(Refused, match="no longer open: it was accepted"):
        await desk.accept(proposals, ADDED, "huawei")


async def test_a_removal_is_accepted(proposals: Proposals) -> None:
    """Of a company that is known, by a name of it; it takes effect when it was announced."""
    desk = Desk()
    proposals.take(Brought(proposals=[REMOVED]), "2022-04-11")
    for given, why in (
        ("Acme", "is the name of acme-1, acme-2: give the id"),
        ("Nobody", "no company that the log knows"),
    ):
        with pytest.raises(Refused, match=why):
            await desk.accept(proposals, REMOVED, given)
    with pytest.raises(Refused, match="whom is it about"):
        await desk.accept(proposals, REMOVED)
    with pytest.raises(Refused, match="a removal is of companies that the log knows"):
        await desk.accept(proposals, REMOVED, new=["Nobody"])
    assert await desk.accept(proposals, REMOVED, "华为") == ["removal.issued huawei"]
    (record,) = desk.log.of_subjects(["huawei"])
    assert record.event["data"]["how"] == "delisted"
    assert record.event["data"]["effective"] == "2022-04-11"
    assert record.event["data"]["effective_basis"] == "observed"


def test_a_refusal_says_who_and_why(proposals: Proposals) -> None:
    """And it stays refused when the document is read again."""
    proposals.take(Brought(proposals=[ADDED]), "2022-04-11")
    proposals.decided(ADDED.id, "refused", "jane", "not ours")
    proposals.take(Brought(proposals=[ADDED]), "2022-04-12")
    (kept,) = proposals.listed()
    assert (kept.state, kept.who, kept.why) == ("refused", "jane", "not ours")
    with pytest.raises(Refused, match="it was refused"):
        proposals.open(ADDED.id)
    with pytest.raises(Refused, match="there is no proposal"):
        proposals.open("?")


def _page(*shown: Proposal, withdrawn: set[str] | None = None) -> Brought:
    """A page of what is on public inspection, with some document on it."""
    inspected = {"2022-00001 2022-04-20", *(one.document for one in shown)}
    return Brought(proposals=list(shown), inspected=inspected, withdrawn=withdrawn or set())


def test_what_vanished_from_inspection_is_withdrawn(proposals: Proposals) -> None:
    """Before the day of its publication; a page of an earlier day does not tell of it."""
    proposals.take(_page(INSPECTED), "2022-04-08")
    proposals.take(_page(), "2022-04-07")
    assert [one.state for one in proposals.listed()] == ["open"]
    proposals.take(_page(), "2022-04-09")
    (kept,) = proposals.listed()
    assert (kept.state, kept.why) == ("withdrawn", "its document was withdrawn")


def test_what_was_published_is_not_withdrawn(proposals: Proposals) -> None:
    """Nor what is due; it stays announced when it was filed."""
    proposals.take(_page(INSPECTED), "2022-04-08")
    proposals.take(_page(), "2022-04-12")
    assert [one.state for one in proposals.listed()] == ["open"]
    proposals.take(Brought(proposals=[ADDED]), "2022-04-11")
    proposals.take(_page(), "2022-04-09")
    (kept,) = proposals.listed("open")
    assert not kept.proposal.inspected
    assert kept.proposal.announced == "2022-04-08T08:45:00-04:00"


def test_what_is_published_after_all_is_open_again(proposals: Proposals) -> None:
    """Also where it is said to be withdrawn."""
    proposals.take(_page(INSPECTED), "2022-04-08")
    proposals.take(_page(withdrawn={INSPECTED.document}), "2022-04-08")
    assert [one.state for one in proposals.listed()] == ["withdrawn"]
    proposals.take(Brought(proposals=[ADDED]), "2022-04-11")
    assert [one.state for one in proposals.listed()] == ["open"]


async def test_a_withdrawal_after_it_was_accepted_is_told(proposals: Proposals) -> None:
    """A person has to take back what was recorded."""
    proposals.take(_page(INSPECTED), "2022-04-08")
    await Desk().accept(proposals, INSPECTED, "huawei")
    _, (told,) = proposals.take(_page(), "2022-04-09")
    assert told == (
        f"document {INSPECTED.document} was withdrawn, and proposal {INSPECTED.id} on it was "
        "accepted: retract what that recorded"
    )
