"""A real Kafka, started from its jars: it takes events in, and leaves nothing behind."""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


async def test_what_is_written_is_read(kafka: str, topic: str) -> None:
    """By way of a topic that was made first."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(
        bootstrap_servers=kafka, enable_idempotence=True, compression_type="zstd"
    ) as producer:
        await producer.send_and_wait(topic, b"told", key=b"acme")
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, auto_offset_reset="earliest"
    ) as reader:
        record = await reader.getone()
    assert (record.key, record.value) == (b"acme", b"told")
