"""The AsyncAPI document: whole, valid, and true of the messages that are written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from events import vocabulary as words
from events.kafka.topics import TOPICS
from projections.blocks import HOME, rehomed
from service import asyncapi
from service.schemas import FILES
from tests.unit.serving import served

OFFICIAL = Path(__file__).parent / "asyncapi" / "3.0.0.json"
DOCUMENT: dict[str, Any] = json.loads(asyncapi.shipped())
MESSAGES = [
    pytest.param(channel, message, id=f"{channel['address']}:{name}")
    for channel in DOCUMENT["channels"].values()
    for name, message in channel["messages"].items()
]
Json = dict[str, Any]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def at(reference: str) -> Json:
    """What a reference leads to."""
    node = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def validator(schema: Json) -> Draft7Validator:
    """AsyncAPI reads schemas without a dialect as a superset of draft 7."""
    return Draft7Validator({**schema, "components": DOCUMENT["components"]})


def test_what_ships_is_what_the_code_gives() -> None:
    assert asyncapi.shipped() == asyncapi.generated(), "write it anew: python -m service.asyncapi"


def test_it_is_valid_by_the_schema_of_asyncapi() -> None:
    official = Draft7Validator(json.loads(OFFICIAL.read_text()))
    assert [error.message for error in official.iter_errors(DOCUMENT)] == []
    assert not official.is_valid(DOCUMENT | {"channels": {"status": {"adress": "a"}}})


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    found = set(references(DOCUMENT))
    assert all(at(one) for one in found)
    used = {one.rpartition("/")[2] for one in found if one.startswith("#/components")}
    assert DOCUMENT["components"]["schemas"].keys() == used


def test_every_topic_is_a_channel_as_it_is_declared() -> None:
    channels = {one["address"]: one for one in DOCUMENT["channels"].values()}
    assert list(channels) == [topic.name for topic in TOPICS]
    for topic in TOPICS:
        kafka = channels[topic.name]["bindings"]["kafka"]
        config = topic.config(1)
        assert ",".join(kafka["topicConfiguration"]["cleanup.policy"]) == config["cleanup.policy"]
        kept = kafka["topicConfiguration"]["retention.ms"]
        assert str(kept) == config.get("retention.ms", "-1")
        assert topic.key in channels[topic.name]["description"]


def test_every_channel_is_written_and_the_events_are_read_as_well() -> None:
    told = {
        (one["action"], one["channel"]["$ref"].rpartition("/")[2])
        for one in DOCUMENT["operations"].values()
    }
    assert told == {("send", name) for name in DOCUMENT["channels"]} | {("receive", "events")}
    for one in DOCUMENT["operations"].values():
        within = one["channel"]["$ref"] + "/messages/"
        assert all(message["$ref"].startswith(within) for message in one["messages"])


@pytest.mark.parametrize(("channel", "message"), MESSAGES)
def test_its_examples_are_what_it_says(channel: Json, message: Json) -> None:
    for example in message.get("examples", ()):
        validator(message["payload"]).validate(example["payload"])
        validator(message["headers"]).validate(example["headers"])


def test_of_all_that_the_shipped_history_has_an_example_is_shown() -> None:
    without = {
        message["name"]
        for channel in DOCUMENT["channels"].values()
        for message in channel["messages"].values()
        if not message.get("examples") and not message["name"].endswith(".binary")
    }
    assert without == {
        words.MERGED,
        words.DESIGNATION_AMENDED,
        words.INJUNCTION_ENDED,
        words.EVENT_RETRACTED,
        words.TIME_PASSED,
        "corrected",
        "tombstone",
    }


def test_its_schemas_are_those_of_the_topics() -> None:
    mine = {
        name: rehomed_back(schema) for name, schema in DOCUMENT["components"]["schemas"].items()
    }
    for topic in TOPICS:
        shipped = FILES.shipped(topic.name)
        for name, schema in shipped.get("$defs", {}).items():
            assert mine[name] == schema, name
        rest = {key: value for key, value in shipped.items() if key not in _ABOUT}
        assert "anyOf" in rest or rest in mine.values(), topic.name


_ABOUT = ("$schema", "$defs", "title")


def rehomed_back(schema: Any) -> Any:
    """With the references that a topic's own schema has."""
    return json.loads(json.dumps(rehomed(schema, HOME)).replace("#/components/schemas/", ""))


async def test_it_is_served_with_the_schemas(tmp_path: Path) -> None:
    """As they ship, byte for byte."""
    async with served(tmp_path) as api:
        answer = await api.client.get("/asyncapi.json")
        assert answer.content == asyncapi.shipped()
        assert answer.headers["content-type"] == "application/json"
        for name in (*(topic.name for topic in TOPICS), *words.TYPES):
            schema = await api.client.get(f"/schemas/{name}.json")
            assert schema.json()["title"] == name
            assert schema.headers["content-type"] == "application/schema+json"
        assert (await api.client.get("/schemas/standing.none.v1.json")).status_code == 404
        assert "/asyncapi.json" in (await api.client.get("/")).text


async def test_it_is_for_those_who_may_read(tmp_path: Path) -> None:
    async with served(tmp_path, tokens=True) as api:
        assert (await api.client.get("/asyncapi.json")).status_code == 401
