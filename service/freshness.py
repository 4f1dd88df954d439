"""How fresh what was read of each list is: whose source was read once and is not read any more."""

from typing import Final, NamedTuple

from events.dates import SECOND, start
from service.standing import Standing

WATCHING: Final = "watching.json"
"""The file of the home folder in which it is kept how asking the sources goes."""


class Freshness(NamedTuple):
    """When a list was last read."""

    list: str
    checked: str
    """As written."""
    stale: bool
    """Whether that is too long ago for silence to mean anything."""

    @property
    def seconds(self) -> float:
        """When it was, in seconds since 1970 (UTC)."""
        return start(self.checked) / SECOND


def freshness(standing: Standing) -> list[Freshness]:
    """Of each list whose source was ever retrieved."""
    standing.reader.refresh()
    found = []
    for info in standing.registry:
        coverage = standing.reader.coverage(info.id)
        if coverage.checked is not None:
            stale = not coverage.holds(standing.clock(), info)
            found.append(Freshness(info.id, coverage.checked, stale))
    return found
