"""What a desk shows, where the subscriptions and deliveries are topics: a copy of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson

from alerts.following import FollowingStore
from alerts.store import AlertStore
from alerts.topics import Kept
from events.dates import NEVER, Instant, start
from events.kafka.tail import Raw
from events.sqlite_store import Synchronous, trouble

_SCHEMA: Final = """
CREATE TABLE stands (delivery TEXT PRIMARY KEY, stands TEXT NOT NULL) STRICT, WITHOUT ROWID
"""


class DeskStore(FollowingStore):
    """See `AlertStore`. The file may be thrown away, and fills again."""

    SCHEMA: ClassVar = f"{AlertStore.SCHEMA};{_SCHEMA}"
    SYNCHRONOUS: ClassVar[Synchronous] = "NORMAL"

    def read(self) -> dict[int, int]:
        """By partition, up to where the deliveries were taken in."""
        with trouble(self.path):
            row = self.db.execute("SELECT value FROM meta WHERE key = 'deliveries'").fetchone()
        return {int(key): at for key, at in orjson.loads(row[0]).items()} if row else {}

    def only(self, kept: Sequence[Kept]) -> None:
        """Have these subscriptions and no others."""
        for gone in self.readers().keys() - {one.subscription.id for one in kept}:
            self.remove(gone)
        for one in kept:
            self.enrol(one)

    def stood(self, delivery: str) -> tuple[str, bytes | None]:
        """Where the change of a delivery stands in its topic, as `partition:offset`, and where no
        change brought it, what was sent; nothing of what is not known."""
        with trouble(self.path):
            row = self.db.execute(
                "SELECT stands, body FROM messages JOIN stands ON delivery = id WHERE id = ?",
                (delivery,),
            ).fetchone()
        return (row[0], row[1] or None) if row else ("", None)

    def told_since(self, subscription: str, moment: Instant) -> list[str]:
        """The deliveries that began to wait at a moment or later and have been tried, oldest first
        of each company."""
        with trouble(self.path):
            rows = self.db.execute(
                "SELECT id FROM messages JOIN stands ON delivery = id WHERE subscription = ? "
                "AND state <> 'test' AND (stands <> '' OR body <> x'') AND since >= ? "
                "ORDER BY company, n",
                (subscription, moment),
            )
            return [row[0] for row in rows]

    def take_in(self, attempts: Iterable[Raw], gone: set[str], partitions: int) -> None:
        """Keep what the topic says of attempts, and how far it was read. A delivery has the same
        number (`seq`) in every copy."""
        places = self.read()
        with self._writing() as db:
            for one in attempts:
                places[one.partition] = one.offset
                said = orjson.loads(one.value or b"null")
                if said is not None and said["subscription"] not in gone:
                    self._attempt(said, one.offset * partitions + one.partition)
            db.execute(
                "INSERT OR REPLACE INTO meta VALUES ('deliveries', ?)",
                (orjson.dumps({str(key): at for key, at in places.items()}),),
            )

    def _attempt(self, said: Mapping[str, Any], seq: int) -> None:
        delivery, whose, company = said["delivery"], said["subscription"], said["company"] or ""
        begun, delivered = start(said["at"]), said["outcome"] == "delivered"
        self.db.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) "
            "ON CONFLICT (id) DO UPDATE SET state = excluded.state, since = excluded.since, "
            "attempts = max(attempts, excluded.attempts)",
            (
                *(seq, delivery, whose, company, said["n"], said["change"], said["type"]),
                *(said["state"], start(said["since"]), said["attempt"]),
                orjson.dumps(said["message"]) if "message" in said else b"",
            ),
        )
        self.db.execute(
            "INSERT OR IGNORE INTO attempts SELECT seq, ?, ?, ?, ?, ?, ?, ? FROM messages "
            "WHERE id = ?",
            (
                *(said["attempt"], begun, round(said["latency_ms"] * 1_000)),
                *(said["outcome"], said["status"], said["error"]),
                orjson.dumps({key: said.get(key) for key in ("request", "answer")}).decode(),
                delivery,
            ),
        )
        if said["state"] == "test":
            return
        due = NEVER if said["due"] is None else start(said["due"])
        self.db.execute(
            "INSERT OR REPLACE INTO queues VALUES (?, ?, ?, ?)", (whose, company, said["n"], due)
        )
        self.db.execute(
            "UPDATE subscriptions SET failing = iif(?, NULL, ?) "
            "WHERE id = ? AND (failing IS NULL) <> ?",
            (delivered, begun, whose, delivered),
        )
        self.db.execute(
            "INSERT OR REPLACE INTO stands VALUES (?, ?)", (delivery, said["stands"] or "")
        )
