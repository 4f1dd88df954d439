"""OFAC's deltas: what a publication added, changed and removed.

`publicationInfo/datePublished` says when. Each `entity` says by its `action` what became of it: one
that is added or removed is there as in the enhanced XML, one without an action (or `modify`,
`change`, `update`) has only what is different, each element with an action of its own: `add`,
`remove`, or `update`, with the `oldValue` beside it. Format: DeltaFile.xsd of OFAC's downloads.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Final

from events.sources import ofac_enhanced
from events.sources.cmic import CMIC
from events.sources.dating import is_a_date
from events.sources.entity import Entity, Listing, Own
from events.sources.ofac import PUBLISHER, SCHEME, SERVICE, joined, once
from events.sources.ofac_entity import (
    LISTED,
    LISTS,
    Raw,
    Told,
    day,
    entity,
    listings,
    numbered,
    of_list,
    read,
    stages,
    written,
)
from events.sources.source import Action, Head, Part, Piece, Source, Unreadable
from events.sources.text import LONGEST, MOST, short
from events.sources.xml import Element, elements, fields, line_of, local, text_of

_ROOT: Final = "sanctionsData"
_NAMESPACE: Final = "https://www.treasury.gov/ofac/DeltaFile/1.0"
_ALL: Final = frozenset(LISTS.values())
_ACTIONS: Final[dict[str, Action]] = {
    "": "modify",
    "add": "add",
    "change": "modify",
    "modify": "modify",
    "remove": "remove",
    "update": "modify",
}


def dated(part: Part) -> str | None:
    """When a delta was published. Raises `Unreadable`."""
    return _time(text_of(part, _ROOT, "datePublished", "entities") or "")


def _time(text: str) -> str | None:
    """A day, which the format writes as its midnight; else a time, where it has an offset."""
    if text[10:19] != "T00:00:00" and is_a_date(text):
        return text
    return day(text)


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Entry by entry."""
    for found in elements(parts[0], _ROOT, "publicationInfo", "entity"):
        element = found.element
        if not element.tag.startswith(f"{{{_NAMESPACE}}}"):
            raise Unreadable("", f"its elements are not of {_NAMESPACE}: is it a delta?")
        if local(element) == "publicationInfo":
            head.published = _time(fields(element).get("datePublished", "")) or head.published
            continue
        key, line = element.get("id") or "", line_of(element)
        action = _ACTIONS.get(element.get("action", "").strip().lower())
        if action is None:
            head.fault(parts[0].name, line, "action", f"{element.get('action')!r} is unknown", key)
            continue
        raw = Raw(found, _ALL)
        yield Piece(key, raw, line, action)
        raw.element = None


def changed(piece: Piece, known: Entity | None) -> Entity | None:
    """An entry as a change leaves it. One that is not known has to be told of in full."""
    element = written(piece).element
    numbered(piece.key)
    there, gone = _now(element), _before(element)
    if known is None:
        told = Told().take(there)
        complete = told.primary is not None and any(one in LISTS for one in told.lists)
        return read(there, piece.key, piece.line, _ALL) if complete else None
    return _Change(Told().take(there), Told().take(gone)).of(known)


def _now(element: Element) -> Element:
    """The entry without what was removed."""
    there = deepcopy(element)
    for one in list(there.iterdescendants()):
        if one.get("action") == "remove" and one.getparent() is not None:
            one.getparent().remove(one)
    return there


def _before(element: Element) -> Element:
    """Of the entry what was removed, and what was there before an update."""
    gone = deepcopy(element)
    for section in gone:
        for item in list(section):
            touched = False
            for one in item.iter():
                if (old := one.get("oldValue")) is not None:
                    one.text, touched = old, True
                touched = touched or one.get("action") == "remove"
            if not touched and section.get("action") != "remove":
                section.remove(item)
    return gone


class _Change:
    """What is there now and what is gone, applied to what was known."""

    def __init__(self, there: Told, gone: Told) -> None:
        self._there = there
        self._gone = gone

    def of(self, known: Entity) -> Entity:
        """The entry as it leaves it."""
        there, gone = self._there, self._gone
        full = there.primary or known.name
        names = [one for one in known.aliases if one not in {*gone.names, *gone.issuers}]
        names += [*there.names, *there.issuers]
        kept = [one for one in known.identifiers if one not in gone.identifiers]
        site = known.website if known.website not in gone.websites else None
        return replace(
            known,
            name=full,
            kind=there.kind or known.kind,
            listings=tuple(self._listings(known, full)),
            aliases=once(names, full),
            identifiers=tuple(dict.fromkeys([*kept, *there.identifiers]))[:MOST],
            website=site or short(next(iter(there.websites), known.website), "Website"),
            rest="" if known.kind == "person" else self._rest(known.rest),
        )

    def _listings(self, known: Entity, full: str) -> Iterator[Listing]:
        there, gone = self._there, self._gone
        off = {LISTS[one] for one in gone.lists if one in LISTS and one not in there.lists}
        stays = [one for one in known.listings if one.list not in off]
        on = {one.list for one in stays}
        told = {one.list: one for one in listings(there, full, _ALL)}
        all_of_it = [*on, *(told.keys() - on)]
        programmes = _terms([one.program for one in stays], gone.programmes, there.programmes)
        laws = _terms([one.basis for one in stays], gone.authorities, there.authorities)
        for one in stays:
            also = told.get(one.list)
            cmic = one.list == CMIC
            yield replace(
                one,
                name_as_listed=full,
                program=_one(programmes, one.list, all_of_it, "sanctionsProgram", one.program),
                basis=_one(laws, one.list, all_of_it, "legalAuthority", one.basis),
                effective=(there.dates.get(LISTED) if cmic else None)
                or (also.effective if also else None)
                or one.effective,
                restrictions=_stages(one.restrictions, there.dates) if cmic else one.restrictions,
            )
        for list_id in sorted(told.keys() - on):
            yield told[list_id]

    def _rest(self, known: str) -> str:
        """What was quoted before, and what else is said to have changed."""
        parts = [known] if known else []
        for what, some in (("added", self._there.beside), ("gone", self._gone.beside)):
            for key, text in some:
                one = f"{key}: {text}"
                if text and f"{what}: {one}" not in known and (one in known) == (what == "gone"):
                    parts.append(f"{what}: {one}")
        return "; ".join(parts)[:LONGEST]


def _terms(known: Iterable[str | None], gone: Sequence[str], there: Sequence[str]) -> list[str]:
    """All programmes, or authorities, of an entry as a change leaves them; empty where it does not
    speak of them."""
    if not gone and not there:
        return []
    were = [part for one in known if one for part in one.split("; ")]
    return [*(one for one in were if one not in gone), *there]


def _one(
    some: Sequence[str], list_id: str, on: Sequence[str], what: str, was: str | None
) -> str | None:
    return (joined(of_list(some, list_id, on), what) if some else None) or was


def _stages(known: tuple[Own, ...] | None, dates: dict[str, str]) -> tuple[Own, ...] | None:
    fresh = {one[0]: one for one in stages(dates) or ()}
    if not fresh:
        return known
    return tuple({**{one[0]: one for one in known or ()}, **fresh}.values())


DELTA: Final = Source(
    name="ofac-delta-xml",
    title="OFAC's delta",
    publisher=PUBLISHER,
    url=f"{SERVICE}changes/latest",
    scheme=SCHEME,
    lists=_ALL,
    pieces=pieces,
    entity=entity,
    dated=dated,
    every=False,
    continues=ofac_enhanced.ENHANCED.name,
    changed=changed,
)
