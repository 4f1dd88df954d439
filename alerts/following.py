"""A store that follows topics: what it has is derived, and may be thrown away."""

from typing import ClassVar

from alerts.places import Place
from alerts.roll import packed
from alerts.store import AlertStore
from alerts.subscriptions import Subscription
from alerts.topics import Kept
from events.sqlite_store import Synchronous


class FollowingStore(AlertStore):
    """Subscriptions as their topic says they are."""

    SYNCHRONOUS: ClassVar[Synchronous] = "OFF"
    KEPT: ClassVar = False  # those are in a topic

    def enrol(self, kept: Kept, behind: Place | None = None) -> None:
        """Have a subscription as it is told, whether it was known or not. `behind` is the place of
        one that is new here and has yet to come to the common cursor."""
        one, known = kept.subscription, self.find(kept.subscription.id)
        with self._writing() as db:
            place = behind or (self.cursor if one.paused is not None else None)
            db.execute(
                "INSERT INTO subscriptions (id, created, request, after, since, secrets, overlap, "
                "behind, disabled, failing, owner, paused, revised, watchlist, mailbox, "
                "confirmed, cadence, clocked) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET secrets = excluded.secrets, "
                "overlap = excluded.overlap, disabled = excluded.disabled, failing = "
                "iif(disabled IS NOT NULL AND excluded.disabled IS NULL, NULL, failing), "
                "request = excluded.request, after = excluded.after, since = excluded.since, "
                "owner = excluded.owner, paused = excluded.paused, revised = excluded.revised, "
                "watchlist = excluded.watchlist, confirmed = excluded.confirmed, "
                "clocked = excluded.clocked, "
                "behind = iif(?, excluded.behind, coalesce(behind, excluded.behind))",
                (
                    *(one.id, one.created, one.request.model_dump_json(by_alias=True).encode()),
                    *(packed(one.start.after), one.start.since, kept.sealed, kept.overlap),
                    *(packed(place) if place else None, one.disabled, one.failing),
                    *(one.owner, one.paused, one.revised, kept.watchlist),
                    *(one.mailbox, one.confirmed, one.request.cadence, one.request.clocked),
                    behind is not None,
                ),
            )
            if known is None:
                self._hush([one.id])
            else:
                self._turned(known.subscription, one)
            if one.disabled is not None:
                # Where it stopped, it goes on when it is enabled again.
                if known is None or known.subscription.disabled is None:
                    self._stopped(one.id)
                self.outbox.abandon(one.id)

    def _turned(self, known: Subscription, one: Subscription) -> None:
        """Something is asked to be otherwise than before."""

    def _stopped(self, subscription: str) -> None:
        """One was disabled: keep where it stood."""
