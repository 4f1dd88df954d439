"""The messages of `standing.progress.v1`: how far everybody was told. Pure.

A partition of this topic belongs to the worker of the partition of the same number of the changes,
which has nothing else to go on from. `read` is an offset in that partition of the changes.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from alerts.messages import Draft
from alerts.notices import Notice
from events.dates import Instant, show, start
from events.ids import derived_id
from projections.messages import Message, attributes

READ: Final = "standing.progress.read"
QUEUE: Final = "standing.progress.queue"
MADE: Final = "standing.progress.made"
ASKED: Final = "standing.delivery.asked"
NOTICE: Final = "standing.progress.notice"
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
    delivered: Instant | None = None
    """When its receiver last took one of them."""

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
    """Of the change in this partition of the changes; 0 where none brought it."""
    attempts: int
    """So far."""
    asked: Instant
    message: bytes | None = None
    """What was sent, where no change brought it."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What is told elsewhere of a receiver that fails, and how that goes: `due` is when it is tried
    next, None once that is over. It stands until the next of its kind, so that it is known that it
    was told."""

    notice: Notice
    due: Instant | None
    error: str | None

    @property
    def key(self) -> str:
        """Of its message. No company has such an id."""
        one = self.notice
        return f"{one.subscription}/{one.kind}/{one.target}"


@dataclass(slots=True)
class Progress:
    """All that a partition of the topic says."""

    read: dict[str, int | None] = field(default_factory=dict)
    """By subscription, up to where it was told everything; None: as everybody, `EVERYBODY`."""
    queues: dict[str, Queue] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    made: dict[str, Waits] = field(default_factory=dict)
    notices: dict[str, Noticed] = field(default_factory=dict)

    def take(self, key: str, kind: str, value: bytes | None) -> None:
        """The next message. What a later version wrote is passed over."""
        if value is None:
            for known in (self.read, self.queues, self.asked, self.made, self.notices):
                known.pop(key, None)
        elif kind == READ:
            self.read[key] = orjson.loads(value)["read"]
        elif kind == QUEUE:
            self.queues[key] = _queue(orjson.loads(value))
        elif kind == ASKED:
            self.asked[key] = _asked(orjson.loads(value))
        elif kind == MADE:
            self.made[key] = _made(orjson.loads(value))
        elif kind == NOTICE:
            self.notices[key] = _noticed(orjson.loads(value))

    def besides(self, subscription: str) -> list[str]:
        """The keys of what is said of one, besides how far it was told."""
        found = [key for key, one in self.made.items() if one.draft.subscription == subscription]
        return found + [
            key for key, one in self.notices.items() if one.notice.subscription == subscription
        ]

    def others(self, living: Container[str]) -> list[str]:
        """The keys of what is said of all that are not among these."""
        found = [one for one in self.read if one not in living and one != EVERYBODY]
        found += [key for key, one in self.queues.items() if one.subscription not in living]
        found += [key for key, one in self.made.items() if one.draft.subscription not in living]
        return found + [
            key for key, one in self.notices.items() if one.notice.subscription not in living
        ]


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
    if one.delivered is not None:
        told["delivered"] = show(one.delivered)
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
    if one.message is not None:
        told["message"] = orjson.loads(one.message)
    return _message(one.delivery, ASKED, told, one.asked)


def noticed(one: Noticed, now: Instant) -> Message:
    """How it goes that something is told elsewhere."""
    notice = one.notice
    told = {
        "notice": notice.id,
        "subscription": notice.subscription,
        "read": None,
        "to": notice.target,
        "type": notice.kind,
        "at": show(notice.at),
        "attempts": notice.attempts,
        "due": None if one.due is None else show(one.due),
        "error": one.error,
        "message": orjson.loads(notice.body),
    }
    return _message(one.key, NOTICE, told, now)


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
        None if said.get("delivered") is None else start(said["delivered"]),
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
    message = None if said.get("message") is None else orjson.dumps(said["message"])
    return Asked(said["delivery"], *about, *numbers, start(said["asked"]), message)


def _noticed(said: dict[str, Any]) -> Noticed:
    whose = (said["notice"], said["to"], said["subscription"], said["type"])
    notice = Notice(*whose, start(said["at"]), orjson.dumps(said["message"]), said["attempts"])
    return Noticed(notice, None if said["due"] is None else start(said["due"]), said["error"])
