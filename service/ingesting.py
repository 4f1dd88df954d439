"""Reading official files into the log: compared with what was read before, held where something
speaks against them, and kept as evidence."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from events.dates import last
from events.door import admit
from events.errors import Problem, Refused
from events.lists import Registry
from events.log import EventLog, Position
from events.sources.dating import in_a_name, is_a_date
from events.sources.difference import KINDS, Comparison, Difference, Taken
from events.sources.gazette import Brought, Names
from events.sources.guards import MOST_REMOVED, doubts
from events.sources.ledger import Ledger
from events.sources.source import Head, Part, Source, Unreadable
from service.evidence import Evidence, digest


@dataclass(frozen=True, slots=True)
class Asked:
    """How to read."""

    kinds: frozenset[str] | None = KINDS
    """Which kinds of entry; None for all."""
    backfill: bool = False
    accept: bool = False
    """Apply also what would be held."""
    most_removed: float = MOST_REMOVED
    """The share of a list that one publication may remove."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published at one time: the file with the entries first."""

    at: str
    files: tuple[Path, ...]


@dataclass(slots=True)
class Report:
    """What became of a publication."""

    file: str
    at: str
    sha256: str
    outcome: str
    """`read`, `unchanged` where the log has all of it, or `held`."""
    found: Difference
    recorded: int = 0
    duplicate: int = 0
    problems: list[Problem] = field(default_factory=list)
    """What was not taken, or cannot be read, by file, line and field."""
    faulty: int = 0
    why: list[str] = field(default_factory=list)
    """Why it is held; of one that was accepted, what speaks against it."""
    brought: Brought | None = None
    """Of a gazette: what it proposes, and what was withdrawn."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        found = self.found
        return {
            "file": self.file,
            "taken": self.at,
            "sha256": self.sha256,
            "outcome": self.outcome,
            "why": self.why,
            "entries": found.entries,
            "records": found.records,
            "added": found.added,
            "amended": found.amended,
            "removed": sum(found.removed.values()),
            "skipped": found.skipped,
            "elsewhere": found.elsewhere,
            "over": found.over,
            "unknown": found.unknown,
            "recorded": self.recorded,
            "duplicate": self.duplicate,
            "problems": [str(one) for one in self.problems],
            "faulty": self.faulty,
            **({} if self.brought is None else _proposed(self.brought)),
        }


def _proposed(brought: Brought) -> dict[str, Any]:
    return {
        "proposals": [one.shown() for one in brought.proposals],
        "off_topic": brought.off_topic,
        "withdrawn": sorted(brought.withdrawn),
    }


def publications(
    source: Source, files: Iterable[Path], retrieved_at: str | None
) -> list[Publication]:
    """Files by when they were taken, the earliest first. Raises `Refused` where nobody says."""
    if retrieved_at is not None and not is_a_date(retrieved_at):
        raise Refused.field("--retrieved-at", f"{retrieved_at!r} is no date or full time")
    dated = sorted(
        ((_taken(source, path, retrieved_at), number, path) for number, path in enumerate(files)),
        key=lambda one: (last(one[0]), one[1]),
    )
    if source.role is None:
        return [Publication(at, (path,)) for at, _, path in dated]
    role = source.role
    found = []
    for at, some in groupby(dated, key=lambda one: one[0]):
        parts = sorted((path for *_, path in some), key=lambda path: role(_part(path)))
        if [role(_part(path)) for path in parts].count(0) != 1:
            names = ", ".join(path.name for path in parts)
            raise Refused.field(
                names, f"of what was taken at {at}, exactly one file should have the entries"
            )
        found.append(Publication(at, tuple(parts)))
    return found


def _taken(source: Source, path: Path, retrieved_at: str | None) -> str:
    found = retrieved_at or source.dated(_part(path)) or in_a_name(path.name)
    if found is None:
        raise Refused.field(
            str(path),
            "neither the file nor its name says when it was taken; say it with --retrieved-at, or "
            "name the file so: sdn_2022-03-07T184758Z.csv",
        )
    return found


def _part(path: Path) -> Part:
    return Part(path.name, lambda: path.open("rb"))


class Ingest:
    """Reads a source's publications into a log, one after the other."""

    def __init__(
        self, log: EventLog, registry: Registry, evidence: Evidence, source: Source, asked: Asked
    ) -> None:
        self._log = log
        self._registry = registry
        self._evidence = evidence
        self._source = source
        self._asked = asked
        self.ledger = Ledger()
        self._upto = Position()

    async def learn(self) -> None:
        """Learn from the log what it says that its sources last showed."""
        ends = await self._log.ends()
        async for records in self._log.read(self._upto, ends):
            self.ledger.take(records)
        self._upto = ends

    async def read(self, some: Sequence[Publication]) -> AsyncIterator[Report]:
        """Read publications in their order. Raises `Older` where one is not the latest."""
        await self.learn()
        for one in some:
            yield await self._read(one)

    async def _read(self, publication: Publication) -> Report:
        primary, source = publication.files[0], self._source
        sha256 = digest(primary)
        if source.documents is not None:
            return await self._gazette(publication, sha256)
        if not source.every and self.ledger.was_read(source.known_as, sha256):
            return Report(primary.name, publication.at, sha256, "unchanged", Difference())
        taken = Taken(publication.at, primary.name, sha256, self._asked.backfill)
        head = Head(published=source.dated(_part(primary)))
        comparing = Comparison(source, self.ledger, self._registry, taken, self._asked.kinds)
        comparing.take(source.pieces([_part(path) for path in publication.files], head), head)
        found = comparing.end(head)
        report = Report(
            primary.name,
            publication.at,
            sha256,
            "read",
            found,
            problems=head.faults,
            faulty=head.faulty,
            why=doubts(found, head, self._asked.most_removed),
        )
        for path in publication.files:
            self._evidence.keep(path, digest(path), source=source.name, taken=publication.at)
        if report.why and not self._asked.accept:
            report.outcome = "held"
            return report
        if await self._append(found, report):
            comparing.settled()
        if not report.recorded and not report.problems:
            report.outcome = "unchanged"
        return report

    async def _gazette(self, publication: Publication, sha256: str) -> Report:
        """Documents about lists: notes on the companies that they name, and proposals."""
        (file,), source = publication.files, self._source
        head, brought = Head(), Brought()
        names = Names(self.ledger.everyone())
        try:
            for document in source.documents(_part(file), head) if source.documents else ():
                brought.take(document, names, self._registry, source.name, self._asked.backfill)
        except Unreadable as error:
            head.cut = str(error)
        found = Difference(events=brought.notes, entries=brought.documents)
        report = Report(file.name, publication.at, sha256, "read", found, brought=brought)
        report.problems, report.faulty = head.faults, head.faulty
        self._evidence.keep(file, sha256, source=source.name, taken=publication.at)
        if head.cut is not None:
            report.why = [f"it is cut short or broken: {head.cut}"]
            report.outcome = "held"
            return report
        await self._append(found, report)
        if not report.recorded:
            report.outcome = "unchanged"
        return report

    async def _append(self, found: Difference, report: Report) -> bool:
        """Whether the log took all of it."""
        taken = True
        events = [admit(one, self._registry) for one in found.events]
        receipts = await self._log.append(events)
        for event, receipt in zip(found.events, receipts, strict=True):
            if receipt.problem is not None:
                report.problems.append(receipt.problem)
                taken = False
            elif receipt.outcome == "recorded":
                self.ledger.learn(event)
            report.recorded += receipt.outcome == "recorded"
            report.duplicate += receipt.outcome == "duplicate"
        return taken
