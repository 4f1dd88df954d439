"""The official sources that standing reads: a line for each."""

from typing import Final

from events.errors import Refused
from events.sources import (
    bis_dpl,
    csl_csv,
    csl_json,
    federal_register,
    ofac_consolidated_csv,
    ofac_csv,
    ofac_delta,
    ofac_enhanced,
    opensanctions_targets,
)
from events.sources.source import Source

SOURCES: Final[dict[str, Source]] = {
    one.name: one
    for one in (
        ofac_csv.SDN,
        ofac_consolidated_csv.CONSOLIDATED,
        ofac_enhanced.ENHANCED,
        ofac_delta.DELTA,
        csl_csv.CSV,
        csl_json.JSON,
        bis_dpl.DPL,
        opensanctions_targets.TARGETS,
        federal_register.FEDERAL_REGISTER,
    )
}


def named(name: str) -> Source:
    """The source of that name. Raises `Refused` that says which there are."""
    if name not in SOURCES:
        raise Refused.field("SOURCE", f"unknown source {name!r}; known are {', '.join(SOURCES)}")
    return SOURCES[name]
