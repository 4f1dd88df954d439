"""Deterministic ids: the same fact has the same id wherever and whenever it is told.

The id is a UUIDv5 (RFC 9562) over the canonical JSON (RFC 8785) of type, subject and what the
event says in law. Sources and the reason of a retraction are not part of it: who told us of a
fact does not make it another.
"""

from collections.abc import Callable, Mapping
from hashlib import sha1
from typing import Any, Final
from uuid import UUID

import orjson

from events.dates import normalised

NAMESPACE: Final = UUID("6f1f7f0e-6d0c-5c53-9d52-7a5a2f6b1c11")

_BEGUN: Final = sha1(NAMESPACE.bytes, usedforsecurity=False)
_NOT_LEGAL: Final = frozenset({"sources", "reason"})
_DATES: Final = frozenset(
    {"announced", "effective", "expires", "expected", "from", "until", "correction_announced"}
    | {"publication", "retrieved", "due"}
)
_SETS: Final = frozenset({"aliases", "identifiers", "restrictions", "scope"})


def canonical(value: Any) -> bytes:
    """RFC 8785 for what events hold: no floats, and ASCII keys, for which a sort by code point is
    the sort by UTF-16 unit that the RFC asks for (a test compares this with its own library)."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def derived_id(value: Any) -> str:
    """A UUIDv5 in standing's namespace over the canonical form of `value`."""
    hashed = _BEGUN.copy()
    hashed.update(canonical(value))
    digest = bytearray(hashed.digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def legal(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says in law: dates normalised, sets sorted, sources and reasons left out."""
    said: dict[str, Any] = {}
    for key, value in data.items():
        if value is not None and key not in _NOT_LEGAL:
            normal = _NORMAL.get(key)
            said[key] = normal(value) if normal else value
    return said


def fact_id(event_type: str, subject: str, data: Mapping[str, Any]) -> str:
    """The default id of an event, and the fingerprint by which two are the same fact."""
    return derived_id({"type": event_type, "subject": subject, "data": legal(data)})


def _sorted(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    said = (legal(member) if isinstance(member, dict) else member for member in value)
    members = {canonical(member): member for member in said}
    return [members[form] for form in sorted(members)]


_NORMAL: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(_DATES, normalised),
    **dict.fromkeys(_SETS, _sorted),
}
