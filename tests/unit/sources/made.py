"""A source of made-up entries: a publication is a list of them, and what is read goes through the
door into a log in memory, as `Ingest` does with files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from events.dates import last, start
from events.door import admit
from events.log import Position, Receipt, Record
from events.memory_log import MemoryEventLog
from events.sources.difference import KINDS, Comparison
from events.sources.entity import Entity, Listing
from events.sources.guards import doubts
from events.sources.ledger import Ledger
from events.sources.outcome import Difference
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.telling import Taken
from projections.history import Cutoffs, History
from projections.timeline import Timeline
from tests.unit.making import REGISTRY

SDN = "us-ofac-sdn"
SSI = "us-ofac-ssi"
SHA = "0" * 64


def entity(key: str, name: str = "Acme Trading", *lists: str, **more: Any) -> Entity:
    """An entry on these lists, or on the SDN list; `terms` are its listings'."""
    terms = more.pop("terms", {})
    listings = tuple(Listing(one, **terms) for one in lists or (SDN,))
    return Entity(key, name, more.pop("kind", "company"), listings, **more)


def pieces(entries: Sequence[Entity], head: Head) -> Iterator[Piece]:
    """Each entry as it is."""
    for line, one in enumerate(entries, start=1):
        yield Piece(one.key, one, line)


def read(piece: Piece) -> Entity:
    """An entry that is read already; one without a name cannot be."""
    found = cast("Entity", piece.raw)
    if not found.name:
        raise Unreadable("name", "missing")
    return found


def source(name: str = "made", scheme: str = "made", **more: Any) -> Source:
    """A source of such entries."""
    return Source(
        name=name,
        title=f"The {name} list",
        publisher="Somebody",
        url=f"https://{name}.example/list",
        scheme=scheme,
        lists=frozenset({SDN, SSI}),
        pieces=lambda parts, head: pieces(cast("Sequence[Entity]", parts), head),
        entity=read,
        **more,
    )


@dataclass(slots=True)
class Desk:
    """Reads publications, one after the other, into one log."""

    source: Source = field(default_factory=source)
    ledger: Ledger = field(default_factory=Ledger)
    log: MemoryEventLog = field(default_factory=lambda: MemoryEventLog(lambda: start("2100")))

    async def read(
        self,
        at: str,
        *entries: Entity,
        head: Head | None = None,
        kinds: frozenset[str] | None = KINDS,
        accept: bool = True,
        sha256: str = SHA,
        **taken: Any,
    ) -> Difference:
        """Take a publication; nothing is recorded of one that would be held, unless accepted."""
        head = head or Head()
        comparing = Comparison(
            self.source, self.ledger, REGISTRY, Taken(at, f"made_{at}", sha256, **taken), kinds
        )
        comparing.take(self.source.pieces(cast("Sequence[Part]", entries), head), head)
        found = comparing.end(head)
        if accept or not doubts(found, head):
            await self.record(found.events)
            comparing.settled()
        return found

    async def record(self, events: Sequence[dict[str, Any]]) -> list[Receipt]:
        """Append events, and learn what stands of them."""
        receipts = await self.log.append([admit(one, REGISTRY) for one in events])
        for event, receipt in zip(events, receipts, strict=True):
            assert receipt.outcome in ("recorded", "duplicate"), receipt
            if receipt.outcome == "recorded":
                self.ledger.learn({"id": receipt.id, **event})
        return receipts

    async def records(self) -> list[Record]:
        """The whole log."""
        return [
            one async for some in self.log.read(Position(), await self.log.ends()) for one in some
        ]

    async def anew(self) -> "Desk":
        """As another process finds it: nothing but the log."""
        again = Desk(self.source, Ledger(), self.log)
        again.ledger.take(await self.records())
        return again

    async def timeline(self, company: str, list_id: str = SDN) -> Timeline:
        """How a company has stood on a list."""
        records = [one for one in await self.records() if one.subject == company]
        return History(REGISTRY, records).view(Cutoffs()).timelines[list_id]

    async def state(self, company: str, as_of: str, list_id: str = SDN) -> str:
        """How a company stands on a list at the end of a day."""
        timeline = await self.timeline(company, list_id)
        upto = last(as_of, REGISTRY[list_id].zone)
        flips = [flip for span in timeline.spans for flip in span if flip.at <= upto]
        return flips[-1].reading.status if flips else "not_listed"


def types(found: Difference) -> list[str]:
    """The types of what is to be recorded, but for the readings themselves."""
    return [
        one["type"].removeprefix("standing.")
        for one in found.events
        if one["type"] != "standing.list.checked"
    ]
