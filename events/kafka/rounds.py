"""Writing for several partitions at once: what waits goes out together, in one transaction.

A transaction costs brokers and client about the same for one partition as for four. So a process
has one writer, which goes round: what each partition has to write by then is visible at once or not
at all. Who may write a partition is claimed (`events.kafka.claims`); whoever takes one of them over
shuts the writer out, and takes back what was under way for all of them. Those that nobody took are
then claimed under a new name, and what was taken back is written again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import Final, Self

from events.errors import StoreError
from events.kafka.bounded import ended
from events.kafka.claims import Claim, Claims, fresh, shut_out
from events.kafka.connection import Connection
from events.kafka.fenced import Fenced, FencedWriter
from events.kafka.packing import Packed
from events.kafka.questions import TopicQuestions

PACE_S: Final = 0.01
"""Rounds begin no sooner after each other: what comes in between goes out together."""
_TURNS: Final = 5
"""Of the event loop, until the client has sent a request that it was asked for, and until who was
told that something is written has asked for the next round."""
_GOODBYE_S: Final = 3.0
_NOTHING: Final = Claim("", "")


class Lease:
    """The right to write a partition, until another one takes it over."""

    def __init__(self, partition: int, rounds: "Rounds") -> None:
        self.partition = partition
        self.claim = _NOTHING
        self.waiting: Sequence[Packed] = ()
        self.under_way = False
        self.opener: asyncio.Future[None] | None = None
        """Who waits for the next round."""
        self.over: BaseException | None = None
        """Why nothing is written under it any more."""
        self._rounds = rounds
        self._told: asyncio.Future[None] | None = None

    async def opening(self) -> None:
        """Wait for the next round: what is written then, with nothing awaited in between, goes
        out with it. Raises as `write` does."""
        if self.over is None:
            self.opener = asyncio.get_running_loop().create_future()
            self._rounds.call()
            await self.opener
        if self.over is not None:
            raise self.over

    async def write(self, batches: Sequence[Packed]) -> None:
        """All of it, visible at once, or nothing. One at a time. Raises `Fenced` where another one
        has taken the partition over, or `StoreError`: then it is not known which."""
        if self.over is not None:
            raise self.over
        self.waiting, self._told = batches, asyncio.get_running_loop().create_future()
        self._rounds.call()
        await asyncio.shield(self._told)

    async def settled(self, seconds: float) -> bool:
        """Whether what was under way is over, after so many seconds at most."""
        if self.under_way and self._told is not None:
            await asyncio.wait([self._told], timeout=seconds)
        return not self.under_way

    def open(self) -> None:
        """The round begins."""
        if self.opener is not None and not self.opener.done():
            self.opener.set_result(None)
        self.opener = None

    def done(self) -> None:
        """What waited was written."""
        self.waiting, self.under_way = (), False
        if self._told is not None and not self._told.done():
            self._told.set_result(None)

    def end(self, error: BaseException) -> None:
        """Nothing more is written."""
        self.over, self.under_way = error, False
        self.open()
        if self._told is not None and not self._told.done():
            self._told.set_exception(error)
            self._told.exception()  # who waits hears of it


class Rounds:
    """Use it as a context. `name` is how the names of its writers begin, `topics` what is mostly
    written to, `partitions` how many there are, and `patience`, in seconds, bounds each step."""

    def __init__(
        self,
        connection: Connection,
        name: str,
        topics: Sequence[str],
        partitions: int,
        patience: float,
    ) -> None:
        self._topics = topics
        self._connection = connection
        self._name = name
        self._patience = patience
        self._claims = Claims(connection, partitions, patience)
        self._leases: dict[int, Lease] = {}
        self._writer: FencedWriter | None = None
        self._writers = AsyncExitStack()
        self._changing = asyncio.Lock()
        self._called = asyncio.Event()
        self._going: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._going = asyncio.create_task(self._go_round())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._going is not None:
            await ended(self._going, _GOODBYE_S)
        await self._writers.aclose()
        await self._claims.close()

    @asynccontextmanager
    async def lease(self, partition: int) -> AsyncIterator[Lease]:
        """Take the partition over, and let go of it. Raises `StoreError`."""
        one = Lease(partition, self)
        while True:
            writer = await self._begun()
            one.claim = await self._claims.take_over(partition, writer.name)
            if writer is self._writer:
                break
        self._leases[partition] = one
        try:
            yield one
        finally:
            if self._leases.get(partition) is one:
                del self._leases[partition]
            if await one.settled(_GOODBYE_S) and one.over is None:
                with suppress(StoreError):  # the next one shuts us out
                    await self._claims.withdraw(partition, [one.claim])

    def call(self) -> None:
        """Something waits."""
        self._called.set()

    # --- the rounds ----------------------------------------------------------------------------

    async def _go_round(self) -> None:
        clock = asyncio.get_running_loop().time
        begun = float("-inf")
        try:
            while True:
                await self._called.wait()
                await asyncio.sleep(max(0.0, begun + PACE_S - clock()))
                await _turns()
                self._called.clear()
                now = clock()
                if await self._round():
                    begun = now
        except BaseException as error:
            self._end(error)
            raise

    async def _round(self) -> bool:
        """Whether there was anything to do."""
        writer = self._writer
        if writer is None:
            return False
        some: list[Lease] = []
        try:
            begun = await self._open(writer)
            some += (one for one in self._leases.values() if one.waiting)
            for one in some:
                one.under_way = True
            if not some and not begun:
                return False
            await writer.write([batch for one in some for batch in one.waiting])
        except Fenced:
            await self._begin_again(writer, some)
        except StoreError as error:
            self._end(error)
        else:
            for one in some:
                one.done()
        return True

    async def _open(self, writer: FencedWriter) -> bool:
        """Let those make what they write who waited for the round, while the brokers are told of
        it; whether there were any."""
        opening = [one for one in self._leases.values() if one.opener is not None]
        if opening:
            await writer.expect((topic, one.partition) for one in opening for topic in self._topics)
            await _turns()
            for one in opening:
                one.open()
            await asyncio.sleep(0)
        return bool(opening)

    def _end(self, error: BaseException) -> None:
        """Nobody writes any more who had a lease."""
        self._writer = None
        for one in self._leases.values():
            one.end(error)
        self._leases.clear()

    async def _begun(self) -> FencedWriter:
        async with self._changing:
            if self._writer is None:
                self._writer = await self._entered()
            return self._writer

    async def _entered(self) -> FencedWriter:
        writer = FencedWriter(self._connection, fresh(self._name), self._patience)
        return await self._writers.enter_async_context(writer)

    # --- shut out --------------------------------------------------------------------------------

    async def _begin_again(self, before: FencedWriter, some: Sequence[Lease]) -> None:
        """Under a new name, with what nobody took over."""
        self._writer = None
        async with self._changing:
            try:
                writer = await self._entered()
                await shut_out(self._connection, before.name, self._patience)
                if await self._stands(before):
                    for one in some:
                        one.done()
                for one in list(self._leases.values()):
                    await self._claim_again(one, writer)
            except StoreError as error:
                self._end(error)
            else:
                self._writer = writer
                self.call()

    async def _claim_again(self, one: Lease, writer: FencedWriter) -> None:
        """Where nobody else claims the partition, and nobody who did has shut us out, what is
        published of it is what we wrote."""
        mine, earlier = await self._claims.claim(one.partition, writer.name)
        if earlier == [one.claim]:
            await self._claims.withdraw(one.partition, earlier)
            one.claim, one.under_way = mine, False
            return
        await self._claims.withdraw(one.partition, [mine])
        self._leases.pop(one.partition, None)
        who = one.claim.writer
        one.end(Fenced(f"{who}: another worker has taken partition {one.partition} over"))

    async def _stands(self, before: FencedWriter) -> bool:
        """Whether the last transaction was committed, of which that was not heard."""
        sent = before.sent
        if sent is None:
            return False
        partition, at = sent.partition, sent.offset
        questions = TopicQuestions(self._connection, sent.topic, partition + 1, self._patience)
        try:
            return any([some async for some in questions.batches(partition, at, at)])
        finally:
            await questions.close()


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
