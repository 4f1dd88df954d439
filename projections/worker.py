"""The projection worker: for each partition that is assigned to it, folds what comes and publishes
what follows, all of a batch at once.

The first thing done for a partition is to shut out whoever had it; then it is read back how far
was published, the mirror is brought there, and from there on live and catching up are the same.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from events.aside import aside
from events.errors import StoreError
from events.kafka.assignment import SESSION_S, serve_assigned
from events.kafka.claims import sole
from events.kafka.connection import Connection
from events.kafka.fenced import LONGEST_S, Fenced
from events.kafka.log import PATIENCE_S, KafkaEventLog
from events.kafka.mirror import Mirror, taken
from events.kafka.questions import NONE, TopicQuestions
from events.kafka.rounds import Lease, Rounds
from events.kafka.together import Together
from events.kafka.topic import alike, counted
from events.kafka.topics import CHANGES, CLAIMS, EVENTS, REJECTED, STATUS
from events.lists import Registry
from events.log import Position
from projections import cold_start
from projections.follower import MakeAlarm, PartitionWorker
from projections.published import Restored, Statement, restored
from projections.rebuilding import rebuild_published
from projections.sources import Where
from projections.standby import Standby

GROUP: Final = "standing.projections.v1"
_TOPICS: Final = (EVENTS.name, STATUS.name, CHANGES.name, REJECTED.name, CLAIMS.name)
"""What is read and written of a partition stands in the same one of each."""
_COURTESY_S: Final = 3.0
"""So long whoever took a partition over may take to begin, and then between two pieces."""
_LOOK_S: Final = 0.5


class _Shared(NamedTuple):
    """What the partitions of a worker have in common."""

    log: KafkaEventLog
    together: Together
    rounds: Rounds
    partitions: int


class ProjectionWorker:
    """`home` is where the mirrors are, which may be thrown away; no other worker uses it. `tell`
    hears what an operator should know. A partition of which nothing was published is folded all at
    once where it has so `many` events."""

    def __init__(
        self,
        connection: Connection,
        home: Path,
        registry: Registry,
        make_alarm: MakeAlarm,
        *,
        session_s: float = SESSION_S,
        patience: float = PATIENCE_S,
        many: int = cold_start.MANY,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.assigned: frozenset[int] | None = None
        """The partitions that are ours; None before that is known."""
        self.working: dict[int, PartitionWorker] = {}
        """Those of them that are followed, as everything before was read back."""
        self._connection = connection
        self._home = home
        self._registry = registry
        self._make_alarm = make_alarm
        self._session_s = session_s
        self._patience = patience
        self._many = many
        self._tell = tell
        self._helpers = cold_start.Helpers(registry, tell)
        self._renewing = asyncio.Semaphore(self._helpers.number)
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Work until cancelled. Raises `StoreError` where a topic is missing, or has another number
        of partitions than the events."""
        alike(await counted(self._connection, _TOPICS, self._patience))
        log = KafkaEventLog(self._connection, patience=self._patience)
        try:
            await self._work(log, await log.partitions())
        finally:
            await log.close()

    async def _work(self, log: KafkaEventLog, partitions: int) -> None:
        together = Together(self._connection, EVENTS.name, partitions, self._patience)
        standby = Standby(together, self._mirror, self._tell)
        try:
            name, topics = f"{GROUP}-worker", (CHANGES.name, STATUS.name)
            async with Rounds(self._connection, name, topics, partitions, self._patience) as rounds:
                await self._see_to_all(_Shared(log, together, rounds, partitions), standby)
        finally:
            await standby.leave()
            await together.close()

    async def _see_to_all(self, shared: _Shared, standby: Standby) -> None:
        in_use: set[int] = set()

        def stand_by() -> None:
            mine = in_use.union(self.assigned or ())
            standby.keep(set(range(shared.partitions)) - mine)

        def assigned(ours: frozenset[int]) -> None:
            self.assigned = ours
            stand_by()

        async def serve(partition: int) -> None:
            in_use.add(partition)
            try:
                await standby.leave(partition)
                await self._serve(shared, partition)
            except Fenced as error:
                self._tell(f"partition {partition}: {error}; waiting until it is done")
                await self._let_finish(partition, shared.partitions)
                raise
            finally:
                in_use.discard(partition)
                stand_by()

        await serve_assigned(
            self._connection,
            GROUP,
            EVENTS.name,
            serve,
            session_s=self._session_s,
            tell=self._tell,
            assigned=assigned,
        )

    def _mirror(self, partition: int) -> Mirror:
        return Mirror(self._home / f"{partition}.db", partition)

    async def _serve(self, shared: _Shared, partition: int) -> None:
        log, partitions = shared.log, shared.partitions
        name = f"{GROUP}-{partition}"
        with closing(self._mirror(partition)) as mirror:
            begun = False
            while True:
                async with shared.rounds.lease(partition) as writer:
                    statements = await self._published(partition, partitions)
                    found = restored(statements, self._registry)
                    few = (await log.ends()).get(partition, NONE) < self._many
                    if begun or few or (statements and not found.other_rules):
                        await self._go_on(shared, mirror, writer, (statements, found))
                if statements:
                    await self._renew(name, partition, partitions)
                else:
                    await self._begin(log, mirror, name, partitions)
                begun = True

    async def _let_finish(self, partition: int, partitions: int) -> None:
        """Leave the partition to whoever took it over, a rebuild perhaps, as long as that gets on
        with what it publishes. Where it was another worker, the partition is soon not ours."""
        questions = TopicQuestions(self._connection, STATUS.name, partitions, self._patience)
        clock = asyncio.get_running_loop().time
        at, until = None, clock() + _COURTESY_S
        try:
            while clock() < until:
                await asyncio.sleep(_LOOK_S)
                written = await questions.undecided(partition)
                if written is None and at is not None:
                    return
                if written != at:
                    at, until = written, clock() + _COURTESY_S
        finally:
            await questions.close()

    async def _go_on(
        self,
        shared: _Shared,
        mirror: Mirror,
        writer: Lease,
        published: tuple[list[Statement], Restored],
    ) -> NoReturn:
        """Follow the partition from where it was published to."""
        partition = mirror.partition
        statements, found = published
        await _bring(shared.log, mirror, found.position)
        one = PartitionWorker(
            shared.log,
            shared.together,
            mirror,
            writer,
            self._registry,
            found=found,
            partitions=shared.partitions,
            turn=self._turn,
        )
        if found.other_rules:
            self._tell(f"partition {partition}: other lists; publishing all of it anew")
            await one.republish(statements)
        await one.free()
        self.working[partition] = one
        self._tell(f"partition {partition}: going on after {found.position}")
        try:
            await one.run(self._make_alarm)
        finally:
            del self.working[partition]

    async def _renew(self, name: str, partition: int, partitions: int) -> None:
        """Publish everything as the rules of now have it, where that is much."""
        self._tell(f"partition {partition}: other lists; publishing all of it anew")
        folder = self._home / f"rebuild-{partition}"
        where = Where(self._connection, partition, partitions, name, folder, self._patience)
        async with self._renewing:
            await rebuild_published([where], self._registry, self._tell)

    async def _begin(self, log: KafkaEventLog, mirror: Mirror, name: str, partitions: int) -> None:
        """Publish everything at once where nothing was yet."""
        partition, helpers = mirror.partition, self._helpers
        with helpers.at_work():
            async with helpers.filling:
                await aside(mirror.cut, NONE)
                goal = await log.ends()
                self._tell(f"partition {partition}: nothing was published yet; all at once")
                coming = log.entries(
                    Position({partition: NONE}), goal, batch=cold_start.BATCH, only={partition}
                )
                told = await cold_start.fill(mirror, coming)
            place = partition, partitions
            writing = sole(self._connection, name, place, self._patience, within=LONGEST_S)
            async with helpers.folding, writing as writer:
                if not await self._published(partition, partitions):
                    await cold_start.publish(mirror, writer, helpers, partitions, told)

    async def _published(self, partition: int, partitions: int) -> list[Statement]:
        latest: dict[bytes, Statement] = {}
        questions = TopicQuestions(self._connection, STATUS.name, partitions, self._patience)
        try:
            async for message in questions.messages(partition):
                if message.value is None:
                    latest.pop(message.key, None)
                else:
                    latest[message.key] = Statement(message.value, message.headers)
        finally:
            await questions.close()
        return list(latest.values())


async def _bring(log: KafkaEventLog, mirror: Mirror, to: int) -> None:
    """Have in the mirror what was published of the partition, and nothing beyond."""
    mirror.cut(to)
    partition = mirror.partition
    after, goal = Position({partition: mirror.end()}), Position({partition: to})
    async for _ in taken(mirror, log.entries(after, goal, only={partition})):
        """What does not count was told when it was published up to here."""
    if mirror.end() != to:
        raise StoreError(
            f"{mirror.path}: {EVENTS.name} does not have what was published of it up to "
            f"{partition}:{to}; was the topic made anew? Then make the other topics anew, too"
        )
