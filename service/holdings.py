"""Files of holdings: which columns say who a company is, and what stands in each row."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import IO, Any, Final, NamedTuple

from events.errors import Refused
from events.sources.countries import country
from events.sources.text import no_row
from projections.names import LONGEST
from projections.screening import Holding

COLUMNS: Final[Mapping[str, str]] = {
    "name": "name",
    "companyname": "name",
    "legalname": "name",
    "issuer": "name",
    "issuername": "name",
    "entity": "name",
    "company": "company",
    "isin": "isin",
    "lei": "lei",
    "ticker": "ticker",
    "symbol": "ticker",
    "identifier": "identifier",
    "id": "identifier",
    "reference": "identifier",
    "country": "country",
}
"""What a heading means, without its case, blanks, hyphens and underscores."""
_SAYS_WHO: Final = frozenset(COLUMNS.values()) - {"country"}
_USUAL: Final = "name, company, isin, lei, ticker, identifier or id"
_DELIMITERS: Final = ",;\t|"
_MOST_COLUMNS: Final = 1_000
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """A row: its number (in a file, the line that it begins on), as it was given, and what it says
    of a company."""

    row: int
    given: Mapping[str, Any]
    holding: Holding


class Sheet(NamedTuple):
    """Rows under their headings."""

    headings: Sequence[str]
    lines: Iterator[Line]


def read_csv(file: IO[bytes], source: str) -> Sheet:
    """Rows of a CSV with a heading: parted by commas, semicolons, tabs or bars, whichever makes
    the heading known; empty ones are passed over. Raises `Refused` by line and column, also while
    the rows are read."""
    rows = _rows(file, source)
    first = next(rows, None)
    if first is None:
        raise Refused.field(source, f"is empty; it needs a heading with {_USUAL}")
    headings = _headings(first[1], source)
    return Sheet(headings, _lines(rows, headings, source))


def _rows(file: IO[bytes], source: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line that it begins on."""
    start = file.read(2)
    encoding = "utf-16" if start in _UTF_16 else "utf-8-sig"
    begun = io.BufferedReader(_Again(start, file))
    reader: Any = None
    line = 0
    try:
        text = io.TextIOWrapper(begun, encoding, newline="")
        head = next((one for one in _counted(text) if one[1].strip()), None)
        if head is None:
            return
        line = skipped = head[0] - 1
        reader = csv.reader(chain([head[1]], text), delimiter=_delimiter(head[1]), strict=True)
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line + 1, row
            line = skipped + reader.line_num
    except UnicodeDecodeError:
        detail = "is not UTF-8; save the sheet as CSV in UTF-8"
        raise Refused.field(f"{source}:{line + 1}", detail) from None
    except csv.Error as error:
        raise Refused.field(f"{source}:{line + 1}", no_row(error)) from None
    except UnicodeError as error:
        raise Refused.field(f"{source}:{line + 1}", str(error)) from None


class _Again(io.RawIOBase):
    """A file whose first bytes were read already."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._start or self._rest.read(len(buffer))
        self._start = b""
        buffer[: len(piece)] = piece
        return len(piece)


def _counted(text: IO[str]) -> Iterator[tuple[int, str]]:
    number = 0
    while line := text.readline():
        number += 1
        yield number, line


def _delimiter(heading: str) -> str:
    """Which makes most of the headings known, and then most of them."""

    def known(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([heading], delimiter=delimiter), [])
        return sum(meaning(cell) is not None for cell in cells), len(cells)

    return max(_DELIMITERS, key=known)


def meaning(heading: str) -> str | None:
    """What a heading says that its column has, where it says that."""
    return COLUMNS.get("".join(letter for letter in heading.casefold() if letter not in " -_"))


def _headings(cells: Sequence[str], source: str) -> tuple[str, ...]:
    headings = tuple(cell.strip() for cell in cells)
    if len(headings) > _MOST_COLUMNS:
        raise Refused.field(source, f"has more than {_MOST_COLUMNS:,} columns")
    if not any(meaning(one) in _SAYS_WHO for one in headings):
        found = ", ".join(one[:40] for one in headings[:10])
        raise Refused.field(
            source, f"no column says who a company is: name one {_USUAL}; its heading is {found}"
        )
    named = [one or f"column {number}" for number, one in enumerate(headings, 1)]
    for number, one in enumerate(named):
        while named[number] in named[:number]:
            named[number] = f"{one} {number + 1}"
    return tuple(named)


def _lines(
    rows: Iterator[tuple[int, list[str]]], headings: Sequence[str], source: str
) -> Iterator[Line]:
    for number, cells in rows:
        if any(cell.strip() for cell in cells[len(headings) :]):
            detail = f"{len(cells)} cells, and the heading has {len(headings)}"
            raise Refused.field(f"{source}:{number}", detail)
        padded = [*cells[: len(headings)], *("" for _ in headings[len(cells) :])]
        given = dict(zip(headings, padded, strict=True))
        yield Line(number, given, holding(given, f"{source}:{number}: "))


def holding(given: Mapping[str, Any], where: str) -> Holding:
    """What a row says of a company. Of two headings that mean the same, the first that says
    something counts. Raises `Refused` by field."""
    said: dict[str, str] = {}
    for heading, value in given.items():
        field = meaning(heading)
        if field is None or value is None:
            continue
        if not isinstance(value, str):
            raise Refused.field(f"{where}{heading}", f"{value!r} is no text")
        if len(value) > LONGEST:
            raise Refused.field(f"{where}{heading}", f"is longer than {LONGEST:,} characters")
        if text := value.strip():
            said.setdefault(field, text)
    if "country" in said:
        said["country"] = country(said["country"]) or ""
    return Holding(**said)


def read_json(body: Any, most: int) -> Sheet:
    """Rows of JSON: `names`, or `holdings` whose keys are as headings are. Raises `Refused` by
    row and field."""
    given = [key for key in ("names", "holdings") if key in body]
    if len(given) != 1 or not isinstance(body[given[0]], list):
        raise Refused.field("holdings", "send a list of holdings, or of names")
    field = given[0]
    some = body[field]
    if len(some) > most:
        raise Refused.field(field, f"takes at most {most:,} at once")
    found = []
    for number, one in enumerate(some):
        where = f"{field}.{number}"
        row = {"name": one} if field == "names" and isinstance(one, str) else one
        if not isinstance(row, dict) or (field == "names" and row is one):
            what = "text" if field == "names" else 'object, such as {"name": "…"}'
            raise Refused.field(where, f"is no {what}")
        if len(row) > _MOST_COLUMNS:
            raise Refused.field(where, f"has more than {_MOST_COLUMNS:,} fields")
        said = holding(row, f"{where}.")
        if not any(said[:-1]):
            raise Refused.field(where, f"says nothing of who it is; give it one of {_USUAL}")
        found.append(Line(number + 1, row, said))
    headings = dict.fromkeys(key for line in found for key in line.given)
    if len(headings) > _MOST_COLUMNS:
        raise Refused.field(field, f"have more than {_MOST_COLUMNS:,} fields together")
    return Sheet(tuple(headings), iter(found))
