"""Entries that a source gives no number: keys that stay the same from publication to publication,
whichever file shows the entry. Pure.

An order of the Commerce or State Department is known by its list, the name, and when it began, or
the notice that announced it. The numbers that the Consolidated Screening List makes up for such
rows change with every edition, so they are of no use.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from events.sources.text import MOST, said

_LONGEST: Final = 900
_APOSTROPHES: Final = re.compile("[?\ufffd\u0080-\u009f\u2018\u2019\u02bc`´]")  # noqa: RUF001
"""What becomes of an apostrophe on the way through other people's machines."""
_CITATION: Final = re.compile(r"(\d+) ?F\.? ?R\.? ?(\d+)")


class Register(NamedTuple):
    """A list whose entries have no numbers: the scheme of their keys, and how these begin."""

    scheme: str
    code: str


REGISTERS: Final = {
    "us-bis-dpl": Register("bis", "DPL"),
    "us-bis-entity-list": Register("bis", "EL"),
    "us-bis-meu": Register("bis", "MEU"),
    "us-bis-uvl": Register("bis", "UVL"),
    "us-state-dtc": Register("state", "DTC"),
    "us-state-isn": Register("state", "ISN"),
}


def key(code: str, name: str, since: str | None, notice: str | None = None) -> str:
    """The key of an entry: `DPL 2019-06-05 AIR FREIGHT LTD`. Where no day is given, the first
    citation of its notice stands in its place."""
    said_when = since or _cited(notice)
    plain = unicodedata.normalize("NFKC", _APOSTROPHES.sub("'", name)).upper()
    made = said(" ".join(filter(None, (code, said_when, plain)))) or code
    if len(made) <= _LONGEST:
        return made
    return f"{made[:_LONGEST]} {hashlib.sha256(made.encode()).hexdigest()[:16]}"


def _cited(notice: str | None) -> str | None:
    found = _CITATION.search(notice or "")
    return f"{found[1]} FR {found[2]}" if found else said(notice)


def basis(notice: str | None) -> str | None:
    """A notice as the basis of a listing. Of one with very many citations the last ones, as each
    renewal adds its own at the end."""
    found = said(notice)
    if found is None or len(found) <= MOST:
        return found
    end = found[2 - MOST :]
    return f"… {end.partition(' ')[2] or end}"


# --- several rows of one entry, in whatever order ------------------------------------------------


def fullest(texts: Iterable[str | None]) -> str | None:
    """Of what several rows say of one thing: the longest, as the others mostly lack a part."""
    return max(filter(None, texts), key=lambda text: (len(text), text), default=None)


def commonest(texts: Iterable[str | None]) -> str | None:
    """Of what several rows say: what most of them say."""
    counts = Counter(filter(None, texts))
    return min(counts, key=lambda text: (-counts[text], text), default=None)


def every(texts: Iterable[str | None]) -> str | None:
    """All that several rows say, once each."""
    return "; ".join(sorted({text for text in texts if text})) or None


def latest(days: Iterable[str | None]) -> str | None:
    """The last of several ends; None where one has no end."""
    some = list(days)
    return None if None in some else max(filter(None, some), default=None)
