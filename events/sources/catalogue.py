"""The official sources that standing reads: a line for each."""

from typing import Final

from events.errors import Refused
from events.sources import (
    bis_dpl,
    csl_csv,
    csl_json,
    ofac_consolidated_csv,
    ofac_csv,
    opensanctions_targets,
)
from events.sources.source import Source

SOURCES: Final[dict[str, Source]] = {
    one.name: one
    for one in (
        ofac_csv.SDN,
        ofac_consolidated_csv.CONSOLIDATED,
        csl_csv.CSV,
        csl_json.JSON,
        bis_dpl.DPL,
        opensanctions_targets.TARGETS,
    )
}


def named(name: str) -> Source:
    """The source of that name. Raises `Refused` that says which there are."""
    if name not in SOURCES:
        raise Refused.field("SOURCE", f"unknown source {name!r}; known are {', '.join(SOURCES)}")
    return SOURCES[name]
