"""Everybody's standing at a moment, or at many.

Without a cut on knowledge the stored readings answer, one look each. With one, every company is
folded under it.
"""

import heapq
from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from events.dates import ALWAYS, Instant, last, on_the_calendar, show, start
from events.errors import UnknownCompany
from projections.changes import overall
from projections.reader import Parked, Question
from projections.readers import Readers
from projections.rows import Packed, unpack
from projections.stores import Stores
from projections.timeline import Reading

_KEPT: Final = 2_048
"""Companies that were listed together read alike: so many different readings are kept."""
_PAGE: Final = 10_000
_UNLISTED: Final[Packed] = (ALWAYS, "not_listed", None, [])


class Standing(NamedTuple):
    """A company on one list at one moment."""

    list: str
    covered: bool
    status: str
    since: Instant | None
    until: Instant | None
    how: str | None
    restrictions: Sequence[str]
    zone: ZoneInfo
    """The list's, in which its times are told."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        told: dict[str, Any] = self._asdict()
        del told["zone"]
        for key in ("since", "until"):
            told[key] = None if told[key] is None else show(told[key], self.zone)
        return told


class Row(NamedTuple):
    """One company at one moment: the shape of every format that replay writes."""

    as_of: str
    company: str
    name: str | None
    country: str | None
    status: str | None
    """None where the company is parked."""
    restrictions: Sequence[str]
    lists: Sequence[Standing]
    """For each list on which an event of the company counts."""
    parked: str | None = None
    """Why nothing can be said of the company, where nothing can."""
    ownership: str = "not_evaluated"
    """Neither the 50 % rule nor rules on affiliates are in any answer."""


def replay(store: Stores, reader: Readers, question: Question, as_of: str) -> Iterator[Row]:
    """Everybody's standing at `as_of`, by company id. `question` brings lists and other cuts."""
    return panel(store, reader, question, (as_of,))


def panel(
    store: Stores, reader: Readers, question: Question, dates: Sequence[str], after: str = ""
) -> Generator[Row, None, None]:
    """Everybody's standing at each of the dates: company by company, each with its dates in the
    order given. With lists in the question, only companies that have events on one of them; behind
    the id `after`, where one is given. To be closed before the store, if it is not read to its
    end."""
    if question.announced_by is not None or question.known_at is not None:
        yield from _asked(_everybody(store, after), reader, question, dates)
        return
    found = _stored(store, reader, question.lists, dates, after)
    waiting = [one for one in reader.waiting() if one > after]
    if not waiting:
        yield from found
        return
    rows = ((one, row.country) for one in waiting if (row := store.row(one)) is not None)
    yield from heapq.merge(found, _asked(rows, reader, question, dates), key=attrgetter("company"))


def _stored(
    store: Stores, reader: Readers, asked: Sequence[str], dates: Sequence[str], after: str
) -> Iterator[Row]:
    registry = reader.registry
    at = _Moments(reader, dates)
    look = lru_cache(_KEPT)(at.look)
    for company, some in groupby(store.standings(asked, after), itemgetter(0)):
        rows = list(some)
        name, country, parked = rows[0][1:4]
        if parked is not None:
            if not asked:
                yield from (_nothing(as_of, company, parked) for as_of in dates)
            continue
        found = [look(list_id, packed) for *_, list_id, packed in rows if list_id in registry]
        if len(found) == 1:
            for as_of, one in zip(dates, found[0], strict=True):
                yield Row(as_of, company, name, country, one.status, one.restrictions, (one,))
        elif found or not asked:
            for number, as_of in enumerate(dates):
                yield _row(as_of, company, name, country, [one[number] for one in found])


class _Moments:
    """The dates as moments of each list."""

    def __init__(self, reader: Readers, dates: Sequence[str]) -> None:
        registry = self._registry = reader.registry
        reader.refresh()
        self._moments = {}
        for info in registry:
            covered = reader.coverage(info.id)
            moments = [last(date, info.zone) for date in dates]
            self._moments[info.id] = [(now, covered.holds(now, info)) for now in moments]

    def look(self, list_id: str, packed: bytes) -> list[Standing]:
        """What readings say at each of the dates."""
        flips = unpack(packed)
        starts = [flip[0] for flip in flips]
        zone = self._registry[list_id].zone
        told = []
        for now, covered in self._moments[list_id]:
            index = bisect_right(starts, now) - 1
            _, status, how, kinds = flips[index] if index >= 0 else _UNLISTED
            since, until = _bounds(flips, index, status)
            told.append(Standing(list_id, covered, status, since, until, how, kinds, zone))
        return told


def _bounds(
    flips: Sequence[Packed], index: int, status: str
) -> tuple[Instant | None, Instant | None]:
    """Since when and until when a status runs that holds the flip at `index`."""
    since = until = None
    if status != "not_listed":
        first = index
        while first and flips[first - 1][1] == status:
            first -= 1
        since = on_the_calendar(flips[first][0])
    while until is None and (index := index + 1) < len(flips):
        if flips[index][1] != status:
            until = on_the_calendar(flips[index][0])
    return since, until


def _row(
    as_of: str, company: str, name: str | None, country: str | None, lists: Sequence[Standing]
) -> Row:
    standing = overall(Reading(one.status, None, tuple(one.restrictions)) for one in lists)
    return Row(as_of, company, name, country, standing.status, standing.kinds, lists)


def _nothing(as_of: str, company: str, parked: str) -> Row:
    return Row(as_of, company, None, None, None, (), (), parked)


def _asked(
    companies: Iterable[tuple[str, str | None]],
    reader: Readers,
    question: Question,
    dates: Sequence[str],
) -> Iterator[Row]:
    asked = question.lists
    for company, country in companies:
        for as_of in dates:
            try:
                answer = reader.status(company, question._replace(as_of=as_of, lists=()))
            except UnknownCompany:
                break  # not known at the cut
            except Parked as parked:
                if not asked:
                    yield _nothing(as_of, company, parked.why)
                continue
            if answer["company"] != company:
                break  # it counted for another then
            told = [one for one in answer["lists"] if not asked or one["list"] in asked]
            lists = [standing_of(one, reader.registry[one["list"]].zone) for one in told]
            if lists or not asked:
                yield _row(as_of, company, answer["name"], country, lists)


def standing_of(answer: dict[str, Any], zone: ZoneInfo) -> Standing:
    """A list of an answer of the reader's."""
    since, until = (start(text) if text else None for text in (answer["since"], answer["until"]))
    kinds = [one["kind"] for one in answer["restrictions"]]
    named = answer["list"], answer["covered"], answer["status"]
    return Standing(*named, since, until, answer["how"], kinds, zone)


def _everybody(store: Stores, after: str) -> Iterator[tuple[str, str | None]]:
    """Merged ids too: they may have been companies of their own at the cut."""
    while rows := store.rows(after, _PAGE):
        after = rows[-1].company
        yield from ((row.company, row.country) for row in rows)
