"""What a publication changes, and what was counted of it. Pure."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Difference:
    """What a publication changes, as events that are not yet in the log, and what was counted."""

    events: list[dict[str, Any]] = field(default_factory=list)
    whole: bool = True
    """Whether the publication has everything that stands."""
    records: dict[str, int] = field(default_factory=dict)
    """How many entries the publication has on each list."""
    entries: int = 0
    added: int = 0
    amended: int = 0
    removed: dict[str, int] = field(default_factory=dict)
    """On each list."""
    stood: dict[str, int] = field(default_factory=dict)
    """How many of the source's listings stood on each list before."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Entries of kinds that were not asked for."""
    over: int = 0
    """Entries that ran out before they were first seen, by their own words."""
    unknown: int = 0
    """Changes of entries that are not known, as those of other kinds are not: a delta tells of
    them only what changes."""
    elsewhere: dict[str, int] = field(default_factory=dict)
    """Entries under programmes that are on none of the lists."""


def one_more(counts: dict[str, int], name: str) -> None:
    """Count one."""
    counts[name] = counts.get(name, 0) + 1
