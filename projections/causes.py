"""The events that a change comes from, as they are told with it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from events.log import Record
from projections.changes import MOST, Change
from projections.facts import Entry

SOURCES: Final = 10
"""Of each event, how many are told."""
MOST_BYTES: Final = 64 * 1024
"""Of all of a change together, so that it fits into a message; whoever wants the rest has the
ids."""


def cause(record: Record) -> Mapping[str, Any]:
    """An event, its text and its sources."""
    said = record.event.get("data") or {}
    text = said.get("text") or said.get("reason") or said.get("name_as_listed")
    sources = said.get("sources") or ()
    return {
        "event": record.id,
        "type": record.type,
        "text": text if isinstance(text, str) else None,
        "sources": list(sources)[:SOURCES],
    }


def causes(change: Change, entries: Mapping[str, Entry]) -> list[Mapping[str, Any]]:
    """Those of a change, as far as there is room; `entries` are its company's, by their ids."""
    known = (entries[one].record for one in change.cause[:MOST] if one in entries)
    return list(_within(map(cause, known)))


def _within(some: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    left = MOST_BYTES
    for one in some:
        left -= len(orjson.dumps(one))
        if left < 0:
            return
        yield one
