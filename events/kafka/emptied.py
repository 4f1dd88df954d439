"""Marks of transactions that compaction has emptied are read past.

Of each who wrote to a partition brokers keep the last batch for as long as they know the writer, be
it without what was in it. Where that batch is the mark at the end of a transaction of which nothing
stands any more, aiokafka takes it for a fault and stops there, each time anew. To Kafka's own
client it says nothing (KAFKA-7467), and so it does to every reader in this process.
"""

from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord


class _Records(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    def _contains_abort_marker(self, next_batch: Any) -> bool:
        mark = next(next_batch, None)
        return mark is not None and ControlRecord.parse(mark.key) == ABORT_MARKER


fetcher.PartitionRecords = _Records
