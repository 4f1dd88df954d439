"""The Denied Persons List of the Bureau of Industry and Security: orders that deny a person all
exports, tab-separated, a row for each address.

An order is a name and the day from which it counts. One with several addresses has several rows,
which differ here and there in what they cite.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, cast

from events.sources.countries import country
from events.sources.dating import day
from events.sources.entity import Entity, Listing
from events.sources.headed import cells, rows
from events.sources.orders import REGISTERS, basis, commonest, every, fullest, key, latest
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import name, quote, said

LIST: Final = "us-bis-dpl"
_NAME: Final = "Name"
_BEGINS: Final = "Effective_Date"
_ENDS: Final = "Expiration_Date"
_NOTICE: Final = "FR_Citation"
_COUNTRY: Final = "Country"
_BESIDE: Final = ("Standard_Order", "Last_Update", "Action")
_KEPT: Final = (_NAME, _BEGINS, _ENDS, _NOTICE, _COUNTRY, *_BESIDE)
"""The street, the city, the state and the postal code are not read at all."""

Row = tuple[str, ...]


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Order by order: its rows may stand anywhere in the file."""
    orders: dict[str, tuple[int, dict[Row, None]]] = {}
    for part in parts:
        for line, row in rows(part, head, _KEPT, _row_of, delimiter="\t"):
            found = _key(row)
            if found is None:
                begins = row[_KEPT.index(_BEGINS)]
                what = f"{begins!r} is no date, or there is no name"
                head.fault(part.name, line, _BEGINS, what)
            else:
                orders.setdefault(found, (line, {}))[1][row] = None
    for found, (line, some) in orders.items():
        yield Piece(found, tuple(sorted(some)), line)


def _row_of(heading: list[str]) -> Callable[[list[str]], Row]:
    taken = cells(heading, _KEPT)
    return lambda row: tuple(said(cell) or "" for cell in taken(row))


def _key(row: Row) -> str | None:
    said_of = dict(zip(_KEPT, row, strict=True))
    begins = day(said_of[_BEGINS])
    if begins is None or not said_of[_NAME]:
        return None
    return key(REGISTERS[LIST].code, said_of[_NAME], begins)


def entity(piece: Piece) -> Entity:
    """An order."""
    some = [dict(zip(_KEPT, row, strict=True)) for row in cast("tuple[Row, ...]", piece.raw)]
    full = name(some[0][_NAME], _NAME)
    return Entity(
        piece.key,
        full,
        listings=(
            Listing(
                LIST,
                name_as_listed=full,
                basis=basis(fullest(row[_NOTICE] for row in some)),
                effective=day(some[0][_BEGINS]),
                expires=latest(_end(row[_ENDS]) for row in some),
            ),
        ),
        country=commonest(country(row[_COUNTRY] or None) for row in some),
        rest=quote((one, every(row[one] for row in some)) for one in _BESIDE),
        line=piece.line,
    )


def _end(text: str) -> str | None:
    """Through which day; an order without one has no end. Raises `Unreadable`."""
    found = day(text)
    if text and found is None:
        raise Unreadable(_ENDS, f"{text!r} is no date")
    return found


DPL: Final = Source(
    name="bis-dpl",
    title="BIS Denied Persons List",
    publisher="US Department of Commerce, Bureau of Industry and Security",
    url="https://www.bis.doc.gov/dpl/dpl.txt",
    scheme=REGISTERS[LIST].scheme,
    lists=frozenset({LIST}),
    pieces=pieces,
    entity=entity,
)
