"""What is told of a receiver that fails: that it will be disabled, and that it was.

A notice goes where the receiver is not: to the operator's own webhook, and to the subscription that
this one names in `notify`. It is kept in the transaction that it follows from, and stays until it
has arrived, or could not for as long as a message would be tried.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from alerts.channel import Channel, Outcome, Parcel
from alerts.egress import parts
from alerts.retry import DISABLE, judge
from alerts.signing import is_secret
from alerts.subscriptions import Subscription
from alerts.targets import Target, WebhookTarget
from events.dates import DAY, NEVER, Instant, show
from events.errors import Refused
from events.ids import derived_id

FAILING: Final = "standing.subscription.failing"
DISABLED: Final = "standing.subscription.disabled"
SCHEMA: Final = """
CREATE TABLE notices (
    id TEXT NOT NULL, target TEXT NOT NULL, subscription TEXT NOT NULL, kind TEXT NOT NULL,
    at INTEGER NOT NULL, body BLOB NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL,
    error TEXT, PRIMARY KEY (id, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_due ON notices (due) WHERE due < 4611686018427387904
"""
OPERATOR: Final = ""
"""The target that is the operator's."""

_log = logging.getLogger("standing.alerts")


@dataclass(frozen=True, slots=True)
class Operator:
    """Where the operator wants to be told, and the secrets that it is signed with."""

    target: Target
    secrets: tuple[str, ...]


def operator_at(url: str, secret: str) -> Operator | None:
    """The operator's webhook as settings have it. Raises `Refused` where it is none."""
    if not url:
        return None
    parts(url, "STANDING_NOTIFY")
    if secret and not is_secret(secret):
        raise Refused.field("STANDING_NOTIFY_SECRET", "a secret is whsec_ and base64 behind it")
    return Operator(WebhookTarget(type="webhook", url=url), (secret,) if secret else ())


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice on its way to one target."""

    id: str
    target: str
    subscription: str
    kind: str
    at: Instant
    body: bytes
    attempts: int


class Notices:
    """The table of notices. Whatever writes must be called within a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, one: Subscription, kind: str, now: Instant, error: str | None) -> bool:
        """Have it told that a receiver fails, or was disabled; False where it was already."""
        since = one.failing if one.failing is not None else now
        ident = "ntc_" + derived_id(["notice", kind, one.id, since // DAY])
        if self._db.execute("SELECT 1 FROM notices WHERE id = ?", (ident,)).fetchone():
            return False
        told = orjson.dumps(
            {
                "type": kind,
                "timestamp": show(now),
                "n": 0,
                "data": about(one, kind, since, error),
            }
        )
        targets = {OPERATOR, one.request.notify or OPERATOR} - {one.id}
        self._db.executemany(
            "INSERT INTO notices VALUES (?, ?, ?, ?, ?, ?, 0, ?, NULL)",
            [(ident, target, one.id, kind, now, told, now) for target in targets],
        )
        return True

    def due(self, now: Instant) -> list[Notice]:
        """What is to be told now."""
        rows = self._db.execute(
            "SELECT id, target, subscription, kind, at, body, attempts FROM notices "
            "WHERE due <= ? AND due < 4611686018427387904 ORDER BY due LIMIT 100",
            (now,),
        )
        return [Notice(*row) for row in rows]

    def all(self) -> list[tuple[Notice, Instant, str | None]]:
        """Each, when it is tried next (`NEVER`: not any more), and what went wrong; oldest
        first."""
        rows = self._db.execute(
            "SELECT id, target, subscription, kind, at, body, attempts, due, error FROM notices "
            "ORDER BY at"
        )
        return [(Notice(*row[:7]), row[7], row[8]) for row in rows]

    def restore(self, one: Notice, due: Instant, error: str | None) -> None:
        """One that was put elsewhere."""
        self._db.execute(
            "INSERT OR IGNORE INTO notices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(one.id, one.target, one.subscription, one.kind, one.at, one.body),
                *(one.attempts, due, error),
            ),
        )

    def next_due(self) -> Instant:
        """When something is to be told; `NEVER` where nothing is."""
        row = self._db.execute(
            "SELECT min(due) FROM notices WHERE due < 4611686018427387904"
        ).fetchone()
        return NEVER if row[0] is None else int(row[0])

    def settle(self, notice: Notice, due: Instant, error: str | None) -> None:
        """What became of an attempt; `NEVER` ends it."""
        self._db.execute(
            "UPDATE notices SET attempts = attempts + 1, due = ?, error = ? "
            "WHERE id = ? AND target = ?",
            (due, error, notice.id, notice.target),
        )

    def of(self, subscription: str) -> list[dict[str, Any]]:
        """What was told, or is to be, of a subscription, as JSON, the latest first."""
        rows = self._db.execute(
            "SELECT id, target, kind, at, attempts, due, error FROM notices "
            "WHERE subscription = ? ORDER BY at DESC LIMIT 20",
            (subscription,),
        )
        return [
            {
                "notice": ident,
                "to": target or "operator",
                "kind": kind.rpartition(".")[2],
                "at": show(at),
                "attempts": attempts,
                "waiting": due < NEVER,
                "error": error,
            }
            for ident, target, kind, at, attempts, due, error in rows
        ]


def about(one: Subscription, kind: str, since: Instant, error: str | None) -> dict[str, Any]:
    """What a notice says. Of the receiver's address only the host: the rest is often a password."""
    channel = one.request.channel
    return {
        "subscription": one.id,
        "label": one.request.label,
        "channel": channel.type,
        "host": urlsplit(getattr(channel, "url", "")).hostname,
        "failing_since": show(since),
        "disables_at": show(since + DISABLE) if kind == FAILING else None,
        "disabled": one.disabled,
        "error": error,
    }


@dataclass
class Herald:
    """Tells what is to be told. `address` gives where a subscription is reached, with the secrets
    to sign with; None where it is not any more. Without an `operator`, what is the operator's goes
    to the program's log alone."""

    channels: Mapping[str, Channel]
    clock: Callable[[], Instant]
    draw: Callable[[], float]
    operator: Operator | None = None
    _known: set[str] = field(default_factory=set)

    async def tell(
        self, notice: Notice, address: tuple[Target, tuple[str, ...]] | None
    ) -> tuple[Instant, str | None]:
        """Try once; when to try again (`NEVER`: not), and what went wrong."""
        if notice.id not in self._known:
            self._known.add(notice.id)
            _log.warning("%s", notice.body.decode())
        if notice.target == OPERATOR:
            if self.operator is None:
                return NEVER, "STANDING_NOTIFY is not set: it stands in the log of the program"
            address = (self.operator.target, self.operator.secrets)
        if address is None:
            return NEVER, "the subscription that should be told is disabled, paused or removed"
        target, keys = address
        now = self.clock()
        outcome = await self._sent(target, Parcel(notice.id, now, notice.body, keys, notice.target))
        if outcome.delivered:
            return NEVER, None
        verdict = judge(notice.attempts + 1, outcome, now - notice.at, self.draw())
        again = verdict.state == "pending"
        return (self.clock() + verdict.delay if again else NEVER), outcome.error

    async def _sent(self, target: Target, parcel: Parcel) -> Outcome:
        sending = asyncio.ensure_future(self.channels[target.type].send(target, parcel))
        await asyncio.wait([sending])
        error = sending.exception()
        if error is None:
            return sending.result()
        return Outcome(delivered=False, error=f"{type(error).__name__}: {error}"[:500])
