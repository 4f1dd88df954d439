"""When to try again, and when to stop. Pure: clock and chance are passed in."""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from alerts.channel import Outcome
from events.dates import DAY, SECOND, Instant

FIRST: Final[Instant] = 5 * SECOND
GROWTH: Final = 3
LONGEST: Final[Instant] = DAY // 4
"""The longest wait between two attempts, also if a receiver asks for more."""
GIVE_UP: Final[Instant] = 3 * DAY
"""A message this old that cannot be delivered is given up, if its receiver took others since it
began to wait."""
WARN: Final[Instant] = 2 * DAY
"""A receiver that took nothing for so long is told of elsewhere: it will be disabled."""
DISABLE: Final[Instant] = 5 * DAY
"""A receiver that took nothing for so long is disabled; what waits is kept."""
JITTER: Final = 0.2
"""By which part a wait is made longer at most, so that many do not come back at once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an attempt; `delay` counts from its end, where there is to be another.
    `failed` is the message's, and not where nothing else was delivered either."""

    state: Literal["delivered", "pending", "failed", "gone"]
    delay: Instant = 0


def judge(attempt: int, outcome: Outcome, age: Instant, draw: float) -> Verdict:
    """Decide after the attempt with this number, counted from 1, on a message of this age.

    `draw` is from [0, 1). A receiver that answers 410 is gone; everything else is tried again, as
    4xx too are mostly mistakes that somebody mends.
    """
    if outcome.delivered:
        return Verdict("delivered")
    if outcome.gone:
        return Verdict("gone")
    asked = min(outcome.retry_after or 0, LONGEST)
    after = max(delay(attempt, draw), asked)
    return Verdict("failed" if age >= GIVE_UP else "pending", after)


def delay(attempt: int, draw: float) -> Instant:
    """How long to wait after this attempt: 5 s, 15 s, 45 s … 6 h, and up to a fifth more."""
    plain = min(FIRST * int(GROWTH ** min(attempt - 1, 16)), LONGEST)
    return plain + int(plain * JITTER * draw)


def retry_after(header: str | None, now: Instant) -> Instant | None:
    """Read the HTTP header (RFC 9110, 10.2.3), seconds or a date; None where it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return int(text[:9]) * SECOND
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0, int(moment.timestamp()) * SECOND - now)
    except (ValueError, OverflowError):
        return None
