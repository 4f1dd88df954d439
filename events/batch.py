"""A batch on its way into the log: each event is compared with the log and with those before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from events.admitted import Admitted
from events.errors import Problem
from events.intake import Shelf, Shelved, decide
from events.log import Receipt, Record

WITHHELD = Problem("", "not written: another event of this atomic batch was refused")


@dataclass(slots=True)
class Batch:
    """What to write, and what to answer, in the order given."""

    new: list[Admitted] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


@dataclass(slots=True)
class _Overlay:
    """A shelf with the events that this batch adds standing behind those of the log."""

    below: Shelf
    first: int
    """The offset at which the batch will stand."""
    new: list[Admitted]
    ids: dict[str, Shelved] = field(default_factory=dict)
    facts: dict[str, Shelved] = field(default_factory=dict)

    @property
    def next(self) -> int:
        """The offset at which the next new event will stand."""
        return self.first + len(self.new)

    def put(self, event: Admitted) -> None:
        shelved = Shelved(event.id, self.next, event.subject, event.fingerprint)
        self.new.append(event)
        self.ids[event.id] = shelved
        self.facts.setdefault(event.fingerprint, shelved)

    def by_id(self, event_id: str) -> Shelved | None:
        return self.ids.get(event_id) or self.below.by_id(event_id)

    def by_fingerprint(self, fingerprint: str) -> Shelved | None:
        return self.below.by_fingerprint(fingerprint) or self.facts.get(fingerprint)

    def of_subject(self, subject: str) -> list[Record]:
        mine = [
            Record(offset, 0, event.event)
            for offset, event in enumerate(self.new, self.first)
            if event.subject == subject
        ]
        return [*self.below.of_subject(subject), *mine]


def settle(
    shelf: Shelf, next_offset: int, events: Sequence[Admitted], *, atomic: bool = False
) -> Batch:
    """Decide on every event of a batch. `next_offset` is where its first new one will stand."""
    batch = Batch()
    overlay = _Overlay(shelf, next_offset, batch.new)
    for event in events:
        decision = decide(event, overlay)
        batch.receipts.append(decision.answer(f"0:{overlay.next}"))
        if decision.new is not None:
            overlay.put(decision.new)
    if atomic and any(receipt.outcome == "rejected" for receipt in batch.receipts):
        return Batch([], [_withheld(receipt) for receipt in batch.receipts])
    return batch


def _withheld(receipt: Receipt) -> Receipt:
    return Receipt(receipt.id, None, "rejected", problem=receipt.problem or WITHHELD)
