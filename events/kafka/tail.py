"""Following topics as they are: raw messages of what is committed, to the end and on."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from events.kafka.bounded import let_go
from events.kafka.questions import ASKED_MS, NONE, TopicQuestions, Watch
from events.kafka.trouble import trouble

_LOOK_MS = 1_000


class Raw(NamedTuple):
    """A message as it stands in a topic; without a value, a tombstone."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    kind: str
    """The type of the event that it carries; "" where it says none."""
    headers: Sequence[tuple[str, bytes]] = ()


class Tail(TopicQuestions):
    """Use it as a context; then `begin`, then `to_end` and `more`. Where it stands is its own
    affair: it belongs to no group. Raises `StoreError`."""

    _consumer: Any = None
    _assigned: Sequence[Any] = ()

    async def __aenter__(self) -> Self:
        with trouble(self._connection, self._topic):
            self._consumer = await self.started()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await let_go(self._consumer)
        await self.close()

    async def begin(
        self, after: Mapping[int, int] | None = None, only: Iterable[int] | None = None
    ) -> None:
        """Read on behind these offsets, and from the beginning where none is given; `only` some
        partitions."""
        after = after or {}
        with trouble(self._connection, self._topic):
            self._assigned = [self._places[one] for one in (self._places if only is None else only)]
            begins = await self._consumer.beginning_offsets(self._assigned)
            self._consumer.assign(self._assigned)
            for place in self._assigned:
                seen = after.get(place.partition, NONE)
                self._consumer.seek(place, max(seen + 1, begins[place]))

    async def to_end(self) -> AsyncIterator[list[Raw]]:
        """What stands there now."""
        with trouble(self._connection, self._topic):
            ends = await self._consumer.end_offsets(self._assigned)
            watch = Watch(self._patience)
            while True:
                places = [await self._consumer.position(one) for one in self._assigned]
                if all(at >= ends[one] for at, one in zip(places, self._assigned, strict=True)):
                    return
                watch.look(sum(places))
                if found := await self._fetched(ASKED_MS):
                    yield found

    async def more(self, limit: int | None = None) -> list[Raw]:
        """What has come; nothing, where nothing has for a second."""
        with trouble(self._connection, self._topic):
            return await self._fetched(_LOOK_MS, limit)

    async def _fetched(self, wait_ms: int, limit: int | None = None) -> list[Raw]:
        got = await self._consumer.getmany(timeout_ms=wait_ms, max_records=limit)
        return [raw(one) for messages in got.values() for one in messages]

    # --- looking things up ---------------------------------------------------------------------

    async def stretch(self, partition: int, first: int, last: int) -> AsyncGenerator[Raw, None]:
        """The messages of one partition from one offset up to another."""
        if first > last:
            return
        async with self._ask() as asker:
            async for one in self._stretch(asker, self._places[partition], first, last):
                yield raw(one)

    async def last(self, partition: int) -> Raw | None:
        """The last message of a partition."""
        end = (await self.committed())[partition]
        at = NONE if end == NONE else await self._search_back(partition, end)
        async for one in self.stretch(partition, at, at if at > NONE else NONE - 1):
            return one
        return None


def raw(message: Any) -> Raw:
    """What matters of a message of aiokafka."""
    kind = dict(message.headers).get("ce_type", b"").decode(errors="replace")
    about = (message.key or b"", message.value, kind, message.headers)
    return Raw(message.partition, message.offset, *about)
