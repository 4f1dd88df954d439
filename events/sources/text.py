"""Text from strangers: as it may stand in an event, and its lines within bounds. Pure."""

import csv
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO
from itertools import chain
from typing import BinaryIO, Final

from events.sources.source import Unreadable

LONGEST_LINE: Final = 1_000_000
"""Characters; a longer one is no line of any source."""
MOST: Final = 1_000
"""Characters of a name, and how many aliases or identifiers: what the log takes."""
LONGEST: Final = 20_000
"""Characters of a quote."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_WINDOWS: Final = {
    code: bytes([code]).decode("cp1252", errors="replace") for code in range(0x80, 0xA0)
}
_BLOCK: Final = 1 << 16
_NO_ROW: Final = (
    ("new-line", "a line ends within a cell that has no quotes around it"),
    ("larger than", f"a cell has more than {csv.field_size_limit():,} characters"),
    ("expected after", "a cell goes on behind the quote that ends it"),
    ("unexpected end", "the last cell has a quote that nothing ends"),
)
"""What Python's module says of a CSV that it cannot read, and what that means."""


def said(text: str | None) -> str | None:
    """Text without control characters, repeated or surrounding spaces; None where nothing is
    left."""
    if not text:
        return None
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    return " ".join(text.split()) or None


def mended(text: str | None) -> str | None:
    """`said`, of a source in which what Windows writes between 0x80 and 0x9F was once taken for
    Latin-1: those are quotes and dashes again."""
    return said(text.translate(_WINDOWS)) if text else None


def short(text: str | None, what: str) -> str | None:
    """`said`, of what the log keeps as a name. Raises `Unreadable` where it is too long."""
    found = said(text)
    if found is not None and len(found) > MOST:
        raise Unreadable(what, f"{len(found):,} characters; at most {MOST:,} are a name")
    return found


def name(text: str | None, what: str) -> str:
    """`short`, of what has to be there."""
    found = short(text, what)
    if found is None:
        raise Unreadable(what, "missing")
    return found


def quote(said_beside: Iterable[tuple[str, str | None]]) -> str:
    """What a source says beside what is modelled, field by field, at most `LONGEST` characters."""
    told = "; ".join(f"{key}: {text}" for key, value in said_beside if (text := said(value)))
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"


def no_row(error: csv.Error) -> str:
    """Why something is no row of a CSV, in plain words."""
    return next((plain for own, plain in _NO_ROW if own in str(error)), "it is no CSV")


def lines(file: BinaryIO) -> Iterator[str]:
    """The lines of a file, a byte-order mark left out; bytes that are no UTF-8 are read as
    Windows wrote them. Raises `Unreadable` where a line has no end."""
    # Only the blocks are taken in turn here: what becomes of each line is not written in Python.
    return chain.from_iterable(_blocks(file))


def _blocks(file: BinaryIO) -> Iterator[Iterable[str]]:
    """Whole lines, as many as are read at once."""
    rest = file.read(_BLOCK).removeprefix(BOM_UTF8)
    more = rest
    while more:
        whole, end, rest = rest.rpartition(b"\n")
        if end:
            yield _decoded(whole + end)
        if len(rest) >= LONGEST_LINE:
            raise Unreadable("", f"a line of {LONGEST_LINE:,} bytes has no end; is it such a file?")
        more = file.read(_BLOCK)
        rest += more
    if rest:
        yield _decoded(rest)


def _decoded(some: bytes) -> Iterable[str]:
    try:
        return StringIO(some.decode(), newline="\n")
    except UnicodeDecodeError:
        return map(_line, BytesIO(some))


def _line(some: bytes) -> str:
    try:
        return some.decode()
    except UnicodeDecodeError:
        return some.decode("cp1252", errors="replace")
