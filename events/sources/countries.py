"""Countries as sources name them, to ISO 3166-1 alpha-2."""

from functools import lru_cache
from typing import Final

import pycountry

_ALSO: Final = {
    "burma": "MM",
    "congo, democratic republic of the": "CD",
    "congo, republic of the": "CG",
    "cote d ivoire": "CI",
    "gaza": "PS",
    "iran": "IR",
    "korea, north": "KP",
    "korea, south": "KR",
    "kosovo": "XK",
    "macau": "MO",
    "palestinian": "PS",
    "russia": "RU",
    "syria": "SY",
    "the bahamas": "BS",
    "the gambia": "GM",
    "turkey": "TR",
    "vatican city": "VA",
    "virgin islands, british": "VG",
    "virgin islands, u.s.": "VI",
    "west bank": "PS",
}
"""As OFAC writes them, where the standard has another name."""


@lru_cache(maxsize=4_096)
def country(text: str | None) -> str | None:
    """The code of a country; None where it names none that is known."""
    if text is None:
        return None
    if known := _ALSO.get(text.lower()):
        return known
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        return None
