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
        with self._writing() as db:
            db.execute(
                "INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET secrets = excluded.secrets, "
                "overlap = excluded.overlap, disabled = coalesce(disabled, excluded.disabled)",
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
            if one.confirmed is not None:
                self._confirm(one.id, one.confirmed)
            if one.disabled is not None:
                self.outbox.abandon(one.id)
        self._version = -1
