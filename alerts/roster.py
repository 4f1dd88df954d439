"""Who subscribed, as the subscriptions' topic tells it, message by message. Pure.

Whoever writes about a subscription has read it before, and another may have written meanwhile; the
later message would undo what the other said. So messages are joined: what is disabled stays so
until it is enabled, the newest secret and the newest wishes count, who agreed has agreed, and what
was removed does not come back, as ids are never used again. A message that said less than was known
is `amiss`, until somebody has written the whole.
"""

from collections.abc import Iterable
from dataclasses import replace

from alerts.topics import Kept, read_subscription


class Roster:
    """All subscriptions by id."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.gone: set[str] = set()
        self.amiss: set[str] = set()

    def take(self, subscription: str, value: bytes | None) -> None:
        """The next message about a subscription."""
        if value is None:
            self.kept.pop(subscription, None)
            self.gone.add(subscription)
            self.amiss.discard(subscription)
        elif subscription in self.gone:
            self.amiss.add(subscription)
        else:
            said = read_subscription(value)
            known = self.kept.get(subscription)
            joint = said if known is None else joined(known, said)
            self.kept[subscription] = joint
            if joint == said:
                self.amiss.discard(subscription)
            else:
                self.amiss.add(subscription)

    def living(self) -> Iterable[Kept]:
        """Those that are there, oldest first."""
        return sorted(
            self.kept.values(), key=lambda one: (one.subscription.created, one.subscription.id)
        )


def joined(known: Kept, said: Kept) -> Kept:
    """What two messages about a subscription say together."""
    newest = known if known.rotated > said.rotated else said
    asked = known if known.subscription.revised > said.subscription.revised else said
    if known.enabled == said.enabled:
        disabled = said.subscription.disabled or known.subscription.disabled
    else:
        disabled = max(known, said, key=lambda one: one.enabled).subscription.disabled
    subscription = replace(
        asked.subscription,
        disabled=disabled,
        failing=said.subscription.failing,
        confirmed=known.subscription.confirmed or said.subscription.confirmed,
    )
    return replace(
        said,
        subscription=subscription,
        watchlist=asked.watchlist,
        sealed=newest.sealed,
        overlap=newest.overlap,
        rotated=newest.rotated,
        enabled=max(known.enabled, said.enabled),
    )
