"""Which partitions this process is to see to: Faust owns membership, assignment and rebalance.

Nothing is read through Faust. Its consumer joins the group, keeps its place in it by heartbeats
from a thread of its own, and fetches nothing; whoever sees to a partition reads and writes it by
themselves, and writes under a name that shuts out whoever had it before (`events.kafka.fenced`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any, Final

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.transport.drivers.aiokafka import Consumer, Transport

import events.kafka.bootstrap  # noqa: F401 - from now on, what is interrupted is closed
from events.errors import StoreError
from events.kafka.bounded import bounded
from events.kafka.connection import Connection

SESSION_S: Final = 8.0
"""So long after its last heartbeat a process counts as dead, and others take its partitions."""
_AGAIN_S: Final = 1.0
"""How soon a partition is begun again that could not be seen to."""
_GOODBYE_S: Final = 10.0
_NEVER_S: Final = 10**6
"""aiokafka counts a consumer that fetches nothing as stuck; ours never does."""

Serve = Callable[[int], Awaitable[None]]


async def serve_assigned(
    connection: Connection,
    group: str,
    topic: str,
    serve: Serve,
    *,
    session_s: float = SESSION_S,
    tell: Callable[[str], None] = lambda _: None,
    assigned: Callable[[frozenset[int]], None] = lambda _: None,
) -> None:
    """Run `serve(partition)` for each partition of the topic while it is assigned to this member
    of the group: cancelled when it is taken away, begun again where Kafka or the disk failed it or
    another one shut it out. `assigned` hears which those are. Returns only by being cancelled;
    raises what else goes wrong."""
    duties = _Duties(serve, tell, assigned)
    async with _member(connection, group, topic, session_s, duties) as member:
        watching = asyncio.create_task(member.wait_until_stopped())
        working = asyncio.create_task(duties.run())
        try:
            await asyncio.wait([watching, working], return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            working.cancel()
            await asyncio.wait([working])
    if not working.cancelled():
        working.result()
    raise StoreError(
        f"Kafka at {connection.servers}, group {group}: {member.crash_reason or 'left it'}"
    ) from member.crash_reason


class _Duties:
    """The partitions that are ours, and a task for each."""

    def __init__(
        self,
        serve: Serve,
        tell: Callable[[str], None],
        announce: Callable[[frozenset[int]], None],
    ) -> None:
        self._serve = serve
        self._tell = tell
        self._announce = announce
        self._ours: frozenset[int] = frozenset()
        self._changed = asyncio.Event()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def assigned(self, partitions: Iterable[int]) -> None:
        """Those and no others, from now on."""
        self._ours = frozenset(partitions)
        self._tell(f"partitions {', '.join(map(str, sorted(self._ours))) or '(none)'}")
        self._announce(self._ours)
        self._changed.set()

    async def run(self) -> None:
        """See to them until cancelled. What is ours in one assignment and the next goes on."""
        try:
            while True:
                await self._end(self._tasks.keys() - self._ours)
                for partition in sorted(self._ours - self._tasks.keys()):
                    task = asyncio.create_task(self._keep(partition))
                    task.add_done_callback(lambda _: self._changed.set())
                    self._tasks[partition] = task
                await self._changed.wait()
                self._changed.clear()
                for task in self._tasks.values():
                    if task.done():
                        task.result()
        finally:
            await self._end(self._tasks.keys())

    async def _end(self, partitions: Iterable[int]) -> None:
        ending = [self._tasks.pop(partition) for partition in list(partitions)]
        for task in ending:
            task.cancel()
        for outcome in await asyncio.gather(*ending, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _keep(self, partition: int) -> None:
        while True:
            try:
                await self._serve(partition)
            except StoreError as error:
                self._tell(f"partition {partition}: {error}; trying again")
            await asyncio.sleep(_AGAIN_S)


class _Idle(Consumer):
    """Holds its partitions and fetches nothing."""

    def resume_partitions(self, tps: Any) -> None:
        """They stay paused."""


class _Transport(Transport):
    Consumer = _Idle


@asynccontextmanager
async def _member(
    connection: Connection, group: str, topic: str, session_s: float, duties: _Duties
) -> AsyncIterator[Any]:
    with TemporaryDirectory(prefix="standing-") as folder:
        app = _app(connection, group, folder, session_s)
        app.transport = _Transport(app.conf.broker, app, app.loop)

        @app.agent(app.topic(topic, value_type=bytes))  # type: ignore[untyped-decorator]
        async def _unfed(stream: Any) -> None:
            async for _ in stream:
                raise AssertionError

        async def _assigned(_: Any, assigned: Any, **__: Any) -> None:
            duties.assigned(one.partition for one in assigned if one.topic == topic)

        app.on_partitions_assigned.connect(_assigned, weak=False)
        try:
            await app.start()
            yield app
        finally:
            # Whatever it does not let go of ends with the process.
            with suppress(TimeoutError):
                await bounded(app.stop(), _GOODBYE_S)


def _app(connection: Connection, group: str, folder: str, session_s: float) -> Any:
    return faust.App(
        group,
        broker=[f"kafka://{server}" for server in connection.servers.split(",")],
        broker_credentials=_credentials(connection),
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 4,
        broker_rebalance_timeout=session_s,
        broker_request_timeout=max(30.0, 2 * session_s),
        broker_max_poll_interval=_NEVER_S,
        loop=asyncio.get_running_loop(),
        datadir=folder,
        store="memory://",
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )


def _credentials(connection: Connection) -> Any:
    options = connection.options()
    context = options["ssl_context"]
    if options["sasl_plain_username"] is not None:
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return SSLCredentials(context) if context is not None else None
