"""How many messages go to one receiver at once, and how fast. No clock of its own, no I/O."""

from collections import Counter
from typing import Final

from events.dates import SECOND, Instant

EACH: Final = 4
"""How many attempts to one receiver are under way at most; one, once it has failed `STREAK` times
in a row, so that receivers that hang leave room for the others."""
STREAK: Final = 8
AHEAD: Final = 8
"""While it is being kept what became of attempts, so many times as many may be sent."""
_KNOWN: Final = 10_000


class Pace:
    """What is known of receivers since the start. `share` is the part of a receiver's rate that is
    ours, where others send to it as well."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share
        self._failures: Counter[str] = Counter()
        self._next: dict[str, Instant] = {}
        self._held: dict[str, Instant] = {}

    def room(self, subscription: str, flying: int, busy: int, now: Instant) -> int:
        """How many more may go now, while so many are flying and so many queues are busy."""
        if now < max(self._next.get(subscription, 0), self._held.get(subscription, 0)):
            return 0
        limit = 1 if self._failures[subscription] >= STREAK else EACH
        free = min(limit - flying, limit * AHEAD - busy)
        return min(free, 1) if subscription in self._next else free

    def started(self, subscription: str, rate: float | None, now: Instant) -> None:
        """One goes now, to a receiver that takes so many a second."""
        if rate is None:
            self._next.pop(subscription, None)
            return
        if len(self._next) >= _KNOWN:
            self._next = {one: at for one, at in self._next.items() if at > now}
        gap = int(SECOND / (rate * self.share))
        self._next[subscription] = max(now, self._next.get(subscription, 0)) + gap

    def ended(self, subscription: str, *, delivered: bool, hold: Instant = 0) -> Instant:
        """What became of one, and until when the receiver asked to be left alone; until when
        nothing more goes there."""
        if delivered:
            self._failures.pop(subscription, None)
        else:
            self._failures[subscription] += 1
        if hold:
            self._held[subscription] = max(hold, self._held.get(subscription, 0))
        elif delivered:
            self._held.pop(subscription, None)
        return max(self._next.get(subscription, 0), self._held.get(subscription, 0))
