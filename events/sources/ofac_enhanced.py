"""OFAC's enhanced XML: SDN_ENHANCED.XML, CONS_ENHANCED.XML, and what its list service makes of a
choice of lists.

`publicationInfo` says as of when and of which lists it is; then come reference values, and an
`entity` for each entry, whose `sanctionsList/@datePublished` is the day on which it was put on that
list. Format: the schema at .../exports/ENHANCED_XML.xsd of the Sanctions List Service.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

from lxml import etree

from events.sources import ofac_entity
from events.sources.entity import Entity
from events.sources.ofac_entity import LISTS, SDN
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import said
from events.sources.xml import Element, elements, fields, local

_ROOT: Final = "sanctionsData"
_ALL_BUT_SDN: Final = "Consolidated List"
_DIGEST_BYTES: Final = 16


class Raw:
    """An entry as it is written: equal where it is written alike, of the same lists. Its element is
    there until the next one is read."""

    __slots__ = ("digest", "element", "lists")

    def __init__(self, element: Element, lists: frozenset[str]) -> None:
        written = etree.tostring(element, encoding="utf-8", with_tail=False)
        self.digest = blake2b(written, digest_size=_DIGEST_BYTES).digest()
        self.lists = lists
        self.element: Element = element

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and (self.digest, self.lists) == (other.digest, other.lists)

    def __hash__(self) -> int:
        return hash(self.digest)


def dated(part: Part) -> str | None:
    """The day as of which a file is."""
    try:
        for element in elements(part, _ROOT, ("dataAsOf", "entities")):
            text = said(element.text) or ""
            return ofac_entity.day(text) if local(element) == "dataAsOf" else None
    except Unreadable:  # it is told where it is read
        pass
    return None


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Entry by entry."""
    for element in elements(parts[0], _ROOT, ("publicationInfo", "entity")):
        if local(element) == "publicationInfo":
            _publication(element, head)
        elif head.lists is None:
            raise Unreadable("publicationInfo", "missing: of which lists is this?")
        else:
            raw = Raw(element, head.lists)
            yield Piece(element.get("id") or "", raw, element.sourceline or 0)
            raw.element = None


def entity(piece: Piece) -> Entity:
    """An entry, read."""
    raw = piece.raw
    if not isinstance(raw, Raw) or raw.element is None:
        raise Unreadable("entity", "was let go")
    return ofac_entity.read(raw.element, piece.key, piece.line, raw.lists)


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
        if one == _ALL_BUT_SDN:
            yield from (list_id for list_id in LISTS.values() if list_id != SDN)
        elif one in LISTS:
            yield LISTS[one]


ENHANCED: Final = Source(
    name="ofac-enhanced-xml",
    title="OFAC's enhanced XML",
    publisher="US Department of the Treasury, Office of Foreign Assets Control",
    url="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/CONS_ENHANCED.XML",
    scheme="ofac",
    lists=frozenset(LISTS.values()),
    pieces=pieces,
    entity=entity,
    dated=dated,
)
