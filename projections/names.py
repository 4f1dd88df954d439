"""The names of companies as they are compared: in Latin letters, word by word, in any order.

Legal forms ("Co., Ltd.", OAO, GmbH) and connecting words are set aside; the form only breaks ties.
What a name says does not depend on any other name: how much a word counts does, see `likeness`.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from anyascii import anyascii
from fingerprints.types.replacer import get_replacer

LONGEST: Final = 1_000
"""Characters of a name that are looked at: no event takes more."""
_LETTERS: Final = 4
"""For one of another script, on the whole: some stand for a sentence."""
_MOST_WORDS: Final = 40

_DROPPED: Final = re.compile(r"['`\"]")
_DOTTED: Final = re.compile(r"['`\".]")
_BETWEEN_INITIALS: Final = re.compile(r"(?<=\b[a-z])[. ]+(?=[a-z]\b)")
_WORD: Final = re.compile(r"[a-z0-9]+")
_CONNECTING: Final = frozenset(
    {"the", "of", "and", "for", "in", "de", "la", "le", "el", "al", "und", "et", "y"}
)
_NO_FORMS: Final = frozenset(
    {
        *("international", "intl", "export", "import", "enterprise", "state", "federal"),
        *("commercial", "bank", "concern", "cooperation", "institution", "uk", "hk", "ii"),
    }
)
"""What the library takes for a part of legal forms, and what tells companies apart."""
_IDEOGRAPH: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_INITIALS: Final = range(3, 9)
"""Fewer letters stand for anything."""
_SOUNDS: Final = (
    (re.compile("x"), "ks"),
    (re.compile("kh"), "h"),
    (re.compile("t?sch"), "sh"),
    (re.compile("[jy]"), "i"),
    (re.compile("w"), "v"),
    (re.compile(r"([a-z])\1+"), r"\1"),
)
"""Where the ways of writing Cyrillic in Latin letters differ (BGN/PCGN, ISO 9, GOST 7.79, DIN 1460
and the usual English): Rosoboronexport and Rosoboroneksport, Rossiya and Rossija."""


class Name(NamedTuple):
    """A name to be compared."""

    words: tuple[str, ...]
    """Each once, in the order of the name."""
    form: str
    """The legal form, in one writing for many; "" where none was said."""
    joined: str
    """All words as one: Alfa-Bank and Alfabank."""
    written: str
    """All that is written as one, legal form and connecting words too; "" where not `spelt`."""
    initials: frozenset[str]
    """What the name may be shortened to."""
    spelt: bool
    """Whether its letters are its own. A name of ideographs that sounds nearly like another is
    simply another name."""


def read(text: str) -> Name:
    """A name as it is compared. One without any letter or digit has no words."""
    text = text[:LONGEST]
    latin = anyascii(text)[: LONGEST * _LETTERS].lower()
    plain = _DROPPED.sub("", latin.replace("&", " and "))
    plain = " ".join(_WORD.findall(_BETWEEN_INITIALS.sub("", plain)))
    kept = _NO_FORMS.union((get_replacer(_latin_form, remove=True)(plain) or "").split())
    left = [one for one in plain.split() if one in kept]
    forms = (get_replacer(_latin_form)(plain) or "").split()
    form = " ".join(one for one in forms if one not in kept)
    said = left or plain.split()
    words = [one for one in said if one not in _CONNECTING] or said
    shortened = {"".join(one[0] for one in some) for some in (said, words)}
    spelt = _IDEOGRAPH.search(text) is None
    return Name(
        tuple(dict.fromkeys(words))[:_MOST_WORDS],
        form,
        "".join(words),
        plain.replace(" ", "") if spelt else "",
        frozenset(one for one in shortened if len(one) in _INITIALS),
        spelt,
    )


def _latin_form(text: str | None) -> str | None:
    """A legal form of the library's table in the letters of names: its own way asks for ICU."""
    found = " ".join(_WORD.findall(_DOTTED.sub("", anyascii(text or "").lower())))
    return found if len(found) > 1 else None


@lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """A word without the differences between ways of writing another script in Latin letters."""
    for written, one in _SOUNDS:
        word = written.sub(one, word)
    return word
