"""Which partition a subject is in: the one that every other Kafka client would choose."""

import pytest

from events.kafka.partitioner import partition_of


@pytest.mark.parametrize(
    ("subject", "partition"),
    [("acme", 0), ("xiaomi", 3), ("list:us-dod-ccmc", 5), ("clock", 6), ("小米", 0), ("a", 4)],
)
def test_a_subject_is_where_the_java_client_puts_it(subject: str, partition: int) -> None:
    """As `Utils.toPositive(Utils.murmur2(key)) % 12` of kafka-clients 4.3.0 says."""
    assert partition_of(subject, 12) == partition


def test_one_partition_has_everything() -> None:
    """The usual case of a small installation."""
    assert {partition_of(f"c{number}", 1) for number in range(100)} == {0}
