"""A company's whole story: every event and episode, as the public saw it and as we knew it.

Pure but for the reader, which brings the events and says what the cut-offs mean.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from events.dates import ALWAYS, NEVER, UTC_ZONE, BadDate, Instant, show
from events.lists import Registry
from events.log import Position
from events.vocabulary import TYPES
from projections.changes import MOST, shown
from projections.dossier import Dossier
from projections.episodes import begun, episodes, intervals
from projections.episodes import shown as shown_episode
from projections.facts import LEGAL_TYPES, Entry
from projections.history import Cutoffs, History, View
from projections.reader import EVERYTHING, Asked, Question, Reader
from projections.reasons import reasons
from projections.rows import Told
from projections.status import precision
from projections.timeline import UNLISTED, Reading, Timeline

_APART: Final = frozenset({"list", "effective", "announced", "sources"})


class _Seen(NamedTuple):
    """A company as a question sees it, in one time zone."""

    known: Dossier
    view: View
    cut: Cutoffs
    upto: Instant
    """Events and intervals that begin later are left out: `as_of`, or `NEVER`."""


def history(
    asked: Asked,
    told: Iterable[Told],
    company: str,
    question: Question = EVERYTHING,
    *,
    seen_by_all: bool = True,
) -> dict[str, Any]:
    """The story of a company. `told` are its changes, in order. With `as_of`, what begins later
    is left out; `public` is, unless it is wanted as `seen_by_all`. Raises `UnknownCompany`, or
    `Refused` by field."""
    for list_id in question.lists:
        asked.registry.require(list_id, "list")
    reader, question = asked.seat(company, question)
    position = reader.refresh()
    seen = _views(reader, company, question)
    general = seen[UTC_ZONE]
    known = general.known
    listed = [
        list_id
        for list_id in question.lists
        or sorted({one.list for one in known.history.entries.values() if one.fact and one.list})
        if list_id in seen[reader.registry[list_id].zone].view.timelines
    ]
    return {
        "company": known.company,
        **known.description.shown(),
        "as_of": question.as_of,
        "announced_by": question.announced_by,
        "known_at": question.known_at,
        "position": str(Position({reader.partition.partition: position})),
        "ownership": "not_evaluated",
        "lists": [_list(list_id, seen, reader, question) for list_id in listed],
        "events": _events(seen, reader.registry, question.lists),
        "public": _public(seen, reader, question) if seen_by_all else [],
        "known": [
            shown(one.change, reader.registry)
            for one in told
            if _told_by(one, general.cut) and (not question.lists or one.change.list in listed)
        ],
    }


def _views(reader: Reader, company: str, question: Question) -> dict[ZoneInfo, _Seen]:
    """What the question sees, in the zone of each list: a day ends with its list's day."""
    seen: dict[ZoneInfo, _Seen] = {}
    known = reader.known(company, question)
    for zone in {UTC_ZONE, *(info.zone for info in reader.registry)}:
        cut = reader.cutoffs(question, zone)
        upto = reader.moment(question, zone) if question.as_of else NEVER
        seen[zone] = _Seen(known, known.history.view(cut), cut, upto)
    return seen


def _told_by(told: Told, cut: Cutoffs) -> bool:
    return told.change.recorded <= cut.known_at and told.position <= cut.offset


def _list(
    list_id: str, seen: dict[ZoneInfo, _Seen], reader: Reader, question: Question
) -> dict[str, Any]:
    info = reader.registry[list_id]
    mine = seen[info.zone]
    timeline = mine.view.timelines[list_id]
    found = intervals(timeline, mine.upto)
    steps = reasons(timeline, mine.upto)
    return {
        "list": list_id,
        "list_version": info.version,
        "coverage": reader.coverage(list_id, question).shown(),
        "episodes": [
            shown_episode(one, number, info) for number, one in begun(episodes(timeline), mine.upto)
        ],
        "intervals": found[-MOST:],
        "intervals_count": len(found),
        "steps": steps[-MOST:],
        "steps_count": len(steps),
    }


# --- events ---------------------------------------------------------------------------------------


def _events(
    seen: dict[ZoneInfo, _Seen], registry: Registry, lists: Sequence[str]
) -> list[dict[str, Any]]:
    """Every event that the question may see, in the order of the log, also those that no longer
    count."""
    found = []
    for entry in seen[UTC_ZONE].known.history.entries.values():
        info = registry.find(entry.list) if entry.list else None
        mine = seen[info.zone if info else UTC_ZONE]
        if not mine.cut.sees(entry.record) or entry.seen_from > mine.cut.announced_by:
            continue
        if lists and entry.list is not None and entry.list not in lists:
            continue
        if entry.fact is not None and min(entry.fact.at, entry.fact.announced) > mine.upto:
            continue
        found.append((entry.record.offset, _event(entry, mine.view)))
    return [event for _, event in sorted(found, key=lambda one: one[0])]


def _event(entry: Entry, view: View) -> dict[str, Any]:
    record = entry.record
    data = record.event["data"]
    sources = data.get("sources") or []
    taken_back = view.who_counts.taken_back.get(record.id)
    timeline = view.timelines.get(entry.list or "")
    circular = any(one.record.id == record.id for one in view.circular)
    anomaly = timeline.anomalies.get(record.id) if timeline and taken_back is None else None
    return {
        "position": "{}:{}".format(*record.origin),
        "id": record.id,
        "type": record.type,
        "subject": record.subject,
        "list": entry.list,
        "effective": _written(data.get("effective")),
        "announced": _written(data.get("announced")),
        "recorded": show(record.recorded),
        "counts": taken_back is None and _understood(entry),
        "retracted_by": taken_back,
        "anomaly": "taken back by an event that it takes back itself" if circular else anomaly,
        "data": {key: value for key, value in data.items() if key not in _APART},
        "sources": sources[:MOST],
        "sources_count": len(sources),
    }


def _understood(entry: Entry) -> bool:
    """Whether this version knows the type and the list; else the event is kept and skipped."""
    return entry.fact is not None or entry.record.type in TYPES - LEGAL_TYPES


def _written(text: str | None) -> dict[str, str | None] | None:
    """A date as it was written, with its precision; null for an instant. None, too, of what is no
    date: an event may stand in the log that was only taken back because nobody can read it."""
    try:
        return None if text is None else {"date": text, "precision": precision(text)}
    except BadDate:
        return None


# --- as the public saw it -------------------------------------------------------------------------


class _Turn(NamedTuple):
    """From `at` on the public knew this of a list. `events` were announced then; none where time
    alone did it."""

    at: Instant
    list: str
    reading: Reading
    events: tuple[str, ...]


def _public(
    seen: dict[ZoneInfo, _Seen], reader: Reader, question: Question
) -> list[dict[str, Any]]:
    """How the status went as the public knew it: at each moment, as of that moment and announced
    by then, wherever it differs from the moment before."""
    general = seen[UTC_ZONE]
    now = min(reader.moment(question, UTC_ZONE), general.cut.announced_by)
    turns = public(general.known.history, general.cut._replace(announced_by=NEVER), now)
    return [
        {
            "at": show(turn.at, reader.registry[turn.list].zone),
            "list": turn.list,
            "status": turn.reading.status,
            "how": turn.reading.how,
            "restrictions": list(turn.reading.kinds),
            "events": list(turn.events),
        }
        for turn in turns
        if not question.lists or turn.list in question.lists
    ]


def public(found: History, cut: Cutoffs, now: Instant) -> Iterator[_Turn]:
    """The turns up to `now`, in order. `cut` has what the log held.

    Between two public corrections nothing that the public knows is taken back, so that an event
    only adds to what stands there; at each correction everything is folded anew.
    """
    entries = [one for one in found.entries.values() if cut.sees(one.record)]
    corrections = sorted({one.corrected for one in entries if one.corrected != ALWAYS})
    current: dict[str, Reading] = {}
    for begins, ends in zip([ALWAYS, *corrections], [*corrections, NEVER], strict=True):
        view = found.view(cut._replace(announced_by=begins))
        fresh = sorted((one for one in entries if begins < one.seen_from < ends), key=_seen_from)
        groups = [(at, list(some)) for at, some in groupby(fresh, key=_seen_from)]
        moments = [(begins, _at(entries, begins)), *groups] if begins != ALWAYS else groups
        for (at, some), (until, _) in pairwise([*moments, (ends, [])]):
            if at > now:
                return
            if at != begins:
                _add(view.timelines, some, view, found.registry)
            yield from _turns(view.timelines, current, at, min(until, now + 1), some)


def _seen_from(entry: Entry) -> Instant:
    return entry.seen_from


def _at(entries: Sequence[Entry], at: Instant) -> list[Entry]:
    return [one for one in entries if one.seen_from == at]


def _add(
    timelines: dict[str, Timeline], entries: Iterable[Entry], view: View, registry: Registry
) -> None:
    for entry in entries:
        counts = entry.record.id not in view.who_counts.taken_back
        if entry.fact is not None and entry.list is not None and counts:
            timeline = timelines.setdefault(entry.list, Timeline(registry[entry.list]))
            timeline.add(entry.fact)


def _turns(
    timelines: dict[str, Timeline],
    current: dict[str, Reading],
    at: Instant,
    until: Instant,
    entries: Iterable[Entry],
) -> Iterator[_Turn]:
    """What reads differently at a moment, and then by itself, until the next."""
    told = list(entries)
    for list_id in sorted(timelines.keys() | current.keys()):
        timeline = timelines.get(list_id)
        reading = timeline.reading(at) if timeline else UNLISTED
        if reading != current.get(list_id, UNLISTED):
            current[list_id] = reading
            causes = (one.record.id for one in told if one.list in (list_id, None))
            yield _Turn(at, list_id, reading, tuple(causes))
    flips = [
        _Turn(flip.at, list_id, flip.reading, ())
        for list_id, timeline in timelines.items()
        for flip in timeline.flips_after(at)
        if flip.at < until
    ]
    for turn in sorted(flips, key=lambda one: (one.at, one.list)):
        current[turn.list] = turn.reading
        yield turn
