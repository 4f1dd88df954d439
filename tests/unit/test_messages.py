"""The messages of the topics that are derived from the log."""

import base64
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given

from events import dates
from events.companies import Description
from events.errors import Problem, UnknownCompany
from events.lists import Registry
from events.vocabulary import RESTRICTION_KINDS
from projections import messages
from projections.changes import Change, Interval
from projections.messages import LARGEST, Message, Place
from projections.population import Population
from projections.reader import Reader
from projections.restoring import read_change
from projections.rows import Told
from projections.timeline import UNLISTED, Flip, Reading
from tests.contract.alert_twins import LISTED
from tests.contract.alert_twins import change as some_change
from tests.unit import crowds
from tests.unit.making import (
    ENTITY,
    REGISTRY,
    at,
    event,
    issued,
    removed,
    retracted,
    tries,
)
from tests.unit.projecting import Arrivals, whole, written
from tests.unit.test_population import POISON, World, merged
from tests.unit.topic_messages import (
    Json,
    companies,
    folded,
    header,
    read,
    said,
    shipped,
    statuses,
)

STATUS, CHANGES, REJECTED = (f"standing.{name}.v1" for name in ("status", "changes", "rejected"))
CHINESE = Description(country="CN", former_ids=("older",))
HERE = Place("0:41", at("2021-04-01"))


def without_coverage(answer: Json) -> Json:
    """A status answer as the topic has it."""
    hidden = {"covered", "coverage"}
    lists = [
        {key: value for key, value in one.items() if key not in hidden} for one in answer["lists"]
    ]
    return {**answer, "lists": lists}


def of(world: World, company: str) -> Json:
    """What the status topic says of a company."""
    population = world.population
    return read(STATUS, said(population, company))


# --- status ---------------------------------------------------------------------------------------


@tries(100)
@given(crowds.logs())
def test_the_topic_says_what_the_reader_answers(arrivals: Arrivals) -> None:
    """Of every company of a hostile log, at every one of its records."""
    with written(arrivals) as (log, _):
        told = dict.fromkeys(crowds.COMPANIES, 0)
        population = Population(REGISTRY, log)
        for record in whole(log):
            for one in population.apply(record):
                told[one.company] = read(CHANGES, messages.change(Told(0, one), REGISTRY, 0))[
                    "sequence"
                ]
        reader = Reader(log, REGISTRY, lambda: population.clock)
        for company, message in statuses(population, crowds.COMPANIES).items():
            if company in population.into:
                said = read(STATUS, message)
                assert said["merged_into"] == population.into[company]
                assert header(message, "type") == "standing.status.merged"
                continue
            try:
                answer = without_coverage(reader.status(company))
            except UnknownCompany:
                assert message == Message(company.encode(), None)
                continue
            assert read(STATUS, message) == {**answer, "sequence": told[company]}
            assert header(message, "type") == "standing.status.current"


def test_the_shipped_history_keeps_its_promise() -> None:
    """Every status and every change of it, beside the reader's answers."""
    log, population, changes = shipped()
    reader = Reader(log, REGISTRY, lambda: population.clock)
    asked = list(companies(population, log))
    assert len(asked) >= 52
    for company, message in statuses(population, asked).items():
        said = read(STATUS, message)
        del said["sequence"]
        assert said == without_coverage(reader.status(company))
    kinds = {read(CHANGES, messages.change(Told(0, one), REGISTRY, 0))["kind"] for one in changes}
    assert kinds == {"changed", "corrected", "scheduled", "noted"}


def test_a_status_is_a_cloud_event_in_binary_mode() -> None:
    world = World()
    world.record("2021-01-15", issued("2021-01-14"))
    message = messages.status(world.population, "acme", HERE, 1)
    assert message.key == b"acme"
    assert [name for name, _ in message.headers] == [
        "content-type",
        "ce_specversion",
        "ce_source",
        "ce_id",
        "ce_type",
        "ce_subject",
        "ce_time",
    ]
    assert header(message, "subject") == "acme"
    assert header(message, "time") == "2021-04-01T04:00:00+00:00"
    said = read(STATUS, message)
    assert (said["position"], said["as_of"]) == ("0:41", "2021-04-01T00:00:00-04:00")


def test_the_id_of_a_status_follows_from_company_place_rules_and_what_it_is() -> None:
    world = World()
    world.record("2021-01-15", issued("2021-01-14"))
    mine = world.population
    other_rules = Population(Registry({one.id: one for one in REGISTRY}, "other"), world.shelf)
    other_rules.apply(world.shelf.records[0])
    ids = [
        header(messages.status(population, company, here, 1), "id")
        for population, company, here in [
            (mine, "acme", HERE),
            (mine, "acme", HERE._replace(position="1:41")),
            (other_rules, "acme", HERE),
        ]
    ]
    assert len(set(ids)) == 3
    assert header(messages.status(mine, "acme", HERE, 1), "id") == ids[0]


def test_a_company_that_was_only_described_is_listed_nowhere() -> None:
    world = World()
    world.record("2021-01-15", event("company.described", "d", name="Acme"))
    said = of(world, "acme")
    assert (said["name"], said["status"], said["lists"], said["sequence"]) == (
        "Acme",
        "not_listed",
        [],
        0,
    )


def test_a_merged_id_names_the_next_of_its_chain() -> None:
    world = World()
    world.record("2021-01-02", issued("2021-01-01", list_=ENTITY), "a")
    world.record("2021-01-03", merged("a", "b", "m1"))
    world.record("2021-01-04", merged("b", "c", "m2"))
    assert of(world, "a") == {"company": "a", "position": "0:4", "sequence": 1, "merged_into": "b"}
    assert of(world, "b")["merged_into"] == "c"
    assert of(world, "c")["status"] == "designated"


def test_of_what_was_merged_into_and_is_no_more_the_log_has_nothing() -> None:
    world = World()
    world.record("2021-01-02", issued("2021-01-01", list_=ENTITY), "old")
    world.record("2021-02-01", merged("old", "new"))
    world.record("2021-03-01", retracted("merge"), "old")
    assert messages.status(world.population, "new", HERE, 0) == Message(b"new", None)
    assert of(world, "old")["status"] == "designated"


def test_of_a_parked_company_it_is_said_why_and_nothing_else() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-01-01", "i", ENTITY), "acme")
    world.record("2021-01-02", POISON)
    assert of(world, "acme") == {
        "company": "acme",
        "position": "0:2",
        "sequence": 0,
        "parked": "KeyError: 'how'",
    }


def test_what_takes_itself_back_is_an_anomaly_in_the_topic_as_well() -> None:
    world = World()
    world.record("2021-01-01", issued("2021-01-01", "a", ENTITY, replaces="b"))
    world.record("2021-01-02", issued("2021-01-01", "b", ENTITY, replaces="a"))
    (one,) = of(world, "acme")["lists"]
    assert one["anomalies_count"] == 2


# --- changes --------------------------------------------------------------------------------------


def test_a_change_is_told_under_its_own_id_and_time() -> None:
    world = World()
    (change, *_) = world.record("2021-01-15", issued("2021-01-14", list_=ENTITY))
    message = messages.change(Told(0, change), REGISTRY, 0)
    assert message.key == b"acme"
    assert header(message, "id") == change.id
    assert header(message, "type") == "standing.status.changed"
    assert header(message, "time") == dates.show(change.recorded)
    assert read(CHANGES, message)["change"] == change.id


def test_the_sequences_of_a_company_have_no_gap() -> None:
    world = World()
    for number, day in enumerate(("2021-01-14", "2021-02-01", "2021-03-01")):
        world.record(day, issued(day, f"i{number}", ENTITY, ref=str(number)))
    changes = world.record("2021-04-01", removed("2021-04-01", list_=ENTITY))
    first = of(world, "acme")["sequence"]
    assert first == read(CHANGES, messages.change(Told(0, changes[-1]), REGISTRY, 0))["sequence"]
    assert all(b.sequence == a.sequence + 1 for a, b in pairwise(changes))


@tries(30)
@given(crowds.logs())
def test_the_same_log_yields_the_same_messages(arrivals: Arrivals) -> None:
    with written(arrivals) as (log, _):
        first, second = (folded(log, whole(log)) for _ in range(2))
        assert statuses(first[0], crowds.COMPANIES) == statuses(second[0], crowds.COMPANIES)
        told = [
            [messages.change(Told(0, one), REGISTRY, 0) for one in some]
            for _, some in (first, second)
        ]
        assert told[0] == told[1]


@tries(100)
@given(crowds.logs())
def test_a_change_is_read_as_it_was_told(arrivals: Arrivals) -> None:
    with written(arrivals) as (log, _):
        population = Population(REGISTRY, log)
        for record in whole(log):
            for change in population.apply(record):
                told = Told(record.offset, change)
                message = messages.change(told, REGISTRY, 3, CHINESE)
                said = read(CHANGES, message)
                assert (said["country"], said["former_ids"]) == ("CN", ["older"])
                assert said["place"]["position"] == f"3:{record.offset}"
                found = read_change(message.value or b"")
                assert found.change == as_far_as_known(change)
                assert found.place == told.place
                assert found.change.id == change.id
                assert messages.change(found, REGISTRY, 3, CHINESE) == message


def as_far_as_known(change: Change) -> Change:
    """Before all times, or behind them, is both not known when it is announced."""
    return replace(change, announced=None) if change.announced == dates.ALWAYS else change


def test_what_a_revision_of_the_rules_brings_keeps_its_place() -> None:
    told = Told(41, replace(some_change(), moment=dates.NEVER + 3))
    message = messages.change(told, REGISTRY, 0)
    said = read(CHANGES, message)
    assert said["place"] == {"position": "0:41", "moment": None, "revisions": 3}
    assert read_change(message.value or b"") == told


def test_of_many_intervals_and_flips_those_behind_the_first_are_told_apart() -> None:
    """Over HTTP and in webhooks there are 100 of each; who keeps the changes wants them all."""
    days = range(0, 350 * dates.DAY, dates.DAY)
    intervals = tuple(Interval(day, day + dates.DAY, UNLISTED, LISTED) for day in days)
    whole_past = (Interval(dates.ALWAYS, dates.NEVER, UNLISTED, LISTED), *intervals)
    flips = tuple(Flip(day, LISTED) for day in days)
    for more in (
        {"kind": "corrected", "intervals": whole_past},
        {"kind": "scheduled", "flips_before": flips, "flips_after": flips[:101]},
    ):
        told = Told(7, replace(some_change(), **more))
        message = messages.change(told, REGISTRY, 0)
        read(CHANGES, message)
        assert read_change(message.value or b"") == told


def test_the_largest_change_fits_into_a_message() -> None:
    worst = Reading("designated", "list_terminated", RESTRICTION_KINDS)
    intervals = tuple(Interval(day, day + 1, worst, worst) for day in range(20_000))
    change = replace(some_change(), kind="corrected", intervals=intervals)
    message = messages.change(Told(7, change), REGISTRY, 0)
    assert message.value is not None
    assert len(message.value) < 1_000_000
    assert read(CHANGES, message)["intervals_count"] == 20_000
    assert len(read_change(message.value).change.intervals) == 1_000


def test_what_a_later_version_adds_to_a_change_is_passed_over() -> None:
    told = Told(7, some_change())
    value = orjson.loads(messages.change(told, REGISTRY, 0).value or b"")
    assert read_change(orjson.dumps(value | {"mood": "grave"})) == told


# --- rejected -------------------------------------------------------------------------------------


def rejection(**given: Any) -> tuple[Message, Json]:
    message = messages.rejected(HERE, [Problem("id", "stands at 0:7 with other content")], **given)
    return message, read(REJECTED, message)


def test_a_conflict_is_told_with_the_event() -> None:
    sent = issued("2021")
    message, said = rejection(event=sent)
    assert message.key == b"acme"
    assert said == {
        "position": "0:41",
        "subject": "acme",
        "id": "issued",
        "errors": [{"field": "id", "detail": "stands at 0:7 with other content"}],
        "event": sent,
        "raw": None,
        "raw_size": None,
    }
    assert header(message, "type") == "standing.event.rejected"
    assert header(message, "subject") == "acme"


def test_what_could_not_be_read_is_kept_as_it_was() -> None:
    message, said = rejection(key=b"acme", raw=b"\xff{")
    assert message.key == b"acme"
    assert base64.b64decode(said["raw"]) == b"\xff{"
    assert (said["subject"], said["id"], said["event"], said["raw_size"]) == ("acme", None, None, 2)


def test_a_record_with_no_key_and_no_value_is_told_of() -> None:
    message, said = rejection()
    assert message.key == b""
    assert (said["subject"], said["raw"]) == (None, None)
    assert "ce_subject" not in dict(message.headers)


def test_a_key_that_is_no_text_stays_the_key() -> None:
    message, said = rejection(key=b"\xff")
    assert message.key == b"\xff"
    assert said["subject"] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("wrong", [{"id": 7}, {"subject": ["a"]}, {}], ids=str)
def test_an_event_of_the_wrong_shape_is_told_as_it_is(wrong: Json) -> None:
    _, said = rejection(event=wrong)
    assert (said["event"], said["id"], said["subject"]) == (wrong, None, None)


def test_what_is_said_of_the_largest_record_fits_into_a_message() -> None:
    """Told of whole, it would be larger than a broker takes, and nothing behind it would be
    folded."""
    large = issued("2021", basis="x" * 900_000)
    told = [rejection(event=large), rejection(key=b"acme", raw=b"\x00" * 1_048_576)]
    for message, what in told:
        assert message.value is not None
        assert len(message.value) < 1_000_000
        assert len(base64.b64decode(what["raw"])) == LARGEST
    assert told[0][1]["id"] == "issued"
    assert told[0][1]["raw_size"] == len(orjson.dumps(large))
    assert told[1][1]["raw_size"] == 1_048_576


def test_the_id_of_a_rejection_follows_from_its_position() -> None:
    one, again = (rejection(event=issued("2021"))[0] for _ in range(2))
    assert header(one, "id") == header(again, "id")
    elsewhere = messages.rejected(HERE._replace(position="1:41"), [], event=issued("2021"))
    assert header(elsewhere, "id") != header(one, "id")
