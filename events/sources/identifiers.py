"""The numbers by which official lists tell companies apart: what they call each, to our scheme.
Pure."""

import re
from typing import Final

SCHEMES: Final = {
    "Business Registration Number": "registration",
    "C.R. No.": "registration",
    "Commercial Registry Number": "registration",
    "Company Number": "registration",
    "D-U-N-S Number": "duns",
    "Equity ISIN": "isin",
    "Equity Ticker": "ticker",
    "ISIN": "isin",
    "Identification Number": "registration",
    "LEI": "lei",
    "Legal Entity Number": "lei",
    "Matricula Mercantil No": "registration",
    "NIT #": "tax",
    "Public Registration Number": "registration",
    "RUC #": "tax",
    "Registration ID": "registration",
    "Registration Number": "registration",
    "SWIFT/BIC": "swift",
    "Tax ID No.": "tax",
    "UK Company Number": "registration",
    "Unified Social Credit Code (USCC)": "uscc",
    "V.A.T. Number": "tax",
    "Vessel Registration Identification": "imo",
}
"""As Treasury names them, whichever format."""

_SHAPES: Final = {
    "imo": re.compile(r"[0-9]{7}"),
    "isin": re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]"),
    "lei": re.compile(r"[A-Z0-9]{18}[0-9]{2}"),
    "swift": re.compile(r"[A-Z0-9]{8}(?:[A-Z0-9]{3})?"),
    "uscc": re.compile(r"[A-Z0-9]{18}"),
}
"""Where the world agrees on one: a value that has another is only quoted."""
_IMO: Final = re.compile(r"IMO[ :]*([0-9]{7})")
_LONGEST: Final = 100


def identifier(named: str, value: str) -> tuple[str, str] | None:
    """The scheme and value of a number that a list calls so; None where it is no such number."""
    scheme = SCHEMES.get(named)
    if scheme is None or not value or len(value) > _LONGEST:
        return None
    if imo := _IMO.fullmatch(value):
        return "imo", imo[1]
    shape = _SHAPES.get(scheme)
    if shape is None:
        return scheme, value
    plain = value.replace(" ", "")
    return (scheme, plain) if shape.fullmatch(plain) else None
