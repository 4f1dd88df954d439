"""The Federal Register's documents, as its API gives them: a results page, an array or a single
one. They name lists and dates, but companies only in their text: what is sure becomes a note, the
rest a proposal.

A document is named by its number and its date, as numbers were given out again before 2016.
Format: https://www.federalregister.gov/developers/documentation/api/v1.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from events.sources.dating import is_a_date
from events.sources.document import Document
from events.sources.entity import Entity
from events.sources.source import Head, Part, Piece, Source, Unreadable
from events.sources.text import LONGEST, MOST, name, said

LARGEST: Final = 64 << 20
"""Bytes of a file: the API's pages have at most a thousand documents."""
_LONGEST_CITATION: Final = 90
_NUMBER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,39}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_IN_URL: Final = re.compile(r"/documents/(?:\d{4}/\d{2}/\d{2}/)?([0-9A-Za-z.-]{1,45})")
_WITHDRAWN: Final = re.compile(r"\bwithdrawn\b", re.IGNORECASE)


def documents(part: Part, head: Head) -> Iterator[Document]:
    """The documents of a file; which of them cannot be read, by its place in it, goes to the head.
    Raises `Unreadable` where it is no such file."""
    for place, one in enumerate(_given(part), start=1):
        try:
            yield _document(one)
        except Unreadable as error:
            head.fault(part.name, place, error.what, error.detail)


def _given(part: Part) -> Sequence[Any]:
    with part.open() as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Unreadable("", f"more than {LARGEST:,} bytes: the API's pages are far smaller")
    try:
        found = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}", _why(error.msg)) from error
    if isinstance(found, Mapping):
        if "document_number" in found:
            return [found]
        count, found = (
            found.get("count"),
            found.get("results", [] if found.get("count") == 0 else None),
        )
        if not isinstance(found, list):
            raise Unreadable("results", f"missing, where {count!r} documents should be")
    if not isinstance(found, list):
        raise Unreadable("", "neither a document, an array of them nor a page of results")
    return found


def _why(told: str) -> str:
    """What the library says of bytes that it cannot read, in plain words."""
    if "not valid UTF-8" in told:
        return "is not text in UTF-8"
    return "is empty" if "zero-length" in told else f"is no JSON: {told}"


def dated(part: Part) -> str | None:
    """The day of the latest document of a file. Raises `Unreadable`."""
    return max((one.filed or one.date for one in documents(part, Head())), default=None)


def _document(given: Any) -> Document:
    if not isinstance(given, Mapping):
        raise Unreadable("document", "is no object")
    number = name(_text(given, "document_number"), "document_number")
    if not _NUMBER.fullmatch(number):
        raise Unreadable("document_number", f"{number[:100]!r} is no number of a document")
    date = _day(given, "publication_date")
    if date is None:
        raise Unreadable("publication_date", "missing")
    filed = _text(given, "filed_at")
    noted = " ".join(filter(None, [_text(given, "editorial_note"), _text(given, "action")]))
    corrected = _IN_URL.search(_text(given, "correction_of") or "")
    return Document(
        number,
        date,
        name(_text(given, "title"), "title"),
        (_text(given, "abstract") or "")[:LONGEST],
        _text(given, "type") or "",
        _text(given, "action") or "",
        tuple(_agencies(given.get("agencies"))),
        _citation(_text(given, "citation")),
        _url(_text(given, "html_url")),
        _day(given, "effective_on"),
        filed if filed and is_a_date(filed) else None,
        corrected[1].removesuffix(".json") if corrected else None,
        filed is not None and _WITHDRAWN.search(noted) is not None,
    )


def _text(given: Mapping[str, Any], field: str) -> str | None:
    found = given.get(field)
    if found is not None and not isinstance(found, str):
        raise Unreadable(field, "is no text")
    return said(found)


def _day(given: Mapping[str, Any], field: str) -> str | None:
    found = _text(given, field)
    if found is not None and not (_DAY.fullmatch(found) and is_a_date(found)):
        raise Unreadable(field, f"{found[:100]!r} is no day")
    return found


def _citation(found: str | None) -> str | None:
    return found and found[:_LONGEST_CITATION]


def _url(found: str | None) -> str | None:
    return found if found and len(found) <= MOST and found.startswith("https://") else None


def _agencies(given: Any) -> Iterator[str]:
    for one in given if isinstance(given, list) else ():
        if isinstance(one, Mapping):
            found = one.get("name") or one.get("raw_name")
            if isinstance(found, str) and (agency := said(found)):
                yield agency[:100]


def _entity(_: Piece) -> Entity:
    raise Unreadable("", "a document is no entry of a list")


FEDERAL_REGISTER: Final = Source(
    name="federal-register",
    title="The Federal Register",
    publisher="Federal Register",
    url="https://www.federalregister.gov/api/v1/documents.json",
    scheme="federal-register",
    lists=frozenset(),
    pieces=lambda _parts, _head: iter(()),
    entity=_entity,
    dated=dated,
    every=False,
    documents=documents,
)
