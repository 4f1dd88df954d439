"""The file of the alerts: its tables, and what everything that is kept in it needs."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Final, TypeVar

from alerts import attempts, memory, roll_tables
from alerts.memory import Memory
from alerts.notices import SCHEMA as NOTICES
from alerts.notices import Notices
from alerts.outbox import LATER, SCHEMA, Outbox
from alerts.places import BEGINNING, Place
from alerts.roll import Reader, Roll, unpacked
from alerts.subscriptions import Subscription
from alerts.vault import Vault
from events.aside import finished
from events.dates import DAY, Instant
from events.errors import StandingError
from events.sqlite_store import Synchronous, connect, transaction, trouble

FORMAT: Final = 3
KEEP: Final[Instant] = 90 * DAY
"""How long deliveries are kept."""
_SCHEMA: Final = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
{roll_tables.SCHEMA};
{roll_tables.TURNS};
{SCHEMA};
{NOTICES};
{memory.SCHEMA}
"""
_STEPS: Final = (
    f"{roll_tables.OWNED};{roll_tables.TURNS};{LATER};{NOTICES};{memory.SCHEMA}",
    attempts.BY_NUMBER,
)
"""From each earlier format to the next."""
_PAGES: Final = 8_000
"""So many pages (32 MB) the log of what was written may have before they are put in their places:
most are written many times over meanwhile."""

T = TypeVar("T")


class UnknownSubscription(StandingError):
    """No subscription has this id."""

    def __init__(self, subscription: str) -> None:
        super().__init__(f"unknown subscription {subscription!r}")
        self.subscription = subscription


class Opened:
    """A file at `path`, and the key of its secrets at the same path ending in `.key`. Raises
    `StoreError` where one of them cannot be used."""

    SCHEMA: ClassVar = _SCHEMA
    SYNCHRONOUS: ClassVar[Synchronous] = "FULL"

    def __init__(self, path: Path, vault: Vault | None = None) -> None:
        """With a `vault`, there is no key file."""
        self.path = path
        self.db = connect(path, self.SCHEMA, FORMAT, synchronous=self.SYNCHRONOUS, steps=_STEPS)
        for one in path.parent.glob(f"{path.name}*"):  # addresses of chats are passwords
            with suppress(PermissionError, FileNotFoundError):  # another user's, who has seen to it
                one.chmod(0o600)
        self.outbox = Outbox(self.db)
        self.notices = Notices(self.db)
        self.memory = Memory(self.db)
        with trouble(path):
            self.db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}")
        with trouble(path):
            locked = self.db.execute("SELECT secrets FROM subscriptions LIMIT 1").fetchone()
        self.vault = vault or Vault(path.with_suffix(".key"), create=locked is None)
        if locked is not None:
            self.vault.unlock(locked[0])
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="standing-alerts")
        with trouble(path):
            self._roll = Roll(self.db)

    async def aside(self, work: Callable[..., T], *args: object) -> T:
        """Do something to the store without holding up the event loop. What was begun is
        finished, also if the caller is cancelled."""
        loop = asyncio.get_running_loop()
        return await finished(loop.run_in_executor(self._thread, lambda: work(*args)))

    def close(self) -> None:
        """Finish what was begun, then let go."""
        self._thread.shutdown()
        self.db.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with trouble(self.path), transaction(self.db):
            yield self.db

    def find(self, subscription: str) -> Reader | None:
        """One subscription with its place, as it stands now."""
        with trouble(self.path):
            return self._roll.one(subscription)

    def get(self, subscription: str) -> Subscription:
        """One subscription. Raises `UnknownSubscription`."""
        found = self.find(subscription)
        if found is None:
            raise UnknownSubscription(subscription)
        return found.subscription

    @property
    def cursor(self) -> Place:
        """Up to where the changes were queued for every subscription that has no place of its
        own."""
        with trouble(self.path):
            row = self.db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()
        return unpacked(row[0]) if row else BEGINNING
