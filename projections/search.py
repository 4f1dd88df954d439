"""Finding a company by what people call it, in any script: the text that is compared."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LONGEST: Final = 100
"""Letters of a beginning that are kept: whoever writes more has found it."""
_UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts that leave no space between words: Thai, Lao, kana and ideographs."""


def normalise(text: str) -> str:
    """Case, width and accents taken away: XIAOMI, Xiaomi in full-width letters and with an accent
    are one."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize(
        "NFC", "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    )


def beginnings(searched: str) -> Iterator[str]:
    """Where one may begin to write what is searched: at each of its lines, and, where no space
    tells where a word begins, at each letter."""
    for line in filter(None, searched.split("\n")):
        yield line[:LONGEST]
        for found in _UNSPACED.finditer(line, 1):
            yield line[found.start() :][:LONGEST]


def within(text: str) -> str | None:
    """How the trigram index is asked for what may hold a text; None where it cannot be. Every
    third trigram will do: what is found is compared. Of two letters, those are meant with which
    a word begins."""
    if len(text) < 2:
        return None
    if len(text) == 2:
        text = f" {text}"
    places = dict.fromkeys([*range(0, len(text) - 2, 3), len(text) - 3])
    some = (text[place : place + 3].replace('"', '""') for place in places)
    return " AND ".join(f'"{one}"' for one in some)
