"""Messages held against the schemas of their topics, and those of real and hostile histories."""

import asyncio
import copy
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from events.dates import Instant, start
from events.door import admit
from events.log import Position, Record
from events.memory_log import MemoryEventLog
from projections import messages
from projections.changes import Change
from projections.messages import Message, Place
from projections.population import Population
from service.compose import shipped_history
from service.schemas import FILES
from tests.unit.making import REGISTRY, at

Json = dict[str, Any]
ATTRIBUTES = ["specversion", "source", "id", "type", "subject", "time"]


@cache
def validator(topic: str) -> Draft202012Validator:
    """Of the messages that we write: the schema that ships, with nothing beyond what it names."""
    return Draft202012Validator(_closed(copy.deepcopy(FILES.shipped(topic))))


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        closed["additionalProperties"] = False
    return closed


def read(topic: str, message: Message) -> Json:
    """The value of a message that keeps the promise of its topic, headers included."""
    headers = dict(message.headers)
    assert len(headers) == len(message.headers)
    assert headers["content-type"] == b"application/json"
    names = [name.removeprefix("ce_") for name, _ in message.headers if name != "content-type"]
    assert names in (ATTRIBUTES, [one for one in ATTRIBUTES if one != "subject"])
    assert headers["ce_specversion"] == b"1.0"
    assert start(headers["ce_time"].decode()) is not None
    assert message.value is not None
    value: Json = orjson.loads(message.value)
    validator(topic).validate(value)
    return value


def header(message: Message, name: str) -> str:
    """An attribute of the event that a message carries."""
    return dict(message.headers)[f"ce_{name}"].decode()


def folded(
    log: Any, records: Sequence[Record], *, clock: Instant = 0
) -> tuple[Population, list[Change]]:
    """A population that has read these records of a log, and what it told."""
    population = Population(REGISTRY, log, clock=clock)
    changes = [change for record in records for change in population.apply(record)]
    return population, changes


def place(population: Population) -> Place:
    """How far a population has come."""
    return Place(f"0:{population.position}", population.clock)


def said(population: Population, company: str) -> Message:
    """What the status topic says of a company now; of one that is parked, as if before its first
    change."""
    parked = company in population.parked
    sequence = 0 if parked else population.company(company).sequence
    return messages.status(population, company, place(population), sequence)


def shipped(now: str = "2026-11-01") -> tuple[MemoryEventLog, Population, list[Change]]:
    """The history that ships, as one that took it in at that moment has it."""
    log = MemoryEventLog(lambda: at(now))

    async def written() -> list[Record]:
        await log.append([admit(one.raw, REGISTRY) for one in shipped_history()])
        return [one async for batch in log.read(Position(), await log.ends()) for one in batch]

    return log, *folded(log, asyncio.run(written()))


def companies(population: Population, log: MemoryEventLog) -> Iterator[str]:
    """All of which the log has something, and those merged into."""
    subjects = log.subjects(after=-1, to=log.end())
    found = {one for one in subjects if not one.startswith(("list:", "clock"))}
    yield from sorted(found | set(population.into.values()))


def statuses(population: Population, asked: Sequence[str]) -> dict[str, Message]:
    """What the topic would hold of these companies."""
    return {one: said(population, one) for one in asked}
