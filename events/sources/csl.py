"""The Consolidated Screening List of the International Trade Administration: thirteen lists of
Commerce, State and Treasury in one file. What its formats share. Pure.

A row is an entry's place on one list, told by the long label of its source. Treasury's entries have
the numbers that they have at Treasury, so that an entry on two lists is one; those of Commerce and
State have none, see `orders`. The rows of one entry may stand anywhere in the file.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, cast

from events.sources import cmic
from events.sources.countries import country
from events.sources.dating import day
from events.sources.entity import Entity, Listing
from events.sources.identifiers import identifier
from events.sources.ofac import KINDS, SCHEME
from events.sources.orders import (
    REGISTERS,
    basis,
    commonest,
    every,
    fullest,
    key,
    latest,
)
from events.sources.source import Head, Piece, Unreadable
from events.sources.text import MOST, mended, name, quote, short

TITLE: Final = "Consolidated Screening List"
PUBLISHER: Final = "US Department of Commerce, International Trade Administration"
_BY_CODE: Final = {
    "561": "us-ofac-capta",
    "CAP": "us-ofac-capta",
    "CCMC": cmic.CCMC,
    "CMIC": cmic.CMIC,
    "DPL": "us-bis-dpl",
    "DTC": "us-state-dtc",
    "EL": "us-bis-entity-list",
    "FSE": "us-ofac-fse",
    "ISN": "us-state-isn",
    "MBS": "us-ofac-mbs",
    "MEU": "us-bis-meu",
    "NS-CCMC": cmic.CCMC,
    "NS-CCMC LIST": cmic.CCMC,
    "NS-CMIC": cmic.CMIC,
    "NS-CMIC LIST": cmic.CMIC,
    "NS-MBS": "us-ofac-mbs",
    "NS-MBS LIST": "us-ofac-mbs",
    "NS-PLC": "us-ofac-plc",
    "PLC": "us-ofac-plc",
    "SDN": "us-ofac-sdn",
    "SSI": "us-ofac-ssi",
    "UVL": "us-bis-uvl",
}
"""By the code in the parentheses of a label: `Entity List (EL) - Bureau of Industry and
Security`."""
LISTS: Final = frozenset(_BY_CODE.values())
_CODE: Final = re.compile(r"\(([^()]+)\)(?=[^()]*$)")
_WEBSITE: Final = "Website"
BESIDE: Final = (
    "title",
    "remarks",
    "standard_order",
    "license_requirement",
    "license_policy",
    "call_sign",
    "vessel_type",
    "gross_tonnage",
    "gross_registered_tonnage",
    "vessel_flag",
    "vessel_owner",
)
"""Fields that are only quoted. Those on birth, nationality and citizenship are not read at all."""

Number = tuple[str, str]
"""A number or a remark among an entry's ids: what it is called, and the text."""


class Row(NamedTuple):
    """A row as both formats give it, without addresses and what is personal."""

    label: str
    number: str
    kind: str
    name: str
    programs: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    notice: str = ""
    begins: str = ""
    ends: str = ""
    numbers: tuple[Number, ...] = ()
    beside: tuple[Number, ...] = ()
    """What is only quoted: the field and its text."""

    @property
    def list(self) -> str | None:
        """Which of our lists it is of."""
        return list_of(self.label)


def list_of(label: str) -> str | None:
    """The list that a label names; None where standing has no such list."""
    found = _CODE.search(label)
    return _BY_CODE.get(found[1].strip().upper()) if found else None


def gathered(rows: Iterable[tuple[int, Row]], file: str, head: Head) -> Iterator[Piece]:
    """The entries of rows that come with where they stand, each with all its rows. Where the rows
    end before their end, the entries until there are given, and `Unreadable` is raised then."""
    entries: dict[str, tuple[int, dict[Row, None]]] = {}
    broken: Unreadable | None = None
    try:
        for line, row in rows:
            try:
                found = _key(row)
            except Unreadable as error:
                head.fault(file, line, error.what, error.detail)
            else:
                entries.setdefault(found, (line, {}))[1][row] = None
    except Unreadable as error:
        broken = error
    head.having = frozenset(
        row.list for _, some in entries.values() for row in some if row.list is not None
    )
    for found, (line, some) in entries.items():
        yield Piece(found, tuple(some), line)
    if broken is not None:
        raise broken


def _key(row: Row) -> str:
    """Raises `Unreadable` where nothing tells one entry from another."""
    if not row.label:
        raise Unreadable("source", "missing")
    if row.number:
        if not (row.number.isascii() and row.number.isdecimal()):
            raise Unreadable("entity_number", f"{row.number!r} is no number")
        return row.number
    register = REGISTERS.get(row.list or "")
    if register is None and row.list is not None:
        raise Unreadable("entity_number", "missing, and this list has numbers")
    code = register.code if register else row.label
    return key(code, name(row.name, "name"), _begins(row), row.notice)


def _begins(row: Row) -> str | None:
    return day(row.begins)


def entity(piece: Piece) -> Entity:
    """An entry, of all its rows. Raises `Unreadable`."""
    rows = cast("tuple[Row, ...]", piece.raw)
    full = name(rows[0].name, "name")
    kinds = {KINDS.get(row.kind.lower(), "unknown") for row in rows} - {"unknown"}
    by_list: dict[str, list[Row]] = {}
    for row in rows:
        if row.list is not None:
            by_list.setdefault(row.list, []).append(row)
    numbers = [number for row in rows for number in row.numbers]
    found = [identifier(*number) for number in numbers]
    sites = sorted(value for named, value in numbers if named == _WEBSITE)
    registers = (REGISTERS[one] for one in by_list if one in REGISTERS)
    others = {short(one, "alt_names") for row in rows for one in (row.name, *row.other_names)}
    return Entity(
        piece.key,
        full,
        kinds.pop() if len(kinds) == 1 else "unknown",
        tuple(_listing(one, some) for one, some in sorted(by_list.items())),
        tuple(sorted(one for one in others if one and one != full))[:MOST],
        commonest(country(one) for row in rows for one in row.countries),
        tuple(dict.fromkeys(one for one in found if one))[:MOST],
        short(sites[0], _WEBSITE) if sites else None,
        _rest(rows, sites),
        scheme=SCHEME if rows[0].number else next((one.scheme for one in registers), None),
        elsewhere=tuple(sorted({row.label for row in rows if row.list is None})),
        line=piece.line,
    )


def _listing(list_id: str, rows: list[Row]) -> Listing:
    full = short(rows[0].name, "name")
    program = short("; ".join(sorted({one for row in rows for one in row.programs})), "programs")
    if list_id in (cmic.CMIC, cmic.CCMC):
        days = cmic.found(number for row in rows for number in row.numbers)
        return cmic.listing(list_id, full or "", program, days)
    return Listing(
        list_id,
        name_as_listed=full,
        program=program,
        basis=basis(fullest(row.notice for row in rows)),
        effective=min(filter(None, map(_begins, rows)), default=None),
        expires=latest(day(row.ends) for row in rows),
    )


def _rest(rows: tuple[Row, ...], sites: list[str]) -> str:
    told: dict[str, list[str]] = {}
    for row in rows:
        unread = [(f"{what}, as written", text) for what, text in _odd(row)]
        numbers = [one for one in row.numbers if identifier(*one) is None and one[0] != _WEBSITE]
        for what, text in (*row.beside, *unread, *numbers):
            told.setdefault(what, []).append(text)
    told["other websites"] = sites[1:]
    return quote((what.rstrip(" :-"), every(texts)) for what, texts in told.items())


def _odd(row: Row) -> Iterator[Number]:
    """Dates that are none."""
    for what, text in (("start_date", row.begins), ("end_date", row.ends)):
        if text and day(text) is None:
            yield what, text


def parts_of(text: str | None, by: str = ";") -> tuple[str, ...]:
    """The parts of a text that has several."""
    return tuple(one for part in (text or "").split(by) if (one := mended(part)))
