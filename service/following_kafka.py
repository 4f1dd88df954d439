"""Following the log on Kafka: what comes is kept and folded here, partition by partition, in one
thread, and the changes are taken as the projection workers told them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from events.admitted import Admitted
from events.aside import finished
from events.dates import NEVER, Instant
from events.errors import Refused, StoreError
from events.kafka.binding import Unreadable
from events.kafka.connection import Connection
from events.kafka.identity import Identities, Identity
from events.kafka.log import KafkaEventLog
from events.kafka.reading import Entry
from events.kafka.topics import CHANGES, EVENTS
from events.log import Position, Receipt, Record
from projections.held import Held
from service.hearing_kafka import Hearing
from service.presence import Presence, Recreated
from service.standing import Clock, Following

TOPICS: Final = (EVENTS.name, CHANGES.name)
PATIENCE_S: Final = 30.0
_BATCH: Final = 10_000
_LOOK_S: Final = 1.0
"""How often it is asked where the log ends."""
_ASK_S: Final = 5.0
_AGAIN_S: Final = 1.0
_TELL_S: Final = 5.0

_log = logging.getLogger("standing.replica")
T = TypeVar("T")


class FollowingKafka(Following):
    """Fills partitions that are held for writing. `done` is a file that stands where all of the
    log was read once. Close it before they are let go of."""

    def __init__(
        self,
        connection: Connection,
        identity: Identity,
        held: Sequence[Held],
        *,
        clock: Clock,
        done: Path,
        tell: Callable[[str], None],
    ) -> None:
        self._identities = Identities(connection, TOPICS, _ASK_S)
        self._held = held
        self._done = done
        self._tell = tell
        self._log = KafkaEventLog(connection, patience=PATIENCE_S)
        self._hearing = Hearing(connection, held, self._apart)
        self._thread = ThreadPoolExecutor(1, "replica")
        self._moved = asyncio.Condition()
        self._position = Position({one.partition: one.read for one in held})
        self._ends = Position(self._position)
        self._goal: Position | None = None
        self._complete = done.exists()
        self._presence = Presence(identity, clock)
        self._appending = 0
        self._receipts: dict[str, Receipt] = {}
        self._unreadable = 0

    async def close(self) -> None:
        """Finish what is being folded, and let go of the brokers."""
        await asyncio.to_thread(self._thread.shutdown)
        await self._log.close()
        await self._identities.close()

    # --- see `Following` ---------------------------------------------------------------------

    @property
    def position(self) -> Position:
        """See `Following`."""
        return self._position

    @property
    def ends(self) -> Position:
        """See `Following`."""
        return self._ends

    @property
    def due(self) -> Instant:
        """See `Following`."""
        return min((one.due for one in self._held), default=NEVER)

    @property
    def parked(self) -> Mapping[str, str]:
        """See `Following`."""
        return {company: why for one in self._held for company, why in one.parked.items()}

    @property
    def skipped(self) -> int:
        """See `Following`."""
        return sum(one.skipped for one in self._held)

    @property
    def unreadable(self) -> int:
        """See `Following`."""
        return self._unreadable + self._hearing.unreadable

    @property
    def filling(self) -> str | None:
        """See `Following`."""
        if self._complete:
            return None
        return f"this replica reads the log for the first time: {self._position} of {self._ends}"

    @property
    def caught_up(self) -> bool:
        """Whether everything was read that stood in the log when this began."""
        return self._goal is not None and self._position.reaches(self._goal)

    def state(self) -> Mapping[str, object]:
        """See `Following`."""
        return {
            "caught_up": self.caught_up,
            "ends": str(self._ends),
            "stale": self._presence.stale,
            "unreadable": self.unreadable,
        }

    async def record(self, events: Sequence[Admitted], *, atomic: bool = False) -> list[Receipt]:
        """See `Following`. Raises `StoreError` where it was recorded and not folded in time."""
        with self._waiting():
            receipts = await self._log.append(events, atomic=atomic)
            written = Position()
            for one in receipts:
                if one.position is not None:
                    for partition, offset in Position.parse(one.position, "position").items():
                        written[partition] = max(offset, written.get(partition, -1))
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self.reached(written)
            except TimeoutError:
                raise StoreError(
                    f"recorded at {written}, which this replica has not come to in "
                    f"{PATIENCE_S:g} s: it is at {self._position}"
                ) from None
            return [self._receipts.get(one.position or "", one) for one in receipts]

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """What is read meanwhile is remembered by what became of it."""
        self._appending += 1
        try:
            yield
        finally:
            self._appending -= 1
            if not self._appending:
                self._receipts.clear()

    async def reached(self, position: Position) -> None:
        """See `Following`; also until all of the log was read once."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._complete and self._position.reaches(position))

    def release(self, company: str) -> str | None:
        """See `Following`: never here."""
        self.releases(company)
        return self.parked.get(company)

    def releases(self, company: str) -> None:
        """See `Following`."""
        raise Refused.field(
            "company",
            f"{company!r} is folded by the projection worker that has its partition: restart that "
            "one, which tries the parked again, then this replica's files: `standing rebuild "
            "--replica`",
        )

    @property
    def heard(self) -> int:
        """See `Following`."""
        return self._hearing.heard

    async def beyond(self, heard: int) -> None:
        """See `Following`."""
        await self._hearing.beyond(heard)

    # --- following ---------------------------------------------------------------------------

    async def fill(self) -> None:
        """Read up to where the log and the changes end now. Raises `Recreated`, or `StoreError`
        where nobody answers."""
        await self._settle()
        self._ends = self._goal = await self._log.ends()
        self._presence.check(self._position, self._ends)
        progress = asyncio.create_task(self._tell_progress())
        try:
            await self._take_all(self._goal)
            await self._hearing.to_end()
        finally:
            progress.cancel()
        await self._came()

    async def check(self) -> None:
        """Raises `Recreated` where the log ends before what was read of it. Where nobody answers,
        nothing is known of that."""
        try:
            async with asyncio.timeout(_ASK_S):
                self._presence.check(self._position, await self._log.ends())
        except Recreated:
            raise
        except (StoreError, TimeoutError) as error:
            self._presence.lost(str(error) or "no broker answers")

    async def run(self) -> None:
        """Follow for ever. Raises `Recreated`."""
        await self._settle()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._again_and_again(self._take_all))
                tasks.create_task(self._again_and_again(self._hearing.follow))
                tasks.create_task(self._watch())
                tasks.create_task(self._tell_progress())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group

    async def _settle(self) -> None:
        for one in self._held:
            pieces = one.settle()
            while await self._apart(next, pieces, None) is not None:
                """It is folded piece by piece, so that others have their turn."""

    async def _again_and_again(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Recreated:
                raise
            except StoreError as error:
                self._presence.lost(str(error))
                await asyncio.sleep(_AGAIN_S)

    async def _take_all(self, to: Position | None = None) -> None:
        async for entries in self._log.entries(Position(self._position), to, batch=_BATCH):
            by_partition: dict[int, list[Entry]] = {}
            for one in entries:
                by_partition.setdefault(one.partition, []).append(one)
            for partition, some in by_partition.items():
                await self._take(self._held[partition], some)

    async def _take(self, held: Held, entries: Sequence[Entry]) -> None:
        records = [one for one in entries if isinstance(one, Record)]
        for one in entries:
            if isinstance(one, Unreadable):
                self._unreadable += 1
                _log.warning("%s: no event: %s", one.position, one.problem)
        last = entries[-1].offset
        sifted = await self._apart(held.take, records, last)
        if self._appending:
            for record, receipt in zip(records, sifted.receipts, strict=True):
                self._receipts[record.position] = receipt
        async with self._moved:
            self._position[held.partition] = last
            self._ends[held.partition] = max(last, self._ends.get(held.partition, -1))
        await self._came()

    async def _came(self) -> None:
        """Tell whoever waits how far it is."""
        async with self._moved:
            if not self._complete and self.caught_up:
                self._done.touch()
                self._complete = True
            self._moved.notify_all()

    async def _apart(self, work: Callable[..., T], *values: Any) -> T:
        """Do it in the thread that folds; whoever is cancelled lets it finish first."""
        loop = asyncio.get_running_loop()
        return await finished(loop.run_in_executor(self._thread, work, *values))

    # --- watching ----------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            position = Position(self._position)
            try:
                async with asyncio.timeout(_ASK_S):
                    ends = await self._log.ends()
                    found = await self._identities.now()
            except TimeoutError:
                self._presence.lost("no broker answers")
            except StoreError as error:
                self._presence.lost(str(error))
            else:
                self._presence.check(position, ends, found)
                at = self._position
                self._ends = Position({one: max(end, at[one]) for one, end in ends.items()})
                self._goal = self._goal or ends
                await self._came()
                self._presence.found()
            await asyncio.sleep(_LOOK_S)

    async def _tell_progress(self) -> None:
        """Until everything is read that stood there at the beginning."""
        before = -1
        while not self.caught_up:
            await asyncio.sleep(_TELL_S)
            read = sum(offset + 1 for offset in self._position.values())
            if read != before and not self.caught_up:
                total = sum(offset + 1 for offset in self._ends.values())
                self._tell(f"replica: read {read:,} of {total:,} offsets")
            before = read
