"""A store that follows topics: what it has is derived, and may be thrown away."""

from typing import ClassVar

from alerts.places import Place
from alerts.store import AlertStore, packed
from alerts.topics import Kept
from events.sqlite_store import Synchronous


class FollowingStore(AlertStore):
    """Subscriptions as their topic says they are."""

    SYNCHRONOUS: ClassVar[Synchronous] = "OFF"

    def enrol(self, kept: Kept, behind: Place | None = None) -> None:
        """Have a subscription as it is told, whether it was known or not. `behind` is the place of
        one that is new here and has yet to come to the common cursor."""
        one = kept.subscription
        known = self.readers().get(one.id)
        with self._writing() as db:
            db.execute(
                "INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET secrets = excluded.secrets, "
                "overlap = excluded.overlap, after = excluded.after, "
                "behind = coalesce(excluded.behind, behind), disabled = excluded.disabled, failing "
                "= iif(disabled IS NOT NULL AND excluded.disabled IS NULL, NULL, failing)",
                (
                    one.id,
                    one.created,
                    one.request.model_dump_json(by_alias=True).encode(),
                    packed(one.start.after),
                    one.start.since,
                    kept.sealed,
                    kept.overlap,
                    packed(behind) if behind else None,
                    one.disabled,
                    one.failing,
                ),
            )
            if one.disabled is not None:
                # Where it stopped, it goes on when it is enabled again.
                if known is None or known.subscription.disabled is None:
                    self._stopped(one.id)
                self.outbox.abandon(one.id)
        self._version = -1

    def _stopped(self, subscription: str) -> None:
        """One was disabled: keep where it stood."""
