"""How what a publication changes is told as events: when it has effect, from which file it is, and
about which entry. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from events import vocabulary as words
from events.dates import DAY, Instant, last, precision, show, start
from events.ids import fact_id
from events.lists import Registry
from events.sources.entity import Entity, Listing
from events.sources.ledger import Ledger, written_by
from events.sources.shown import OBSERVED, STATED, Place, Read
from events.sources.source import Source

_YEARS_AHEAD: Final[Instant] = 2 * 366 * DAY
"""Later than so long after it was read, nobody publishes that something begins."""


class Taken(NamedTuple):
    """A publication as it was taken: `at` as written, and from which file."""

    at: str
    file: str
    sha256: str
    backfill: bool = False
    """Whether it is history, of which nobody is to be told."""


class Teller:
    """Tells what one publication changes. `first` where it is the first of its source."""

    def __init__(self, source: Source, registry: Registry, taken: Taken) -> None:
        self.events: list[dict[str, Any]] = []
        self.first = False
        self.at = taken.at
        self._source = source
        self._registry = registry
        self._taken = taken

    # --- what ---------------------------------------------------------------------------------

    def described(self, entity: Entity, company: str, fields: Mapping[str, Any]) -> None:
        """Who a company is, as far as that is new."""
        self._write(words.DESCRIBED, company, entity, fields)

    def designated(
        self, entity: Entity, listing: Listing, company: str, removed: str | None = None
    ) -> None:
        """That an entry is on a list; again, where it was `removed`."""
        seen = None if removed is None else self._behind(listing.list, removed)
        when = self.when(listing.effective, seen)
        said = {"list": listing.list, **when, **listing.terms()}
        self._write(words.DESIGNATION_ISSUED, company, entity, said)

    def amended(
        self, entity: Entity, listing: Listing, company: str, begins: str, terms: Mapping[str, Any]
    ) -> None:
        """That an entry which was listed from `begins` on has other terms from now on."""
        seen = self._behind(listing.list, begins)
        said = {"list": listing.list, **self.when(None, seen), "effective_basis": OBSERVED, **terms}
        self._write(words.DESIGNATION_AMENDED, company, entity, said)

    def corrected(self, entity: Entity, listing: Listing, company: str, place: Place) -> None:
        """Put a designation in the place of another, as the source now tells it: from then on that
        is public."""
        when = self.when(listing.effective or place.begins)
        if listing.effective is None:
            when["effective_basis"] = STATED if place.stated else OBSERVED
        said = {"list": listing.list, **when, **listing.terms(), "replaces": place.event}
        said["correction_announced"] = self._taken.at
        self._write(words.DESIGNATION_ISSUED, company, entity, said)
        moved = place.terms.get("expires") != listing.expires
        void = (*([place.replaced] if place.replaced else ()), *(place.ended_by if moved else ()))
        self._taken_back(entity, listing.list, company, void)

    def put_right(self, entity: Entity, list_id: str, company: str, place: Place) -> None:
        """Put a designation that another source brought in the place of itself, with the dates that
        it has by what this one shows."""
        said = {
            "list": list_id,
            "effective": place.begins,
            "announced": place.announced or self._taken.at,
            "effective_basis": place.basis,
            **place.terms,
            "replaces": place.event,
            "correction_announced": self._taken.at,
        }
        self._write(words.DESIGNATION_ISSUED, company, entity, said)
        if place.replaced:
            self._taken_back(entity, list_id, company, [place.replaced])

    def _taken_back(
        self, entity: Entity, list_id: str, company: str, events: Iterable[str]
    ) -> None:
        """That these have no effect, now that a designation was put right: amendments of its end,
        and the one that it had been put in the place of, which would stand again, as what replaced
        it is replaced."""
        for one in events:
            said = {"list": list_id, "event": one, "correction_announced": self._taken.at}
            reason = f"{self._source.title} puts it right"
            self._write(words.EVENT_RETRACTED, company, entity, {**said, "reason": reason})

    def noted(self, entity: Entity, list_id: str, company: str, about: str, what: str) -> None:
        """What changes no standing: about which event, and what."""
        said = {"list": list_id, "kind": "source", "about": about, "announced": self._taken.at}
        text = f"{what}: {self._source.title}, entry {entity.key}"
        self._write(words.NOTE_RECORDED, company, entity, {**said, "text": text})

    def removed(self, entity: Entity, list_id: str, company: str, begins: str) -> None:
        """That an entry is on a list no longer, on which it was from `begins` on."""
        said = {"list": list_id, **self.when(None, self._behind(list_id, begins))}
        said.update(effective_basis=OBSERVED, how="delisted")
        self._write(words.REMOVAL_ISSUED, company, entity, said)

    def reading(self, records: int, published: str | None) -> Read:
        """What is to be said of a list of which it has so many entries."""
        taken = self._taken
        retrieved = taken.at if precision(taken.at) == "instant" else None
        return Read(published or taken.at, retrieved, taken.sha256, records)

    def read(self, list_id: str, read: Read) -> None:
        """That a list was read."""
        self.events.append(_checked(self._source.known_as, list_id, read))

    # --- when, and from where -----------------------------------------------------------------

    def plausible(self, entity: Entity) -> Entity:
        """The entry without dates that cannot be meant: what the source writes is quoted."""
        return entity.judged(self._plausible)

    def _plausible(self, one: Listing) -> tuple[Listing, list[str]]:
        zone, odd = self._registry[one.list].zone, []
        begins, ends = one.effective, one.expires
        if begins and start(begins, zone) > last(self._taken.at, zone) + _YEARS_AHEAD:
            odd.append(f"effective: {begins}, which is far ahead")
            begins = None
        if begins and ends and last(ends, zone) < start(begins, zone):
            odd.append(f"expires: {ends}, before it began")
            ends = None
        return replace(one, effective=begins, expires=ends), odd

    def scheme(self, entity: Entity) -> str:
        """What an entry's key is an id of."""
        return entity.scheme or self._source.scheme

    def _behind(self, list_id: str, before: str) -> str:
        """When this was taken, as a moment that does not come before another, where that is known:
        of a day, its start or, where that is too early, its end."""
        zone, at = self._registry[list_id].zone, self._taken.at
        if not before or precision(at) == "instant" or start(at, zone) > start(before, zone):
            return at
        return show(last(at, zone), zone)

    @property
    def basis(self) -> str:
        """How it is known that something had effect when this was taken."""
        return "baseline" if self.first else OBSERVED

    def when(self, stated: str | None, seen: str | None = None) -> dict[str, Any]:
        """The dates of something, stated by the source or seen when this was taken."""
        return {
            "effective": stated or seen or self._taken.at,
            "announced": self._taken.at,
            "effective_basis": STATED if stated else self.basis,
        }

    def over(self, terms: Mapping[str, Any], list_id: str) -> bool:
        """Whether a listing has run out by when this was taken."""
        expires = terms.get("expires")
        if expires is None:
            return False
        zone = self._registry[list_id].zone
        return last(expires, zone) < last(self._taken.at, zone)

    def fits(self, begins: str, terms: Mapping[str, Any], list_id: str) -> bool:
        """Whether a listing that began then can run out as its terms say."""
        zone, ends = self._registry[list_id].zone, terms.get("expires")
        return ends is None or start(begins, zone) <= last(ends, zone)

    def _write(self, kind: str, company: str, entity: Entity, data: Mapping[str, Any]) -> None:
        source, taken = self._source, self._taken
        line = f", line {entity.line}" if entity.line else ""
        told = {
            "url": entity.url or source.url,
            "title": f"{taken.file}{line}, sha256 {taken.sha256}"[-1_000:],
            "publisher": source.publisher,
            "published": taken.at,
            **({"quote": entity.rest} if entity.rest else {}),
        }
        said = {
            **data,
            "reference": {"scheme": self.scheme(entity), "id": entity.key},
            "sources": [told],
        }
        self.events.append(
            {
                "id": fact_id(kind, company, said),
                "type": kind,
                "subject": company,
                "source": written_by(source.known_as),
                **({"backfill": True} if self.first or taken.backfill else {}),
                "data": said,
            }
        )


def seen_again(source: Source, ledger: Ledger, at: str) -> list[dict[str, Any]]:
    """What to record where a source says, at `at`, that nothing is new since it was last read."""
    readings = ledger.readings(source.known_as, sorted(source.lists))
    return [
        _checked(source.known_as, list_id, read._replace(retrieved=at))
        for list_id, read in readings.items()
    ]


def _checked(source: str, list_id: str, read: Read) -> dict[str, Any]:
    subject = f"{words.LIST_SUBJECT_PREFIX}{list_id}"
    said = {key: value for key, value in read._asdict().items() if value is not None}
    return {
        "id": fact_id(words.LIST_CHECKED, subject, said),
        "type": words.LIST_CHECKED,
        "subject": subject,
        "source": written_by(source),
        "data": said,
    }
