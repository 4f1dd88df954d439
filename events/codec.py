"""Files of events: JSON Lines, JSON and YAML, read with the line of each event in hand."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson

from events.admitted import MAX_EVENT_BYTES
from events.errors import Problem

SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".yaml", ".yml")


class Sent(NamedTuple):
    """One event as it was sent: where it stands, and what it is, or why it could not be read."""

    where: str
    """`FILE:LINE`; in a document of several lines an event, `FILE:LINE: event N`, the line on
    which it begins."""
    raw: Any
    problem: Problem | None = None


def read_file(path: Path) -> Iterator[Sent]:
    """The events of a file, by its suffix. Raises `OSError` where it cannot be opened."""
    if path.suffix in (".yaml", ".yml"):
        yield from _whole(str(path), path.read_bytes(), _yaml)
        return
    with path.open("rb") as file:
        if path.suffix == ".json":
            yield from _whole(str(path), file.read(), _json)
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


class _Bad(Exception):
    """A document that cannot be read."""


class _Document(NamedTuple):
    """What a document holds, and the lines on which the events in it begin, in their order."""

    found: Any
    lines: list[int]


def _whole(name: str, content: bytes, read: Callable[[bytes], _Document]) -> Iterator[Sent]:
    try:
        found, lines = read(content)
    except _Bad as error:
        yield Sent(name, None, Problem("", str(error)))
        return
    for number, (raw, line) in enumerate(zip(_events(found), lines, strict=True), 1):
        yield Sent(f"{name}:{line}: event {number}", raw)


def _events(found: Any) -> list[Any]:
    """The events of a document: it is one, a list of them, or has a list of them."""
    if isinstance(found, dict) and isinstance(found.get("events"), list):
        found = found["events"]
    return found if isinstance(found, list) else [found]


# --- JSON -----------------------------------------------------------------------------------------


def _json(content: bytes) -> _Document:
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _Bad(f"no JSON: {error}") from None
    try:
        return _Document(found, list(_json_lines(content.decode(), found)))
    except RecursionError:
        raise _Bad("no JSON that is read here: it is nested too deeply") from None


def _json_lines(text: str, found: Any) -> Iterator[int]:
    """Reads the document, which is known to be whole, once more for where its parts begin."""
    decode = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
    at = _past_blank(text, 0)
    if isinstance(found, dict) and isinstance(found.get("events"), list):
        at = _value_of_events(text, at, decode)
    elif not isinstance(found, list):
        yield 1 + text.count("\n", 0, at)
        return
    line, counted = 1, 0
    at = _past_blank(text, at + 1)
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        yield line
        at = _past_blank(text, decode(text, at)[1])
        if text[at] == ",":
            at = _past_blank(text, at + 1)


def _value_of_events(text: str, at: int, decode: Callable[[str, int], tuple[Any, int]]) -> int:
    """Where the value of the last `events` begins, the one that counts, in the object at `at`."""
    place = at
    at = _past_blank(text, at + 1)
    while text[at] != "}":
        key, at = decode(text, at)
        at = _past_blank(text, _past_blank(text, at) + 1)  # the colon
        if key == "events":
            place = at
        at = _past_blank(text, decode(text, at)[1])
        if text[at] == ",":
            at = _past_blank(text, at + 1)
    return place


def _past_blank(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


# --- YAML -----------------------------------------------------------------------------------------


def _yaml(content: bytes) -> _Document:
    import yaml  # noqa: PLC0415 - slow to import, and most never read YAML

    class Loader(yaml.SafeLoader):
        """Dates stay text, as their precision is in how they are written."""

    Loader.yaml_implicit_resolvers = {
        letter: [one for one in some if one[0] != "tag:yaml.org,2002:timestamp"]
        for letter, some in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        loader = Loader(content)
        try:
            node = loader.get_single_node()
            found = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _Bad(f"no YAML: {error}") from None
    return _Document(
        found, [1 + (one.start_mark.line if one else 0) for one in _nodes(node, found)]
    )


def _nodes(node: Any, found: Any) -> list[Any]:
    """The nodes of the events of a document."""
    if isinstance(found, dict) and isinstance(found.get("events"), list):
        named = [value for key, value in node.value if key.value == "events"]
        return list(named[-1].value)
    return list(node.value) if isinstance(found, list) else [node]
