"""What becomes of an admitted event: new, a duplicate, or a conflict. Pure, over a `Shelf`.

The rule is the same for a log that compares before it writes and for whoever reads one that does
not (`events.kafka.first`). The common case, an id that nobody has seen, costs one look-up.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, cast

from events import vocabulary as words
from events.admitted import Admitted
from events.companies import (
    describe,
    says_nothing_new,
    takings_back,
    targets,
)
from events.errors import Problem
from events.ids import canonical, derived_id, fact_id
from events.log import Receipt, Record

_ABOUT_NO_COMPANY: Final = frozenset({words.LIST_CHECKED, words.TIME_PASSED})
_LONGEST_TEXT: Final = 20_000
"""Of a note, in characters: what the door lets in."""


class Shelved(NamedTuple):
    """What a shelf remembers of an event without opening it."""

    id: str
    offset: int
    subject: str
    fingerprint: str
    partition: int = 0

    @property
    def position(self) -> str:
        """`partition:offset`."""
        return f"{self.partition}:{self.offset}"


class Shelf(Protocol):
    """What stands in the log, together with what this very batch is about to add."""

    def by_id(self, event_id: str) -> Shelved | None:
        """The event with this id."""
        ...

    def by_fingerprint(self, fingerprint: str) -> Shelved | None:
        """The first event that says the same in law, under whatever id."""
        ...

    def of_subject(self, subject: str) -> Sequence[Record]:
        """Every event with this subject, in log order."""
        ...


class Decision(NamedTuple):
    """`new` is to be written (of a duplicate: the note that keeps its sources), and `receipt` is
    what to answer; without one, it is the receipt of `new`."""

    new: Admitted | None
    receipt: Receipt | None = None

    def answer(self, position: str) -> Receipt:
        """What to tell whoever sent the event, where a new one stands at `position`."""
        if self.receipt is not None:
            return self.receipt
        new = cast("Admitted", self.new)  # one of the two is there
        return Receipt(new.id, position, "recorded")


def decide(event: Admitted, shelf: Shelf) -> Decision:
    """Compare one event with the log."""
    seen = shelf.by_id(event.id)
    if seen is None and not event.named_by_caller:
        seen = shelf.by_fingerprint(event.fingerprint)
    if seen is None:
        return _new(event, shelf)
    if seen.fingerprint != event.fingerprint:
        return _rejected(
            event,
            "id",
            f"{event.id!r} stands at {seen.position} with other content; the first counts",
        )
    records = shelf.of_subject(event.subject)
    taken_back = takings_back(records).taken_back.get(seen.id)
    if event.type == words.DESCRIBED and taken_back is None and not event.named_by_caller:
        now = describe(records, event.subject)
        if not says_nothing_new(now, event.event["data"]):
            return _described_again(event, records)
    receipt = Receipt(seen.id, seen.position, "duplicate", taken_back)
    return Decision(_note_of_new_sources(event, seen.id, records, shelf), receipt)


def _new(event: Admitted, shelf: Shelf) -> Decision:
    if event.plain:
        return Decision(event)
    whole = event.event
    data = whole["data"]
    for target in targets(whole):
        known = shelf.by_id(target)
        if known is not None and known.subject != event.subject:
            field = "data.event" if data.get("event") == target else "data.replaces"
            return _rejected(
                event, field, f"{target!r} is about {known.subject!r}, not {event.subject!r}"
            )
    if event.type == words.MERGED and _counts_for(shelf, data["into"], event.subject):
        return _rejected(
            event,
            "data.into",
            f"{data['into']!r} itself counts for {event.subject!r}; a circle has no end",
        )
    return Decision(event)


def _counts_for(shelf: Shelf, company: str, other: str) -> bool:
    """Whether the merges of a company, less the retracted ones, lead to the other. Copies
    from another partition refuse nothing: that they were taken back may be to come."""
    passed: set[str] = set()
    while company != other:
        records = shelf.of_subject(company)
        void = takings_back(records).taken_back
        merged = [
            one
            for one in records
            if one.type == words.MERGED and one.id not in void and words.COPY_OF not in one.event
        ]
        if not merged or company in passed:
            return False
        passed.add(company)
        company = merged[-1].event["data"]["into"]
    return True


def _rejected(event: Admitted, field: str, detail: str) -> Decision:
    return Decision(None, Receipt(event.id, None, "rejected", problem=Problem(field, detail)))


def _described_again(event: Admitted, records: Sequence[Record]) -> Decision:
    """A return to an earlier description is news: its id follows from the one that it undoes."""
    latest = next(record for record in reversed(records) if record.type == words.DESCRIBED)
    again = derived_id({"again": event.fingerprint, "after": latest.id})
    return Decision(_with_id(event, again))


def _with_id(event: Admitted, event_id: str) -> Admitted:
    return Admitted.of({**event.event, "id": event_id}, event.fingerprint)


def _note_of_new_sources(
    event: Admitted, first: str, records: Sequence[Record], shelf: Shelf
) -> Admitted | None:
    """A fact told again by another source: the source is kept, as a note on the first."""
    if event.type in _ABOUT_NO_COMPANY:
        return None
    data = event.event["data"]
    held = {
        canonical(source)
        for record in records
        if record.id == first or record.event["data"].get("about") == first
        for source in record.event["data"].get("sources") or ()
    }
    fresh = [source for source in data.get("sources") or () if canonical(source) not in held]
    if not fresh:
        return None
    note: dict[str, Any] = {
        **({"list": data["list"]} if "list" in data else {}),
        "kind": "source",
        "text": ("Also told by " + "; ".join(map(_name, fresh)))[:_LONGEST_TEXT],
        "about": first,
        "sources": fresh,
    }
    note_id = fact_id(words.NOTE_RECORDED, event.subject, note)
    if shelf.by_id(note_id):
        return None
    envelope = {
        **{key: value for key, value in event.event.items() if key not in ("id", "type", "data")},
        "id": note_id,
        "type": words.NOTE_RECORDED,
        "data": note,
    }
    return Admitted.of(envelope, note_id)


def _name(source: Mapping[str, Any]) -> str:
    told = " ".join(str(source[key]) for key in ("title", "publisher", "url") if key in source)
    return told or canonical(source).decode()
