"""What aiokafka makes a record from has all that a reader of one partition asks for."""

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords

from events.kafka.lean import read_leanly
from events.kafka.packing import Outgoing, packed


def test_messages_are_read_with_all_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "PartitionRecords", fetcher.PartitionRecords)
    headers = (("content-type", b"application/json"),)
    said = [("one", b"1", headers), ("two", None, ())]
    (batch,) = packed(Outgoing("t", 0, key.encode(), value, some) for key, value, some in said)

    def read() -> list[tuple[object, ...]]:
        place, records = TopicPartition("t", 0), MemoryRecords(batch.body)
        found = fetcher.PartitionRecords(place, records, [], 0, None, None, True, 1)
        return [
            (m.offset, m.timestamp, m.timestamp_type, m.key, m.value, tuple(m.headers))
            for m in found
        ]

    before = read()
    read_leanly()
    assert read() == before
    assert [one[3:] for one in before] == [(b"one", b"1", headers), (b"two", None, ())]
