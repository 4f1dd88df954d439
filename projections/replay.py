"""Everybody's standing at a moment.

Without a cut on knowledge the stored timelines answer, one look each. With one, every company is
folded under it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from events.dates import NEVER, Instant, last, show
from events.errors import UnknownCompany
from events.lists import Registry
from projections.changes import overall
from projections.reader import Question, Reader
from projections.rows import unpack
from projections.store import ProjectionStore
from projections.timeline import Reading


class Row(NamedTuple):
    """One company at one moment: the shape of every format that replay writes."""

    as_of: str
    company: str
    name: str | None
    country: str | None
    status: str
    restrictions: list[str]
    lists: list[dict[str, Any]]
    """For each list on which an event of the company counts: `list`, `status`, `since`, `until`,
    `how`, `restrictions`."""


def replay(store: ProjectionStore, reader: Reader, question: Question, as_of: str) -> Iterator[Row]:
    """Everybody's standing at `as_of`, by company id. `question` brings lists and other cuts."""
    names = {row.company: row for row in _all(store)}
    cut = question.announced_by is not None or question.known_at is not None
    rows = (
        _asked(store, reader, question, as_of) if cut else _stored(store, reader, question, as_of)
    )
    for company, lists in rows:
        row = names[company]
        standing = overall(
            Reading(one["status"], None, tuple(one["restrictions"])) for one in lists
        )
        yield Row(
            as_of, company, row.name, row.country, standing.status, list(standing.kinds), lists
        )


def _all(store: ProjectionStore) -> Iterator[Any]:
    after = ""
    while rows := store.rows(after, 10_000):
        yield from rows
        after = rows[-1].company


def _stored(
    store: ProjectionStore, reader: Reader, question: Question, as_of: str
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    registry = reader.registry
    moments = {info.id: last(as_of, info.zone) for info in registry}
    for company, lists in groupby(store.standings(), key=itemgetter(0)):
        found = [
            _at(list_id, unpack(packed), moments[list_id], registry)
            for _, _, _, list_id, packed in lists
            if list_id and (not question.lists or list_id in question.lists)
        ]
        if found or not question.lists:
            yield company, found


def _at(
    list_id: str,
    flips: Sequence[tuple[Instant, str, str | None, list[str]]],
    now: Instant,
    registry: Registry,
) -> dict[str, Any]:
    zone = registry[list_id].zone
    index = bisect_right(flips, now, key=lambda flip: flip[0]) - 1
    if index < 0:
        until = next((flip[0] for flip in flips if flip[1] != "not_listed"), NEVER)
        status, how, kinds, since = "not_listed", None, list[str](), None
    else:
        _, status, how, kinds = flips[index]
        begins = index
        while begins and flips[begins - 1][1] == status:
            begins -= 1
        since = None if status == "not_listed" else show(flips[begins][0], zone)
        until = next((flip[0] for flip in flips[index:] if flip[1] != status), NEVER)
    return {
        "list": list_id,
        "status": status,
        "since": since,
        "until": None if until == NEVER else show(until, zone),
        "how": how,
        "restrictions": kinds,
    }


def _asked(
    store: ProjectionStore, reader: Reader, question: Question, as_of: str
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for row in _all(store):
        if row.merged_into is not None:
            continue
        try:
            answer = reader.status(row.company, question._replace(as_of=as_of, lists=()))
        except UnknownCompany:
            continue  # not known at the cut
        found = [
            {
                "list": one["list"],
                "status": one["status"],
                "since": one["since"],
                "until": one["until"],
                "how": one["how"],
                "restrictions": [restriction["kind"] for restriction in one["restrictions"]],
            }
            for one in answer["lists"]
            if not question.lists or one["list"] in question.lists
        ]
        if found or not question.lists:
            yield row.company, found
