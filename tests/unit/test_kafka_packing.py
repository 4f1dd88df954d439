"""Batches that are packed away from the producer are, once sealed, its own to the last byte."""

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from events.kafka.packing import Outgoing, Packed, Sealed, packed

SEAL = (4711, 3, 250)
"""Who writes, in which epoch, behind how many messages."""


def _sealed(batch: Packed) -> bytes:
    sealed = Sealed(batch)
    sealed._set_producer_state(*SEAL)  # noqa: SLF001 - what a producer does
    assert sealed.closed()
    assert sealed.size() == len(sealed._build())  # noqa: SLF001
    assert sealed.record_count() == batch.messages
    return bytes(sealed._build())  # noqa: SLF001


def _read(body: bytes) -> list[tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]]:
    found = MemoryRecords(body)
    batch = found.next_batch()
    assert batch.validate_crc()
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == SEAL
    assert batch.is_transactional
    return [(one.key, one.value, tuple(one.headers)) for one in batch]


def test_a_sealed_batch_is_what_the_producer_would_have_built() -> None:
    """The times are those of packing, so that they are put alike here."""
    messages = [Outgoing("t", 1, b"k%d" % n, b"v" * n, (("h", b"x"),)) for n in range(50)]
    (batch,) = packed(messages)
    body = _sealed(batch)
    first = MemoryRecords(body).next_batch()
    times = [one.timestamp for one in first]
    theirs = BatchBuilder(512 * 1024, DefaultRecordBatch.CODEC_ZSTD, is_transactional=True)
    for time, one in zip(times, messages, strict=True):
        theirs.append(timestamp=time, key=one.key, value=one.value, headers=list(one.headers))
    theirs._set_producer_state(*SEAL)  # noqa: SLF001
    assert body == bytes(theirs._build())  # noqa: SLF001


def test_order_is_kept_over_batches_partitions_and_topics() -> None:
    """Also where one message is larger than a batch should be, and for tombstones."""
    messages = [
        Outgoing("t", number % 2, b"k%d" % number, b"v" * 300_000 if number < 9 else None)
        for number in range(12)
    ]
    large = Outgoing("u", 0, b"large", b"w" * 900_000, (("h", b"x"),))
    batches = packed([*messages, large])
    for topic, partition in (("t", 0), ("t", 1), ("u", 0)):
        told = [
            read
            for one in batches
            if (one.topic, one.partition) == (topic, partition)
            for read in _read(_sealed(one))
        ]
        assert told == [
            (one.key, one.value, one.headers)
            for one in [*messages, large]
            if (one.topic, one.partition) == (topic, partition)
        ]
    assert packed([]) == []
