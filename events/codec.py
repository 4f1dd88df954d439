"""Files of events: JSON Lines, JSON and YAML, read with the line of each event in hand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import orjson

from events.admitted import MAX_EVENT_BYTES
from events.errors import Problem

SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as it was sent: where it stands, and what it is, or why it could not be read."""

    where: str
    """`FILE:LINE`, or `FILE: event N` in formats that have no line for an event."""
    raw: Any
    problem: Problem | None = None


def read_file(path: Path) -> Iterator[Sent]:
    """The events of a file, by its suffix. Raises `OSError` where it cannot be opened."""
    if path.suffix in (".yaml", ".yml"):
        yield from _whole(str(path), _yaml(path.read_bytes()))
        return
    with path.open("rb") as file:
        if path.suffix == ".json":
            yield from _whole(str(path), _json(file.read()))
        else:
            yield from read_lines(str(path), file)


def read_lines(name: str, lines: Iterable[bytes] | IO[bytes], first: int = 1) -> Iterator[Sent]:
    """JSON Lines: one event a line, empty lines passed over. A line that is cut off or is no JSON
    is told with its number, counted from `first`, and reading goes on behind it."""
    for number, line in enumerate(lines, first):
        if line.isspace():
            continue
        where = f"{name}:{number}"
        if len(line) > MAX_EVENT_BYTES:
            yield Sent(where, None, Problem("", f"longer than {MAX_EVENT_BYTES} bytes"))
            continue
        try:
            yield Sent(where, orjson.loads(line))
        except orjson.JSONDecodeError as error:
            ended = "" if line.endswith(b"\n") else "; the file ends in the middle of this line"
            wrong = f"no JSON: {error.msg}, at column {error.colno}{ended}"
            yield Sent(where, None, Problem("", wrong))


def _whole(name: str, found: Any) -> Iterator[Sent]:
    if isinstance(found, Problem):
        yield Sent(name, None, found)
        return
    events = found if isinstance(found, list) else [found]
    if isinstance(found, dict) and isinstance(found.get("events"), list):
        events = found["events"]
    for number, raw in enumerate(events, 1):
        yield Sent(f"{name}: event {number}", raw)


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return Problem("", f"no JSON: {error}")


def _yaml(content: bytes) -> Any:
    import yaml  # noqa: PLC0415 - slow to import, and most never read YAML

    class Loader(yaml.SafeLoader):
        """Dates stay text, as their precision is in how they are written."""

    Loader.yaml_implicit_resolvers = {
        letter: [one for one in some if one[0] != "tag:yaml.org,2002:timestamp"]
        for letter, some in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(content, Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        return Problem("", f"no YAML: {error}")
