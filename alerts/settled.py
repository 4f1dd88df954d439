"""What becomes of attempts in one partition, and what is to be told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from alerts.following import FollowingStore
from alerts.outbox import Ended
from alerts.progress import Noticed, Queue, Tried, Waits
from alerts.store import AlertStore
from alerts.topics import Attempt
from alerts.vault import Vault
from events.dates import NEVER, Instant

_SCHEMA: Final = """
CREATE TABLE stands (
    delivery TEXT PRIMARY KEY, subscription TEXT NOT NULL, sequence INTEGER NOT NULL,
    position INTEGER NOT NULL, again INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stands_first ON stands (subscription, position) WHERE NOT again;
CREATE TABLE done (
    subscription TEXT NOT NULL, company TEXT NOT NULL, n INTEGER NOT NULL,
    sequence INTEGER NOT NULL, delivered INTEGER, PRIMARY KEY (subscription, company)
) STRICT, WITHOUT ROWID;
CREATE TABLE tried (
    delivery TEXT PRIMARY KEY, attempts INTEGER NOT NULL, earlier INTEGER NOT NULL,
    since INTEGER NOT NULL, due INTEGER
) STRICT, WITHOUT ROWID
"""


@dataclass(slots=True)
class Settled:
    """What is to be told of attempts that ended."""

    attempts: list[Attempt] = field(default_factory=list)
    queues: dict[str, Queue] = field(default_factory=dict)
    met: list[str] = field(default_factory=list)
    """Deliveries that are over, among them those that were asked for again."""
    disabled: dict[str, str] = field(default_factory=dict)


class SettlingStore(FollowingStore):
    """The part of a partition's store that sees to deliveries."""

    SCHEMA: ClassVar = f"{AlertStore.SCHEMA};{_SCHEMA}"

    def __init__(self, path: Path, vault: Vault, partition: int) -> None:
        super().__init__(path, vault)
        self._partition = partition
        self._made: dict[str, Waits] = {}
        """By delivery, the messages that no change brings and that are not over."""

    def settled(self, ended: Sequence[Ended]) -> Settled:
        """`settle`, and what is to be told of it; what is over is not kept."""
        about = [self._about(one) for one in ended]
        self.settle(ended)
        found = Settled()
        for one, row in zip(ended, about, strict=True):
            if row is not None:
                self._tell(found, one, row)
        with self._writing() as db:
            for delivery in found.met:
                self._made.pop(delivery, None)
                db.execute("DELETE FROM messages WHERE id = ?", (delivery,))
                db.execute("DELETE FROM stands WHERE delivery = ?", (delivery,))
            for subscription in found.disabled:
                self._stopped(subscription)
                db.execute("DELETE FROM attempts")
        return found

    def _about(self, ended: Ended) -> "tuple[str, str, int, str, str, int, int] | None":
        row = self.db.execute(
            "SELECT messages.subscription, company, n, change, type, sequence, position "
            "FROM messages JOIN stands ON delivery = id WHERE id = ?",
            (ended.message,),
        ).fetchone()
        return tuple(row) if row else None

    def _tell(
        self, found: Settled, ended: Ended, row: tuple[str, str, int, str, str, int, int]
    ) -> None:
        subscription, company, n, change, kind, sequence, position = row
        number, state, since, body = self.db.execute(
            "SELECT attempts, state, since, body FROM messages WHERE id = ?", (ended.message,)
        ).fetchone()
        over = ended.over if ended.outcome.delivered else None
        attempt = Attempt(
            *(subscription, company, n, change, kind, number, ended, state, since),
            due=self._due(subscription, company) if state == "pending" else None,
            stands=None if position < 0 else f"{self._partition}:{position}",
            message=body if position < 0 and number == 1 else None,
        )
        found.attempts.append(attempt)
        if state not in ("pending", "abandoned"):  # which waits for who enables it again
            found.met.append(ended.message)
            self._done(subscription, company, n, sequence, over)
        disabled = self.get(subscription).disabled
        if disabled is not None:
            found.disabled[subscription] = disabled
        queue = self._as_it_is(subscription, company, found.met)
        found.queues[queue.key] = queue

    def _done(self, *done: str | int | None) -> None:
        with self._writing() as db:
            db.execute(
                "INSERT INTO done VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET n = max(n, excluded.n), "
                "sequence = iif(excluded.n > n, excluded.sequence, sequence), delivered = "
                "max(coalesce(excluded.delivered, delivered), "
                "coalesce(delivered, excluded.delivered))",
                done,
            )

    def _due(self, subscription: str, company: str) -> Instant | None:
        row = self.db.execute(
            "SELECT due FROM queues WHERE subscription = ? AND company = ?", (subscription, company)
        ).fetchone()
        return None if row is None or row[0] >= NEVER else int(row[0])

    def _as_it_is(self, subscription: str, company: str, met: list[str]) -> Queue:
        done = self.db.execute(
            "SELECT n, sequence, delivered FROM done WHERE subscription = ? AND company = ?",
            (subscription, company),
        ).fetchone()
        rows = self.db.execute(
            "SELECT id, attempts, earlier, since FROM messages WHERE subscription = ? AND "
            "company = ? AND state IN ('pending', 'abandoned') AND attempts > 0 ORDER BY n",
            (subscription, company),
        ).fetchall()
        due = self._due(subscription, company)
        waiting = tuple(
            Tried(row[0], row[1], row[2], row[3], due if number == 0 else None)
            for number, row in enumerate(row for row in rows if row[0] not in met)
        )
        n, sequence, delivered = done or (0, 0, None)
        timed = self.memory.get(subscription, company) or None
        return Queue(subscription, company, n, sequence, waiting, timed, delivered)

    # --- receivers that fail --------------------------------------------------------------------

    def taken(self, found: Mapping[str, Instant]) -> None:
        """By subscription, when its receiver took something that was sent by others."""
        with self._writing() as db:
            db.executemany(
                "UPDATE subscriptions SET failing = max(failing, ?) WHERE id = ?",
                [(at, one) for one, at in found.items()],
            )

    def noticed(self) -> list[Noticed]:
        """What is told elsewhere of receivers that fail, and how that goes."""
        latest = {
            (found := Noticed(one, None if due >= NEVER else due, error)).key: found
            for one, due, error in self.notices.all()
        }
        return list(latest.values())
