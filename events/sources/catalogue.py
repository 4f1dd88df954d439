"""The official sources that standing reads: a line for each."""

from typing import Final

from events.errors import Refused
from events.sources import federal_register, ofac_csv, ofac_delta, ofac_enhanced
from events.sources.source import Source

SOURCES: Final[dict[str, Source]] = {
    one.name: one
    for one in (
        ofac_csv.SDN,
        ofac_enhanced.ENHANCED,
        ofac_delta.DELTA,
        federal_register.FEDERAL_REGISTER,
    )
}


def named(name: str) -> Source:
    """The source of that name. Raises `Refused` that says which there are."""
    if name not in SOURCES:
        raise Refused.field("SOURCE", f"unknown source {name!r}; known are {', '.join(SOURCES)}")
    return SOURCES[name]
