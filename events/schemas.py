"""The JSON Schemas of the events, as files: what ships, what is served, what was promised.

`python -m events.schemas` writes `schemas/` anew from the models. With a version behind it, it
also keeps them under `schemas/released/<version>/`: from then on, every event that they let in
must be let in by whatever comes later.
"""

import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from events.models import DATA_MODELS, EVENT_MODELS, json_schema
from events.schema_files import SchemaFiles

FILES: Final = SchemaFiles("events", lambda: {name: json_schema(name) for name in DATA_MODELS})


def components(home: str, *more: type[BaseModel]) -> dict[str, Any]:
    """The schemas of all events by name, with whatever they refer to, and those of `more` models,
    for a document that keeps its schemas at `home`."""
    models: list[type[BaseModel]] = [*EVENT_MODELS.values(), *more]
    places, found = models_json_schema(
        [(model, "validation") for model in models], ref_template=home + "{model}"
    )
    names = {model: place["$ref"].removeprefix(home) for (model, _), place in places.items()}
    defined: dict[str, Any] = dict(found["$defs"])
    for event_type, model in EVENT_MODELS.items():
        event = dict(defined.pop(names[model]))
        event["properties"] = {**event["properties"], "type": {"const": event_type}}
        event["title"] = event_type
        defined[short(event_type)] = event
    return defined


def short(event_type: str) -> str:
    """`standing.company.described` as a component's name: `EventCompanyDescribed`."""
    return "Event" + "".join(word.capitalize() for word in event_type.split(".")[1:])


if __name__ == "__main__":
    FILES.renew(Path(__file__), sys.argv[1:])
