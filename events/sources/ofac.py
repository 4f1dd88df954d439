"""What is alike in all that OFAC publishes, in whichever format. Pure."""

from collections.abc import Iterable
from typing import Final

from events.sources.text import MOST, short

SCHEME: Final = "ofac-uid"
"""Its numbers: one series in all of its files."""
PUBLISHER: Final = "US Department of the Treasury, Office of Foreign Assets Control"
SERVICE: Final = "https://sanctionslistservice.ofac.treas.gov/"
EXPORTS: Final = f"{SERVICE}api/PublicationPreview/exports/"
KINDS: Final = {
    "aircraft": "aircraft",
    "entity": "company",
    "individual": "person",
    "vessel": "vessel",
}
"""What it calls the kinds of entry."""


def joined(some: Iterable[str], what: str) -> str | None:
    """Several programmes or authorities as one term, in an order that is always the same."""
    return short("; ".join(sorted(set(some))), what)


def once(names: Iterable[str | None], but: str) -> tuple[str, ...]:
    """Other names, each once. Raises `Unreadable` where one is too long to be one."""
    found = (short(one, "name") for one in names)
    return tuple(dict.fromkeys(one for one in found if one and one != but))[:MOST]
