"""OFAC's enhanced XML: SDN_ENHANCED.XML, CONS_ENHANCED.XML, and what its list service makes of a
choice of lists.

`publicationInfo` says as of when and of which lists it is; then come reference values, and an
`entity` for each entry, whose `sanctionsList/@datePublished` is the day on which it was put on that
list. Format: the schema at .../exports/ENHANCED_XML.xsd of the Sanctions List Service.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from events.sources import ofac_entity
from events.sources.ofac import EXPORTS, PUBLISHER, SCHEME
from events.sources.ofac_entity import LISTS, SDN, WRAPPER, Raw, entity
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import said
from events.sources.xml import Element, elements, fields, line_of, local, text_of

_ROOT: Final = "sanctionsData"


def dated(part: Part) -> str | None:
    """The day as of which a file is. Raises `Unreadable`."""
    return ofac_entity.day(text_of(part, _ROOT, "dataAsOf", "entities") or "")


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Entry by entry."""
    for found in elements(parts[0], _ROOT, "publicationInfo", "entity"):
        element = found.element
        if local(element) == "publicationInfo":
            _publication(element, head)
        elif head.lists is None:
            raise Unreadable("publicationInfo", "missing: of which lists is this?")
        else:
            raw = Raw(found, head.lists)
            yield Piece(element.get("id") or "", raw, line_of(element))
            raw.element = None


def _publication(element: Element, head: Head) -> None:
    told = fields(element)
    head.published = ofac_entity.day(told.get("dataAsOf", "")) or head.published
    named: list[str] = []
    for filters in element.iterchildren("{*}filters"):
        for one in filters:
            if local(one) == "sanctionsLists":
                named += [said(list_.text) or "" for list_ in one]
            elif len(one) or said(one.text):
                head.cut = f"it is a choice by {local(one)}, not all of a list"
    head.lists = frozenset(_lists(named)) if named else frozenset(LISTS.values())


def _lists(named: Iterable[str]) -> Iterator[str]:
    for one in named:
        if one == WRAPPER:
            yield from (list_id for list_id in LISTS.values() if list_id != SDN)
        elif one in LISTS:
            yield LISTS[one]


ENHANCED: Final = Source(
    name="ofac-enhanced-xml",
    title="OFAC's enhanced XML",
    publisher=PUBLISHER,
    url=f"{EXPORTS}CONS_ENHANCED.XML",
    scheme=SCHEME,
    lists=frozenset(LISTS.values()),
    pieces=pieces,
    entity=entity,
    dated=dated,
)
