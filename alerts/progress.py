"""The messages of `standing.progress.v1`: how far everybody was told. Pure.

A partition of this topic belongs to the worker of the partition of the same number of the changes,
which has nothing else to go on from. `read` is an offset in that partition of the changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from alerts.messages import Draft
from events.dates import Instant, show, start
from events.ids import derived_id
from projections.messages import Message, attributes

READ: Final = "standing.progress.read"
QUEUE: Final = "standing.progress.queue"
MADE: Final = "standing.progress.made"
ASKED: Final = "standing.delivery.asked"
EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Tried:
    """A message that waits, and was tried: `attempts` in all, `earlier` of them before it was to
    be delivered again; `since` when it began to wait, `due` when it is tried next."""

    delivery: str
    attempts: int
    earlier: int
    since: Instant
    due: Instant | None


@dataclass(frozen=True, slots=True)
class Queue:
    """What one subscription was told of one company: up to message `n`, which told the change with
    this `sequence`, everything is over; of what waits behind it, `waiting` was tried."""

    subscription: str
    company: str
    n: int
    sequence: int
    waiting: tuple[Tried, ...] = ()
    timed: Mapping[str, Any] | None = None
    """What is remembered of messages that no change brings."""

    @property
    def key(self) -> str:
        """Of its message."""
        return f"{self.subscription}/{self.company}"


@dataclass(frozen=True, slots=True)
class Waits:
    """A message that no change brings, with its number, and the `sequence` of the last change that
    is told before it. It stands until it is over."""

    draft: Draft
    n: int
    sequence: int

    @property
    def key(self) -> str:
        """Of its message; a wish that it be sent again has another one."""
        return made_key(self.draft.id)


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish that a message be delivered again; it stands until it was."""

    delivery: str
    subscription: str
    company: str
    n: int
    change: str
    offset: int
    """Of the change in this partition of the changes."""
    attempts: int
    """So far."""
    asked: Instant


@dataclass(slots=True)
class Progress:
    """All that a partition of the topic says."""

    read: dict[str, int | None] = field(default_factory=dict)
    """By subscription, up to where it was told everything; None: as everybody, `EVERYBODY`."""
    queues: dict[str, Queue] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    made: dict[str, Waits] = field(default_factory=dict)

    def take(self, key: str, kind: str, value: bytes | None) -> None:
        """The next message. What a later version wrote is passed over."""
        if value is None:
            for known in (self.read, self.queues, self.asked, self.made):
                known.pop(key, None)
        elif kind == READ:
            self.read[key] = orjson.loads(value)["read"]
        elif kind == QUEUE:
            self.queues[key] = _queue(orjson.loads(value))
        elif kind == ASKED:
            self.asked[key] = _asked(orjson.loads(value))
        elif kind == MADE:
            self.made[key] = _made(orjson.loads(value))


def read(subscription: str, offset: int | None, now: Instant) -> Message:
    """Up to where a subscription, or `EVERYBODY`, was told all."""
    whose = None if subscription == EVERYBODY else subscription
    return _message(subscription, READ, {"subscription": whose, "read": offset}, now)


def queue(one: Queue, now: Instant) -> Message:
    """What a subscription was told of a company."""
    told = {
        "subscription": one.subscription,
        "company": one.company,
        "n": one.n,
        "sequence": one.sequence,
        "waiting": [
            {
                "delivery": tried.delivery,
                "attempts": tried.attempts,
                "earlier": tried.earlier,
                "since": show(tried.since),
                "due": None if tried.due is None else show(tried.due),
            }
            for tried in one.waiting
        ],
    }
    if one.timed is not None:
        told["timed"] = one.timed
    return _message(one.key, QUEUE, told, now)


def made(one: Waits, now: Instant) -> Message:
    """A message that time brought, as it is to be sent."""
    draft = one.draft
    told = {
        "subscription": draft.subscription,
        "company": draft.company,
        "n": one.n,
        "sequence": one.sequence,
        "waiting": [],
        "delivery": draft.id,
        "change": draft.change,
        "type": draft.type,
        "at": show(draft.at),
        "urgent": draft.urgent,
        "data": orjson.loads(draft.data),
    }
    return _message(one.key, MADE, told, now)


def asked(one: Asked) -> Message:
    """The wish that a message be delivered again."""
    told = {
        "delivery": one.delivery,
        "subscription": one.subscription,
        "company": one.company,
        "n": one.n,
        "change": one.change,
        "offset": one.offset,
        "attempts": one.attempts,
        "asked": show(one.asked),
    }
    return _message(one.delivery, ASKED, told, one.asked)


def made_key(delivery: str) -> str:
    """Of the message that has a delivery which no change brings."""
    return f"{delivery}/made"


def over(key: str) -> Message:
    """The tombstone of any of them."""
    return Message(key.encode(), None)


def _message(key: str, kind: str, told: dict[str, Any], now: Instant) -> Message:
    event_id = derived_id([kind, key, told])
    return Message(key.encode(), orjson.dumps(told), attributes(event_id, kind, key, now))


def _queue(said: dict[str, Any]) -> Queue:
    return Queue(
        said["subscription"],
        said["company"],
        said["n"],
        said["sequence"],
        tuple(
            Tried(
                one["delivery"],
                one["attempts"],
                one["earlier"],
                start(one["since"]),
                None if one["due"] is None else start(one["due"]),
            )
            for one in said["waiting"]
        ),
        said.get("timed"),
    )


def _made(said: dict[str, Any]) -> Waits:
    about = (said["change"], said["type"], start(said["at"]), orjson.dumps(said["data"]))
    draft = Draft(
        *(said["subscription"], said["company"], *about),
        sequence=said["sequence"],
        urgent=said["urgent"],
    )
    return Waits(draft, said["n"], said["sequence"])


def _asked(said: dict[str, Any]) -> Asked:
    numbers = (said["offset"], said["attempts"])
    about = (said["subscription"], said["company"], said["n"], said["change"])
    return Asked(said["delivery"], *about, *numbers, start(said["asked"]))
