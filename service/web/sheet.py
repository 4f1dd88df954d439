"""A company's standing as a sheet: a row for each list."""

from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Final

from service.formats import Column, Kind, Table

_COLUMNS: Final[tuple[tuple[str, Kind], ...]] = (
    ("company", "text"),
    ("name", "text"),
    ("as_of", "text"),
    ("announced_by", "text"),
    ("known_at", "text"),
    ("position", "text"),
    ("list", "text"),
    ("list_version", "text"),
    ("covered", "truth"),
    ("status", "text"),
    ("since", "text"),
    ("until", "text"),
    ("how", "text"),
    ("episode", "number"),
    ("restrictions", "texts"),
    ("upcoming", "texts"),
    ("anomalies", "number"),
    ("ownership", "text"),
)
STANDINGS: Final = Table(
    tuple(Column(name, kind, itemgetter(name)) for name, kind in _COLUMNS), lambda row: row
)


def rows(status: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What an answer says, list by list."""
    shared = {name: status[name] for name, _ in _COLUMNS[:6]}
    for one in status["lists"]:
        yield {
            **shared,
            **one,
            "restrictions": [held["kind"] for held in one["restrictions"]],
            "upcoming": [held["kind"] for held in one["upcoming"]],
            "anomalies": one["anomalies_count"],
            "ownership": status["ownership"],
        }
