"""Reading a topic whose messages are no events: as they stand, in batches."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from events.kafka.questions import ASKED_MS, NONE, TopicQuestions, Watch
from events.kafka.trouble import trouble
from events.log import Position

_LOOK_MS = 1_000
Batch = Mapping[int, list[Any]]
"""By partition, messages in order."""


class TopicMessages(TopicQuestions):
    """Reads all partitions of a topic."""

    async def read(
        self, after: Position, to: Position | None = None, batch: int = 5_000
    ) -> AsyncIterator[Batch]:
        """What stands after one position, up to the other; without one, what comes, for ever."""
        places = list(self._places.values())
        with trouble(self._connection, self._topic):
            consumer = await self.started()
            try:
                begins = await consumer.beginning_offsets(places)
                consumer.assign(places)
                for place in places:
                    begin = max(after.get(place.partition, NONE) + 1, begins[place])
                    consumer.seek(place, begin)
                watch = Watch(self._patience)
                look = _LOOK_MS if to is None else ASKED_MS
                while to is None or (far := await self._left(consumer, to)):
                    found = await consumer.getmany(timeout_ms=look, max_records=batch)
                    if found:
                        yield {place.partition: some for place, some in found.items()}
                    if to is not None:
                        watch.look(far)
            finally:
                await consumer.stop()

    async def _left(self, consumer: Any, to: Position) -> int:
        """How many offsets there are before the end."""
        left = 0
        for partition, place in self._places.items():
            at = await consumer.position(place)
            left += max(0, to.get(partition, NONE) + 1 - at)
        return left
