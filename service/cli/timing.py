"""The options by which is asked when to be told, beside at once."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple

import typer

Many = list[str] | None
NONE: Final = "none"
"""Takes away what an option asked for."""

DigestAt = Annotated[
    str | None, typer.Option(help="When digests come: 08:00, or mon 08:00 for weekly ones.")
]
Empty = Annotated[
    bool | None,
    typer.Option("--empty/--no-empty", help="Also digests in which nothing changed."),
]
TimeZone = Annotated[
    str | None, typer.Option(help="Of digests and quiet hours: Europe/Berlin; else UTC.")
]
Quiet = Annotated[str | None, typer.Option(help="When nothing is sent, and waits: 22:00-07:00.")]
Remind = Annotated[
    Many, typer.Option(help="So long before the next known flip: P30D; may be given again.")
]
Heartbeat = Annotated[str | None, typer.Option(help="How often to be told that all is well: PT1H.")]
Notify = Annotated[
    str | None,
    typer.Option(help="The subscription that is told when this one's receiver fails."),
]


class When(NamedTuple):
    """What is asked of digests and quiet hours."""

    digest_at: str | None = None
    empty: bool | None = None
    time_zone: str | None = None
    quiet: str | None = None

    def wish(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """As the API has it, of a subscription of which this much is `known`: what is not asked
        for anew stays as it is. Raises `BadParameter`."""
        digest = self._digest(known.get("digest") or {}, known["cadence"])
        found: dict[str, Any] = {}
        if digest != (known.get("digest") or {}):
            found["digest"] = digest
        quiet = self._quiet(known.get("quiet"))
        if quiet != known.get("quiet"):
            found["quiet"] = quiet
        if self.time_zone and not digest and not quiet:
            said = "--time-zone is of digests (--cadence) and quiet hours (--quiet)"
            raise typer.BadParameter(said)
        return found

    def _digest(self, known: Mapping[str, Any], cadence: str) -> dict[str, Any]:
        day, _, clock = (self.digest_at or "").rpartition(" ")
        asked = {
            "at": clock,
            "weekday": day.strip().lower(),
            "time_zone": self.time_zone if cadence != "immediate" else None,
            "empty": self.empty,
        }
        return {**known, **{key: one for key, one in asked.items() if one not in (None, "")}}

    def _quiet(self, known: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if self.quiet == NONE or (self.quiet is None and known is None):
            return None
        found = dict(known or {})
        if self.quiet is not None:
            begins, _, ends = self.quiet.partition("-")
            found |= {"from": begins.strip(), "to": ends.strip()}
        return found | ({"time_zone": self.time_zone} if self.time_zone else {})


def told_of(
    remind: Many, heartbeat: str | None, notify: str | None, backfill: bool | None
) -> dict[str, Any]:
    """What else is asked for, as the API has it; nothing of what was not given."""
    found: dict[str, Any] = {} if not remind else {"remind": [] if remind == [NONE] else remind}
    for name, value in (("heartbeat", heartbeat), ("notify", notify)):
        if value is not None:
            found[name] = None if value == NONE else value
    return found if backfill is None else {**found, "backfill": backfill}
