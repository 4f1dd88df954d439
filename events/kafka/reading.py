"""Reading a topic in batches: what is committed, each message with the time that the log gave it.

The consumers belong to no group: where a reader stands, it keeps itself.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import Any, Final

from aiokafka import TopicPartition

from events.bulk import no_collection
from events.dates import Instant
from events.errors import Problem, StoreError
from events.kafka.binding import Unreadable, decode
from events.kafka.bounded import let_go
from events.kafka.partitioner import partition_of
from events.kafka.questions import ASKED_MS, NONE, TopicQuestions, Watch
from events.kafka.trouble import trouble
from events.log import Position, Record
from events.vocabulary import CLOCK_SUBJECT, COPY_OF

Entry = Record | Unreadable
"""A message of the topic, as it is to be read."""

_LOOK_MS: Final = 1_000
"""How long to wait for messages before looking whether all is well."""


class TopicReader(TopicQuestions):
    """Reads the topic, too."""

    async def read(
        self,
        after: Position,
        to: Position | None,
        batch: int,
        only: Collection[int] | None = None,
    ) -> AsyncIterator[list[Entry]]:
        """What stands after one position, up to the other; without one, what comes, for ever.
        `only` names the partitions that are asked for; all, where it does not."""
        with trouble(self._connection, self._topic):
            consumer = await self.started()
            try:
                goals = await self._goals(consumer, after, to)
                if only is not None:
                    goals = {one: goal for one, goal in goals.items() if one in only}
                await self._seek(consumer, after, goals)
                times = Times(self, after)
                watch = Watch(self._patience)
                # Past marks of transactions, a consumer goes on silently: look often for the end.
                look = _LOOK_MS if to is None else ASKED_MS
                while goals:
                    found = await consumer.getmany(timeout_ms=look, max_records=batch)
                    entries: list[Entry] = []
                    for place, messages in found.items():
                        if wanted := _up_to(messages, goals.get(place.partition, NONE)):
                            await times.begin(wanted[0])
                            entries += self._entries(wanted, times)
                    if entries:
                        yield entries
                    self._same_partitions(consumer)
                    if to is not None:
                        watch.look(await self._progress(consumer, goals))
            finally:
                await let_go(consumer)

    async def _goals(
        self, consumer: Any, after: Position, to: Position | None
    ) -> dict[int, int | None]:
        """The partitions of which there is something to read, and up to which offset."""
        if to is None:
            return dict.fromkeys(self._places)
        ends = await consumer.end_offsets(list(self._places.values()))
        goals = {
            place.partition: min(to.get(place.partition, NONE), end - 1)
            for place, end in ends.items()
        }
        return {one: goal for one, goal in goals.items() if goal > after.get(one, NONE)}

    async def _seek(self, consumer: Any, after: Position, goals: Iterable[int]) -> None:
        places = [self._places[partition] for partition in goals]
        if not places:
            return
        begins = await consumer.beginning_offsets(places)
        consumer.assign(places)
        for place in places:
            seen = after.get(place.partition, NONE)
            consumer.seek(place, self._behind(place, seen, begins[place]))

    def _behind(self, place: TopicPartition, seen: int, begin: int) -> int:
        """Where to read on behind an offset, where the partition begins there."""
        if NONE < seen < begin - 1:
            raise StoreError(
                f"{self._topic} has lost what stood behind {place.partition}:{seen}; its "
                f"first message is now {place.partition}:{begin}"
            )
        return max(seen + 1, begin)

    async def _progress(self, consumer: Any, goals: dict[int, int | None]) -> int:
        """Leave out the partitions that have been read; how far the others have come."""
        far = 0
        for partition, goal in list(goals.items()):
            place = self._places[partition]
            at = await consumer.position(place)
            far += at
            if goal is not None and at > goal:
                del goals[partition]
                consumer.pause(place)
        return far - len(goals)

    def _same_partitions(self, consumer: Any) -> None:
        known = consumer.partitions_for_topic(self._topic)
        if known and len(known) != len(self._places):
            raise StoreError(
                f"{self._topic} had {len(self._places)} partitions and has {len(known)}: subjects "
                "have moved, and their events are in two orders; export it and record it anew"
            )

    def _entries(self, messages: Sequence[Any], times: "Times") -> list[Entry]:
        last = messages[-1]
        self.stands(last.partition, last.offset)
        with no_collection():
            return [self._entry(one, times.of(one) * 1_000) for one in messages]

    def _entry(self, message: Any, recorded: Instant) -> Entry:
        partition = message.partition
        event = decode(message.key, message.value, message.headers)
        if isinstance(event, dict):
            subject = event["subject"]
            home = partition_of(subject, len(self._places))
            if home == partition or subject == CLOCK_SUBJECT or COPY_OF in event:
                return Record(message.offset, recorded, event, partition)
            event = Problem(
                "subject",
                f"the events of {subject!r} stand in partition {home}: a message's key is its "
                "subject, and its partition that of Kafka's default partitioner",
            )
        return Unreadable(
            message.offset,
            recorded,
            partition,
            event,
            message.key,
            message.value,
            message.headers,
        )


class Times:
    """The running maximum of each partition, also for a reader that begins in its middle."""

    def __init__(self, reader: TopicReader, after: Position) -> None:
        self._reader = reader
        self._after = after
        self._latest: dict[int, int] = {}

    async def begin(self, message: Any) -> None:
        """Before the first of a partition: what stands before the reader's position may have been
        told a later time."""
        partition = message.partition
        if partition not in self._latest:
            time, seen = self._reader.time_of(message), self._after.get(partition, NONE)
            if seen > NONE:
                time = await self._reader.latest(partition, seen, time)
            self._latest[partition] = time

    def of(self, message: Any) -> int:
        """The time at which a message counts as taken in, in milliseconds."""
        latest = self._latest[message.partition]
        time = self._reader.time_of(message)
        if time > latest:
            self._latest[message.partition] = latest = time
        return latest


def _up_to(messages: Sequence[Any], goal: int | None) -> Sequence[Any]:
    """Those of one partition that are to be read."""
    if goal is None or messages[-1].offset <= goal:
        return messages
    return [one for one in messages if one.offset <= goal]
