"""CloudEvents 1.0 in Kafka messages, by the Kafka Protocol Binding 1.0.2 of CloudEvents.

Structured: the value is the whole event as JSON. Binary: the value is the data alone, attributes
are headers `ce_…`, and the content type is a header of its own. We write structured, as that is
what passed the door, byte for byte; both are read. A message may come from a producer that knows
Kafka only, so that nothing is taken for granted here, and what cannot be read is said, not raised.
"""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson

from events.admitted import DEFAULT_SOURCE
from events.dates import Instant
from events.errors import Problem
from events.ids import fact_id

Headers = Iterable[tuple[str, bytes]]

STRUCTURED: Final = "application/cloudevents+json"
HEADERS: Final = (("content-type", f"{STRUCTURED}; charset=utf-8".encode()),)
"""What our own messages are marked with."""

_ATTRIBUTE: Final = "ce_"
_FAMILY: Final = "application/cloudevents"
_ATTRIBUTES: Final = itemgetter("specversion", "id", "source", "type", "subject", "data")
_BOOLEANS: Final = {"true": True, "false": False}
MALFORMED: Final = (AttributeError, KeyError, TypeError, ValueError)
"""What reading data of the wrong shape raises; `BadDate` and what orjson says are values, too."""


class Unreadable(NamedTuple):
    """A message that is no event, as it stands in the topic, and why."""

    offset: int
    recorded: Instant
    partition: int
    problem: Problem
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def position(self) -> str:
        """`partition:offset`."""
        return f"{self.partition}:{self.offset}"


def decode(key: bytes | None, value: bytes | None, headers: Headers) -> dict[str, Any] | Problem:
    """The event that a message carries, with `specversion`, `source` and `id` filled in, and the
    subject from the key, where they are missing; or what keeps it from being one."""
    found = _fields(value, headers)
    if isinstance(found, Problem):
        return found
    if "subject" not in found and key is not None:
        found["subject"] = key.decode(errors="replace")
    return _missing(found) or _filled(found)


def decode_ours(key: bytes | None, value: bytes) -> dict[str, Any] | Problem:
    """`decode`, of a message with the headers of our own, which mostly has everything."""
    try:
        found = orjson.loads(value)
        version, event_id, source, kind, subject, data = _ATTRIBUTES(found)
        if (
            version == "1.0"
            and type(data) is dict
            and type(event_id) is type(source) is type(kind) is type(subject) is str
            and event_id
            and source
            and kind
            and subject
        ):
            return found  # type: ignore[no-any-return]
    except (KeyError, TypeError, orjson.JSONDecodeError):
        """What it lacks is told below."""
    return decode(key, value, HEADERS)


def _fields(value: bytes | None, headers: Headers) -> dict[str, Any] | Problem:
    if value is None:
        return Problem("", "no value: a log of events has no deletions")
    headers = tuple(headers)
    if headers != HEADERS:
        attributes = {name.lower(): content for name, content in headers}
        content_type = attributes.get("content-type", b"").decode(errors="replace")
        kind = content_type.partition(";")[0].strip().lower()
        if kind.startswith(_FAMILY):
            if kind != STRUCTURED:
                return Problem("", f"content-type {kind!r} is not read here; {STRUCTURED!r} is")
        elif any(name.startswith(_ATTRIBUTE) for name in attributes):
            return _binary(value, attributes, kind)
    return _object(value, "the value")


def _binary(value: bytes, attributes: Mapping[str, bytes], kind: str) -> dict[str, Any] | Problem:
    if kind not in ("", "application/json", "text/json") and not kind.endswith("+json"):
        return Problem("", f"content-type {kind!r} is no JSON")
    data = _object(value, "the data")
    if isinstance(data, Problem):
        return data
    found: dict[str, Any] = {}
    for name, content in attributes.items():
        if name.startswith(_ATTRIBUTE):
            try:
                found[name.removeprefix(_ATTRIBUTE)] = content.decode()
            except UnicodeDecodeError:
                return Problem(name.removeprefix(_ATTRIBUTE), "is no UTF-8")
    if "backfill" in found:  # a header has no types, and this attribute is a Boolean
        found["backfill"] = _BOOLEANS.get(found["backfill"], found["backfill"])
    return {**found, "data": data}


def _object(value: bytes, what: str) -> dict[str, Any] | Problem:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return Problem("", f"{what} is no JSON: {error.msg}, at column {error.colno}")
    return found if isinstance(found, dict) else Problem("", f"{what} is no JSON object")


def _missing(found: Mapping[str, Any]) -> Problem | None:
    version = found.get("specversion", "1.0")
    if version != "1.0":
        return Problem("specversion", f"{version!r} is not read here; '1.0' is")
    for name in ("type", "subject"):
        if not isinstance(found.get(name), str) or not found[name]:
            return Problem(name, "missing, or no text")
    for name in ("id", "source"):
        if not isinstance(found.get(name, ""), str):
            return Problem(name, "no text")
    if not isinstance(found.get("data"), dict):
        return Problem("data", "missing, or no object")
    return None


def _filled(found: dict[str, Any]) -> dict[str, Any] | Problem:
    if not found.get("id"):
        try:
            found["id"] = fact_id(found["type"], found["subject"], found["data"])
        except MALFORMED as error:
            return Problem("id", f"missing, and does not follow from what the event says: {error}")
    found["specversion"] = "1.0"
    if not found.get("source"):
        found["source"] = DEFAULT_SOURCE
    return found
