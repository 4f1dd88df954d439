"""Whether a broker serves: what its own answers say, not its log."""

import asyncio
import logging
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

_AGAIN_AFTER_S: Final = 0.2


async def until_serving(address: str, brokers: int) -> None:
    """Return once this broker answers, and counts that many brokers in its cluster."""
    host, _, port = address.rpartition(":")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    while True:
        try:
            # A client that cannot connect says much before it gives up; a socket says nothing.
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            await writer.wait_closed()
            if await _counted(address) == brokers:
                return
        except (OSError, KafkaError):
            pass
        await asyncio.sleep(_AGAIN_AFTER_S)


async def _counted(address: str) -> int:
    client = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5_000)
    try:
        await client.start()
        return len((await client.describe_cluster())["brokers"])
    finally:
        await client.close()
