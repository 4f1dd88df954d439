"""Whose turn it is: the queues of one subscription share a lane, so that who has something due is
found without looking at the others, and who was served goes to the end of the line."""

from collections.abc import Collection, Iterable
from typing import Any, Final

import orjson

from alerts.delivered import Delivered
from events.dates import NEVER, Instant

SCHEMA: Final = """
CREATE TABLE lanes (
    subscription TEXT PRIMARY KEY, due INTEGER NOT NULL, hold INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_due ON lanes (due) WHERE due < 4611686018427387904
"""


class Lanes(Delivered):
    """The lanes, and when the queues in them are due. Whatever writes must be called within a
    transaction."""

    def lanes(self, now: Instant, limit: int) -> list[str]:
        """The subscriptions that have something due, those first whose turn was longest ago."""
        rows = self._db.execute(
            "SELECT subscription FROM lanes WHERE due <= ? AND due < 4611686018427387904 "
            "ORDER BY due LIMIT ?",
            (now, limit),
        )
        return [row[0] for row in rows]

    def next_due(self, after: Instant) -> Instant:
        """When something is due next that is not yet; `NEVER` where nothing waits."""
        row = self._db.execute(
            "SELECT min(due) FROM lanes WHERE due > ? AND due < 4611686018427387904", (after,)
        ).fetchone()
        return NEVER if row[0] is None else int(row[0])

    def park(self, subscription: str) -> None:
        """Nothing of it is due, until `unpark`."""
        for table in ("queues", "lanes"):
            self._db.execute(
                f"UPDATE {table} SET due = ? WHERE subscription = ?",  # noqa: S608
                (NEVER, subscription),
            )

    def unpark(self, subscription: str, now: Instant) -> None:
        """What waits is due now."""
        self._db.execute(
            "UPDATE queues SET due = ? WHERE subscription = ? AND EXISTS (SELECT 1 FROM messages "
            "WHERE messages.subscription = queues.subscription "
            "AND messages.company = queues.company AND state = 'pending')",
            (now, subscription),
        )
        self._into_lanes([subscription], now)

    def wait(self, subscription: str, company: str, due: Instant) -> None:
        """Have a queue wait until then."""
        self._db.execute(
            "UPDATE queues SET due = ? WHERE subscription = ? AND company = ?",
            (due, subscription, company),
        )
        self.rouse(subscription)

    def rouse(self, subscription: str) -> None:
        """Have a subscription looked at when the first of its queues is due."""
        self._db.execute(
            "UPDATE lanes SET due = coalesce((SELECT max(min(due), hold) FROM queues WHERE "
            "queues.subscription = lanes.subscription AND due < 4611686018427387904), "
            "4611686018427387904) WHERE subscription = ?",
            (subscription,),
        )

    def sleep(self, subscription: str, now: Instant, end: Instant, but: Collection[str]) -> None:
        """Have a subscription not looked at before then, or before a queue about one of these
        companies is due."""
        self._db.execute(
            "UPDATE lanes SET due = min(?3, coalesce((SELECT max(min(due), lanes.hold) FROM queues "
            "WHERE queues.subscription = ?1 AND due > ?2 AND due < 4611686018427387904 "
            "AND company IN (SELECT value FROM json_each(?4))), ?3)) WHERE subscription = ?1",
            (subscription, now, end, as_json(list(but))),
        )

    def line_up(self, subscription: str, now: Instant) -> None:
        """Have a subscription come in, one of whose queues was changed."""
        self._into_lanes([subscription], now)

    def _into_lanes(self, whose: Iterable[str], now: Instant) -> None:
        """Who has its place in the line keeps it; the others come in where they are due."""
        self._db.execute(
            "INSERT INTO lanes SELECT value, ?2, 0 FROM json_each(?1) WHERE true ON CONFLICT "
            "DO UPDATE SET due = iif(due <= ?2, due, max(hold, coalesce((SELECT min(due) FROM "
            "queues WHERE queues.subscription = lanes.subscription AND "
            "due < 4611686018427387904), 4611686018427387904)))",
            (as_json(list(whose)), now),
        )


def as_json(value: Any) -> str:
    """As SQLite reads it. What is done to all of a batch at once, it does in one piece, and leaves
    the interpreter to others meanwhile."""
    return orjson.dumps(value).decode()
