"""What a subscriber reads: one message per change, the same bytes at every attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from events.dates import Instant, show
from events.ids import derived_id
from events.lists import Registry
from projections.changes import Change, shown
from projections.messages import TYPE_PREFIX

TRIAL_TYPE: Final = "standing.test"
CONFIRMATION: Final = "standing.confirmation"
"""The type of the message that asks whether a mailbox wants to be written to."""


class About(NamedTuple):
    """What is known of a change beside itself, when it is told."""

    name: str | None = None
    """Of the company."""
    causes: tuple[Mapping[str, Any], ...] = ()
    """The events that it comes from, each with `event`, `type`, `text` and `sources`."""


UNKNOWN: Final = About()


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that lacks only its number."""

    subscription: str
    company: str
    change: str
    type: str
    at: Instant
    data: bytes
    sequence: int = 0
    """Of the change, among its company's."""
    position: int = -1
    """Of the change, in the order of its source."""
    urgent: bool = False
    """Whether quiet hours do not hold it up."""

    @property
    def id(self) -> str:
        """The same for one subscription and change, whenever and wherever it is derived."""
        return "msg_" + derived_id(["message", self.subscription, self.change])

    def body(self, n: int) -> bytes:
        """The JSON that is signed and sent."""
        return orjson.dumps(
            {
                "type": self.type,
                "timestamp": show(self.at),
                "n": n,
                "data": orjson.Fragment(self.data),
            }
        )


def whole(change: Change, registry: Registry, about: About = UNKNOWN) -> dict[str, Any]:
    """The change as everybody is told it."""
    before, after = set(change.before.kinds), set(change.after.kinds)
    return {
        **shown(change, registry),
        "name": about.name,
        "gained": sorted(after - before),
        "lost": sorted(before - after),
        "causes": about.causes,
    }


def data(change: Change, registry: Registry, about: About = UNKNOWN) -> bytes:
    """The same, as it is sent."""
    return orjson.dumps(whole(change, registry, about))


def draft(
    subscription: str, change: Change, told: bytes, position: int = -1, *, urgent: bool = False
) -> Draft:
    """The message of a change to one subscriber, `told` being its `data`."""
    kind, at = TYPE_PREFIX + change.kind, change.recorded
    about = (change.company, change.id, kind, at, told)
    place = (change.sequence, position)
    return Draft(subscription, *about, *place, urgent=urgent)


def company_of(queue: str) -> str | None:
    """The company that a queue is about; None for digests, heartbeats and tests."""
    return queue if queue[:1].isalnum() else None


def trial(subscription: str, now: Instant, key: str) -> Draft:
    """A message that only says that messages arrive; its number is 0."""
    told = orjson.dumps({"subscription": subscription, "text": "A test: this receiver is reached."})
    return Draft(subscription, "", f"test-{key}", TRIAL_TYPE, now, told)


def confirmation(subscription: str, now: Instant, key: str) -> Draft:
    """A message that asks whether somebody wants to be told; its number is 0. Whoever subscribed
    has no word in it: it goes to a stranger."""
    told = orjson.dumps(
        {
            "subscription": subscription,
            "title": "Do you want to be told of changes?",
            "text": "Somebody asked standing to write to this address when companies are put on "
            "government lists, or taken off. Nothing more is sent unless you confirm it. If it was "
            "not you, do nothing.",
        }
    )
    return Draft(subscription, "", f"confirm-{key}", CONFIRMATION, now, told)
