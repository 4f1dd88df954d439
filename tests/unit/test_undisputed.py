"""Whether a company's events need comparing at all."""

from typing import Any

import pytest

from events import vocabulary as words
from events.kafka.undisputed import Undisputed, undisputed
from tests.unit.making import ENTITY, issued, removed, retracted
from tests.unit.test_population import merged

Json = dict[str, Any]

ISSUED = issued("2021-01-14", "i", ENTITY)
NOTE: Json = {"id": "n", "type": words.NOTE_RECORDED, "data": {"text": "said so"}}
NAMED: Json = {"id": "d", "type": words.DESCRIBED, "data": {"name": "Acme", "aliases": ["A"]}}


@pytest.mark.parametrize(
    "events",
    [
        [ISSUED, removed("2021-05-25", "r", list_=ENTITY)],
        [ISSUED, {**issued("2021-01-15", "j", ENTITY)}],
        [NOTE, {**NOTE, "id": "n2"}],
        [NAMED, {**NAMED, "id": "d2", "data": {"name": "Acme", "aliases": ["A", "B"]}}],
        [ISSUED, retracted("i", "t")],
    ],
)
def test_events_that_cannot_be_the_same_need_not_be_compared(events: list[Json]) -> None:
    ids: set[str] = set()
    plain = all("event" not in one["data"] for one in events)
    assert undisputed(events, ids) == Undisputed([], plain)
    assert ids == {one["id"] for one in events}


@pytest.mark.parametrize(
    "events",
    [
        [ISSUED, ISSUED],
        [ISSUED, {**ISSUED, "id": "other"}],
        [NAMED, {**NAMED, "id": "d2", "data": {"aliases": ["A"], "name": "Acme"}}],
        [merged("acme", "globex", "m")],
        [{**ISSUED, words.COPY_OF: "1:7"}],
        [NOTE, {**ISSUED, "id": "n"}],
        [{**ISSUED, "data": {**ISSUED["data"], "effective": "soon"}}],
        [{**ISSUED, "data": {**ISSUED["data"], "list": ["no", "text"]}}],
        [{**ISSUED, "data": {**ISSUED["data"], "reference": "no table"}}],
        [{**NAMED, "data": {"name": "Acme", "aliases": [{"no": "text"}]}}],
    ],
)
def test_what_may_be_each_others_affair_is_compared(events: list[Json]) -> None:
    assert undisputed(events, set()) is None


def test_ids_of_others_are_told() -> None:
    """Also of those that come later: by then it was decided."""
    events = [retracted("i", "t"), ISSUED, {**NOTE, "data": {"replaces": "far"}}]
    assert undisputed(events, set()) == Undisputed(["i", "far"], plain=False)
