"""What a log says that each source last showed: folded from the events that reading it brought.

Nothing beside the log is needed to go on where the last reading ended: throw everything else away,
and the next publication is still compared with what was shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from events import vocabulary as words
from events.identity import Companies
from events.log import Record
from events.sources.entity import IDENTITY, TERMS
from events.sources.shown import STATED, Dispute, Key, Opened, Place, Read, Seen, Shown

_DIGEST: Final = re.compile(r"sha256 ([0-9a-f]{64})$")
_WRITTEN_BY: Final = "/standing/ingest/"


def written_by(source: str) -> str:
    """The CloudEvents `source` of what reading a source brings."""
    return _WRITTEN_BY + source


def is_of_a_source(event: Mapping[str, Any]) -> bool:
    """Whether reading a source brought an event."""
    return str(event.get("source", "")).startswith(_WRITTEN_BY)


class Ledger:
    """What every source of a log last showed, and which companies there are."""

    def __init__(self) -> None:
        self.companies = Companies()
        self._read: dict[tuple[str, str], Read] = {}
        self._files: set[tuple[str, str, str | None]] = set()
        self._shown: dict[str, dict[str, Shown]] = {}
        self._begun: dict[tuple[str, str], Read] = {}
        self._memory: dict[str, dict[str, Seen]] = {}
        self._described: dict[str, dict[str, Any]] = {}
        self._describers: dict[str, set[str | None]] = {}
        self._removed: dict[Key, str] = {}
        self._open: dict[Key, Opened] = {}
        self._disputes: dict[str, Dispute] = {}
        self._disputed: dict[Key, str] = {}
        self._restored: dict[str, tuple[Dispute, str, Place]] = {}

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

    def disputes(self) -> Iterable[Dispute]:
        """The removals by one source of what another one showed then, whatever came of it."""
        return self._disputes.values()

    def disputing(self, dispute: Dispute) -> list[str]:
        """The sources that still show what was removed; none where it stands again, or was removed
        again since."""
        latest = self._disputed.get(dispute.key)
        return self._showing(dispute.key) if latest == dispute.event else []

    def _showing(self, key: Key) -> list[str]:
        list_id, scheme, entry = key
        return [
            source
            for source, entries in self._shown.items()
            if (found := entries.get(entry)) and found.scheme == scheme and list_id in found.places
        ]

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
                self._retracted(data["event"], event["id"])
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
            self._disputed.pop(key, None)
            if found.source is not None:
                self.shown(found.source)[entry].places[list_id] = found.place
        elif kind == words.REMOVAL_ISSUED:
            before = self._removed.get(key)
            self._removed[key] = data["effective"]
            if closed := self._open.pop(key, None):
                if closed.source is not None:  # whoever closed it
                    self.shown(closed.source)[entry].places.pop(list_id, None)
                if source is not None and self._showing(key):
                    self._disputed[key] = event_id
                    dispute = Dispute(event_id, key, closed, source, dict(data), before)
                    self._disputes[event_id] = dispute

    def _retracted(self, event_id: str, by: str) -> None:
        """That a designation stands no longer; that a disputed removal does not count, and then who
        still shows the listing has brought it; or that this was taken back."""
        for opened in self._open.values():
            if opened.place.event == event_id:
                opened.place.retracted = True
        if (dispute := self._disputes.get(event_id)) and (heirs := self.disputing(dispute)):
            self._restored[by] = self._restore(dispute, heirs[0])
        elif restored := self._restored.pop(event_id, None):
            self._remove_again(*restored)

    def _restore(self, dispute: Dispute, heir: str) -> tuple[Dispute, str, Place]:
        key, brought = dispute.key, dispute.opened
        places = self.shown(heir)[key[2]].places
        self._open[key] = Opened(brought.company, heir, replace(brought.place))
        noted, places[key[0]] = places[key[0]], self._open[key].place
        del self._disputed[key]
        self._ended(key, dispute.removed_before)
        return dispute, heir, noted

    def _remove_again(self, dispute: Dispute, heir: str, noted: Place) -> None:
        opened = self._open.get(dispute.key)
        if opened and opened.place.event == dispute.opened.place.event:  # nothing came of it since
            del self._open[dispute.key]
            self.shown(heir)[dispute.key[2]].places[dispute.key[0]] = noted
            self._disputed[dispute.key] = dispute.event
            self._ended(dispute.key, dispute.data["effective"])

    def _ended(self, key: Key, at: str | None) -> None:
        if at is None:
            self._removed.pop(key, None)
        else:
            self._removed[key] = at

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
