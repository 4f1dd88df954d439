"""The JSON Schemas of the events, as files: what ships, what is served, what was promised.

`python -m events.schemas` writes `schemas/` anew from the models. With a version behind it, it
also keeps them under `schemas/released/<version>/`: from then on, every event that they let in
must be let in by whatever comes later.
"""

import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import orjson

from events.models import DATA_MODELS, json_schema

RELEASED: Final = "released"
_HERE: Final = files("events").joinpath("schemas")


def generated() -> dict[str, bytes]:
    """By event type, the schema that the models give now, as its file holds it."""
    return {
        event_type: orjson.dumps(json_schema(event_type), option=orjson.OPT_INDENT_2) + b"\n"
        for event_type in DATA_MODELS
    }


def shipped(event_type: str) -> dict[str, Any]:
    """The schema of an event type as it ships. Raises `FileNotFoundError` for no event type."""
    found: dict[str, Any] = orjson.loads(_HERE.joinpath(f"{event_type}.json").read_bytes())
    return found


def released() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every schema that was ever released: version, event type, schema."""
    for version in sorted(_HERE.joinpath(RELEASED).iterdir(), key=lambda one: one.name):
        for file in sorted(version.iterdir(), key=lambda one: one.name):
            yield version.name, file.name.removesuffix(".json"), orjson.loads(file.read_bytes())


def write(folder: Path) -> None:
    """Write the schemas that the models give now, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for event_type, content in generated().items():
        folder.joinpath(f"{event_type}.json").write_bytes(content)


def main(*versions: str) -> None:
    """Write them to the source tree, and once more for each version that is being released."""
    here = Path(__file__).with_name("schemas")
    write(here)
    for version in versions:
        write(here / RELEASED / version)


if __name__ == "__main__":
    main(*sys.argv[1:])
