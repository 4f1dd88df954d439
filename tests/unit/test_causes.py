"""What is told with a change of the events that it comes from."""

import orjson

from alerts.changes_topic import stood
from alerts.messages import data
from events.kafka.tail import Raw
from projections import messages
from projections.causes import MOST_BYTES, SOURCES, causes
from projections.messages import UNKNOWN
from projections.rows import Told
from tests.unit.making import ENTITY, REGISTRY, issued
from tests.unit.test_population import World
from tests.unit.topic_messages import read

CHANGES = "standing.changes.v1"
SOURCE = {"url": "https://www.federalregister.gov/d/2021-00000", "title": "A rule"}


def test_a_change_names_its_events_with_what_they_say_and_where_it_was_read() -> None:
    """In its topic, and so in what alerts make of that."""
    world = World()
    sent = issued("2021-01-14", "listed", ENTITY, name_as_listed="Acme Ltd", sources=[SOURCE])
    (change, *_) = world.record("2021-01-15", sent)
    entries = world.population.company("acme").history.entries
    message = messages.change(Told(0, change), REGISTRY, 0, UNKNOWN, entries)
    told = [
        {
            "event": "listed",
            "type": "standing.designation.issued",
            "text": "Acme Ltd",
            "sources": [SOURCE],
        }
    ]
    assert read(CHANGES, message)["causes"] == told
    one = stood(Raw(0, 7, message.key, message.value, ""))
    assert orjson.loads(data(one.change, REGISTRY, one.about))["causes"] == told


def test_of_events_that_are_not_known_nothing_is_told() -> None:
    world = World()
    (change, *_) = world.record("2021-01-15", issued("2021-01-14", list_=ENTITY))
    assert causes(change, {}) == []
    assert "causes" not in read(CHANGES, messages.change(Told(0, change), REGISTRY, 0))


def test_as_many_sources_are_told_as_there_is_room_for() -> None:
    world = World()
    sources = [{**SOURCE, "quote": "x" * 1_000} for _ in range(2 * SOURCES)]
    (change, *_) = world.record("2021-01-15", issued("2021-01-14", list_=ENTITY, sources=sources))
    entries = world.population.company("acme").history.entries
    (told,) = causes(change, entries)
    assert len(told["sources"]) == SOURCES
    huge = [{**SOURCE, "quote": "x" * MOST_BYTES}]
    (change, *_) = world.record("2021-02-15", issued("2021-02-14", "b", sources=huge))
    assert causes(change, entries) == []
