"""Comparing the topics of a cluster with those declared, and setting them right."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from events.errors import StoreError
from events.kafka.altering import alter
from events.kafka.topics import TOPICS, Difference, Found, Wanted, differences, size_of_new
from events.kafka.trouble import unreachable

_SEEN_WITHIN_S: Final = 30
_LOOKS_AGAIN_S: Final = 0.1


async def diff(options: Mapping[str, Any], asked: Wanted | None = None) -> list[Difference]:
    """How the topics differ. `options` is what every client of aiokafka is made with. Raises
    `StoreError` where the cluster does not answer."""
    async with _admin(options) as admin:
        found, brokers = await _found(admin, options)
        return differences(found, brokers, asked)


async def apply(
    options: Mapping[str, Any], asked: Wanted | None = None
) -> tuple[list[Difference], list[Difference]]:
    """Set right what can be; the differences that were, and those that remain. No other topic is
    touched, and no setting that is not declared. Raises `StoreError`; what was done until then
    stands, and applying again goes on."""
    asked = asked or Wanted()
    async with _admin(options) as admin:
        found, brokers = await _found(admin, options)
        missing = [one for one in differences(found, brokers, asked) if one.what == "topic"]
        made = await _create(admin, missing, size_of_new(found, brokers, asked))
        # Also those that somebody else was first to make, perhaps in another way.
        await _seen(admin, {one.topic.name for one in missing})
        found, brokers = await _found(admin, options)
        todo = [one for one in differences(found, brokers, asked) if one.what != "topic"]
        done = [one for one in todo if not one.hindrance]
        for name, group in itertools.groupby(done, lambda one: one.topic.name):
            await _set_right(admin, options, name, {one.what: one.wanted for one in group})
    return made + done, [one for one in todo if one.hindrance]


async def _set_right(
    admin: Any, options: Mapping[str, Any], name: str, wanted: dict[str, str]
) -> None:
    if partitions := wanted.pop("partitions", None):
        await admin.create_partitions({name: NewPartitions(int(partitions))})
    if wanted:
        await alter(options, name, wanted)


@asynccontextmanager
async def _admin(options: Mapping[str, Any]) -> AsyncIterator[Any]:
    """Whatever goes wrong with it is a `StoreError` that names the cluster."""
    admin = AIOKafkaAdminClient(**options)
    where = f"Kafka at {options['bootstrap_servers']}"
    try:
        await admin.start()
        yield admin
    except KafkaConnectionError as error:
        told = await unreachable(options)
        raise StoreError(f"{where} cannot be reached: {told or error}") from error
    except (KafkaError, OSError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        raise StoreError(f"{where}: {said}") from error
    finally:
        await admin.close()


async def _found(admin: Any, options: Mapping[str, Any]) -> tuple[dict[str, Found], int]:
    """Those of the declared topics that there are, and how many brokers."""
    sizes = await _sizes(admin)
    configs = await _configs(admin, list(sizes))
    written = await _written(options, sizes)
    brokers = len((await admin.describe_cluster())["brokers"])
    found = {
        name: Found(partitions, copies, configs[name], name in written)
        for name, (partitions, copies) in sizes.items()
    }
    return found, brokers


async def _sizes(admin: Any) -> dict[str, tuple[int, int]]:
    """Partitions and copies. All topics are asked for, since a broker may make one that is asked
    for by its name."""
    ours = {topic.name for topic in TOPICS}
    sizes = {}
    for one in await admin.describe_topics():
        if one["topic"] in ours:
            if one["error_code"]:
                raise for_code(one["error_code"])(one["topic"])
            partitions = one["partitions"]
            sizes[one["topic"]] = (
                len(partitions),
                min(len(each["replicas"]) for each in partitions),
            )
    return sizes


async def _configs(admin: Any, names: list[str]) -> dict[str, dict[str, str | None]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str | None]] = {}
    for answer in await admin.describe_configs(asked) if asked else ():
        for code, message, _kind, name, entries in answer.resources:
            if code:
                raise for_code(code)(f"{name}: {message}")
            configs[name] = {key: value for key, value, *_ in entries}
    return configs


async def _written(options: Mapping[str, Any], sizes: Mapping[str, tuple[int, int]]) -> set[str]:
    """Those to which something was ever written, also if it is gone again."""
    if not sizes:
        return set()
    asked = [
        TopicPartition(name, number)
        for name, (count, _) in sizes.items()
        for number in range(count)
    ]
    async with AIOKafkaConsumer(**options, enable_auto_commit=False) as consumer:
        ends = await consumer.end_offsets(asked)
    return {place.topic for place, end in ends.items() if end}


async def _create(admin: Any, missing: list[Difference], size: tuple[int, int]) -> list[Difference]:
    """Make them; those that were made. Another process may have been first."""
    if not missing:
        return []
    partitions, copies = size
    topics = [
        NewTopic(one.topic.name, partitions, copies, topic_configs=one.topic.config(copies))
        for one in missing
    ]
    answer = await admin.create_topics(topics)
    there = set()
    for name, code, *message in answer.topic_errors:
        if code == TopicAlreadyExistsError.errno:
            there.add(name)
        elif code:
            raise for_code(code)(f"{name}: {' '.join(filter(None, message))}")
    return [one for one in missing if one.topic.name not in there]


async def _seen(admin: Any, names: set[str]) -> None:
    """Wait until new topics can be used: brokers learn of them one after the other."""
    try:
        async with asyncio.timeout(_SEEN_WITHIN_S):
            while True:
                usable = {
                    one["topic"]
                    for one in await admin.describe_topics()
                    if not any(each["error_code"] for each in (one, *one["partitions"]))
                }
                if names <= usable:
                    return
                await asyncio.sleep(_LOOKS_AGAIN_S)
    except TimeoutError:
        raise StoreError(
            f"{', '.join(sorted(names))} made, but not to be used after {_SEEN_WITHIN_S} s; "
            "see whether every broker is up"
        ) from None
