"""What a log may have in it."""

import orjson

from events.kafka.topics import EVENTS
from service.compose import shipped_history
from tests.kafka.house import House
from tests.kafka.logs import producer
from tests.unit.making import CCMC, ENTITY, issued, retracted
from tests.unit.test_population import POISON, merged


async def filled(house: House) -> None:
    """History, merges over partitions, one of them taken back, and what does not count."""
    await house.record(
        *(one.raw for one in shipped_history()),
        issued("2021-01-14", "i", ENTITY) | {"subject": "acme"},
        merged("acme", "globex", "m1"),
        merged("globex", "initech", "m2"),
        issued("2021-02-01", "late", CCMC) | {"subject": "acme"},
        issued("2021-02-02", "late", CCMC) | {"subject": "acme"},
        issued("2021-01-14", "h", ENTITY) | {"subject": "hooli"},
        merged("hooli", "umbrella", "m3"),
        retracted("m3", "t") | {"subject": "hooli"},
    )
    async with producer(house.servers) as theirs:
        await theirs.send_and_wait(EVENTS.name, b"oops", b"acme")
        poison = orjson.dumps({**POISON, "subject": "stark", "specversion": "1.0"})
        await theirs.send_and_wait(EVENTS.name, poison, b"stark")
