"""Reading official files into the log: compared with what was read before, held where something
speaks against them, and kept as evidence."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from events.admitted import Admitted
from events.dates import DAY, NEVER, Instant, last, start
from events.door import admit
from events.errors import Problem, Refused
from events.lists import Registry
from events.log import EventLog, Position
from events.sources.dating import in_a_name, is_a_date
from events.sources.difference import KINDS, Comparison, Older
from events.sources.gazette import Brought, Names
from events.sources.guards import MOST_REMOVED, doubts
from events.sources.ledger import Ledger
from events.sources.outcome import Difference
from events.sources.source import Head, Part, Source, Unreadable
from events.sources.telling import Taken, seen_again
from events.vocabulary import LIST_CHECKED
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


READ_AS_USUAL: Final = Asked()


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
    outcome: str = "read"
    """`read`; `unchanged` where the log has all of it; `held`; `refused` where a later one was
    read."""
    found: Difference = field(default_factory=Difference)
    recorded: int = 0
    duplicate: int = 0
    problems: list[Problem] = field(default_factory=list)
    """What was not taken, or cannot be read, by file, line and field."""
    faulty: int = 0
    why: list[str] = field(default_factory=list)
    """Why it is held; of one that was accepted, what speaks against it."""
    brought: Brought | None = None
    """Of a gazette: what it proposes, and what was withdrawn."""
    proposed: int = 0
    """How many of those proposals are new."""
    questions: int = 0
    """How many questions to a person it raised that are open."""

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
            "questions": self.questions,
            **({} if self.brought is None else _proposed(self.brought)),
        }


def _proposed(brought: Brought) -> dict[str, Any]:
    return {
        "proposals": [one.shown() for one in brought.proposals],
        "off_topic": brought.off_topic,
        "withdrawn": sorted(brought.withdrawn),
    }


def moment(text: str) -> str:
    """When a file was taken, as a person says it: a date, a full time, or a time as in a name.
    Raises `Refused`."""
    found = text if is_a_date(text) else in_a_name(text)
    if found is None:
        raise Refused.field("--retrieved-at", f"{text!r} is no date or full time")
    return found


def publications(
    source: Source, files: Iterable[Path], retrieved_at: str | None, now: Instant = NEVER
) -> list[Publication]:
    """Files by when they were taken, the earliest first. Raises `Refused` where nobody says, or it
    is later than `now`: every file after it would be an older one."""
    dated = sorted(
        (
            (_taken(source, path, retrieved_at, now), number, path)
            for number, path in enumerate(files)
        ),
        key=lambda one: (last(one[0]), one[1]),
    )
    if source.role is None:
        return [Publication(at, (path,)) for at, _, path in dated]
    role = source.role
    found = []
    for at, some in groupby(dated, key=lambda one: one[0]):
        parts = sorted(((role(_part(path)), path) for *_, path in some), key=lambda one: one[0])
        if [one for one, _ in parts].count(0) != 1:
            names = ", ".join(path.name for _, path in parts)
            raise Refused.field(
                names, f"of what was taken at {at}, exactly one file should have the entries"
            )
        found.append(Publication(at, tuple(path for _, path in parts)))
    return found


def _taken(source: Source, path: Path, retrieved_at: str | None, now: Instant) -> str:
    dated, wrong = (None, None) if retrieved_at else _dated(source, path)
    found = retrieved_at or dated or in_a_name(path.name)
    if found is None:
        raise Refused.field(
            str(path),
            (f"cannot be read: {wrong}. Beside that, " if wrong else "")
            + "neither the file nor its name says when it was taken; say it with --retrieved-at, "
            "or name the file so: sdn_2022-03-07T184758Z.csv",
        )
    if start(found) > now + DAY:
        raise Refused.field(str(path), f"was taken at {found}, it is said: that is yet to come")
    return found


def _dated(source: Source, path: Path) -> tuple[str | None, Unreadable | None]:
    """When a file says that it was published, or why that cannot be read."""
    try:
        return source.dated(_part(path)), None
    except Unreadable as error:
        return None, error


def _part(path: Path) -> Part:
    return Part(path.name, lambda: path.open("rb"))


class Learned:
    """What a log says that its sources last showed, as far as it was read."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.ledger = Ledger()
        self._upto = Position()

    async def go_on(self) -> None:
        """Read on to the end of the log; what this process wrote is learned once more, and no
        different."""
        ends = await self.log.ends()
        async for records in self.log.read(self._upto, ends):
            self.ledger.take(records)
        self._upto = ends

    def disputed(self, report: Report) -> int:
        """How many removals that a publication brought are of what another source still shows."""
        brought = {one["id"] for one in report.found.events}
        return sum(
            one.event in brought and bool(self.ledger.disputing(one))
            for one in self.ledger.disputes()
        )


Keep = Callable[[Brought, str], tuple[int, list[str]]]
"""Keeps what a gazette proposes: how much of it is new, and what a person has to know of it."""


class Ingest:
    """Reads a source's publications into a log, one after the other."""

    def __init__(
        self,
        learned: Learned,
        registry: Registry,
        evidence: Evidence,
        source: Source,
        asked: Asked = READ_AS_USUAL,
        *,
        keep: Keep = lambda _brought, _at: (0, []),
    ) -> None:
        self._keep = keep
        self._learned = learned
        self._log = learned.log
        self._ledger = learned.ledger
        self._registry = registry
        self._evidence = evidence
        self._source = source
        self._asked = asked

    async def read(self, some: Sequence[Publication]) -> AsyncIterator[Report]:
        """Read publications in their order."""
        await self._learned.go_on()
        for publication in some:
            yield await self._read(publication)

    async def one(self, publication: Publication) -> Report:
        """`read` one."""
        await self._learned.go_on()
        return await self._read(publication)

    async def nothing_new(self, at: str) -> int:
        """Record that the source was asked at `at` and said that it is as it was; how many
        events that brought."""
        await self._learned.go_on()
        again = seen_again(self._source, self._ledger, at)
        receipts = await self._log.append([admit(one, self._registry) for one in again])
        for event in again:
            self._ledger.learn(event)
        return sum(one.outcome == "recorded" for one in receipts)

    async def _read(self, publication: Publication) -> Report:
        source, asked = self._source, self._asked
        primary, *others = publication.files
        report = Report(primary.name, publication.at, digest(primary))
        if source.documents is not None:
            return await self._gazette(primary, report)
        if not source.every and self._was_read(report):
            return replace(report, outcome="unchanged")
        taken = Taken(publication.at, report.file, report.sha256, asked.backfill)
        head = Head(published=_dated(source, primary)[0])
        comparing = Comparison(source, self._ledger, self._registry, taken, asked.kinds)
        try:
            comparing.take(source.pieces([_part(path) for path in publication.files], head), head)
        except Older as older:
            read = self._was_read(report)
            report.outcome = "unchanged" if read else "refused"
            report.problems = [] if read else list(older.problems)
            return report
        report.found = comparing.end(head)
        report.problems, report.faulty = head.faults, head.faulty
        report.why = doubts(report.found, head, asked.most_removed)
        for path, sha256 in ((primary, report.sha256), *((one, digest(one)) for one in others)):
            self._evidence.keep(path, sha256, source=source.name, taken=publication.at)
        if report.why and not asked.accept:
            report.outcome = "held"
            return report
        if await self._append(report.found, report):
            comparing.settled()
        if not report.recorded and not report.problems:
            report.outcome = "unchanged"
        return report

    async def _gazette(self, file: Path, report: Report) -> Report:
        """Documents about lists: notes on the companies that they name, and proposals."""
        source, head, brought = self._source, Head(), Brought()
        names = Names(self._ledger.everyone())
        try:
            for document in source.documents(_part(file), head) if source.documents else ():
                brought.take(document, names, self._registry, source.name, self._asked.backfill)
        except Unreadable as error:
            head.cut = str(error)
        report.found = Difference(events=brought.notes, entries=brought.documents)
        report.problems, report.faulty, report.brought = head.faults, head.faulty, brought
        self._evidence.keep(file, report.sha256, source=source.name, taken=report.at)
        if head.cut is not None:
            report.why = [f"it is cut short or broken: {head.cut}"]
            report.outcome = "held"
            return report
        if await self._append(report.found, report):
            report.proposed, told = self._keep(brought, report.at)
            report.problems += [Problem(file.name, one) for one in told]
        if not report.recorded and not report.proposed and not report.problems:
            report.outcome = "unchanged"
        return report

    def _was_read(self, report: Report) -> bool:
        return self._ledger.was_read(self._source.known_as, report.at, report.sha256)

    def _admitted(self, sent: Sequence[dict[str, Any]], report: Report) -> list[Admitted]:
        """Events as the log takes them; the publication is held where one of them is refused."""
        events = []
        for one in sent:
            try:
                events.append(admit(one, self._registry))
            except Refused as refused:
                for problem in refused.problems:
                    place = f"{report.file}: {one['subject']}: {problem.field}"
                    report.problems.append(Problem(place, problem.detail))
                report.outcome = "held"
        if report.outcome == "held":
            report.why.append("something that follows from it would be refused")
        return events

    async def _append(self, found: Difference, report: Report) -> bool:
        """Whether the log took all of it. That the lists were read is said once all else is there:
        a log of several parts may take some of an append and not the rest."""
        events = self._admitted(found.events, report)
        if report.outcome == "held":
            return False
        both = list(zip(found.events, events, strict=True))
        taken = await self._record([one for one in both if not _reading(one[0])], report)
        return taken and await self._record([one for one in both if _reading(one[0])], report)

    async def _record(
        self, some: Sequence[tuple[dict[str, Any], Admitted]], report: Report
    ) -> bool:
        """Whether the log took all of these."""
        if not some:
            return True
        receipts = await self._log.append([admitted for _, admitted in some])
        for (event, _), receipt in zip(some, receipts, strict=True):
            if receipt.outcome == "recorded":
                self._ledger.learn(event)
            report.recorded += receipt.outcome == "recorded"
            report.duplicate += receipt.outcome == "duplicate"
        problems = [one.problem for one in receipts if one.problem is not None]
        report.problems += problems
        return not problems


def _reading(event: dict[str, Any]) -> bool:
    return bool(event["type"] == LIST_CHECKED)
