"""The schemas of the topics: what ships is what the code gives, and no reader is let down."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from events.kafka.topics import TOPICS
from service.schemas import FILES
from tests.unit.making import granted
from tests.unit.schema_compat import narrowed, widened

FOLDER = Path(__file__).parents[2] / "service" / "schemas"
NAMES = [topic.name for topic in TOPICS]
EVENTS = "standing.events.v1"
Json = dict[str, Any]


def test_the_schemas_that_ship_are_those_of_the_code() -> None:
    files = {path.stem: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert files == FILES.generated(), "write them anew: python -m service.schemas"


@pytest.mark.parametrize("topic", NAMES)
def test_every_topic_has_one(topic: str) -> None:
    Draft202012Validator.check_schema(FILES.shipped(topic))


def test_an_event_fits_the_schema_of_its_topic_and_a_wrong_one_does_not() -> None:
    schema = Draft202012Validator(FILES.shipped(EVENTS))
    assert schema.is_valid(granted("2021"))
    assert not schema.is_valid(granted("2021", court=7))
    assert not schema.is_valid(granted("2021") | {"type": "standing.injunction.ended"})


# --- what was released ----------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "topic", "promised"), list(FILES.released()))
def test_readers_of_a_released_schema_can_read_what_is_written_now(
    version: str, topic: str, promised: Json
) -> None:
    """Of the events it is those who write that must not be let down; who reads them passes over
    words and fields that are new."""
    breaks = narrowed if topic == EVENTS else widened
    assert breaks(promised, FILES.shipped(topic)) == [], version


def test_every_topic_was_released() -> None:
    assert {topic for _, topic, _ in FILES.released()} == set(NAMES)


# --- what breaks a reader -------------------------------------------------------------------------

STATUS = FILES.shipped("standing.status.v1")
CHANGES = FILES.shipped("standing.changes.v1")


def standing(schema: Json) -> Json:
    """The fields of a company's standing."""
    found: Json = schema["$defs"]["CompanyStanding"]["properties"]
    return found


Edit = Callable[[Json], object]

BREAKING: dict[str, tuple[Json, Edit]] = {
    "a field is gone": (CHANGES, lambda s: _without(s, "cause")),
    "a field may be missing": (CHANGES, lambda s: s["required"].remove("cause")),
    "a field that some have is gone": (CHANGES, lambda s: s["properties"].pop("intervals")),
    "a field was renamed": (
        CHANGES,
        lambda s: (s["properties"].update(causes=_without(s, "cause")),),
    ),
    "a field may be null": (
        CHANGES,
        lambda s: s["properties"]["company"].update(type=["string", "null"]),
    ),
    "another type": (CHANGES, lambda s: s["properties"]["sequence"].update(type="string")),
    "a number may be broken": (
        CHANGES,
        lambda s: s["properties"]["sequence"].update(type="number"),
    ),
    "a number may be less": (CHANGES, lambda s: s["properties"]["sequence"].pop("minimum")),
    "one more status": (STATUS, lambda s: standing(s)["status"]["enum"].append("waived")),
    "one more kind of change": (CHANGES, lambda s: s["properties"]["kind"]["enum"].append("moved")),
    "a choice is a free text now": (STATUS, lambda s: standing(s)["status"].pop("enum")),
    "another constant": (STATUS, lambda s: standing(s)["ownership"].update(const="evaluated")),
    "another form of a position": (STATUS, lambda s: standing(s)["position"].pop("pattern")),
    "another form of a time": (CHANGES, lambda s: s["properties"]["recorded"].pop("format")),
    "one more shape": (
        STATUS,
        lambda s: s["anyOf"].append({"type": "object", "required": ["split_into"]}),
    ),
    "deep within": (
        STATUS,
        lambda s: s["$defs"]["RestrictionTold"]["required"].remove("events"),
    ),
}
HARMLESS: dict[str, tuple[Json, Edit]] = {
    "nothing": (CHANGES, lambda s: s),
    "a new field": (CHANGES, lambda s: s["properties"].update(why={"type": "string"})),
    "a new field that is always there": (
        CHANGES,
        lambda s: (s["properties"].update(why={"type": "string"}), s["required"].append("why")),
    ),
    "what some had, all have": (CHANGES, lambda s: s["required"].append("intervals")),
    "what may be null never is": (
        CHANGES,
        lambda s: s["properties"]["announced"].update(type="string"),
    ),
    "a status that is no more": (STATUS, lambda s: standing(s)["status"]["enum"].pop()),
    "a shape that is no more": (STATUS, lambda s: s["anyOf"].pop()),
    "one more kind of restriction": (
        STATUS,
        lambda s: s["$defs"]["RestrictionTold"]["properties"]["kind"]["anyOf"][0]["enum"].append(
            "insurance"
        ),
    ),
    "another text about it": (STATUS, lambda s: standing(s)["status"].update(description="Other")),
    "another name for a part": (
        CHANGES,
        lambda s: (
            s["$defs"].update(Other=s["$defs"].pop("FlipTold")),
            s["properties"].update(flips=_flips("Other")),
            s["properties"]["rest"]["properties"].update(_flips("Other")["properties"]),
        ),
    ),
}


def _without(schema: Json, name: str) -> Json:
    schema["required"].remove(name)
    found: Json = schema["properties"].pop(name)
    return found


def _flips(name: str) -> Json:
    flips = {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}
    return {
        "type": "object",
        "properties": {"before": flips, "after": flips},
        "required": ["before", "after"],
    }


def edited(schema: Json, edit: Edit) -> Json:
    """A copy of a schema with one thing changed."""
    changed = copy.deepcopy(schema)
    edit(changed)
    return changed


@pytest.mark.parametrize(("schema", "edit"), BREAKING.values(), ids=BREAKING)
def test_a_change_that_breaks_a_reader_is_found(schema: Json, edit: Edit) -> None:
    assert widened(schema, edited(schema, edit)) != []


@pytest.mark.parametrize(("schema", "edit"), HARMLESS.values(), ids=HARMLESS)
def test_a_change_that_a_reader_need_not_know_of_passes(schema: Json, edit: Edit) -> None:
    assert widened(schema, edited(schema, edit)) == []
