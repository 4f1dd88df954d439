"""OpenSanctions' `targets.simple.csv`: a row for each target of a dataset or collection, several
values of a cell separated by semicolons, with quotes as in CSV. Format: its documentation of the
simplified tabular format.

OpenSanctions compiles what others publish, and joins entries that it takes for one: its ids are its
own, and one that was joined to another is missing from then on. What it saw first on some day may
have had effect for years, so its days are quoted and nothing more.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

from events.sources.countries import country
from events.sources.entity import Entity, Listing
from events.sources.headed import cells, rows
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import MOST, name, quote, said, short

_NEEDED: Final = ("id", "schema", "name", "aliases", "countries", "identifiers", "dataset")
_BESIDE: Final = ("sanctions", "program_ids", "dataset", "first_seen")
_KEPT: Final = (*_NEEDED, "program_ids", "sanctions", "first_seen")
"""Birth dates, addresses, telephone numbers and mail addresses are not read at all, and neither are
`last_seen` and `last_change`, which are of the compilation."""
_BY_PROGRAM: Final = {
    "US-AECA-DEBARRED": "us-state-dtc",
    "US-BIS-DPL": "us-bis-dpl",
    "US-BIS-EL": "us-bis-entity-list",
    "US-BIS-MEU": "us-bis-meu",
    "US-BIS-UVL": "us-bis-uvl",
    "US-CAPTA": "us-ofac-capta",
    "US-DOS-ISN": "us-state-isn",
    "US-FSE": "us-ofac-fse",
    "US-NS-CMIC": "us-ofac-ns-cmic",
    "US-NS-MBS": "us-ofac-mbs",
    "US-NS-PLC": "us-ofac-plc",
    "US-SSI": "us-ofac-ssi",
}
"""Programmes that are one list. The others of Treasury are on the SDN list, or on the menu-based
one: which of them says the dataset."""
_BY_DATASET: Final = {
    "US BIS Denied Persons List": "us-bis-dpl",
    "US OFAC Specially Designated Nationals (SDN) List": "us-ofac-sdn",
}
"""Datasets that are one list, by title."""
_OF_SEVERAL: Final = frozenset(
    {"US OFAC Consolidated (non-SDN) List", "US Trade Consolidated Screening List (CSL)"}
)
"""Datasets of several lists, which the programmes tell apart."""
_KINDS: Final = {
    "Airplane": "aircraft",
    "Company": "company",
    "LegalEntity": "unknown",
    "Organization": "company",
    "Person": "person",
    "PublicBody": "company",
    "Vessel": "vessel",
}
"""A `LegalEntity` is a person or an organisation of which it is not known which."""
_ID: Final = re.compile(r"[!-~]{1,200}")
_IMO: Final = re.compile(r"IMO ?([0-9]{7})")
_LEI: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_UNSAID: Final = "unspecified"
"""The scheme of an identifier of which the format does not say what it is."""

Row = tuple[str, ...]


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Row by row. The file is read twice: which lists it has entries of is asked first."""
    for part in parts[:1]:
        having: set[str] = set()
        try:
            for _, row in rows(part, Head(), _NEEDED, _row_of):
                having.update(_lists(_fields(row)))
        except Unreadable:  # it is told below, after the rows until there
            pass
        head.having = frozenset(having)
        for line, row in rows(part, head, _NEEDED, _row_of):
            if _ID.fullmatch(row[0]):
                yield Piece(row[0], row, line)
            else:
                head.fault(part.name, line, "id", f"{row[0][:100]!r} is no id")


def _row_of(heading: list[str]) -> Callable[[list[str]], Row]:
    taken = cells(heading, _KEPT)
    return lambda row: tuple(said(cell) or "" for cell in taken(row))


def _fields(row: Row) -> Mapping[str, str]:
    return dict(zip(_KEPT, row, strict=True))


def _values(cell: str) -> list[str]:
    """The values of a cell. One with quotes that do not match is taken as it is."""
    try:
        found = next(csv.reader([cell], delimiter=";", strict=True), [])
    except csv.Error:
        found = [cell]
    return [one for value in found if (one := said(value))]


def _lists(row: Mapping[str, str]) -> list[str]:
    if row["schema"] not in _KINDS:
        return []
    found = [_BY_PROGRAM.get(one) for one in _values(row["program_ids"])]
    found += [_BY_DATASET.get(one) for one in _values(row["dataset"])]
    return sorted({one for one in found if one})


def entity(piece: Piece) -> Entity:
    """A target."""
    row = _fields(cast("Row", piece.raw))
    full = name(row["name"], "name")
    datasets = _values(row["dataset"])
    lists = _lists(row)
    known = _OF_SEVERAL.union(_BY_DATASET) if lists else frozenset(_BY_DATASET)
    elsewhere = [one for one in datasets if one not in known]
    if row["schema"] not in _KINDS:
        elsewhere = [f"schema {row['schema']}"]
    places = _values(row["countries"])
    aliases = dict.fromkeys(short(one, "aliases") for one in _values(row["aliases"]))
    programs = [one for one in _values(row["program_ids"]) if one.startswith("US-")]
    return Entity(
        piece.key,
        full,
        _KINDS.get(row["schema"], "unknown"),
        tuple(
            Listing(one, full, short("; ".join(sorted(programs)), "program_ids")) for one in lists
        ),
        tuple(one for one in aliases if one and one != full)[:MOST],
        country(places[0].upper()) if len(places) == 1 else None,
        tuple(dict.fromkeys(map(_identifier, _values(row["identifiers"]))))[:MOST],
        rest=quote((one, row[one]) for one in _BESIDE),
        url=f"https://www.opensanctions.org/entities/{piece.key}/",
        elsewhere=tuple(elsewhere),
        line=piece.line,
    )


def _identifier(text: str) -> tuple[str, str]:
    if imo := _IMO.fullmatch(text):
        return "imo", imo[1]
    if _LEI.fullmatch(text) and int("".join(str(int(one, 36)) for one in text)) % 97 == 1:
        return "lei", text  # ISO 17442: its last two digits are a check by ISO 7064
    return _UNSAID, short(text, "identifiers") or ""


TARGETS: Final = Source(
    name="opensanctions-targets",
    title="OpenSanctions targets.simple.csv",
    publisher="OpenSanctions",
    url="https://data.opensanctions.org/datasets/latest/sanctions/targets.simple.csv",
    scheme="opensanctions",
    lists=frozenset({*_BY_PROGRAM.values(), *_BY_DATASET.values()}),
    pieces=pieces,
    entity=entity,
)
