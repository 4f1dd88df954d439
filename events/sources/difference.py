"""What a publication changes: its entries against what the log says the source last showed. Pure.

What is new is designated, what differs amended, what is missing removed. Where the source gives no
date, what it shows was observed when the publication was taken; on the first one that is a
baseline, in effect by then at the latest.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from events.dates import DAY, last
from events.errors import Refused
from events.lists import Registry
from events.sources.entity import Entity
from events.sources.ledger import Ledger
from events.sources.outcome import Difference, one_more
from events.sources.placing import Placing
from events.sources.shown import Place, Read, Seen, Shown
from events.sources.source import Head, Piece, Source, Unreadable
from events.sources.telling import Taken, Teller

KINDS: Final = frozenset({"company", "unknown"})
"""The kinds of entry that are read unless all are asked for."""


_SEVERAL: Final = ("aliases", "identifiers")
_DAYS_BETWEEN: Final = 7
"""How far apart two deltas may be taken that still follow each other."""


class Older(Refused):
    """A publication that was taken before the one that was read last: what it shows was news
    then."""


class Comparison:
    """Compares one publication, entry by entry."""

    def __init__(
        self,
        source: Source,
        ledger: Ledger,
        registry: Registry,
        taken: Taken,
        kinds: frozenset[str] | None = KINDS,
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._registry = registry
        self._taken = taken
        self._kinds = kinds
        self._shown = ledger.shown(source.known_as)
        self._memory = ledger.memory(source.known_as)
        self._remembered: dict[str, Seen] = {}
        self._made: set[str] = set()
        self._lists: frozenset[str] = frozenset()
        self._lacks: frozenset[str] = frozenset()
        self._teller = Teller(source, registry, taken)
        self.found = Difference(self._teller.events, source.every)
        self._placing = Placing(source, ledger, registry, self._teller, self.found)

    def take(self, pieces: Iterable[Piece], head: Head) -> None:
        """Compare the entries as they are read. What cannot be read is noted in the head. Raises
        `Older`."""
        memory, remembered = self._memory, self._remembered
        begun = False
        try:
            for piece in pieces:
                if not begun:
                    begun = True
                    self._begin(head)
                key = piece.key
                known = memory.get(key)
                if key in remembered:
                    detail = f"{key!r} stands there twice"
                    head.fault(self._taken.file, piece.line, "id", detail, key)
                elif (
                    known is not None
                    and known.raw == piece.raw
                    and piece.action is None
                    and not (known.skipped and self._asked(known.skipped))
                ):
                    remembered[key] = known
                else:
                    remembered[key] = self._read(piece, head)
        except Unreadable as error:
            head.cut = f"{error.what}: {error.detail}" if error.what else error.detail
        if not begun:
            self._begin(head)

    def _begin(self, head: Head) -> None:
        """When the lists of this publication were read last."""
        known = frozenset(one.id for one in self._registry)
        self._lists = self._covered(head) & known
        self._lacks = head.lacks
        self._placing.look_again(self._shown, self._memory)
        ledger, source = self._ledger, self._source
        before = ledger.read(source.known_as, self._lists)
        # Of a file that was read before, what is new was left out then: it is no news either.
        again = ledger.was_read(source.known_as, self._taken.at, self._taken.sha256)
        self._teller.first = source.every and (before is None or again)
        others = ledger.begun(source.known_as, self._lists)
        if later := next((one for one in others if self._older(one, again=again)), None):
            raise Older.field(
                self._taken.file,
                f"was taken at {self._taken.at}, and {source.known_as} was read as it was at "
                f"{later.taken}: an older publication is not read after a later one",
            )

    def _older(self, than: Read, *, again: bool) -> bool:
        """Whether another publication was taken later; of two of one time, whether it was read
        after this one."""
        if last(self._taken.at) != than.instant:
            return last(self._taken.at) < than.instant
        return again and than.sha256 not in {None, self._taken.sha256}

    def _covered(self, head: Head) -> frozenset[str]:
        """The lists of which what is missing is gone."""
        source = self._source
        if head.having is None:
            return source.lists if head.lists is None else head.lists
        before = (one for one in source.lists if self._ledger.read(source.known_as, (one,)))
        return head.having.union(before)

    def end(self, head: Head) -> Difference:
        """Remove what the publication no longer has, and say that it was read."""
        found = self.found
        found.entries = len(self._remembered)
        if self._source.every:
            there = self._remembered.keys() | head.kept_back
            for key, entry in self._shown.items():
                if key not in there:
                    self._all_gone(key, entry)
        self._count()
        self._checked(head)
        return found

    def settled(self) -> None:
        """Remember how the entries were written: to be said once the events are in the log."""
        if self._source.every:
            self._memory.clear()
        self._memory.update(self._remembered)

    # --- one entry ----------------------------------------------------------------------------

    def _read(self, piece: Piece, head: Head) -> Seen:
        before = self._known(piece.key)
        if piece.action == "remove":
            if before is not None:
                self._all_gone(piece.key, before)
            return Seen(piece.raw, ())
        try:
            entity = self._told(piece, before)
            if entity is None:
                self.found.unknown += 1
                return Seen(piece.raw, ())
            self._entry(entity, before)
        except Unreadable as error:
            head.fault(self._taken.file, piece.line, error.what, error.detail, piece.key)
            return Seen(None, ())
        lists = tuple(one.list for one in entity.listings)
        skipped = entity.kind if before is None and not self._asked(entity.kind) else None
        return Seen(piece.raw, lists, skipped, entity.elsewhere)

    def _known(self, key: str) -> Shown | None:
        """An entry as it was shown: to a delta also where another source brought it, as a number of
        that scheme is the same entry in all of them."""
        shown = self._shown.get(key)
        if self._source.every:
            return shown
        for list_id in sorted(self._lists):
            opened = self._ledger.opened((list_id, self._source.scheme, key))
            if opened and not (shown and list_id in shown.places):
                company, at = opened.company, opened.place.event
                shown = shown or Shown(company, self._ledger.described(company))
                places = {**shown.places, list_id: Place(at, at, False)}
                shown = replace(shown, places=places)
        return shown

    def _told(self, piece: Piece, before: Shown | None) -> Entity | None:
        """An entry as the publication leaves it; None where it tells too little of it."""
        if piece.action != "modify" or self._source.changed is None:
            return self._source.entity(piece)
        known = before.entity(piece.key, piece.line) if before else None
        return self._source.changed(piece, known)

    def _asked(self, kind: str) -> bool:
        return self._kinds is None or kind in self._kinds

    def _entry(self, entity: Entity, before: Shown | None) -> None:
        if before is None and not (entity.listings and self._asked(entity.kind)):
            return
        entity = self._placing.believed(entity.without_a_person())
        company = before.company if before else self._company(entity)
        count = len(self.found.events)
        self._described(entity, company, before)
        for listing in entity.listings:
            self._placing.put(entity, listing, company, before)
        if before is not None:
            gone = self._lists.difference(one.list for one in entity.listings)
            for list_id in [one for one in before.places if one in gone]:
                self._placing.gone(entity.key, before, list_id)
        if before is None:
            self.found.added += 1
        elif len(self.found.events) > count:
            self.found.amended += 1

    def _company(self, entity: Entity) -> str:
        """Whom a new entry is about: whoever has its very reference or a global identifier, but no
        company that this source shows under another id."""
        companies, scheme = self._ledger.companies, self._teller.scheme(entity)
        if known := companies.by_reference(scheme, entity.key):
            return known
        if found := companies.by_identifiers(entity.identifiers):
            found -= {one.company for one in self._shown.values()} | self._made
            if len(found) == 1:
                return found.pop()
        made = companies.new_id(entity.name, scheme, entity.key, self._made)
        self._made.add(made)
        return made

    def _described(self, entity: Entity, company: str, before: Shown | None) -> None:
        """Say who a company is where that is new: no source takes away what another one said."""
        said, known = entity.described(), self._ledger.described(company)
        mine = before.described if before else {}
        alone = self._ledger.described_only_by(company, self._source.known_as)
        fresh = {
            key: value
            for key, value in said.items()
            if key not in _SEVERAL and mine.get(key, known.get(key)) != value
            if key in mine or key not in known
        }
        if known.get("name", entity.name) != entity.name and "name" not in fresh:
            said["aliases"] = [*said.get("aliases", ()), entity.name]
        for key in _SEVERAL:
            now, told = known.get(key) or [], said.get(key) or []
            kept = [] if alone and key not in self._lacks else now
            wanted = [*kept, *(one for one in told if one not in kept)]
            if sorted(map(repr, wanted)) != sorted(map(repr, now)):
                fresh[key] = wanted
        if fresh:
            self._teller.described(entity, company, fresh)

    def _all_gone(self, key: str, entry: Shown) -> None:
        for list_id in entry.places:
            if list_id in self._lists:
                self._placing.gone(key, entry, list_id)

    def _count(self) -> None:
        found = self.found
        for seen in self._remembered.values():
            for list_id in seen.lists:
                one_more(found.records, list_id)
            for name in seen.elsewhere:
                one_more(found.elsewhere, name)
            if seen.skipped is not None:
                one_more(found.skipped, seen.skipped)
        for entry in self._shown.values():
            for list_id, place in entry.places.items():
                if place.mine and not self._teller.over(place.terms, list_id):
                    one_more(found.stood, list_id)
        if not self._source.every:
            for list_id in found.removed:
                found.stood[list_id] = self._ledger.standing(list_id, self._source.scheme)

    def _checked(self, head: Head) -> None:
        """Say of each list that it was read. Last: what is cut off before that is read again."""
        source = self._source
        known = self._ledger.readings(source.known_as, self._lists)
        for list_id in sorted(self._lists):
            if not source.every and not self._follows(list_id):
                continue
            count = self.found.records.get(list_id, 0)
            read = self._teller.reading(count, head.published)
            if read != known.get(list_id):
                self._teller.read(list_id, read)

    def _follows(self, list_id: str) -> bool:
        """Whether a delta can vouch for a list: where that was read so lately that hardly another
        is missing between. Alone it says nothing of whom it does not name."""
        before = self._ledger.read(self._source.known_as, [list_id])
        return before is not None and last(self._taken.at) <= before.instant + _DAYS_BETWEEN * DAY
