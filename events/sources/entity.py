"""What a source says of one of its entries, in the words of the log. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

Own = tuple[str, str | None, str | None]
"""A restriction that an entry states for itself: its kind, from when, until when, as written."""

IDENTITY: Final = ("name", "kind", "country", "aliases", "identifiers", "website")
TERMS: Final = ("name_as_listed", "program", "basis", "expires", "restrictions")


@dataclass(frozen=True, slots=True)
class Listing:
    """An entry's place on one list: dates as the source writes them, None where it does not."""

    list: str
    name_as_listed: str | None = None
    program: str | None = None
    basis: str | None = None
    effective: str | None = None
    """Since when, where the source says so."""
    expires: str | None = None
    restrictions: tuple[Own, ...] | None = None
    """Instead of the list's rules."""

    def terms(self) -> dict[str, Any]:
        """What a designation says of it, beside when."""
        said = {name: getattr(self, name) for name in TERMS}
        if self.restrictions is not None:
            said["restrictions"] = [
                {
                    key: value
                    for key, value in zip(("kind", "from", "until"), one, strict=True)
                    if value
                }
                for one in self.restrictions
            ]
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Entity:
    """One entry of a source: who it is about, and on which lists it stands.

    `key` is the source's own id. Of a person nothing is kept but the names: no address, birth
    date or personal number is ever in here.
    """

    key: str
    name: str
    kind: str = "unknown"
    listings: tuple[Listing, ...] = ()
    aliases: tuple[str, ...] = ()
    country: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    website: str | None = None
    rest: str = ""
    """What the source says beside all that, as it says it."""
    url: str | None = None
    """Where the source itself tells more of this entry."""
    scheme: str | None = None
    """What the key is an id of, where that is not the source's own scheme."""
    elsewhere: tuple[str, ...] = field(default=(), compare=False)
    """Programmes of it that are on none of the lists that standing knows."""
    line: int = field(default=0, compare=False)
    """Where it stands in the file, from 1."""

    def described(self) -> dict[str, Any]:
        """What a description says of it."""
        said: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "country": self.country,
            "aliases": list(self.aliases) or None,
            "identifiers": [{"scheme": key, "value": value} for key, value in self.identifiers]
            or None,
            "website": self.website,
        }
        return {name: value for name, value in said.items() if value is not None}

    def beside(self, odd: Iterable[str]) -> "Entity":
        """The entry with more of what it says beside what is modelled."""
        return replace(self, rest="; ".join(filter(None, [self.rest, *odd])))

    def judged(self, judge: Callable[[Listing], tuple[Listing, Sequence[str]]]) -> "Entity":
        """The entry with each of its listings as it is believed; what is not is said beside."""
        both = [judge(one) for one in self.listings]
        odd = [one for _, some in both for one in some]
        return replace(self, listings=tuple(one for one, _ in both)).beside(odd) if odd else self

    def without_a_person(self) -> "Entity":
        """What may be kept of it: everything of a company, of a person only the names."""
        if self.kind != "person":
            return self
        return replace(self, country=None, identifiers=(), website=None, rest="")
