"""Places in the one order of all changes, which outlive a rebuild of the projection. Pure."""

from typing import Final

from events.dates import NEVER, Instant
from projections.rows import Told

Place = tuple[int, Instant, str, int]
"""Position, moment, company, sequence. What the rules' revisions bring stands at the position at
which they were revised, with moments behind those of all events, later revisions later."""

_AFTER_ALL_COMPANIES: Final = "~"


def behind(position: int, revisions: int = 0) -> Place:
    """The place behind all that was told on reading the records up to an offset, and behind so
    many revisions of the rules there."""
    return (position, NEVER + revisions, _AFTER_ALL_COMPANIES, 0)


BEGINNING: Final[Place] = behind(-1)


def place(told: Told) -> Place:
    """The place of one change."""
    change = told.change
    return (told.position, change.moment, change.company, change.sequence)
