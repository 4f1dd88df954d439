"""A replica of the log on Kafka: its partitions in files of the home folder, to be asked at once.

`replica/` may be thrown away; it fills again. `replica.json` names the topic that it is of.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import orjson

from events.errors import StoreError
from events.kafka.connection import Connection
from events.kafka.identity import Identity, identify
from events.kafka.partitioner import partition_of
from events.kafka.topics import EVENTS
from events.log import Position
from projections.held import Held, archive, projection
from projections.projector import Folder
from projections.store import ProjectionStore
from projections.stores import Stores
from projections.turn import Taken, only_one
from service.embedded import reached, trouble
from service.following_kafka import PATIENCE_S, TOPICS, FollowingKafka
from service.presence import Recreated
from service.settings import Settings
from service.standing import Clock, Progress, Service, Standing

FOLDER: Final = "replica"
_MARK: Final = "replica.json"
_DONE: Final = "complete"
"""Stands where all of the log was read once."""
_PIECE: Final = 5_000

T = TypeVar("T")


class Replica(Standing):
    """A standing on files that follow the log on Kafka. `tell` hears what an operator should know.

    Raises `StoreError` where the topic is not there, or where nobody answers and nothing is on
    this machine yet.
    """

    tells = False

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        clock: Clock,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(settings, clock)
        self.connection = connection
        self._marks: Stores | None = None
        self._tell = tell
        self._root = settings.home / FOLDER
        self._root.mkdir(exist_ok=True)
        self.identity = self._identified()
        count = self.identity.partitions
        folders = [self._root / str(number) for number in range(count)]
        for one in folders:
            one.mkdir(exist_ok=True)
        archives = [archive(one, number) for number, one in enumerate(folders)]
        self._holds(archives, folders, lambda subject: partition_of(subject, count))

    # --- which topic it is of ----------------------------------------------------------------

    def _identified(self) -> Identity:
        """The topic. What is kept of another one is thrown away, by whoever may write here."""
        kept = self._kept()
        try:
            found = in_a_loop(identify(self.connection, TOPICS, PATIENCE_S))
        except StoreError as error:
            if kept is None:
                raise
            self._tell(f"{error}; answering from what was read before")
            return kept
        if found != kept:
            with only_one(self.settings.home):
                self._begin_anew(kept, found)
        return found

    def _kept(self) -> Identity | None:
        try:
            return Identity(**orjson.loads((self._root / _MARK).read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, TypeError, orjson.JSONDecodeError) as error:
            self._tell(f"{self._root / _MARK}: {error}; it is filled anew")
            return None

    def _begin_anew(self, kept: Identity | None, found: Identity) -> None:
        if kept is not None:
            self._tell(
                f"{EVENTS.name} is not the topic that was read into {self._root} (it was made anew,"
                " or is that of another cluster); that is thrown away, and filled from this one"
            )
        shutil.rmtree(self._root)
        self._root.mkdir()
        new = self._root / f"{_MARK}.new"
        new.write_bytes(orjson.dumps(found._asdict()))
        new.replace(self._root / _MARK)

    def _throw_away(self, why: str) -> None:
        self._tell(f"{why}; what was read into {self._root} is thrown away, and filled anew")
        (self._root / _DONE).unlink(missing_ok=True)
        self._forget_marks()
        for one in self.whole.parts:
            one.close()
        for folder in self.folders:
            shutil.rmtree(folder)
            folder.mkdir()
        archives = [archive(one, number) for number, one in enumerate(self.folders)]
        self._holds(archives, self.folders, self.home)

    # --- filling -----------------------------------------------------------------------------

    @contextmanager
    def holding(self) -> Iterator[list[Held]]:
        """Hold the partitions for writing. Raises `Taken` where another process does."""
        with only_one(self.settings.home), ExitStack() as stack:
            held = []
            for number, folder in enumerate(self.folders):
                one = Held(folder, number, self.registry, self._owns(number))
                stack.callback(one.close)
                held.append(one)
            yield held

    def _owns(self, number: int) -> Callable[[str], bool]:
        return lambda company: self.home(company) == number

    def following(self, held: list[Held]) -> FollowingKafka:
        """What fills these partitions."""
        done = self._root / _DONE
        return FollowingKafka(
            self.connection, self.identity, held, clock=self.clock, done=done, tell=self._tell
        )

    def catch_up(self) -> None:
        """Fill the files up to where the log ends now, or wait for the process that fills them."""
        in_a_loop(self._catch_up())

    async def _catch_up(self) -> None:
        try:
            try:
                await self._fill()
            except Recreated as error:
                self._throw_away(str(error))
                await self._fill()
        except Taken:
            await self._wait()

    async def _checked(self) -> None:
        """Throw away what was read of a log that has lost its end since."""
        try:
            with self.holding() as held:
                following = self.following(held)
                try:
                    await following.check()
                finally:
                    await following.close()
        except Recreated as error:
            self._throw_away(str(error))

    async def _fill(self) -> None:
        with self.holding() as held:
            following = self.following(held)
            try:
                await following.fill()
            finally:
                await following.close()

    async def _wait(self) -> None:
        from events.kafka.log import KafkaEventLog  # noqa: PLC0415

        log = KafkaEventLog(self.connection)
        stores = self.store()
        try:
            await reached(stores, await log.ends())
        finally:
            stores.close()
            await log.close()

    # --- see `Standing` ----------------------------------------------------------------------

    def store(self) -> Stores:
        """See `Standing`."""
        return Stores([projection(one) for one in self.folders], self.home)

    def end(self) -> Position:
        """See `Standing`: also what was read and does not count."""
        if self._marks is None:
            self._marks = self.store()
        read = self._marks.position
        return Position({one: max(end, read[one]) for one, end in self.whole.ends().items()})

    def _forget_marks(self) -> None:
        marks, self._marks = self._marks, None
        if marks is not None:
            marks.close()

    def close(self) -> None:
        """See `Standing`."""
        self._forget_marks()
        super().close()

    def trouble(self) -> str | None:
        """See `Standing`."""
        found = (trouble(one.path) for one in self.whole.parts)
        return next((one for one in found if one is not None), None)

    def fold(self, partition: int, store: ProjectionStore, progress: Progress) -> None:
        """See `Standing`."""
        log = self.whole.parts[partition]
        folder = Folder(log, store, self.registry, owns=self._owns(partition), keeps_told=False)
        end = log.end()
        while batch := log.between(folder.position, end, _PIECE):
            folder.apply(batch)
            progress(len(batch))

    def rebuild(self, progress: Progress = lambda _: None) -> dict[str, Any]:
        """See `Standing`: from what was read, which need not be read again."""
        self._forget_marks()
        with only_one(self.settings.home):
            for folder in self.folders:
                for path in folder.glob("projections.db*"):
                    path.unlink()
        with self.holding() as held:
            for one in held:
                for count in one.settle():
                    progress(count)
        stores = self.store()
        try:
            return {"position": str(stores.position), **stores.counts()}
        finally:
            stores.close()

    @asynccontextmanager
    async def caught_up(self) -> AsyncIterator[Stores]:
        """See `Standing`: it was, when it was opened."""
        stores = self.store()
        try:
            yield stores
        finally:
            stores.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        """See `Standing`. It answers from the beginning, where all was read once."""
        # Commands that only ask do not wait for these.
        from service.desks import Desks  # noqa: PLC0415
        from service.screening import Companies  # noqa: PLC0415

        await self._checked()
        with self.holding() as held:
            following = self.following(held)
            stores = self.store()
            told = self.settings, self.connection, self.registry, self.clock, self._tell
            desk = Desks(*told)
            try:
                async with asyncio.TaskGroup() as tasks:
                    work = [tasks.create_task(one.run()) for one in (following, desk)]
                    try:
                        yield Service(self, stores, following, desk, Companies(self))
                    finally:
                        for task in work:
                            task.cancel()
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from group
            finally:
                await following.close()
                stores.close()


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Do asynchronous work to its end, wherever: also in a function that a loop has called."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
