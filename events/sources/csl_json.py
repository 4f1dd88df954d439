"""The Consolidated Screening List as JSON: `results`, an object for each row, read as it comes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import ijson

from events.sources import csl
from events.sources.csl import BESIDE, Number, Row, parts_of
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import mended

_ROWS: Final = "results.item"


def pieces(parts: Sequence[Part], head: Head) -> Iterator[Piece]:
    """Entry by entry. Where a file has lines, these have the number of the result."""
    for part in parts[:1]:
        yield from csl.gathered(_rows(part, head), part.name, head)


def _rows(part: Part, head: Head) -> Iterator[tuple[int, Row]]:
    number = 0
    with part.open() as file:
        try:
            for number, result in enumerate(ijson.items(file, _ROWS), 1):
                if isinstance(result, dict):
                    yield number, _row(result)
                else:
                    head.fault(part.name, number, "results", "is no object")
        except (ijson.JSONError, UnicodeDecodeError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Unreadable(f"{part.name}, after result {number}", why) from error


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
