"""The JSON Schemas that ship are those of the models, and let in what was ever promised."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from events.codec import read_file
from events.dates import BadDate, precision
from events.door import admit
from events.errors import Refused
from events.models import DATA_MODELS, DATE, MOMENT
from events.schema_files import RELEASED
from events.schemas import FILES
from tests.unit.making import REGISTRY, granted, issued
from tests.unit.schema_compat import narrowed

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "events" / "schemas"
Json = dict[str, Any]


def test_the_schemas_that_ship_are_those_of_the_models() -> None:
    files = {path.stem: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert files == FILES.generated(), "write them anew: python -m events.schemas"


@pytest.mark.parametrize("event_type", DATA_MODELS)
def test_every_schema_is_one(event_type: str) -> None:
    Draft202012Validator.check_schema(FILES.shipped(event_type))


@pytest.mark.parametrize("path", sorted(ROOT.glob("events/shipped/history/*.yaml")), ids=str)
def test_every_shipped_event_fits_its_schema(path: Path) -> None:
    schemas = {name: Draft202012Validator(FILES.shipped(name)) for name in DATA_MODELS}
    for sent in read_file(path):
        admitted = admit(sent.raw, REGISTRY)
        schemas[admitted.type].validate(dict(admitted.event))


@pytest.mark.parametrize(
    "change",
    [
        {"effective": "1st of March"},
        {"effective": "2021-02-03T16:09:00"},
        {"list": "US"},
        {"kin": "news"},
        {"restrictions": [{"kind": "travel"}]},
        {"replaces": "with space"},
        {"reference": {"scheme": "uid"}},
    ],
    ids=str,
)
def test_a_schema_refuses_what_the_door_refuses(change: Json) -> None:
    sent = issued("2021")
    sent["data"] |= change
    assert not Draft202012Validator(FILES.shipped(sent["type"])).is_valid(sent)
    with pytest.raises(Refused):
        admit(sent, REGISTRY)


@pytest.mark.parametrize(
    "text",
    [
        *("2021", "2021-02", "2021-02-03", "2021-02-03T16:09Z"),
        "2021-02-03T16:09:00.123456789-05:00",
        *("21", "2021-2", "2021-02-03T", "2021-02-03T16:09:00", "2021-02-03 16:09Z", "٢٠٢١", ""),
    ],
)
def test_the_pattern_of_a_date_is_what_is_read_as_one(text: str) -> None:
    try:
        found = precision(text)
    except BadDate:
        found = None
    taken = [Draft202012Validator({"pattern": one}).is_valid(text) for one in (DATE, MOMENT)]
    assert taken == [found is not None, found == "instant"]


# --- what was released ----------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "event_type", "promised"), list(FILES.released()))
def test_what_a_released_schema_let_in_is_let_in(
    version: str, event_type: str, promised: Json
) -> None:
    assert event_type in DATA_MODELS
    assert narrowed(promised, FILES.shipped(event_type)) == [], version


def test_every_event_type_was_released() -> None:
    assert {event_type for _, event_type, _ in FILES.released()} == set(DATA_MODELS)


def test_releasing_keeps_what_is_there(tmp_path: Path) -> None:
    FILES.renew(tmp_path / "schemas.py", ["0.2.0"])
    for folder in (tmp_path / "schemas", tmp_path / "schemas" / RELEASED / "0.2.0"):
        kept = {path.stem: path.read_bytes() for path in folder.glob("*.json")}
        assert kept == FILES.generated()


# --- the comparer itself --------------------------------------------------------------------------


def data_of(schema: Json) -> Json:
    """The schema of an event's data."""
    name = schema["properties"]["data"]["$ref"].removeprefix("#/$defs/")
    found: Json = schema["$defs"][name]
    return found


def field(name: str) -> Callable[[Json], Json]:
    """The schema of one field, less its null."""

    def found(schema: Json) -> Json:
        one: Json = data_of(schema)["properties"][name]
        return next((part for part in one.get("anyOf", ()) if part.get("type") != "null"), one)

    return found


Edit = Callable[[Json], object]

BREAKING: dict[str, Edit] = {
    "a new required field": lambda s: (
        data_of(s)["properties"].update(why={"type": "string"}),
        data_of(s)["required"].append("why"),
    ),
    "an optional field is required now": lambda s: data_of(s)["required"].append("court"),
    "a required envelope attribute": lambda s: s["required"].append("source"),
    "a field is gone": lambda s: data_of(s)["properties"].pop("judge"),
    "a field was renamed": lambda s: data_of(s)["properties"].update(
        magistrate=data_of(s)["properties"].pop("judge")
    ),
    "another type": lambda s: field("court")(s).update(type="integer"),
    "null is no longer taken": lambda s: data_of(s)["properties"].update(court=field("court")(s)),
    "a word is gone": lambda s: field("form")(s)["enum"].remove("tro"),
    "a free text is a choice now": lambda s: field("court")(s).update(enum=["D.D.C."]),
    "another pattern": lambda s: field("list")(s).update(pattern="^us-"),
    "a pattern where there was none": lambda s: s["properties"]["subject"].update(pattern="^x"),
    "shorter": lambda s: field("court")(s).update(maxLength=10),
    "longer at least": lambda s: field("court")(s).update(minLength=2),
    "fewer": lambda s: field("sources")(s).update(maxItems=5),
    "at least one": lambda s: field("sources")(s).update(minItems=1),
    "a narrower item": lambda s: s["$defs"]["Source"].update(required=["url"]),
    "a narrower branch": lambda s: data_of(s)["properties"]["scope"]["anyOf"].pop(),
    "a narrower reference": lambda s: s["$defs"]["Reference"]["properties"].pop("scheme"),
    "another constant": lambda s: s["properties"]["specversion"].update(const="2.0"),
    "another default": lambda s: data_of(s)["properties"]["court"].update(default="D.D.C."),
    "a keyword that is not compared": lambda s: data_of(s).update(minProperties=3),
    "unique items": lambda s: field("sources")(s).update(uniqueItems=True),
}

HARMLESS: dict[str, Edit] = {
    "nothing": lambda s: s,
    "a new optional field": lambda s: data_of(s)["properties"].update(why={"type": "string"}),
    "a required field is optional now": lambda s: data_of(s)["required"].remove("form"),
    "one more word": lambda s: field("form")(s)["enum"].append("writ"),
    "a choice is a free text now": lambda s: field("form")(s).pop("enum"),
    "no pattern any more": lambda s: field("list")(s).pop("pattern"),
    "longer": lambda s: field("court")(s).update(maxLength=2_000),
    "one more branch": lambda s: data_of(s)["properties"]["scope"]["anyOf"].append({}),
    "another text about it": lambda s: data_of(s).update(description="other", title="Other"),
    "null is taken, too": lambda s: data_of(s)["properties"].update(
        form={"anyOf": [field("form")(s), {"type": "null"}]}
    ),
    "another name for a part": lambda s: (
        s["$defs"].update(Other=s["$defs"].pop("Reference")),
        field("reference")(s).update({"$ref": "#/$defs/Other"}),
    ),
    "open where it was closed": lambda s: data_of(s).pop("additionalProperties"),
}


def edited(schema: Json, edit: Edit) -> Json:
    """A copy of a schema with one thing changed."""
    changed = copy.deepcopy(schema)
    edit(changed)
    return changed


GRANTED = FILES.shipped("standing.injunction.granted")


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_a_change_that_refuses_nothing_passes(edit: Edit) -> None:
    changed = edited(GRANTED, edit)
    assert narrowed(GRANTED, changed) == []
    assert Draft202012Validator(changed).is_valid(granted("2021"))


@pytest.mark.parametrize("edit", BREAKING.values(), ids=BREAKING)
def test_a_change_that_refuses_what_was_let_in_is_found(edit: Edit) -> None:
    found = narrowed(GRANTED, edited(GRANTED, edit))
    assert len(found) >= 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"type": "string"}),
        ({"type": "number"}, {"type": "integer"}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"type": "object"}, {"type": "object", "additionalProperties": False}),
        ({"type": "object"}, {"type": "object", "properties": {"a": {"type": "string"}}}),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
        ({"type": "integer"}, {"type": "integer", "minimum": 0}),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 8}),
        ({"type": "string"}, {"const": "a"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string"}),
        ({"type": "string"}, {"anyOf": [{"type": "null"}, {"type": "integer"}]}),
        ({"enum": ["ab"]}, {"type": "string", "pattern": "^b"}),
    ],
    ids=str,
)
def test_a_narrower_schema_is_found(old: Json, new: Json) -> None:
    assert narrowed(old, new)
    assert narrowed(old, old) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "string"}, {}),
        ({"const": "a"}, {"enum": ["a", "b"]}),
        ({"enum": ["ab"]}, {"type": "string", "pattern": "^a"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"type": "string"}, {"anyOf": [{"type": "null"}, {"type": "string"}]}),
    ],
    ids=str,
)
def test_a_wider_schema_passes(old: Json, new: Json) -> None:
    assert narrowed(old, new) == []
