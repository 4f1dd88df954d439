"""Whether two houses hold the same: every event with its id and origin time, and every status."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from events.dates import Instant, show
from events.errors import Refused, StandingError
from events.log import Position
from events.vocabulary import CLOCK_SUBJECT
from projections.reader import Question
from service.cli.common import say
from service.compose import Standing, opened_embedded
from service.recording import record

_SHOWN: Final = 100
Events = dict[tuple[str, str], Instant]


def compared(standing: Standing, other: Path) -> dict[str, Any]:
    """Compare with another home folder, or with what a house exported. The clock's events are each
    house's own, and left out. Raises `Refused` where it is neither."""
    with _house(standing, other) as there:
        here_events, there_events = _events(standing), _events(there)
        found = itertools.chain(
            _events_differ(here_events, there_events), _statuses_differ(standing, there)
        )
        differences = list(found)
        return {
            "position": str(standing.end()),
            "events": len(here_events),
            "companies": len(_companies(here_events)),
            "count": len(differences),
            "differences": differences[:_SHOWN],
        }


@contextmanager
def _house(standing: Standing, other: Path) -> Iterator[Standing]:
    settings = replace(standing.settings, kafka=None)
    if (other / "log.db").exists():
        with opened_embedded(replace(settings, home=other), standing.clock) as there:
            yield there
    elif other.is_file():
        with TemporaryDirectory(dir=standing.settings.home, prefix="verify-") as folder:
            home = replace(settings, home=Path(folder))
            with opened_embedded(home, standing.clock) as there:
                asyncio.run(
                    record(there.log, [other], settings.lists, tell=lambda one: say(str(one)))
                )
                yield there
    else:
        raise Refused.field("OTHER", f"{other} is no export, and no home folder with a log.db")


def _events(standing: Standing) -> Events:
    """By subject and id, when a log first took it in."""
    return {
        (one.subject, one.id): one.held
        for records in standing.whole.records(Position())
        for one in records
        if one.subject != CLOCK_SUBJECT
    }


def _companies(events: Events) -> list[str]:
    return sorted({subject for subject, _ in events if ":" not in subject})


def _events_differ(here: Events, there: Events) -> Iterator[str]:
    for key in sorted(here.keys() | there.keys()):
        subject, event = key
        if key not in there:
            yield f"{subject}: event {event}: only here"
        elif key not in here:
            yield f"{subject}: event {event}: only there"
        elif here[key] != there[key]:
            yield (
                f"{subject}: event {event}: taken in at {show(here[key])} here, and at "
                f"{show(there[key])} there"
            )


def _statuses_differ(here: Standing, there: Standing) -> Iterator[str]:
    question = Question(as_of=show(here.clock()))
    for company in _companies({**_events(here), **_events(there)}):
        told = [_told(one, company, question) for one in (here, there)]
        if told[0] != told[1]:
            yield f"{company}: {_brief(told[0])} here, and {_brief(told[1])} there"


def _told(standing: Standing, company: str, question: Question) -> Any:
    try:
        found = orjson.loads(standing.reader.answer(company, question).text)
    except StandingError as error:
        return str(error)
    del found["position"]
    return found


def _brief(told: Any) -> str:
    if isinstance(told, str):
        return told
    lists = (f"{one['list']} {one['status']} since {one['since']}" for one in told["lists"])
    return f"{told['company']} {told['status']} ({', '.join(lists)})"
