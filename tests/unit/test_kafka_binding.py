"""Kafka messages as events: what of a message counts, and what is no event."""

from typing import Any

import orjson
import pytest

from events.dates import show
from events.errors import Problem
from events.ids import fact_id
from events.kafka.binding import HEADERS, Unreadable, decode, decode_ours
from tests.unit.making import issued

DATA = {"list": "us-dod-ccmc", "effective": "2021-01-14"}
TYPE = "standing.designation.issued"
WHOLE = {
    "specversion": "1.0",
    "id": "a",
    "source": "/desk",
    "type": TYPE,
    "subject": "acme",
    "data": DATA,
}
BINARY = {"ce_specversion": "1.0", "ce_id": "a", "ce_source": "/desk", "ce_type": TYPE}
JSON_TYPE = (("content-type", b"application/json"),)


def headers(**named: str) -> list[tuple[str, bytes]]:
    """Headers; an underline in front of `type` stands for the hyphen."""
    return [(name.replace("t_t", "t-t"), text.encode()) for name, text in named.items()]


def of_binary(**more: str) -> list[tuple[str, bytes]]:
    """The headers of a binary event about acme."""
    return headers(**{**BINARY, "ce_subject": "acme", "content_type": "application/json", **more})


def wrong(found: Any) -> Problem:
    """The problem that was found."""
    assert isinstance(found, Problem)
    return found


def test_what_we_write_is_read_as_it_was() -> None:
    """Structured, with what extends it."""
    event = {**WHOLE, "backfill": True, "origintime": show(0)}
    assert decode(b"acme", orjson.dumps(event), HEADERS) == event


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+json",
        "application/cloudevents+json; charset=UTF-8",
        "Application/CloudEvents+JSON",
    ],
)
def test_a_structured_event_is_the_value(content_type: str) -> None:
    """Whatever other headers there are, `ce_` ones included."""
    told = headers(content_type=content_type, ce_id="other", trace="x")
    assert decode(b"acme", orjson.dumps(WHOLE), told) == WHOLE


@pytest.mark.parametrize("told", [[], list(JSON_TYPE)], ids=["none", "json"])
def test_a_value_without_marks_is_read_as_structured(told: list[tuple[str, bytes]]) -> None:
    """As the console producer writes it."""
    assert decode(b"acme", orjson.dumps(WHOLE), told) == WHOLE


def test_a_binary_event_has_its_attributes_in_headers() -> None:
    """And its data as the value."""
    found = decode(b"acme", orjson.dumps(DATA), of_binary(ce_time="2021-01-14T00:00:00Z"))
    assert found == {**WHOLE, "time": "2021-01-14T00:00:00Z"}


@pytest.mark.parametrize(
    ("written", "read"), [("true", True), ("false", False), ("perhaps", "perhaps")]
)
def test_extensions_survive_in_headers(written: str, read: object) -> None:
    """`backfill` as the Boolean that it is."""
    told = of_binary(ce_backfill=written, ce_origintime="2021-01-14T00:00:00Z")
    found = decode(None, orjson.dumps(DATA), told)
    assert isinstance(found, dict)
    assert (found["backfill"], found["origintime"]) == (read, "2021-01-14T00:00:00Z")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "text/json", "a/b+json"]
)
def test_binary_data_may_be_any_json(content_type: str) -> None:
    """By whatever name."""
    told = of_binary(content_type=content_type)
    assert isinstance(decode(None, orjson.dumps(DATA), told), dict)


def test_binary_data_without_a_content_type_are_json() -> None:
    """Nothing else is to be expected."""
    assert decode(b"acme", orjson.dumps(DATA), headers(**BINARY)) == WHOLE


def test_the_key_is_the_subject_where_the_event_does_not_say() -> None:
    """As both are the same."""
    event = {key: value for key, value in WHOLE.items() if key != "subject"}
    assert decode(b"acme", orjson.dumps(event), HEADERS) == WHOLE


def test_what_the_door_fills_in_is_filled_in() -> None:
    """The id follows from what the event says, wherever it came in."""
    found = decode(b"acme", orjson.dumps(issued("2021", None)), [])
    assert isinstance(found, dict)
    assert found["id"] == fact_id(found["type"], "acme", found["data"])
    assert (found["specversion"], found["source"]) == ("1.0", "/standing")


@pytest.mark.parametrize(
    ("value", "told", "field", "why"),
    [
        (None, HEADERS, "", "no deletions"),
        (b"{oops", HEADERS, "", "no JSON"),
        (b"[]", HEADERS, "", "the value is no JSON object"),
        (b"\xff", [], "", "no JSON"),
        (b"x", headers(content_type="application/cloudevents+avro"), "", "is not read here"),
        (b"[]", headers(content_type="application/cloudevents-batch+json"), "", "not read here"),
        (b"x", of_binary(content_type="text/plain"), "", "'text/plain' is no JSON"),
        (b"1", of_binary(), "", "the data is no JSON object"),
        (b"{}", [("ce_type", b"\xff"), *JSON_TYPE], "type", "no UTF-8"),
        (b"{}", of_binary(ce_specversion="0.3"), "specversion", "'0.3' is not read here"),
        (b"{}", headers(ce_id="a"), "type", "missing"),
        (orjson.dumps({**WHOLE, "type": 1}), HEADERS, "type", "no text"),
        (orjson.dumps({**WHOLE, "subject": ""}), HEADERS, "subject", "missing"),
        (orjson.dumps({**WHOLE, "id": 1}), HEADERS, "id", "no text"),
        (orjson.dumps({**WHOLE, "source": []}), HEADERS, "source", "no text"),
        (orjson.dumps({**WHOLE, "data": "x"}), HEADERS, "data", "no object"),
        (orjson.dumps({**WHOLE, "data": {"effective": 3}, "id": None}), HEADERS, "id", "no text"),
        (orjson.dumps({**WHOLE, "data": {"effective": 3}, "id": ""}), HEADERS, "id", "follow"),
    ],
)
def test_what_is_no_event_is_said(value: bytes | None, told: Any, field: str, why: str) -> None:
    """As a value, by field: one bad message must not stop who reads the others."""
    found = wrong(decode(None, value, told))
    assert found.field == field
    assert why in found.detail


def test_a_key_that_is_no_text_stops_nobody() -> None:
    """It is of use only where there is no subject."""
    assert decode(b"\xff", orjson.dumps(WHOLE), HEADERS) == WHOLE


def test_what_cannot_be_read_tells_where_it_stands() -> None:
    """For whoever looks for it."""
    assert Unreadable(7, 0, 3, Problem("", "x"), None, None, ()).position == "3:7"


@pytest.mark.parametrize(
    "value",
    [
        orjson.dumps(WHOLE),
        *(orjson.dumps({k: v for k, v in WHOLE.items() if k != name}) for name in WHOLE),
        *(orjson.dumps({**WHOLE, name: 7}) for name in WHOLE),
        *(orjson.dumps({**WHOLE, name: ""}) for name in WHOLE),
        b"[]",
        b"oops",
    ],
)
def test_our_own_are_read_alike_the_short_way(value: bytes) -> None:
    assert decode_ours(b"acme", value) == decode(b"acme", value, HEADERS)
