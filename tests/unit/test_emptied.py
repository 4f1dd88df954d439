"""A transaction's mark that compaction has emptied: aiokafka stops there, readers here do not."""

import struct
from collections.abc import Iterator

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

import events.kafka.emptied  # noqa: F401 - what is tested
from events.kafka.packing import Outgoing, packed

_WRITER = 7
_COMMITTED = 1
"""The isolation level."""


def emptied(offset: int) -> bytes:
    """A batch of format 2 for one mark (transactional, control), without it."""
    writer_epoch, first_sequence, count = 0, -1, 0
    behind_sum = struct.pack(
        ">hiqqqhii", 0x30, 0, 1_000, 1_000, _WRITER, writer_epoch, first_sequence, count
    )
    from_epoch = struct.pack(">ibI", 0, 2, calc_crc32c(behind_sum)) + behind_sum
    return struct.pack(">qi", offset, len(from_epoch)) + from_epoch


def read(kind: type, body: bytes, begin: int) -> Iterator[tuple[int, bytes]]:
    found = kind(
        TopicPartition("t", 0), MemoryRecords(body), [], begin, None, None, True, _COMMITTED
    )
    yield from ((one.offset, one.value) for one in found)
    assert found.next_fetch_offset == 6


def test_what_stands_behind_is_read() -> None:
    """And there the next fetch goes on, also where nothing does."""
    (batch,) = packed([Outgoing("t", 0, b"acme", b"1")])
    later = struct.pack(">q", 5) + batch.body[8:]
    assert list(read(fetcher.PartitionRecords, emptied(4) + later, 4)) == [(5, b"1")]
    assert list(read(fetcher.PartitionRecords, emptied(5), 5)) == []


def test_by_itself_aiokafka_stops_there() -> None:
    """Once it does no more, there is nothing to be mended."""
    (theirs,) = fetcher.PartitionRecords.__bases__
    with pytest.raises(KafkaError, match="did not contain any records"):
        list(read(theirs, emptied(5), 5))
