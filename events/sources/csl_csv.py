"""The Consolidated Screening List as CSV: 28 columns in 2019, 29 since it has ids of its own."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from events.sources import csl
from events.sources.cmic import DATES
from events.sources.csl import BESIDE, Number, Row, parts_of
from events.sources.headed import rows
from events.sources.identifiers import SCHEMES
from events.sources.ofac import SCHEME
from events.sources.source import Head, Part, Piece, Source
from events.sources.text import mended

_NEEDED: Final = ("source", "entity_number", "name", "start_date", "end_date")
_COUNTRY: Final = re.compile(r"(?:^|, )([A-Z]{2})$")
_NAMED: Final = "|".join(
    map(re.escape, sorted({*SCHEMES, "Website", *DATES}, key=len, reverse=True))
)
_TYPE_FIRST: Final = re.compile(rf"({_NAMED}), (.+?)(?:, [A-Z]{{2}})?")
"""`V.A.T. Number, CHE-267.936.404, CH`, as since 2025."""
_TYPE_LAST: Final = re.compile(rf"(?:[A-Z]{{2}}, )?(.+), ({_NAMED})")
"""`US, 80-0890696, Tax ID No.`, as in 2019."""


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Entry by entry."""
    for part in parts[:1]:
        yield from csl.gathered(rows(part, head, _NEEDED, _row_of), part.name, head)


def _row_of(heading: list[str]) -> Callable[[list[str]], Row]:
    return lambda row: _row(dict(zip(heading, row, strict=True)))


def _row(cells: Mapping[str, str]) -> Row:
    def cell(column: str) -> str:
        return mended(cells.get(column)) or ""

    beside = ((one, cell(one)) for one in BESIDE)
    places = parts_of(cells.get("addresses"))
    return Row(
        label=cell("source"),
        number=cell("entity_number"),
        kind=cell("type"),
        name=cell("name"),
        programs=parts_of(cells.get("programs")),
        other_names=parts_of(cells.get("alt_names")),
        countries=tuple(found[1] for one in places if (found := _COUNTRY.search(one))),
        notice=cell("federal_register_notice"),
        begins=cell("start_date"),
        ends=cell("end_date"),
        numbers=tuple(_number(one) for one in parts_of(cells.get("ids"), "; ")),
        beside=tuple(one for one in beside if one[1]),
    )


def _number(text: str) -> Number:
    if first := _TYPE_FIRST.fullmatch(text):
        return first[1], first[2]
    if last := _TYPE_LAST.fullmatch(text):
        return last[2], last[1]
    return "ids", text


CSV: Final = Source(
    name="csl-csv",
    title=f"{csl.TITLE}, CSV",
    publisher=csl.PUBLISHER,
    url="https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.csv",
    scheme=SCHEME,
    lists=csl.LISTS,
    pieces=pieces,
    entity=csl.entity,
)
