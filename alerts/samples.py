"""A message of each kind, as a receiver gets it: made by what makes the real ones. Pure."""

from typing import Any, Final

import orjson

from alerts import digest, heartbeat, reminders
from alerts.digest import Basket
from alerts.flips import Coming
from alerts.found import Row, notice
from alerts.matching import Who
from alerts.messages import About, data, draft, trial
from alerts.notices import DISABLED, FAILING, about
from alerts.places import BEGINNING
from alerts.reminders import Due
from alerts.subscriptions import Request, Start, Subscription
from alerts.targets import WebhookTarget
from events.dates import DAY, NEVER, Instant, show, start
from events.lists import Registry
from projections.changes import Change, Interval, Overall
from projections.rows import Told
from projections.timeline import Flip, Reading

_WHO: Final = "sub_0123456789abcdef01234567"
_ROW: Final = {
    "row": 4,
    "input": {"name": "Xiaomi Corporation"},
    "outcome": "matched",
    "taken": True,
    "company": "xiaomi",
    "name": "Xiaomi Corporation",
    "by": "name",
    "matched": "Xiaomi Corporation",
}
_KNOWN: Final = {"status": "designated", "restrictions": [{"kind": "investment.purchase"}]}
_LIST: Final = "us-dod-ccmc"
_ON: Final = Reading("designated", None, ("investment.purchase",))
_STILL: Final = Reading("designated", None, ())
_OFF: Final = Reading("removed", "vacated", ())
_EVENT: Final = "0b7cbb4c-6a0e-5d0b-8f0e-2d8a1f9f9a55"
_SOURCE: Final = {
    "url": "https://court.example/order",
    "title": "Final order",
    "publisher": "The court",
    "published": "2021-05-25",
}
_ABOUT: Final = About(
    "Xiaomi Corporation",
    (
        {
            "event": _EVENT,
            "type": "standing.removal.issued",
            "text": None,
            "sources": [_SOURCE],
        },
    ),
)
_BUY: Final = start("2021-03-15T09:30:00-04:00")
_OVER: Final = start("2021-05-25T16:09:00-04:00")


def samples(registry: Registry) -> list[dict[str, Any]]:
    """Each with what it is, and its body."""
    told = [
        ("changed", "a status or its restrictions are others now", _change("changed", _ON, _OFF)),
        (
            "corrected",
            "a stretch of the past reads differently now",
            _change("corrected", _OFF, _OFF, intervals=(Interval(_BUY, _OVER, _ON, _STILL),)),
        ),
        (
            "scheduled",
            "a change to come became known, was moved or called off",
            _change("scheduled", _STILL, _STILL, flips_after=(Flip(_BUY, _ON),)),
        ),
        ("noted", "context, that changes no status", _change("noted", _STILL, _STILL)),
    ]
    found = [{"kind": kind, "says": says, "body": _body(one, registry)} for kind, says, one in told]
    test = orjson.loads(trial(_WHO, _OVER, "0").body(0))
    return [
        *found,
        *_timed(registry),
        {
            "kind": "found",
            "says": "that it is known by now who a row of a watchlist is, or may be",
            "body": orjson.loads(notice(_WHO, Row(_ROW, _KNOWN), _OVER).body(1)),
        },
        {"kind": "test", "says": "that this receiver is reached", "body": test},
        {
            "kind": "failing",
            "says": "of another receiver: it fails, and will be disabled",
            "body": _notice(FAILING, None),
        },
        {
            "kind": "disabled",
            "says": "of another receiver: it was disabled",
            "body": _notice(DISABLED, f"nothing could be delivered since {show(_BUY)}"),
        },
    ]


def _timed(registry: Registry) -> list[dict[str, Any]]:
    """Those that time brings."""
    basket, who = Basket([_OVER + DAY]), _WHO
    basket.put(0, Told(41, _change("changed", _ON, _OFF)), registry, _ABOUT)
    asked = Request(channel=WebhookTarget(type="webhook", url="https://desk.example/hook"))
    one = Subscription(who, _BUY, asked, Start(BEGINNING))
    coming = Coming("xiaomi", _LIST, _OVER, _ON, _OFF, Who())
    near = reminders.made(one, Due(coming, "P30D"), {}, _OVER - 30 * DAY, registry)
    pulse = {"canary": "0:41", "partitions": [], "lists": [], "known_at": show(_OVER)}
    told = [
        ("digest", "what a window brought", digest.made(who, basket, _OVER, late=False)),
        ("reminder", "a flip that is known to come is near", near.draft if near else None),
        ("heartbeat", "that all is well", heartbeat.made(who, "PT1H", _OVER, pulse)),
    ]
    return [
        {"kind": kind, "says": says, "body": orjson.loads(draft.body(1))}
        for kind, says, draft in told
        if draft is not None
    ]


def _change(kind: str, before: Reading, after: Reading, **more: Any) -> Change:
    return Change(
        "xiaomi",
        _LIST,
        7,
        kind,
        before,
        after,
        Overall(before.status, before.kinds),
        Overall(after.status, after.kinds),
        _OVER,
        _OVER,
        (_EVENT,),
        _OVER,
        NEVER,
        backfill=False,
        **more,
    )


def _body(one: Change, registry: Registry) -> Any:
    told = data(one, registry, _ABOUT)
    return orjson.loads(draft(_WHO, one, told).body(3))


def _notice(kind: str, why: str | None) -> dict[str, Any]:
    since: Instant = _BUY
    asked = Request(channel=WebhookTarget(type="webhook", url="https://desk.example/hook"))
    made = Subscription(_WHO, _BUY, asked, Start(BEGINNING), why, since)
    told = about(made, kind, since, "answered 500 Internal Server Error")
    return {"type": kind, "timestamp": show(_OVER), "n": 0, "data": told}
