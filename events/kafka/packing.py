"""Messages packed into batches as brokers keep them, away from the producer that sends them: what
costs time, in another process if need be.

A producer only adds by whom a batch is, and the checksum over that. For this it is given an object
that does what its own batch builder does at that point; a test holds the two together.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Any, Final, NamedTuple

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

_LARGEST: Final = 512 * 1024
"""Of one batch before it is compressed, as of the producer's."""
# The head of a batch, by the protocol: base offset, length, leader epoch, magic, checksum, flags,
# last offset, first and last time; then who wrote it, in which epoch, behind how many messages.
_WRITER: Final = Struct(">qhi")
_WRITER_AT: Final = Struct(">qiibIhiqq").size
_CHECKSUM: Final = Struct(">I")
_CHECKSUM_AT: Final = Struct(">qiib").size
_CHECKED_FROM: Final = _CHECKSUM_AT + _CHECKSUM.size


class Outgoing(NamedTuple):
    """A message, and where it goes; without a value, a tombstone."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Packed(NamedTuple):
    """A batch of messages of a transaction, and where it goes."""

    topic: str
    partition: int
    messages: int
    body: bytes


def packed(messages: Iterable[Outgoing]) -> list[Packed]:
    """Messages in batches; their order within a partition is kept."""
    builders: dict[tuple[str, int], Any] = {}
    full: list[Packed] = []
    for one in messages:
        place = one.topic, one.partition
        builder = builders.get(place)
        if builder is None or not _put(builder, one):
            if builder is not None:
                full.append(_packed(place, builder))
            builder = builders[place] = BatchBuilder(
                _LARGEST, DefaultRecordBatch.CODEC_ZSTD, is_transactional=True
            )
            _put(builder, one)
    return full + [_packed(place, builder) for place, builder in builders.items()]


def _put(builder: Any, one: Outgoing) -> bool:
    """Whether there was room; for the first there always is."""
    added = builder.append(timestamp=None, key=one.key, value=one.value, headers=list(one.headers))
    return added is not None


def _packed(place: tuple[str, int], builder: Any) -> Packed:
    return Packed(*place, builder.record_count(), bytes(builder._build()))  # noqa: SLF001


class Sealed(BatchBuilder):  # type: ignore[misc]  # aiokafka ships no types
    """A packed batch, as a producer asks for it."""

    def __init__(self, batch: Packed) -> None:
        self._body = bytearray(batch.body)
        self._messages = batch.messages

    def _set_producer_state(self, producer_id: int, epoch: int, sequence: int) -> None:
        _WRITER.pack_into(self._body, _WRITER_AT, producer_id, epoch, sequence)
        checksum = calc_crc32c(self._body[_CHECKED_FROM:])
        _CHECKSUM.pack_into(self._body, _CHECKSUM_AT, checksum)

    def _build(self) -> bytearray:
        return self._body

    def close(self) -> None:
        """It is closed."""

    def closed(self) -> bool:
        """Always."""
        return True

    def size(self) -> int:
        """In bytes."""
        return len(self._body)

    def record_count(self) -> int:
        """How many messages it has."""
        return self._messages
