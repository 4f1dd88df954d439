"""What becomes of an entry's place on a list: it begins, is another, is also shown by this source,
or ends. Pure."""

from collections.abc import Mapping, MutableMapping
from dataclasses import replace

from events.dates import start
from events.lists import Registry
from events.sources.entity import Entity, Listing
from events.sources.ledger import Ledger
from events.sources.lending import Showing, disputed, lent
from events.sources.outcome import Difference, one_more
from events.sources.shown import Key, Opened, Place, Seen, Shown
from events.sources.source import Source
from events.sources.telling import Teller


class Placing:
    """Tells what a publication does to the places of its entries."""

    def __init__(
        self, source: Source, ledger: Ledger, registry: Registry, teller: Teller, found: Difference
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._registry = registry
        self._teller = teller
        self._found = found

    def look_again(self, shown: Mapping[str, Shown], memory: MutableMapping[str, Seen]) -> None:
        """Forget how an entry was written which ran out by the word of another source alone: where
        it stands there still, that was wrong."""
        for key, entry in shown.items():
            for list_id, place in entry.places.items():
                if "expires" in place.lent and self._teller.over(place.terms, list_id):
                    memory.pop(key, None)

    def believed(self, entity: Entity) -> Entity:
        """An entry without the dates of its places that cannot be meant. What is not believed, or
        is not what stands, is quoted."""
        plausible = self._since_removed(self._teller.plausible(entity))
        odd = [
            said
            for listing in plausible.listings
            if (opened := self._of_another(plausible, listing.list))
            for said in disputed(listing, opened, self._lent(plausible, listing, opened))
        ]
        return plausible.beside(odd) if odd else plausible

    def put(self, entity: Entity, listing: Listing, company: str, before: Shown | None) -> None:
        """What a publication says of an entry's place on a list."""
        place = before.places.get(listing.list) if before else None
        told_anew = before is not None and before.rest != entity.rest
        if place is None:
            self._new(entity, listing, company)
        elif place.mine:
            if self._moved(entity, listing, company, place):
                return
        elif self._lend(entity, listing):
            return
        if place is not None and told_anew:
            self._teller.noted(
                entity, listing.list, company, place.designation, "Now told otherwise"
            )

    def gone(self, key: str, entry: Shown, list_id: str) -> None:
        """That an entry is no longer shown on a list."""
        place = entry.places[list_id]
        if place.mine and self._teller.over(place.terms, list_id):
            return  # it ran out, as it said
        gone = Entity(key, entry.described.get("name", key), scheme=entry.scheme)
        if not place.mine and self._source.every:
            self._teller.noted(gone, list_id, entry.company, place.event, "No longer shown here")
            return
        one_more(self._found.removed, list_id)
        self._teller.removed(gone, list_id, entry.company, place.begins)

    def _key(self, entity: Entity, list_id: str) -> Key:
        return (list_id, self._teller.scheme(entity), entity.key)

    def _since_removed(self, entity: Entity) -> Entity:
        """An entry that was taken off and stands again began again, whatever day the source still
        gives."""

        def judge(one: Listing) -> tuple[Listing, list[str]]:
            removed = self._ledger.removed(self._key(entity, one.list))
            zone = self._registry[one.list].zone
            if removed and one.effective and start(one.effective, zone) <= start(removed, zone):
                odd = f"effective: {one.effective}, before it was taken off"
                return replace(one, effective=None), [odd]
            return one, []

        return entity.judged(judge)

    def _new(self, entity: Entity, listing: Listing, company: str) -> None:
        key = self._key(entity, listing.list)
        opened = self._ledger.opened(key)
        if opened is not None:
            about = opened.place.event
            self._teller.noted(entity, listing.list, opened.company, about, "Shown here as well")
            self._lend(entity, listing)
        elif listing.effective is None and self._teller.over(listing.terms(), listing.list):
            self._found.over += 1  # nobody says since when it stood
        else:
            self._teller.designated(entity, listing, company, self._ledger.removed(key))

    # --- what this source brought -----------------------------------------------------------------

    def _moved(self, entity: Entity, listing: Listing, company: str, place: Place) -> bool:
        """Whether an entry's place on a list is another than it was; then that is told."""
        teller, list_id = self._teller, listing.list
        over, by_another = teller.over(place.terms, list_id), "expires" in place.lent
        if not teller.fits(listing.effective or place.begins, listing.terms(), list_id):
            listing = replace(listing, expires=None)  # before it began: it cannot be meant
        if by_another and listing.expires is None and not over:
            listing = replace(listing, expires=place.terms["expires"])
        terms = listing.terms()
        begins = listing.effective
        changed = {key: value for key, value in terms.items() if place.terms.get(key) != value}
        if over and not by_another:
            if not teller.over(terms, list_id):
                teller.designated(entity, listing, company)
            return True
        if (
            (begins is not None and (not place.stated or place.begins != begins))
            or ("expires" in place.terms and "expires" not in terms)  # no amendment can say so
            # It ran out before anybody could see that it would: that is put right, too.
            or ("expires" in changed and teller.over(terms, list_id))
        ):
            teller.corrected(entity, listing, company, place)
            return True
        if changed:
            teller.amended(entity, listing, company, place.begins, changed)
        return bool(changed)

    # --- what another source brought --------------------------------------------------------------

    def _of_another(self, entity: Entity, list_id: str) -> Opened | None:
        opened = self._ledger.opened(self._key(entity, list_id))
        return opened if opened and opened.source != self._source.known_as else None

    def _lent(self, entity: Entity, listing: Listing, opened: Opened) -> Place:
        teller, zone = self._teller, self._registry[listing.list].zone
        removed = self._ledger.removed(self._key(entity, listing.list))
        seen = Showing(self._source.known_as, teller.at, teller.basis, zone, removed)
        return lent(listing, opened.place, seen)

    def _lend(self, entity: Entity, listing: Listing) -> bool:
        """Whether this source adds a date to a listing that another one brought; then that is
        told."""
        opened = self._of_another(entity, listing.list)
        if opened is None:
            return False
        was, now = opened.place, self._lent(entity, listing, opened)
        if now == was:
            return False
        self._teller.put_right(entity, listing.list, opened.company, now)
        return True
