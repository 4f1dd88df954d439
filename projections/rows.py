"""How a projection keeps what was folded: companies, their readings and changes, as rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from events.companies import Description
from events.dates import Instant
from projections.changes import Change, Interval, Overall
from projections.search import normalise
from projections.timeline import Flip, Reading, Timeline

_made: Final = tuple.__new__
ChangeRow = tuple[int, Instant, str, int, str | None, str, Instant, bytes]
Packed = tuple[Instant, str, str | None, list[str]]
"""A reading: from when, status, how, restrictions in force."""


class CompanyRow(NamedTuple):
    """A company as projected."""

    company: str
    sequence: int
    due: Instant
    merged_into: str | None = None
    parked: str | None = None
    """Why it could not be folded, where it could not."""
    name: str | None = None
    country: str | None = None
    kind: str | None = None
    known: bool = True
    """Whether the log has an event of it; an id that another was merged into may have none."""


Kept = tuple[tuple[Any, ...], list[tuple[str, str, bytes]]]
"""What the store has of a company: its row with its description, and its standings by list."""


class Folded(NamedTuple):
    """Everything that a projection keeps of one company."""

    row: CompanyRow
    described: bytes
    standings: list[tuple[str, str, bytes]]
    told: list[ChangeRow]

    @property
    def kept(self) -> "Kept":
        """As the store gives it back."""
        return (*self.row, self.described), sorted(self.standings)

    def told_before(self, sequence: int) -> "Folded":
        """Where the changes up to `sequence` are kept, and nothing is told now."""
        return self._replace(row=self.row._replace(sequence=sequence), told=[])


@dataclass(frozen=True, slots=True)
class Told:
    """A change and the offset of the record on whose reading it was told."""

    position: int
    change: Change

    @property
    def cursor(self) -> str:
        """Where a reader of all changes goes on from."""
        return f"{self.change.company}/{self.change.sequence}"

    @property
    def place(self) -> tuple[int, Instant, str, int]:
        """Its place in the order of all changes."""
        change = self.change
        return self.position, change.moment, change.company, change.sequence


def folded(
    row: CompanyRow,
    described: Description,
    timelines: Mapping[str, Timeline],
    told: Iterable[Told] = (),
) -> Folded:
    """What to keep of a company."""
    return Folded(
        _made(CompanyRow, (*row[:5], described.name, described.country, described.kind, row.known)),
        orjson.dumps(described.shown()),
        [(row.company, list_id, pack(one)) for list_id, one in timelines.items()],
        [change_row(one) for one in told],
    )


SEARCHED: Final = 2
"""The version of `searched`: a store that has another finds companies by other texts."""


def searched(company: str, described: bytes) -> str:
    """The text by which a company is found."""
    known = orjson.loads(described)
    values = [company, known["name"], *known["aliases"], *known["former_ids"]]
    values += [one["value"] for one in known["identifiers"]]
    return normalise("\n".join(value for value in values if value))


def pack(timeline: Timeline) -> bytes:
    """The readings of a timeline, without neighbours that read alike."""
    packed = []
    current: Reading | None = None
    for span in timeline.spans:
        for at, reading in span:
            if reading != current:
                packed.append((at, *reading))
                current = reading
    return orjson.dumps(packed)


def unpack(packed: bytes) -> list[Packed]:
    """The readings again."""
    found: list[Packed] = orjson.loads(packed)
    return found


def flips(packed: bytes) -> tuple[Flip, ...]:
    """The readings again, as flips."""
    return tuple(
        Flip(at, Reading(status, how, tuple(kinds))) for at, status, how, kinds in unpack(packed)
    )


def change_row(told: Told) -> ChangeRow:
    """A change as its table keeps it."""
    change = told.change
    body = orjson.dumps(
        (
            tuple(change.before),
            tuple(change.after),
            tuple(change.overall_before),
            tuple(change.overall_after),
            change.effective,
            change.announced,
            change.cause,
            change.backfill,
            [(one.begins, one.ends, tuple(one[2]), tuple(one[3])) for one in change.intervals],
            [(flip.at, tuple(flip.reading)) for flip in change.flips_before],
            [(flip.at, tuple(flip.reading)) for flip in change.flips_after],
        )
    )
    return (
        told.position,
        change.moment,
        change.company,
        change.sequence,
        change.list,
        change.kind,
        change.recorded,
        body,
    )


def told_again(row: Sequence[Any]) -> Told:
    """The other way round."""
    position, moment, company, sequence, list_id, kind, recorded, body = row
    before, after, was, now, effective, announced, cause, backfill, *more = orjson.loads(body)
    intervals, flips_before, flips_after = more
    change = Change(
        company,
        list_id,
        sequence,
        kind,
        _reading(before),
        _reading(after),
        Overall(was[0], tuple(was[1])),
        Overall(now[0], tuple(now[1])),
        effective,
        announced,
        tuple(cause),
        recorded,
        moment,
        backfill,
        tuple(Interval(a, b, _reading(c), _reading(d)) for a, b, c, d in intervals),
        tuple(Flip(at, _reading(reading)) for at, reading in flips_before),
        tuple(Flip(at, _reading(reading)) for at, reading in flips_after),
    )
    return Told(position, change)


def _reading(parts: Sequence[Any]) -> Reading:
    return Reading(parts[0], parts[1], tuple(parts[2]))
