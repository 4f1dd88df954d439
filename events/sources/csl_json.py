"""The Consolidated Screening List as JSON: `results`, an object for each row, read as it comes."""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping, Sequence
from json import JSONDecodeError, JSONDecoder
from typing import Any, BinaryIO, Final

from events.sources import csl
from events.sources.csl import BESIDE, Number, Row, parts_of
from events.sources.ofac import SCHEME
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import LONGEST_LINE, mended

_HEADING: Final = re.compile(r'.*?"results"\s*:\s*\[', re.DOTALL)
_BETWEEN: Final = re.compile(r"[\s,]*")
_END: Final = re.compile(r"[\s,]*\]")
_PIECE: Final = 1 << 16
_DECODER: Final = JSONDecoder()


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Entry by entry. Where a file has lines, these have the number of the result."""
    for part in parts[:1]:
        yield from csl.gathered(_rows(part, head), part.name, head)


def _rows(part: Part, head: Head) -> Iterator[tuple[int, Row]]:
    number = 0
    with part.open() as file:
        results = _Results(_Text(file))
        try:
            for number, result in enumerate(results, 1):
                if isinstance(result, dict):
                    yield number, _row(result)
                else:
                    head.fault(part.name, number, "results", "is no object")
        except _Broken as error:
            raise Unreadable(f"{part.name}, after result {number:,}", str(error)) from error
    if results.total not in {None, number}:
        head.cut = (
            f"{part.name} says that there are {results.total:,} results, and has {number:,}: "
            "is it a page of several?"
        )


class _Broken(Exception):
    """Why a file cannot be read further."""


class _Text:
    """A file as text, of which only what is being read is in memory. Raises `_Broken` where it is
    no UTF-8."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = getincrementaldecoder("utf-8-sig")()
        self.text = ""
        self.at = 0
        """So far it is read."""

    def more(self) -> bool:
        """Read on, and forget what was; whether there was more. What is read at once is never
        longer than a row can be."""
        if len(self.text) - self.at > LONGEST_LINE:
            return False
        read = self._file.read(_PIECE)
        try:
            self.text = self.text[self.at :] + self._decoder.decode(read, final=not read)
        except UnicodeDecodeError as error:
            raise _Broken("what follows is not text in UTF-8") from error
        self.at = 0
        return bool(read)

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Go behind what matches here, if it does."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return bool(found)


class _Results:
    """The elements of `results`, one at a time. Raises `_Broken` where the file breaks off."""

    def __init__(self, file: _Text) -> None:
        self._file = file
        self.total: int | None = None
        """How many there are by the file's own `total`, known at its end."""

    def __iter__(self) -> Iterator[object]:
        file = self._file
        while not file.skip(_HEADING):
            if not file.more():
                raise _Broken("there are no results: is it such a file?")
        self._own(f"{file.text[: file.at]}]}}", "what stands before the results is no JSON")
        while not file.skip(_END):
            file.skip(_BETWEEN)
            found = self._next()
            if found:
                yield found[0]
        self._own(f'{{"results": []{self._tail()}', "it does not end as it should")

    def _next(self) -> tuple[object] | None:
        """The next element; None where more of it had to be read first."""
        file = self._file
        try:
            result, file.at = _DECODER.raw_decode(file.text, file.at)
        except JSONDecodeError as error:
            if file.more():
                return None
            if len(file.text) - file.at > LONGEST_LINE:
                raise _Broken(f"what follows is longer than {LONGEST_LINE:,} characters") from error
            raise _Broken("it breaks off, or what follows is no JSON") from error
        except RecursionError as error:
            raise _Broken("what follows is nested too deeply") from error
        except ValueError as error:  # Python reads no number of more than 4,300 digits
            raise _Broken("what follows has a number that is too long") from error
        return (result,)

    def _tail(self) -> str:
        """What stands behind the results."""
        file = self._file
        while file.more():
            pass
        if len(file.text) - file.at > LONGEST_LINE:
            raise _Broken(f"more than {LONGEST_LINE:,} characters follow the results")
        return file.text[file.at :]

    def _own(self, around: str, broken: str) -> None:
        """Take what the file says of itself. Raises `_Broken` where that is no JSON object."""
        try:
            said = _DECODER.decode(around)
        except (RecursionError, ValueError) as error:
            raise _Broken(broken) from error
        total = said.get("total")
        if isinstance(total, int) and not isinstance(total, bool):
            self.total = total


def _row(result: Mapping[str, Any]) -> Row:
    def one(field: str) -> str:
        return _text(result.get(field))

    beside = ((field, one(field)) for field in BESIDE)
    places = [one for one in _several(result.get("addresses")) if isinstance(one, dict)]
    countries = (_text(result.get("country")), *(_text(place.get("country")) for place in places))
    return Row(
        label=one("source"),
        number=one("entity_number"),
        kind=one("type"),
        name=one("name"),
        programs=_texts(result.get("programs")),
        other_names=_texts(result.get("alt_names")),
        countries=tuple(filter(None, countries)),
        notice=one("federal_register_notice"),
        begins=one("start_date"),
        ends=one("end_date"),
        numbers=tuple(_number(one) for one in _several(result.get("ids")) if isinstance(one, dict)),
        beside=tuple(one for one in beside if one[1]),
    )


def _number(found: Mapping[str, Any]) -> Number:
    return _text(found.get("type")), _text(found.get("number"))


def _text(value: object) -> str:
    """A text or a number, as it is written; nothing for anything else."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    return mended(str(value)) or ""


def _several(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with several."""
    if isinstance(value, str):
        return parts_of(value)
    return tuple(filter(None, map(_text, _several(value))))


JSON: Final = Source(
    name="csl-json",
    title=f"{csl.TITLE}, JSON",
    publisher=csl.PUBLISHER,
    url="https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.json",
    scheme=SCHEME,
    lists=csl.LISTS,
    pieces=pieces,
    entity=csl.entity,
)
