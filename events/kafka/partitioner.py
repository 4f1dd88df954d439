"""Which partition a subject's events go to: that of Kafka's default partitioner for its key."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=100_000)
def partition_of(subject: str, partitions: int) -> int:
    """The partition of a subject in a topic with so many, as Java's producer chooses it.

    Reckoned here and not left to each producer, so that readers can tell that an event stands
    where the projector of its company looks for it.
    """
    return int(murmur2(subject.encode()) & 0x7FFFFFFF) % partitions
