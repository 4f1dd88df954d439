"""What the door lets in, what it fills in, and how it refuses: by field, in words."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import vocabulary as words
from events.door import admit
from events.errors import Problem, Refused
from events.ids import fact_id
from tests.unit.making import (
    CCMC,
    REGISTRY,
    amended,
    ended,
    event,
    granted,
    issued,
    passed,
    promised,
    removed,
    retracted,
)

Json = dict[str, Any]


def refused(sent: Any) -> list[Problem]:
    """Why an event is not let in."""
    with pytest.raises(Refused) as found:
        admit(sent, REGISTRY)
    return list(found.value.problems)


# --- what is let in -------------------------------------------------------------------------------

SOURCE = {"url": "https://x", "title": "T", "publisher": "P", "published": "2021", "quote": "q"}
REFERENCE = {"scheme": "ofac-uid", "id": "1"}
COMMON: Json = {
    "announced": "2021-01",
    "effective_basis": "stated",
    "reference": REFERENCE,
    "sources": [SOURCE],
    "replaces": "other",
    "correction_announced": "2021-02-01",
}
FULL = {
    "described": event(
        "company.described",
        name="A",
        aliases=["B"],
        country="CN",
        kind="company",
        identifiers=[{"scheme": "lei", "value": "1"}],
        website="https://a.example",
        effective="2021",
        **COMMON,
    ),
    "merged": event("company.merged", into="other", effective="2021", **COMMON),
    "issued": issued(
        "2021",
        name_as_listed="A",
        program="P",
        basis="B",
        expires="2022",
        restrictions=[{"kind": "other", "from": "2021", "until": "2022-02"}],
        **COMMON,
    ),
    "amended": amended("2021", expires="2021", restrictions=[], **COMMON),
    "granted": granted(
        "2021-03",
        scope=["other", "export.license"],
        court="C",
        docket="D",
        judge="J",
        expires="2021-03",
        injunction="I",
        **COMMON,
    ),
    "ended": ended("2021", injunction="I", **COMMON),
    "promised": promised("2021-01", expected="2021-05", effective="2021")
    | {"data": {**COMMON, "list": CCMC, "expected": "2021-05", "effective": "2021"}},
    "removed": removed("2021", **COMMON),
    "note": event(
        "note.recorded", list=CCMC, kind="news", text="t", about="e", effective="2021", **COMMON
    ),
    "retracted": retracted("e", list=CCMC, effective="2021", **COMMON),
    "checked": {
        "type": words.LIST_CHECKED,
        "subject": f"list:{CCMC}",
        "data": {
            "publication": "2021-01-14",
            "retrieved": "2021-01-15T00:00:00Z",
            "sha256": "0" * 64,
            "records": 0,
            **COMMON,
        },
    },
    "passed": passed("2021-03-15T13:30:00Z"),
}


@pytest.mark.parametrize("sent", FULL.values(), ids=FULL)
def test_an_event_may_say_everything_that_its_type_knows(sent: Json) -> None:
    admitted = admit(sent, REGISTRY)
    assert (admitted.type, admitted.subject) == (sent["type"], sent["subject"])
    assert admitted.event["data"] == sent["data"]


def test_the_events_above_are_of_every_type() -> None:
    assert len({sent["type"] for sent in FULL.values()}) == 12


def test_what_a_caller_may_leave_out_is_filled_in() -> None:
    sent = issued("2021", None)
    admitted = admit(sent, REGISTRY)
    fingerprint = fact_id(sent["type"], "acme", sent["data"])
    assert admitted.id == admitted.fingerprint == fingerprint
    assert not admitted.named_by_caller
    assert admitted.event == {
        "specversion": "1.0",
        "id": fingerprint,
        "source": "/standing",
        **sent,
    }


def test_what_a_caller_gave_is_kept() -> None:
    envelope = {
        "specversion": "1.0",
        "id": "mine",
        "source": "/desk",
        "time": "2021-01-14T00:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "https://x",
        "backfill": True,
        "origintime": "2021-01-15T00:00:00Z",
    }
    sent = {**issued("2021", None), **envelope}
    admitted = admit(sent, REGISTRY)
    assert admitted.named_by_caller
    assert admitted.event == sent
    assert orjson.loads(admitted.body) == sent


def test_null_is_nothing_said() -> None:
    sent = issued("2021", None)
    nulls = {**sent, "id": None, "time": None, "data": {**sent["data"], "expires": None}}
    assert admit(nulls, REGISTRY) == admit(sent, REGISTRY)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [None, 3, "text", [issued("2021")]])
def test_what_is_no_object_is_refused(sent: Any) -> None:
    (problem,) = refused(sent)
    assert problem.field == ""
    assert "JSON object" in problem.detail


@pytest.mark.parametrize(
    ("given_type", "hint"),
    [
        (None, "missing; one of standing.company.described"),
        ("standing.designation.isued", "did you mean 'standing.designation.issued'"),
        ("x", "known are standing.company.described"),
        (3, "unknown type 3"),
        (["standing.designation.issued"], "unknown type"),
    ],
)
def test_an_unknown_type_is_refused_with_what_may_have_been_meant(
    given_type: Any, hint: str
) -> None:
    (problem,) = refused({**issued("2021"), "type": given_type})
    assert problem.field == "type"
    assert hint in problem.detail


ISSUED = issued("2021-03", None)

# The data of a designation, and which field is refused with which words.
BAD_DATA: list[tuple[Json, str, str]] = [
    ({"list": None}, "data.list", "text is needed"),
    ({"list": "us-dod-ccms"}, "data.list", "did you mean 'us-dod-ccmc'"),
    ({"list": "US"}, "data.list", "lower-case"),
    ({"effective": 2021}, "data.effective", "put it in quotes"),
    ({"effective": "soon"}, "data.effective", "no date"),
    ({"effective": "2021-02-30"}, "data.effective", "not in the calendar"),
    ({"effective": "2021-02-03T00:00:00"}, "data.effective", "no offset"),
    ({"announced": "later"}, "data.announced", "no date"),
    ({"colour": "red"}, "data.colour", "unknown field"),
    ({"name_as_listed": ""}, "data.name_as_listed", "empty"),
    ({"name_as_listed": " "}, "data.name_as_listed", "text without control"),
    ({"name_as_listed": "x" * 1_001}, "data.name_as_listed", "at most 1,000"),
    ({"effective_basis": "guessed"}, "data.effective_basis", "'stated', 'observed'"),
    ({"reference": {"scheme": "x"}}, "data.reference.id", "missing"),
    ({"reference": "x"}, "data.reference", "not 'x'"),
    ({"sources": [{"link": "x"}]}, "data.sources.0.link", "unknown field"),
    ({"sources": [{"published": "then"}]}, "data.sources.0.published", "no date"),
    ({"restrictions": [{"kind": "travel"}]}, "data.restrictions.0.kind", "not 'travel'"),
    ({"restrictions": [{}]}, "data.restrictions.0.kind", "missing"),
    ({"restrictions": [{"kind": "other", "from_": "2021"}]}, "data.restrictions.0.from_", "unkn"),
    (
        {"restrictions": [{"kind": "other", "from": "2021-03", "until": "2021-01"}]},
        "data.restrictions.0.until",
        "2021-01 is before from 2021-03",
    ),
    ({"replaces": "with space"}, "data.replaces", "without spaces"),
    ({"expires": "2021-01"}, "data.expires", "2021-01 is before effective 2021-03"),
    ({"correction_announced": "2021"}, "data.correction_announced", "only a retraction"),
    ({"name_as_listed": "\ud800"}, "data.name_as_listed", "unicode"),
]


@pytest.mark.parametrize(("data", "field", "words_"), BAD_DATA, ids=str)
def test_bad_data_is_refused_by_field(data: Json, field: str, words_: str) -> None:
    (problem,) = refused({**ISSUED, "data": {**ISSUED["data"], **data}})
    assert problem.field == field
    assert words_ in problem.detail


BAD_ENVELOPES: list[tuple[Json, str, str]] = [
    ({"specversion": "0.3"}, "specversion", "'1.0'"),
    ({"id": ""}, "id", "empty"),
    ({"id": "x" * 257}, "id", "at most 256"),
    ({"id": "né"}, "id", "ASCII"),
    ({"id": 7}, "id", "put it in quotes"),
    ({"source": ""}, "source", "empty"),
    ({"time": "2021"}, "time", "a period"),
    ({"datacontenttype": "text/xml"}, "datacontenttype", "'application/json'"),
    ({"backfill": "true"}, "backfill", "bool"),
    ({"origintime": "2021-01-01"}, "origintime", "a period"),
    ({"data": None}, "data", "not None"),
    ({"data": []}, "data", "not []"),
    ({"partitionkey": "x"}, "partitionkey", "unknown field"),
    ({"subject": ""}, "subject", "empty"),
    ({"subject": "ACME"}, "subject", "no company id"),
    ({"subject": "-acme"}, "subject", "no company id"),
    ({"subject": "acme\n"}, "subject", "no company id"),
    ({"subject": "x" * 129}, "subject", "no company id"),
    ({"subject": "clock"}, "subject", "the alarm"),
    ({"subject": f"list:{CCMC}"}, "subject", "no company id"),
]


@pytest.mark.parametrize(("envelope", "field", "words_"), BAD_ENVELOPES, ids=str)
def test_a_bad_envelope_is_refused_by_field(envelope: Json, field: str, words_: str) -> None:
    (problem,) = refused({**ISSUED, **envelope})
    assert problem.field == field
    assert words_ in problem.detail


@pytest.mark.parametrize("missing", ["subject", "data"])
def test_what_is_missing_is_named(missing: str) -> None:
    sent = {key: value for key, value in ISSUED.items() if key != missing}
    assert refused(sent) == [Problem(missing, "missing")]


OTHERS: list[tuple[Json, str, str]] = [
    (granted("2021", scope="some"), "data.scope", "'all'"),
    (granted("2021", scope=[]), "data.scope", "restriction kinds"),
    (granted("2021", scope=["travel"]), "data.scope", "'travel'"),
    (granted("2021", form="writ"), "data.form", "'tro'"),
    (granted("2021-03-02", expires="2021-03-01"), "data.expires", "is before effective"),
    (removed("2021", how="forgotten"), "data.how", "'delisted'"),
    (event("company.described", country="China"), "data.country", "CN"),
    (event("company.described", kind="ship"), "data.kind", "'vessel'"),
    (event("company.described"), "data", "describes nothing"),
    (event("company.described", announced="2021"), "data", "describes nothing"),
    (event("company.merged", into="acme"), "data.into", "another company"),
    (event("company.merged", into="clock"), "data.into", "another company"),
    (event("company.merged", into="A"), "data.into", "lower-case"),
    (event("note.recorded", kind="news", text="x" * 20_001), "data.text", "at most 20,000"),
    (event("note.recorded", kind="gossip", text="x"), "data.kind", "'lawsuit_filed'"),
    ({**FULL["checked"], "subject": CCMC}, "subject", "should be list:<id>"),
    ({**FULL["checked"], "subject": "list:us-dod"}, "subject", "unknown list 'us-dod'"),
    ({**FULL["passed"], "subject": "acme"}, "subject", "should be 'clock'"),
    ({**FULL["passed"], "data": {"due": "2021"}}, "data.due", "a period"),
]


@pytest.mark.parametrize(("sent", "field", "words_"), OTHERS, ids=str)
def test_each_type_is_strict_in_its_own_words(sent: Json, field: str, words_: str) -> None:
    problems = refused(sent)
    assert any(one.field == field and words_ in one.detail for one in problems), problems


def test_all_that_is_wrong_with_an_event_is_told_at_once() -> None:
    sent = {**ISSUED, "data": {**ISSUED["data"], "effective": "soon", "colour": "red"}}
    assert {one.field for one in refused(sent)} == {"data.effective", "data.colour"}


def test_a_long_input_is_cut_short_in_what_is_told() -> None:
    sent = {**ISSUED, "data": {**ISSUED["data"], "name_as_listed": ["x" * 10_000]}}
    assert all(len(one.detail) <= 300 for one in refused(sent))


# --- dates that meet ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        issued("2021-03-01", expires="2021-03-01"),  # stands through that day
        issued("2021-03-01", expires="2021-03"),
        issued("2021-03-01T12:00:00Z", expires="2021-03-01T12:00:00Z"),
        granted("2021-03-01", expires="2021-03-01"),  # no longer stands from that day on
        granted("2021-03-01", expires="2021-03-01T00:00:00-05:00"),
    ],
)
def test_what_ends_when_it_begins_is_let_in(sent: Json) -> None:
    assert admit(sent, REGISTRY)


def test_dates_are_compared_in_the_lists_zone() -> None:
    assert admit(granted("2021-03-01", expires="2021-03-01T05:00:00Z"), REGISTRY)
    assert refused(granted("2021-03-01", expires="2021-03-01T04:59:59Z"))


# --- in general -----------------------------------------------------------------------------------

simple = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
flat = simple | st.lists(simple, max_size=3) | st.dictionaries(st.text(max_size=8), simple)
anything = flat | st.lists(flat, max_size=2) | st.dictionaries(st.text(max_size=8), flat)


@given(st.sampled_from(list(FULL.values())), st.data())
def test_whatever_stands_in_a_field_an_event_is_let_in_or_refused(
    sent: Json, data: st.DataObject
) -> None:
    where = data.draw(st.sampled_from(["envelope", "data"]))
    target = dict(sent) if where == "envelope" else dict(sent["data"])
    target[data.draw(st.sampled_from(list(target)))] = data.draw(anything)
    changed = target if where == "envelope" else {**sent, "data": target}
    try:
        admitted = admit(changed, REGISTRY)
    except Refused:
        return
    assert orjson.loads(admitted.body) == admitted.event
