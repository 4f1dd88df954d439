"""The embedded form: everything in the files of one home folder.

`log.db` is the truth, `alerts.db` has who is told, and the projection may be thrown away.
"""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from events.admitted import Admitted
from events.dates import Instant
from events.log import Position, Receipt
from events.sqlite_log import SqliteEventLog
from projections.draft import clear
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.store import ProjectionStore
from projections.stores import Stores
from projections.turn import Taken, only_one
from service.settings import Settings
from service.standing import Clock, Following, Progress, Service, Standing

MANY: Final = 20_000
"""From so many events on, a projection that starts anew is rebuilt rather than followed."""
PATIENCE_S: Final = 30
"""How long a command waits for a service in another process to fold what was recorded."""
_ROOM: Final = 1_000_000
"""Bytes, about what one append may need: with less, the next may find the disk full."""


class Embedded(Standing):
    """A standing on the log in its home folder."""

    tells = True

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.log = SqliteEventLog(settings.home / "log.db", clock)
        self._holds([self.log], [settings.home])

    @contextmanager
    def projecting(self) -> Iterator[tuple[ProjectionStore, Projector]]:
        """Hold the projection for writing. Raises `StoreError` where another process does. Where
        the lists have a new version, it is rebuilt first."""
        with only_one(self.settings.home):
            (store,) = self.store().stores
            try:
                if store.mark.position < 0 and self.log.end() < MANY:
                    clear(store)
                    store.put_meta("registry", self.registry.digest)
                elif store.meta("registry") != self.registry.digest:
                    self._rebuild(store)
                yield store, Projector(self.log, store, self.registry)
            finally:
                store.close()

    def rebuild(self, progress: Progress = lambda _: None) -> dict[str, Any]:
        """See `Standing`: beside those in use."""
        with self.projecting() as (store, _):
            self._rebuild(store, progress)
            return {"position": f"0:{store.mark.position}", **store.counts()}

    def _rebuild(self, store: ProjectionStore, progress: Progress = lambda _: None) -> None:
        self.fold(0, store, progress)

    def fold(
        self,
        partition: int,  # noqa: ARG002 - there is but one
        store: ProjectionStore,
        progress: Progress,
    ) -> None:
        """See `Standing`."""
        rebuild(self.log, store, self.registry, self.settings.lists, progress)

    def trouble(self) -> str | None:
        """See `Standing`."""
        return trouble(self.log.path)

    @asynccontextmanager
    async def caught_up(self) -> AsyncIterator[Stores]:
        """See `Standing`: folded here, or by the service that projects in another process, which
        is waited for."""
        try:
            with self.projecting() as (store, projector):
                await projector.catch_up()
                yield Stores([store])
        except Taken:
            stores = self.store()
            try:
                await reached(stores, self.end())
                yield stores
            finally:
                stores.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        """See `Standing`: the log is followed, alerts go out, and the alarm is set."""
        # Commands that only ask do not wait for these.
        from alerts.desk import AlertDesk  # noqa: PLC0415
        from alerts.loop import AlertLoop  # noqa: PLC0415
        from alerts.notices import operator_at  # noqa: PLC0415
        from alerts.source import Projected  # noqa: PLC0415
        from alerts.store import AlertStore  # noqa: PLC0415
        from service.alarm import Alarm  # noqa: PLC0415
        from service.channels import channels_of  # noqa: PLC0415
        from service.pulse import timed  # noqa: PLC0415
        from service.rematching import Rematching  # noqa: PLC0415
        from service.screening import Companies  # noqa: PLC0415

        async with AsyncExitStack() as stack:
            store, projector = stack.enter_context(self.projecting())
            await projector.catch_up()
            alert_store = AlertStore(self.settings.home / "alerts.db")
            stack.callback(alert_store.close)
            sign = alert_store.vault.sign
            channels = await stack.enter_async_context(
                channels_of(self.settings, self.registry, self.clock, sign, self.amiss)
            )
            source = Projected(store, self.log.end, projector.reached, events=self.log.of_ids)
            told = alert_store, source, self.registry, channels, self.clock
            loop = AlertLoop(*told)
            loop.operator = operator_at(self.settings.notify, self.settings.notify_secret)
            desk = AlertDesk(*told, wake=loop.wake)

            async def append(raw: dict[str, object]) -> list[Receipt]:
                return await self.log.append([self.admit(raw)])

            about = (self, store.path, alert_store, source, append)
            loop.timed = stack.enter_context(timed(*about, loop.wake))

            async def prune() -> None:
                await alert_store.aside(alert_store.prune, self.clock())

            alarm = Alarm(lambda: projector.due, append, self.clock)
            following = FollowingItself(self.log, projector)

            async def follow() -> None:
                async for _ in following.follow():
                    alarm.set()

            companies, stores = Companies(self), Stores([store])
            known = self, companies, alert_store, source, stores, following
            rematching = Rematching(*known, loop.wake)

            try:
                async with asyncio.TaskGroup() as tasks:
                    runs = follow(), loop.run(), rematching.run()
                    work = [tasks.create_task(one) for one in runs]
                    alarm.start()
                    alarm.daily(prune)
                    try:
                        yield Service(self, stores, following, lambda: desk, companies)
                    finally:
                        alarm.stop()
                        for task in work:
                            task.cancel()
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from group


class FollowingItself(Following):
    """Follows the log of its own process."""

    filling = None
    unreadable = 0

    def __init__(self, log: SqliteEventLog, projector: Projector) -> None:
        self._log = log
        self._projector = projector

    @property
    def position(self) -> Position:
        """See `Following`."""
        return Position({0: self._projector.position})

    @property
    def ends(self) -> Position:
        """See `Following`."""
        return Position({0: self._log.end()})

    @property
    def due(self) -> Instant:
        """See `Following`."""
        return self._projector.due

    @property
    def parked(self) -> Mapping[str, str]:
        """See `Following`."""
        return self._projector.parked

    @property
    def skipped(self) -> int:
        """See `Following`."""
        return self._projector.skipped

    def state(self) -> Mapping[str, object]:
        """See `Following`."""
        return {}

    async def record(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """See `Following`."""
        receipts = await self._log.append(events, atomic=atomic)
        await self._projector.reached(self._log.end())
        return receipts

    async def reached(self, position: Position) -> None:
        """See `Following`."""
        await self._projector.reached(position.get(0, -1))

    def releases(self, company: str) -> None:
        """See `Following`: this one does."""

    def release(self, company: str) -> str | None:
        """See `Following`."""
        self._projector.free(company)
        return self._projector.parked.get(company)

    @property
    def heard(self) -> int:
        """See `Following`."""
        return self._projector.position

    async def beyond(self, heard: int) -> None:
        """See `Following`."""
        await self._projector.reached(heard + 1)

    async def follow(self) -> AsyncIterator[None]:
        """Project what comes; tells when it did."""
        async for batch in self._log.follow(self.position):
            await self._projector.take(batch)
            yield


async def reached(stores: Stores, position: Position) -> None:
    """Wait until another process has folded everything up to a position. Raises `TimeoutError`."""
    async with asyncio.timeout(PATIENCE_S):
        while not stores.position.reaches(position):  # noqa: ASYNC110 - another process moves it
            await asyncio.sleep(0.02)


def trouble(path: Path) -> str | None:
    """Why a store could not be written now, or None. Takes its lock, writes nothing."""
    try:
        free = shutil.disk_usage(path.parent).free
        if free < _ROOM:
            return f"{free:,} bytes are free on its disk, and writing may need {_ROOM:,}; make room"
        if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
            return "its file or folder may not be written by this user"
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except (OSError, sqlite3.Error) as error:
        return str(error)
    return None
