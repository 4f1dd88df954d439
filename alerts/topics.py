"""The messages of the topics that the alerts keep: subscriptions and deliveries. Pure.

A subscription's message has everything that is needed to go on with it elsewhere: what was asked
for, its secrets as they were sealed, and how far it was read to.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any, Final

import orjson

from alerts.messages import company_of
from alerts.outbox import Ended
from alerts.places import Place
from alerts.subscriptions import LOCAL, Request, Start, Subscription
from events.dates import ALWAYS, NEVER, Instant, show, start
from events.ids import derived_id
from events.log import Position
from projections.messages import Message, attributes

SUBSCRIPTION: Final = "standing.subscription.current"
ATTEMPT: Final = "standing.delivery.attempted"
_PARTITION: Final = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription with what is kept beside it. `sealed` are its secrets as the vault locked
    them; until `overlap` messages are signed with the one before the newest as well. `behind` is
    its own place, where it has yet to come to the common one."""

    subscription: Subscription
    sealed: bytes
    overlap: Instant = 0
    behind: Place | None = None
    rotated: Instant = 0
    """When the newest secret was made; 0 is with the subscription."""
    watchlist: bytes | None = None
    """The report of the watchlist that its companies are from, as it was packed."""
    enabled: Instant = 0
    """When it was last enabled again; 0: never."""


def subscription(kept: Kept, now: Instant) -> Message:
    """What `standing.subscriptions.v1` says of a subscription from now on."""
    one = kept.subscription
    told = {
        **one.shown(),
        # Readers from before there were mailboxes know this word for it.
        "state": "disabled" if one.unconfirmed else one.state,
        "secrets": b64encode(kept.sealed).decode(),
        "overlap": None if kept.overlap == 0 else show(kept.overlap),
        "after": _placed(one.start.after),
        "since": None if one.start.since == ALWAYS else show(one.start.since),
        "behind": None if kept.behind is None else _placed(kept.behind),
        "places": [
            _placed(place, number)
            for number, place in enumerate((one.start.after, *one.start.others))
        ],
        "rotated": None if kept.rotated == 0 else show(kept.rotated),
        "revised": None if one.revised == 0 else show(one.revised),
        "watchlist": None if kept.watchlist is None else b64encode(kept.watchlist).decode(),
        "enabled": None if kept.enabled == 0 else show(kept.enabled),
    }
    event_id = derived_id([SUBSCRIPTION, told])
    return Message(
        one.id.encode(), orjson.dumps(told), attributes(event_id, SUBSCRIPTION, one.id, now)
    )


def removed(subscription_id: str) -> Message:
    """The tombstone of a subscription."""
    return Message(subscription_id.encode(), None)


def read_subscription(value: bytes) -> Kept:
    """A subscription as its message had it. Fields that a later version added are passed over."""
    told = orjson.loads(value)
    asked = {key: told[key] for key in _ASKED if key in told}
    failing, since, behind = told["failing_since"], told["since"], told["behind"]
    return Kept(
        Subscription(
            told["id"],
            start(told["created"]),
            Request.model_validate(asked),
            Start(
                _place(told["after"]),
                ALWAYS if since is None else start(since),
                tuple(_place(one) for one in told.get("places", ())[1:]),
            ),
            told["disabled"],
            None if failing is None else start(failing),
            told.get("owner", LOCAL),
            None if told.get("paused_since") is None else start(told["paused_since"]),
            0 if told.get("revised") is None else start(told["revised"]),
            None if told.get("confirmed") is None else start(told["confirmed"]),
        ),
        b64decode(told["secrets"]),
        0 if told["overlap"] is None else start(told["overlap"]),
        None if behind is None else _place(behind),
        rotated=0 if told.get("rotated") is None else start(told["rotated"]),
        watchlist=None if told.get("watchlist") is None else b64decode(told["watchlist"]),
        enabled=0 if told.get("enabled") is None else start(told["enabled"]),
    )


_ASKED: Final = tuple(
    info.alias or name for name, info in Request.model_fields.items()
)  # what a caller asks for, under the names that it is asked by


def _placed(place: Place, partition: int = _PARTITION) -> dict[str, Any]:
    """Without the large numbers that stand for what lies behind all moments: not every reader of
    JSON has room for them."""
    offset, moment, company, sequence = place
    behind_all = moment >= NEVER
    return {
        "position": str(Position({partition: offset})),
        "moment": None if behind_all else show(moment),
        "revisions": moment - NEVER if behind_all else 0,
        "company": company,
        "sequence": sequence,
    }


def _place(told: dict[str, Any]) -> Place:
    moment = told["moment"]
    (offset,) = Position.parse(told["position"], "position").values()
    return (
        offset,
        NEVER + told["revisions"] if moment is None else start(moment),
        told["company"],
        told["sequence"],
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to deliver a message that is over, and the state in which it left the message.
    `number` counts from 1."""

    subscription: str
    company: str
    n: int
    change: str
    type: str
    number: int
    ended: Ended
    state: str
    since: Instant
    """When the message began to wait."""
    due: Instant | None = None
    """When it is tried again."""
    stands: str | None = None
    """Where the change stands in its topic, as `partition:offset`."""
    message: bytes | None = None
    """What was sent, where no change brought it: at the first attempt."""


def delivery(one: Attempt) -> Message:
    """What `standing.deliveries.v1` says of an attempt."""
    ended = one.ended
    told = {
        "delivery": ended.message,
        "subscription": one.subscription,
        "company": company_of(one.company),
        "n": one.n,
        "change": one.change,
        "type": one.type,
        "attempt": one.number,
        "at": show(ended.at),
        "outcome": "delivered" if ended.outcome.delivered else "failed",
        "status": ended.outcome.status,
        "error": ended.outcome.error,
        "latency_ms": ended.latency / 1_000,
        "state": one.state,
        "since": show(one.since),
        "due": None if one.due is None else show(one.due),
        "stands": one.stands,
        "request": (ended.outcome.details or {}).get("request"),
        "answer": (ended.outcome.details or {}).get("answer"),
    }
    if one.message is not None:
        told["message"] = orjson.loads(one.message)
    event_id = derived_id([ATTEMPT, ended.message, one.number])
    return Message(
        one.subscription.encode(),
        orjson.dumps(told),
        attributes(event_id, ATTEMPT, one.subscription, ended.at),
    )
