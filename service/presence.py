"""Whether brokers answer, and whether the log there is still the one that was read. Where none
does, what was read goes on being told, and it is tried again until one does."""

import logging
from collections.abc import Mapping

from events.dates import Instant, show
from events.errors import StoreError
from events.kafka.identity import Identity
from events.kafka.topics import CHANGES, EVENTS
from events.log import Position
from service.standing import Clock

_log = logging.getLogger("standing.replica")


class Recreated(StoreError):
    """The topic is not the one that was read: it was made anew, or has lost its end."""


class Presence:
    """What is known of them. What changes is told in the program's log."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._stale: tuple[Instant, str] | None = None

    def lost(self, why: str) -> None:
        """Nobody answered."""
        if self._stale is None:
            self._stale = self._clock(), why
            _log.warning("%s; going on with what was read", why)

    def found(self) -> None:
        """Somebody did."""
        if self._stale is not None:
            _log.warning("Kafka answers again")
            self._stale = None

    @property
    def stale(self) -> Mapping[str, str] | None:
        """Since when nobody answers, and why, as JSON; None where somebody does."""
        return self._stale and {"since": show(self._stale[0]), "why": self._stale[1]}

    def check(self, position: Position, ends: Position, found: Identity | None = None) -> None:
        """Raises `Recreated` where what ends there is not what was read up to a position."""
        if found not in (None, self._identity):
            raise Recreated(f"{EVENTS.name} or {CHANGES.name} was made anew")
        if not ends.reaches(position):
            raise Recreated(f"{EVENTS.name} ends at {ends}, before what was read: {position}")
