"""What stands in a log that compares nothing when it is appended to: the first in log order.

Kafka cannot write on condition, so the comparing falls to whoever reads, with the very rule by
which the other logs compare before they write. Readers that start from an empty shelf, and keep
what stands on it, come to the same answer wherever they pause. Pure; what has to be remembered is
the shelf's affair, and a shelf may be a table.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from events.admitted import Admitted
from events.bulk import no_collection
from events.errors import Problem
from events.ids import derived_id, fact_id
from events.intake import Decision, Shelf, Shelved, decide
from events.kafka.binding import MALFORMED
from events.log import Receipt, Record
from events.vocabulary import COPY_OF


class Standing(NamedTuple):
    """A record that stands, and what a shelf remembers it by. Its event is not always the one
    that was written: of a fact told again by a new source, the note that keeps that source."""

    record: Record
    event: Admitted

    @property
    def shelved(self) -> Shelved:
        """As it stands on a shelf."""
        event, record = self.event, self.record
        return Shelved(event.id, record.offset, event.subject, event.fingerprint, record.partition)


class Rejected(NamedTuple):
    """A record that contradicts one before it: it never counts."""

    record: Record
    problem: Problem


@dataclass(slots=True)
class Sifted:
    """What became of some records: each stands, repeats another, or is rejected."""

    standing: list[Standing] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    """One for each record, as a log that compares would have answered its writer."""


class Kept:
    """A shelf in memory, on top of another one or of nothing."""

    def __init__(self, below: Shelf | None = None) -> None:
        self._below = below
        self._ids: dict[str, Shelved] = {}
        self._facts: dict[str, Shelved] = {}
        self._subjects: dict[str, list[Record]] = {}

    def put(self, standing: Standing) -> None:
        """Remember what stands."""
        shelved = standing.shelved
        self._ids[shelved.id] = shelved
        self._facts.setdefault(shelved.fingerprint, shelved)
        self._subjects.setdefault(shelved.subject, []).append(standing.record)

    def by_id(self, event_id: str) -> Shelved | None:
        """See `Shelf`."""
        mine = self._ids.get(event_id)
        return mine or (self._below.by_id(event_id) if self._below else None)

    def by_fingerprint(self, fingerprint: str) -> Shelved | None:
        """See `Shelf`."""
        first = self._below.by_fingerprint(fingerprint) if self._below else None
        return first or self._facts.get(fingerprint)

    def of_subject(self, subject: str) -> list[Record]:
        """See `Shelf`."""
        first = self._below.of_subject(subject) if self._below else ()
        return [*first, *self._subjects.get(subject, ())]


def sift(records: Iterable[Record], shelf: Shelf) -> Sifted:
    """Decide on records of one partition, in its order, given what stands before them.

    The shelf is not written to: whoever keeps it puts there what stands, with the position.
    """
    found = Sifted()
    kept = Kept(shelf)
    with no_collection():
        for record in records:
            try:
                event = _admitted(record)
            except MALFORMED as error:
                _settle(record, _rejected(record, f"cannot be kept: {error}"), kept, found)
                continue
            if event.plain and _unheard_of(event, kept):  # mostly; then all is said
                standing = Standing(record, event)
                kept.put(standing)
                found.standing.append(standing)
                found.receipts.append(Receipt(event.id, record.position, "recorded"))
            else:
                _settle(record, _decide(record, event, kept), kept, found)
    return found


def _unheard_of(event: Admitted, shelf: Shelf) -> bool:
    """Whether neither its id stands nor, where it has no name of its own, what it says."""
    return shelf.by_id(event.id) is None and (
        event.named_by_caller or shelf.by_fingerprint(event.fingerprint) is None
    )


def _settle(record: Record, decision: Decision, kept: Kept, found: Sifted) -> None:
    receipt = decision.answer(record.position)
    if decision.new is not None:
        event = decision.new
        # Mostly it is the very event that was written, which need not be read once more.
        whole = record.event if event.id == record.id else event.event
        standing = Standing(record._replace(event=whole), event)
        kept.put(standing)
        found.standing.append(standing)
    found.receipts.append(receipt)
    if receipt.problem is not None:
        found.rejected.append(Rejected(record, receipt.problem))


def _decide(record: Record, event: Admitted, shelf: Shelf) -> Decision:
    """`decide`, for events that may never have passed the door. What is malformed stands, so that
    whoever folds it parks its company: to leave it out could read as clearance."""
    if COPY_OF in record.event and shelf.by_id(event.id) is None:
        return Decision(event)  # it was decided on where its original stands
    try:
        return decide(event, shelf)
    except MALFORMED as error:
        seen = shelf.by_id(event.id)
        if seen is None:
            return Decision(event)
        return _rejected(
            record,
            f"cannot be compared with what stands at {seen.position}: {error!r}",
        )


def _admitted(record: Record) -> Admitted:
    event = record.event
    said = (event["type"], event["subject"], event["data"])
    try:
        fingerprint = fact_id(*said)
    except MALFORMED:
        fingerprint = derived_id({"as it was written": said})
    return Admitted.of(event, fingerprint)


def _rejected(record: Record, why: str) -> Decision:
    return Decision(None, Receipt(record.id, None, "rejected", problem=Problem("", why)))
