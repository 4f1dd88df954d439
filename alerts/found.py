"""Rows of watchlists of which it becomes known later who they are: what is told of them, and what
was told of their companies before. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from alerts.matching import sends
from alerts.messages import Draft, data, draft
from alerts.places import Place
from alerts.quiet import passes
from alerts.source import ChangeSource
from alerts.subscriptions import Request, Subscription
from events.dates import Instant
from events.lists import Registry
from projections.rows import Told

FOUND: Final = "standing.watchlist.found"
"""The type of the message."""
UNSURE: Final = "~found"
"""The queue of what is told of rows that somebody has to look at, as they have no company yet."""
_SAID: Final = ("row", "input", "outcome", "taken", "company", "name", "by", "matched")


class Row(NamedTuple):
    """A row as its report has it now, how its company stands, and what was told of that until now,
    oldest first; nothing of both where the row is not taken."""

    said: Mapping[str, Any]
    standing: Mapping[str, Any]
    changes: Sequence[Told] = ()


class Waits(NamedTuple):
    """A message that belongs behind a place; None: wherever."""

    place: Place | None
    draft: Draft


def with_companies(request: Request, companies: Sequence[str]) -> Request:
    """The request with these among the companies of its filter."""
    named = list(dict.fromkeys([*(request.filter.companies or ()), *companies]))
    return request.model_copy(
        update={"filter": request.filter.model_copy(update={"companies": named})}
    )


def notice(subscription: str, row: Row, now: Instant) -> Draft:
    """That it is known now who a row is, or may be."""
    said, company = row.said, row.said["company"] if row.said["taken"] else None
    about = company or f"row {said['row']}, {said['outcome']}"
    candidates = [
        {"company": one["company"], "name": one["name"]} for one in said.get("candidates", ())
    ]
    told = {
        "subscription": subscription,
        "title": "a row of your watchlist is known now",
        "text": _text(row, candidates),
        **{key: said.get(key) for key in _SAID},
        "candidates": candidates,
        "status": row.standing.get("status"),
        "restrictions": [one["kind"] for one in row.standing.get("restrictions", ())],
    }
    queue = company or UNSURE
    return Draft(subscription, queue, f"found-{about}", FOUND, now, orjson.dumps(told))


def _text(row: Row, candidates: Sequence[Mapping[str, Any]]) -> str:
    said = row.said
    named = ", ".join(str(one) for one in said["input"].values())
    begins = f"Row {said['row']} ({named}) of the watchlist"
    if said["taken"]:
        status = str(row.standing.get("status", "unknown")).replace("_", " ")
        return f"{begins} is {said['name'] or said['company']}, which is {status}."
    may_be = " or ".join(f"{one['name'] or one['company']}" for one in candidates)
    return f"{begins} may be {may_be}. Nothing is told of it until you say which one it is."


def messages(
    one: Subscription, rows: Sequence[Row], source: ChangeSource, registry: Registry, now: Instant
) -> Iterator[Waits]:
    """What is sent to a subscription, whose filter has the companies by now: of each row that it
    is known, and then what its company had been told of since the subscription began."""
    for row in rows:
        yield Waits(None, notice(one.id, row, now))
        if one.request.cadence != "immediate":
            continue  # the next digest has them
        for told in row.changes:
            if sends(one.request, one.start, told, source.who(told)):
                body = data(told.change, registry, source.about(told))
                place, quiet = source.place(told), one.request.quiet
                urgent = quiet is not None and passes(quiet, told.change)
                yield Waits(place, draft(one.id, told.change, body, place[0], urgent=urgent))
