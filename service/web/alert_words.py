"""How pages speak of subscriptions and of what was sent."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from projections.messages import TYPE_PREFIX

STATE: Final = {
    "active": ("Living", "removed", "It is told what changes."),
    "failing": ("Failing", "enjoined", "Its receiver failed the last time, and is tried again."),
    "disabled": ("Disabled", "designated", "Nothing is sent to it any more."),
    "unconfirmed": ("Unconfirmed", "scheduled", "Its mailbox was asked, and has not agreed yet."),
    "paused": ("Paused", "not_listed", "It keeps its place; nothing is sent until it is resumed."),
    "expired": ("Expired", "not_listed", "Its last day has passed."),
}
"""Of a subscription: the word, the colours of which status it has, and what it means."""
SENT: Final = {
    "delivered": ("Delivered", "removed"),
    "pending": ("Waiting", "enjoined"),
    "failed": ("Given up", "designated"),
    "abandoned": ("Left", "not_listed"),
    "test": ("Test", "scheduled"),
}
"""Of a message."""
KINDS: Final = {
    "changed": "A standing changed",
    "corrected": "What was told was corrected",
    "scheduled": "Something to come is announced, or called off",
    "noted": "A note was recorded",
}
CHANNELS: Final = {
    "webhook": "Webhook",
    "email": "Mail",
    "slack": "Slack",
    "teams": "Microsoft Teams",
    "discord": "Discord",
    "ntfy": "ntfy",
    "pull": "I fetch it myself",
}
CADENCES: Final = {
    "immediate": "At once, one message for each change",
    "hourly": "Each hour, in one digest",
    "daily": "Each day, in one digest",
    "weekly": "Each week, in one digest",
}
WEEKDAYS: Final = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
REMINDERS: Final = {"P30D": "30 days", "P7D": "7 days", "P1D": "a day"}
OUTCOMES: Final = {
    "matched": "Found",
    "likely": "Likely",
    "several": "Several may be meant",
    "not_found": "Not found, which clears nobody",
}
FILTERS: Final = {
    "companies": "Companies",
    "lists": "Lists",
    "countries": "Countries",
    "kinds": "What happens",
    "from": "From the status",
    "to": "To the status",
    "restrictions": "Restrictions that come or go",
    "gained": "Restrictions that come",
    "lost": "Restrictions that go",
}


def happened(kind: str) -> str:
    """The type of a message, without what all of them begin with."""
    return kind.removeprefix(TYPE_PREFIX).removeprefix("standing.")


def where(channel: Mapping[str, Any]) -> str:
    """Where a channel leads to, as its owner wrote it."""
    return str(channel.get("to") or channel.get("name") or channel.get("url") or "")


def bars(counts: Mapping[str, int]) -> Sequence[tuple[str, int, int]]:
    """Names with their counts, and how long the bar of each is, of a hundred."""
    most = max(counts.values(), default=1)
    return [(name, count, max(1, count * 100 // most)) for name, count in counts.items()]
