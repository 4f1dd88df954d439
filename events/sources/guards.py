"""Why a publication is not to be believed without a person: nobody is delisted by a fault. Pure."""

from collections.abc import Iterator
from typing import Final

from events.sources.outcome import Difference
from events.sources.source import Head

MOST_REMOVED: Final = 0.2
"""The share of a list that one publication may remove."""


def doubts(found: Difference, head: Head, most_removed: float = MOST_REMOVED) -> list[str]:
    """Why this should be held; empty where nothing speaks against it."""
    return [*_of_the_file(found, head), *_of_removals(found, most_removed)]


def _of_the_file(found: Difference, head: Head) -> Iterator[str]:
    if head.cut is not None:
        yield f"it is cut short or broken: {head.cut}"
    if head.faulty:
        yield f"{head.faulty:,} of its entries cannot be read"
    if found.entries == 0:
        yield "it has no entries at all"
    if head.records is not None and head.records != found.entries:
        yield f"it says that it has {head.records:,} entries, and has {found.entries:,}"


def _of_removals(found: Difference, most: float) -> Iterator[str]:
    for list_id, gone in sorted(found.removed.items()):
        stood = found.stood[list_id]
        if gone > 1 and gone > most * stood:
            yield (
                f"it would remove {gone:,} of {stood:,} from {list_id}, more than "
                f"{most:.0%} at once"
            )
        elif found.whole and most < 1 and found.entries and not found.records.get(list_id):
            yield f"it has nothing of {list_id} any more"
