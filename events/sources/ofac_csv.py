"""OFAC's comma-separated files: a primary one with the entries, and, beside it, their other names
and addresses.

Twelve columns without a heading: number, name, type, programmes, title, call sign, vessel type,
tonnage, gross registered tonnage, flag, owner, remarks. `-0-` is nothing, `A] [B` are several
programmes, and the last row is a single 0x1A byte. Format: the Data Specifications that OFAC ships
beside the files (dat_spec.txt).
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple, cast

from events.sources.countries import country
from events.sources.entity import Entity, Listing
from events.sources.identifiers import SCHEMES, identifier
from events.sources.ofac import EXPORTS, PUBLISHER, SCHEME, joined, once
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import MOST, lines, name, no_row, quote, said

PROGRAM: Final = "Program"
_NOTHING: Final = "-0-"
_END: Final = "\x1a"
_COLUMNS: Final = 12
_OTHER_NAMES: Final = 5
_ADDRESSES: Final = 6
_ROLES: Final = {_OTHER_NAMES: 1, _ADDRESSES: 2}
_KINDS: Final = {"individual": "person", "vessel": "vessel", "aircraft": "aircraft"}
_BESIDE: Final = (
    "title",
    "call sign",
    "vessel type",
    "tonnage",
    "gross registered tonnage",
    "flag",
    "owner",
)
_ALIAS: Final = re.compile(r"(?:a\.k\.a\.|f\.k\.a\.|n\.k\.a\.|alt\. name) ['\"](.+?)['\"]")
_WEBSITE: Final = re.compile(r"(?:alt\. )?Website:? (\S+)")
_NAMED: Final = re.compile(
    rf"(?:alt\. )?({'|'.join(map(re.escape, sorted(SCHEMES, key=len, reverse=True)))}):? (.+)"
)
"""A number with what it is called: `alt. Tax ID No. 7736050003 (Russia)`."""
_WHERE: Final = re.compile(r" \([^()]*\)$")

Row = tuple[str, ...]
Placed = tuple[Sequence[Listing], Sequence[str]]
"""An entry's places on lists, and those of its programmes that are on none that standing knows."""
Lists = Callable[[str, Sequence[str], str], Placed]
"""Where the name, the programmes and the remarks of an entry put it."""


Written = str | Row
"""A row as its line is written, which is parsed only where it is not as it was: to parse them all
would be most of the work. One with an end of a line within quotes is parsed at once."""


class Raw(NamedTuple):
    """A row of the primary file with those of the others that are about it."""

    row: Written
    names: tuple[str, ...]
    countries: tuple[str, ...]


def role(part: Part) -> int:
    """Whether a file has the entries (0), their other names or their addresses; the number of its
    columns tells."""
    with part.open() as file:
        try:
            columns = len(next(csv.reader(lines(file)), ()))
        except (csv.Error, Unreadable):  # it is told where it is read
            return 0
    return _ROLES.get(columns, 0)


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Row by row, with what the other files say of each."""
    found: dict[int, dict[str, list[str]]] = {1: {}, 2: {}}
    for number, columns, column in ((1, _OTHER_NAMES, 3), (2, _ADDRESSES, 4)):
        for part in parts[1:]:
            if role(part) == number:
                for _, _, row in _rows(part, columns, head):
                    found[number].setdefault(row[0], []).append(row[column])
    names, countries = found[1], found[2]
    if not names:
        head.lacks = frozenset({"aliases"})
    for line, key, written in _rows(parts[0], _COLUMNS, head, parsed=False):
        beside = tuple(names.get(key, ())), tuple(countries.get(key, ()))
        yield Piece(key, Raw(written, *beside) if names or countries else written, line)


def _rows(
    part: Part, columns: int, head: Head, *, parsed: bool = True
) -> Iterator[tuple[int, str, Written]]:
    """The rows of a file with their lines and numbers. It is complete where the row of 0x1A ends
    it."""
    ended, line = False, 0

    def further() -> Iterator[str]:
        nonlocal line
        for line, text in numbered:  # noqa: B007 - it is said of the row
            yield text

    with part.open() as file:
        numbered = enumerate(lines(file), start=1)
        try:
            for line, text in numbered:
                key = text.partition(",")[0]
                if not parsed and key.isdecimal() and not (ended or text.count('"') % 2):
                    yield line, key, text
                    continue
                row = next(csv.reader(chain((text,), further())), [])
                if len(row) == columns and not ended:
                    yield line, row[0], tuple(row)
                elif row == [_END]:
                    ended = True
                elif row:
                    head.fault(part.name, line, "row", _other(row, columns), row[0].strip())
        except csv.Error as error:
            raise Unreadable(f"{part.name}:{line}", no_row(error)) from error
    if not ended:
        head.cut = f"{part.name} does not end with the row that ends such a file"


def _other(row: Sequence[str], columns: int) -> str:
    return f"{len(row)} columns where there should be {columns}"


def _row(written: Written) -> Row:
    """A row of the primary file, parsed. Raises `Unreadable`."""
    if isinstance(written, tuple):
        return written
    try:
        row = next(csv.reader([written]))
    except csv.Error as error:
        raise Unreadable("row", no_row(error)) from error
    if len(row) != _COLUMNS:
        raise Unreadable("row", _other(row, _COLUMNS))
    return tuple(row)


def reader_of(listed: Lists) -> Callable[[Piece], Entity]:
    """How a row is read: `listed` says on which lists it puts an entry."""

    def entity(piece: Piece) -> Entity:
        raw = cast("Raw | Written", piece.raw)
        written, other_names, countries = raw if isinstance(raw, Raw) else (raw, (), ())
        row = _row(written)
        key, listed_name, kind, programmes, *_, remarks = (_some(one) for one in row)
        if key is None or not key.isdecimal():
            raise Unreadable("ent_num", f"{row[0]!r} is no number")
        full = name(listed_name, "SDN_Name")
        told = _Remarks(remarks)
        some = [one for part in (programmes or "").split("] [") if (one := part.strip())]
        listings, elsewhere = listed(full, some, remarks or "")
        return Entity(
            key,
            full,
            _KINDS.get((kind or "").lower(), "unknown" if kind else "company"),
            tuple(listings),
            once([*map(_some, other_names), *told.aliases], full),
            next(filter(None, map(country, map(_some, countries))), None) or told.country,
            told.identifiers,
            told.website,
            quote([*zip(_BESIDE, map(_some, row[4:11]), strict=True), ("remarks", told.rest)]),
            elsewhere=tuple(elsewhere),
            line=piece.line,
        )

    return entity


def _some(text: str) -> str | None:
    found = said(text)
    return None if found == _NOTHING else found


class _Remarks:
    """What the remarks say that has a field of its own; the rest is quoted."""

    def __init__(self, text: str | None) -> None:
        self.aliases: list[str] = []
        self.website: str | None = None
        self.country: str | None = None
        found: dict[tuple[str, str], None] = {}
        rest: list[str] = []
        for part in (text or "").split("; "):
            clause = part.strip().removesuffix(".")
            if alias := _ALIAS.match(clause):
                self.aliases.append(alias[1])
            elif (site := _WEBSITE.fullmatch(clause)) and self.website is None:
                self.website = site[1]
            elif one := _identifier(clause):
                found[one] = None
                rest.append(clause)
            else:
                nationality = clause.removeprefix("Nationality of Registration ")
                if nationality != clause:
                    self.country = country(nationality)
                rest.append(clause)
        self.identifiers = tuple(found)[:MOST]
        self.rest = "; ".join(filter(None, rest))


def _identifier(clause: str) -> tuple[str, str] | None:
    match = _NAMED.fullmatch(clause)
    return identifier(match[1], _WHERE.sub("", match[2]).rstrip(".,;")) if match else None


def _all_on(list_id: str) -> Lists:
    def listed(full: str, programmes: Sequence[str], _: str) -> Placed:
        return [Listing(list_id, name_as_listed=full, program=joined(programmes, PROGRAM))], ()

    return listed


SDN: Final = Source(
    name="ofac-sdn-csv",
    title="OFAC's SDN.CSV",
    publisher=PUBLISHER,
    url=f"{EXPORTS}SDN.CSV",
    scheme=SCHEME,
    lists=frozenset({"us-ofac-sdn"}),
    pieces=pieces,
    entity=reader_of(_all_on("us-ofac-sdn")),
    role=role,
)
