"""Heartbeats: that silence means that there is nothing to tell. The port, and the message."""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from alerts.memory import BEAT, BEATS
from alerts.messages import Draft
from events.dates import Instant, show


class Pulse(Protocol):
    """Knows how the way from the log to here is."""

    async def beat(self, slot: Instant) -> Mapping[str, Any] | None:
        """What to tell of it, as JSON, after something of this moment has gone all the way; None
        while it has not. Called again and again until it has."""
        ...


def slot(every: Instant, now: Instant) -> Instant:
    """The latest moment at which a beat is due: the same ones for everybody with one span."""
    return now - now % every


def made(subscription: str, every: str, at: Instant, told: Mapping[str, Any]) -> Draft:
    """The message of the beat that was due `at`."""
    body = {"subscription": subscription, "at": show(at), "every": every, **told}
    return Draft(subscription, BEATS, f"heartbeat-{show(at)}", BEAT, at, orjson.dumps(body))
