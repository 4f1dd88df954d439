"""The Consolidated Screening List as JSON: `results`, an object for each row, read as it comes."""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping, Sequence
from json import JSONDecodeError, JSONDecoder
from typing import Any, BinaryIO, Final

from events.sources import csl
from events.sources.csl import BESIDE, Number, Row, parts_of
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
        try:
            for number, result in enumerate(_results(_Text(file)), 1):
                if isinstance(result, dict):
                    yield number, _row(result)
                else:
                    head.fault(part.name, number, "results", "is no object")
        except (RecursionError, ValueError) as error:
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise Unreadable(f"{part.name}, after result {number}", why) from error


class _Text:
    """A file as text, of which only what is being read is in memory. Raises `ValueError` where it
    is no UTF-8."""

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
        self.text = self.text[self.at :] + self._decoder.decode(read, final=not read)
        self.at = 0
        return bool(read)

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Go behind what matches here, if it does."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return bool(found)


def _results(file: _Text) -> Iterator[object]:
    """The elements of `results`, one at a time. Raises `ValueError` where the file breaks off."""
    while not file.skip(_HEADING):
        if not file.more():
            raise ValueError("there are no results")
    while not file.skip(_END):
        file.skip(_BETWEEN)
        try:
            result, file.at = _DECODER.raw_decode(file.text, file.at)
        except JSONDecodeError:
            if not file.more():
                raise
        else:
            yield result
    last = ""
    while file.text:
        last = file.text[file.at :].rstrip()[-1:] or last
        file.at = len(file.text)
        file.more()
    if last != "}":
        raise ValueError("it does not end as it should")


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
    scheme=csl.OFAC,
    lists=csl.LISTS,
    pieces=pieces,
    entity=csl.entity,
)
