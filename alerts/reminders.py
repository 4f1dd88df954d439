"""Reminders: that a flip is near, so long before it. Pure.

For each flip and span there is one. Of spans that have passed already when a flip becomes known,
or when somebody works again, only the shortest counts: who is told a week before needs not be told
at once that a month was to go. What is remembered goes by the flip itself: one that moves is
another one, and one that is called off is not told of.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from alerts.flips import Coming
from alerts.matching import wants
from alerts.memory import Made, State
from alerts.messages import Draft
from alerts.quiet import passes
from alerts.subscriptions import Request, Subscription
from alerts.timing import span
from events.dates import NEVER, SECOND, Instant, show, start
from events.ids import derived_id
from events.lists import Registry
from projections.changes import Change, Overall

TYPE: Final = "standing.reminder"


class Due(NamedTuple):
    """A flip to be told of, and the span for which."""

    coming: Coming
    span: str


def wanted(request: Request, coming: Coming) -> bool:
    """Whether the filter lets a flip through. Its `kinds` are of changes."""
    return wants(request.filter.model_copy(update={"kinds": None}), _as_change(coming), coming.who)


def due(spans: Sequence[str], coming: Coming, now: Instant) -> tuple[str | None, Instant]:
    """For which span a reminder is due by now, and when the next one is."""
    by_length = sorted((span(text) or 0, text) for text in spans)
    passed = [text for length, text in by_length if coming.at - length <= now]
    ahead = [coming.at - length for length, _ in by_length if coming.at - length > now]
    return (passed[0] if passed else None), min(ahead, default=NEVER)


def key(coming: Coming, text: str) -> dict[str, Any]:
    """By what a reminder is known again."""
    after = coming.after
    return {
        "list": coming.list,
        "at": show(coming.at),
        "status": after.status,
        "restrictions": list(after.kinds),
        "seconds": (span(text) or 0) // SECOND,
    }


def made(one: Subscription, due: Due, state: State, at: Instant, registry: Registry) -> Made | None:
    """The reminder, and what is remembered with it; None where it was made before."""
    coming, text, quiet = due.coming, due.span, one.request.quiet
    mine, sent = key(coming, text), state.get("reminded", [])
    if mine in sent:
        return None
    kept = [earlier for earlier in sent if start(earlier["at"]) > at]
    told = orjson.dumps(_shown(coming, text, at, registry))
    change = "reminder-" + derived_id(["reminder", coming.company, mine])
    urgent = quiet is not None and passes(quiet, _as_change(coming))
    draft = Draft(one.id, coming.company, change, TYPE, at, told, urgent=urgent)
    return Made(one.id, coming.company, {**state, "reminded": [*kept, mine]}, draft)


def _shown(coming: Coming, text: str, at: Instant, registry: Registry) -> dict[str, Any]:
    info = registry.find(coming.list)
    before, after = coming.before, coming.after
    return {
        "company": coming.company,
        "list": coming.list,
        "at": show(coming.at, info.zone) if info else show(coming.at),
        "remind": text,
        "known_at": show(at),
        "from": {"status": before.status, "restrictions": list(before.kinds)},
        "to": {"status": after.status, "restrictions": list(after.kinds)},
        "gained": sorted(set(after.kinds) - set(before.kinds)),
        "lost": sorted(set(before.kinds) - set(after.kinds)),
    }


def _as_change(coming: Coming) -> Change:
    """The change that it will be, as far as filters look at it."""
    unknown = Overall("", ())
    return Change(
        company=coming.company, list=coming.list, sequence=0, kind="changed",
        before=coming.before, after=coming.after, overall_before=unknown, overall_after=unknown,
        effective=coming.at, announced=None, cause=(), recorded=coming.at, moment=coming.at,
        backfill=False,
    )  # fmt: skip
