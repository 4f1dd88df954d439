"""What a subscription asks of time: spans as ISO 8601 writes them, and what fits together. Pure."""

import re
from typing import Final, Protocol

from alerts.windows import HOUR, Digest
from events.dates import DAY, SECOND, Instant
from events.errors import Refused

CADENCES: Final = ("immediate", "hourly", "daily", "weekly")
SHORTEST_BEAT: Final[Instant] = 60 * SECOND
LONGEST_BEAT: Final[Instant] = 7 * DAY
LONGEST_REMIND: Final[Instant] = 3_660 * DAY
_SPAN: Final = re.compile(
    r"P(?:(\d{1,3})W|(?=\d|T\d)(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,4})M)?)?)", re.ASCII
)


class Asks(Protocol):
    """What of a request has to do with time."""

    @property
    def cadence(self) -> str:
        """How often it is told."""
        ...

    @property
    def digest(self) -> Digest | None:
        """When."""
        ...

    @property
    def remind(self) -> list[str]:
        """How long before a flip."""
        ...

    @property
    def heartbeat(self) -> str | None:
        """How often it is told that all is well."""
        ...


def span(text: str) -> Instant | None:
    """An ISO 8601 duration of weeks, or of days, hours and minutes: `P30D`, `P1W`, `PT12H`; None
    where it is none. A day has 24 hours."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
    return (weeks * 7 + days) * DAY + hours * HOUR + minutes * 60 * SECOND


def check(asked: Asks) -> None:
    """Raises `Refused` where it does not fit together."""
    if asked.cadence not in CADENCES:
        known = ", ".join(CADENCES)
        raise Refused.field("cadence", f"unknown cadence {asked.cadence!r}; one of {known}")
    if asked.digest is not None and asked.cadence == "immediate":
        raise Refused.field("digest", "there is none with the cadence 'immediate'")
    for number, text in enumerate(asked.remind):
        _within(f"remind.{number}", text, 1, LONGEST_REMIND, "up to ten years, such as P30D or P1W")
    if asked.heartbeat is not None:
        _within("heartbeat", asked.heartbeat, SHORTEST_BEAT, LONGEST_BEAT, "PT1M to P7D")


def _within(field: str, text: str, least: Instant, most: Instant, meant: str) -> None:
    found = span(text)
    if found is None or not least <= found <= most:
        raise Refused.field(field, f"{text!r} is no span of {meant} (ISO 8601)")


def asks_for_time(asked: Asks) -> bool:
    """Whether anything comes to it that no change brings."""
    return bool(asked.cadence != "immediate" or asked.remind or asked.heartbeat)
