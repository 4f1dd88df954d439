"""What a log says that each source last showed: folded from the events that reading it brought.

Nothing beside the log is needed to go on where the last reading ended: throw everything else away,
and the next publication is still compared with what was shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from events import vocabulary as words
from events.dates import UTC_ZONE, Instant, last
from events.identity import Companies
from events.log import Record
from events.sources.entity import IDENTITY, TERMS, Entity, Listing

STATED: Final = "stated"
OBSERVED: Final = "observed"
_DIGEST: Final = re.compile(r"sha256 ([0-9a-f]{64})$")
_WRITTEN_BY: Final = "/standing/ingest/"

Key = tuple[str, str, str]
"""A listing: its list, and the scheme and id of its reference."""


def written_by(source: str) -> str:
    """The CloudEvents `source` of what reading a source brings."""
    return _WRITTEN_BY + source


@dataclass(slots=True)
class Place:
    """What an entry last said of its place on a list."""

    event: str
    """The id of the designation, or of the note on another's."""
    designation: str
    """Which designation that is."""
    mine: bool
    """Whether this source brought it; what another brought is only noted."""
    begins: str = ""
    """When it has effect from, as written in the designation."""
    basis: str = ""
    """How that is known: `stated`, `observed` or `baseline`."""
    terms: dict[str, Any] = field(default_factory=dict)
    announced: str = ""
    """Since when the public could know of it, as written."""
    lent: dict[str, str] = field(default_factory=dict)
    """Which of its dates (`effective`, `announced`, `expires`) another source gave: which one."""
    replaced: str | None = None
    """Which designation this one was put in the place of."""
    ended_by: tuple[str, ...] = ()
    """The amendments that moved its end."""
    retracted: bool = False
    """Whether a person took it back, so that it stands no longer."""

    @property
    def stated(self) -> bool:
        """Whether a source said since when."""
        return self.basis == STATED

    def amend(self, event: str, terms: Mapping[str, Any]) -> None:
        """Take in what an amendment says."""
        self.terms.update(terms)
        if "expires" in terms:
            self.ended_by += (event,)
            self.lent.pop("expires", None)

    def listing(self, list_id: str) -> Listing:
        """As the source would show it now."""
        own = self.terms.get("restrictions")
        terms = {name: self.terms.get(name) for name in TERMS if name != "restrictions"}
        return Listing(
            list_id,
            effective=self.begins if self.stated else None,
            restrictions=None
            if own is None
            else tuple((one["kind"], one.get("from"), one.get("until")) for one in own),
            **terms,
        )


class Opened(NamedTuple):
    """A listing that is open."""

    company: str
    source: str | None
    """Who brought it; None where no source did."""
    place: Place
    """As who brought it has it."""


@dataclass(slots=True)
class Shown:
    """An entry as a source last showed it."""

    company: str
    described: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    rest: str = ""
    scheme: str | None = None
    """What its key is an id of."""

    def entity(self, key: str, line: int) -> Entity:
        """As the source would show it now."""
        said = self.described
        return Entity(
            key,
            said.get("name", key),
            said.get("kind", "unknown"),
            tuple(place.listing(list_id) for list_id, place in self.places.items()),
            tuple(said.get("aliases") or ()),
            said.get("country"),
            tuple((one["scheme"], one["value"]) for one in said.get("identifiers") or ()),
            said.get("website"),
            self.rest,
            line=line,
        )


class Seen(NamedTuple):
    """An entry as it was written in the publication before, where this process read that."""

    raw: object
    lists: tuple[str, ...]
    skipped: str | None = None
    """Its kind, where that was not asked for."""
    elsewhere: tuple[str, ...] = ()


class Read(NamedTuple):
    """A reading of a list by a source."""

    publication: str
    """Which publication it was, as written."""
    retrieved: str | None = None
    sha256: str | None = None
    records: int | None = None

    @property
    def taken(self) -> str:
        """When it was taken, as written."""
        return self.retrieved or self.publication

    @property
    def instant(self) -> Instant:
        """When that is over."""
        return last(self.taken, UTC_ZONE)


class Ledger:
    """What every source of a log last showed, and which companies there are."""

    def __init__(self) -> None:
        self.companies = Companies()
        self._read: dict[tuple[str, str], Read] = {}
        self._files: set[tuple[str, str, str | None]] = set()
        self._shown: dict[str, dict[str, Shown]] = {}
        self._latest: dict[str, Read] = {}
        self._begun: dict[tuple[str, str], Read] = {}
        self._memory: dict[str, dict[str, Seen]] = {}
        self._described: dict[str, dict[str, Any]] = {}
        self._describers: dict[str, set[str | None]] = {}
        self._removed: dict[Key, str] = {}
        self._open: dict[Key, Opened] = {}

    def shown(self, source: str) -> dict[str, Shown]:
        """The entries of a source, by its own ids."""
        return self._shown.setdefault(source, {})

    def read(self, source: str, lists: Iterable[str]) -> Read | None:
        """The latest reading of any of these lists by a source."""
        found = self.readings(source, lists).values()
        return max(found, key=lambda one: one.instant, default=None)

    def begun(self, source: str, lists: Iterable[str]) -> list[Read]:
        """Of each of these lists the last publication of a source that brought anything of it, or
        of which it was said that it was read: a log may have only a part of that."""
        return [self._begun[source, one] for one in lists if (source, one) in self._begun]

    def latest(self, source: str) -> Read | None:
        """The latest publication of a source that brought an event: of a delta, which may say of no
        list that it was read, there is nothing else."""
        return self._latest.get(source)

    def readings(self, source: str, lists: Iterable[str]) -> dict[str, Read]:
        """The latest reading of each of these lists by a source."""
        return {one: self._read[source, one] for one in lists if (source, one) in self._read}

    def was_read(self, source: str, taken: str, sha256: str) -> bool:
        """Whether this very file of a source was read as it was taken then."""
        return (source, taken, sha256) in self._files

    def memory(self, source: str) -> dict[str, Seen]:
        """How the entries of a source were written in what this process read last."""
        return self._memory.setdefault(source, {})

    def described(self, company: str) -> dict[str, Any]:
        """What is said of a company, whoever said it."""
        return self._described.get(company, {})

    def everyone(self) -> Iterable[tuple[str, dict[str, Any]]]:
        """Each company that is described, and what is said of it."""
        return self._described.items()

    def described_only_by(self, company: str, source: str) -> bool:
        """Whether nobody else has said who a company is."""
        return self._describers.get(company, set()) <= {source}

    def removed(self, key: Key) -> str | None:
        """When a listing was taken off last, as written, whether or not it stands again."""
        return self._removed.get(key)

    def opened(self, key: Key) -> Opened | None:
        """A listing that is open, whoever brought it."""
        return self._open.get(key)

    def standing(self, list_id: str, scheme: str) -> int:
        """How many listings of a scheme are open on a list, whoever brought them."""
        return sum(1 for one in self._open if one[:2] == (list_id, scheme))

    def take(self, records: Iterable[Record]) -> None:
        """Learn from what stands in the log, in its order."""
        for record in records:
            self.learn(record.event)

    def learn(self, event: Mapping[str, Any]) -> None:
        """Learn from one event."""
        kind, subject, data = event["type"], event["subject"], event["data"]
        source = str(event.get("source", ""))
        mine = source.removeprefix(_WRITTEN_BY) if source.startswith(_WRITTEN_BY) else None
        if kind == words.LIST_CHECKED:
            if mine is not None:
                self._checked((mine, subject.removeprefix(words.LIST_SUBJECT_PREFIX)), data)
        elif kind in words.TYPES and kind != words.TIME_PASSED:
            self.companies.take(subject, data)
            if kind == words.DESCRIBED:
                self._described.setdefault(subject, {}).update(_identity(data))
                self._describers.setdefault(subject, set()).add(mine)
            if mine is not None and "reference" in data:
                self._told(mine, data)
                self._entry(mine, kind, subject, event["id"], data)
            if kind == words.EVENT_RETRACTED:
                self._retracted(data["event"])
            elif "reference" in data and "list" in data:
                self._listing(mine, kind, subject, event["id"], data)

    def _checked(self, what: tuple[str, str], data: Mapping[str, Any]) -> None:
        found = Read(data["publication"], *map(data.get, ("retrieved", "sha256", "records")))
        self._files.add((what[0], found.taken, found.sha256))
        self._begin(what, found)
        known = self._read.get(what)
        if known is None or known.instant <= found.instant:
            self._read[what] = found

    def _told(self, source: str, data: Mapping[str, Any]) -> None:
        """Publications are read in their order, so that the last is the latest."""
        some = data.get("sources") or ()
        read = next((_published(one) for one in some if "published" in one), None)
        if read is not None:
            self._latest[source] = read
            entry = self.shown(source).get(data["reference"]["id"])
            for list_id in [data["list"]] if "list" in data else entry.places if entry else ():
                self._begin((source, list_id), read)

    def _begin(self, what: tuple[str, str], read: Read) -> None:
        known = self._begun.get(what)
        if known is None or known.instant <= read.instant:
            self._begun[what] = read

    def _listing(
        self, source: str | None, kind: str, subject: str, event_id: str, data: Mapping[str, Any]
    ) -> None:
        list_id, entry = data["list"], data["reference"]["id"]
        key = (list_id, data["reference"]["scheme"], entry)
        if kind == words.DESIGNATION_ISSUED:
            brought = Opened(subject, source, _place(event_id, data))
            found = _opened(self._open.get(key), brought, data)
            self._open[key] = found
            if found.source is not None:
                self.shown(found.source)[entry].places[list_id] = found.place
        elif kind == words.REMOVAL_ISSUED:
            self._removed[key] = data["effective"]
            closed = self._open.pop(key, None)
            if closed and closed.source is not None:  # whoever closed it
                self.shown(closed.source)[entry].places.pop(list_id, None)

    def _retracted(self, event_id: str) -> None:
        for opened in self._open.values():
            if opened.place.event == event_id:
                opened.place.retracted = True

    def _entry(
        self, source: str, kind: str, subject: str, event_id: str, data: Mapping[str, Any]
    ) -> None:
        entries = self.shown(source)
        reference = data["reference"]
        entry = entries.setdefault(reference["id"], Shown(subject, scheme=reference["scheme"]))
        if kind == words.DESCRIBED:
            entry.described.update(_identity(data))
        elif kind == words.DESIGNATION_ISSUED:
            entry.rest = quoted(data)
        elif kind == words.DESIGNATION_AMENDED and data["list"] in entry.places:
            entry.places[data["list"]].amend(event_id, _terms(data))
            entry.rest = quoted(data) or entry.rest
        elif kind == words.REMOVAL_ISSUED:
            entry.places.pop(data["list"], None)
        elif kind == words.NOTE_RECORDED and "list" in data:
            self._noted(entry, event_id, data)

    def _noted(self, entry: Shown, event_id: str, data: Mapping[str, Any]) -> None:
        """A note on an entry: of what is not modelled, or of a listing that another brought. A
        note on such a note says that this source shows it no longer."""
        place = entry.places.get(data["list"])
        if place is not None and not place.mine and data.get("about") == place.event:
            del entry.places[data["list"]]
            return
        entry.rest = quoted(data)
        if place is None or not place.mine:
            entry.places[data["list"]] = Place(event_id, data.get("about", ""), False)


def _opened(known: Opened | None, found: Opened, data: Mapping[str, Any]) -> Opened:
    """A listing as a designation leaves it. One that puts right what another source brought leaves
    it that source's; who brought it is compared with it as it was told by sources alone."""
    if known is None or known.place.event != data.get("replaces"):
        return found
    place, was = found.place, known.place
    if found.source is None:
        here = place.event
        return known._replace(place=replace(was, event=here, designation=here, replaced=was.event))
    place.replaced = was.event
    for name, now, before in (
        ("effective", (place.begins, place.basis), (was.begins, was.basis)),
        ("announced", place.announced, was.announced),
        ("expires", place.terms.get("expires"), was.terms.get("expires")),
    ):
        if now != before and now and found.source != known.source:
            place.lent[name] = found.source
        elif now == before and name in was.lent:
            place.lent[name] = was.lent[name]
    if place.terms.get("expires") == was.terms.get("expires"):
        place.ended_by = was.ended_by
    return known._replace(place=place)


def _place(event_id: str, data: Mapping[str, Any]) -> Place:
    """What a designation says of a place; nobody but a source says that it only observed."""
    basis, announced = data.get("effective_basis", STATED), data.get("announced", "")
    return Place(event_id, event_id, True, data["effective"], basis, _terms(data), announced)


def _published(source: Mapping[str, Any]) -> Read:
    """The publication that an event was taken from."""
    found = _DIGEST.search(source.get("title", ""))
    return Read(source["published"], sha256=found[1] if found else None)


def quoted(data: Mapping[str, Any]) -> str:
    """What an event quotes of its source."""
    return next((str(one["quote"]) for one in data.get("sources") or () if "quote" in one), "")


def _identity(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in IDENTITY if key in data}


def _terms(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in TERMS if key in data}
