"""What a source last showed of an entry, and of its lists. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from events.dates import UTC_ZONE, Instant, last
from events.sources.entity import TERMS, Entity, Listing

STATED: Final = "stated"
OBSERVED: Final = "observed"

Key = tuple[str, str, str]
"""A listing: its list, and the scheme and id of its reference."""


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


class Dispute(NamedTuple):
    """That one source removed what another one showed then."""

    event: str
    """The removal's id."""
    key: Key
    opened: Opened
    """The listing as it was."""
    by: str
    """Which source removed it."""
    data: Mapping[str, Any]
    """What the removal says."""
    removed_before: str | None = None
    """When it had been taken off before that."""
