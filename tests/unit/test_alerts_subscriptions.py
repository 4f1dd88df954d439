"""What may be asked for, and how it is refused."""

from typing import Any

import pytest

from alerts.places import BEGINNING, behind
from alerts.subscriptions import Start, Subscription, filtered, requested, started
from events.dates import start
from events.errors import Refused
from events.lists import load_registry
from tests.contract.alert_twins import asked

REGISTRY = load_registry()


def test_the_least_that_can_be_asked_for_is_a_channel() -> None:
    request = requested(asked(), REGISTRY)
    assert (request.cadence, request.start, request.backfill) == ("immediate", "now", False)
    assert request.filter.companies is None


def test_of_a_chats_address_only_the_host_is_shown_again() -> None:
    """The rest of it is a password."""
    url = "https://hooks.slack.com/services/T000/B000/XXXX"
    asked_for = requested({"channel": {"type": "slack", "url": url}}, REGISTRY)
    told = Subscription("sub_1", 0, asked_for, Start(BEGINNING)).told(0)
    assert told["channel"] == {"type": "slack", "url": "https://hooks.slack.com/…"}
    assert "XXXX" not in str(told)


@pytest.mark.parametrize(
    ("raw", "field", "says"),
    [
        ({}, "channel", "missing"),
        (asked(colour="red"), "colour", "unknown field"),
        (asked(filter={"company": ["a"]}), "filter.company", "unknown field"),
        (asked(filter={"kinds": ["changes"]}), "filter.kinds.0", "changed"),
        (asked(filter={"to": ["listed"]}), "filter.to.0", "designated"),
        (asked(filter={"from": ["gone"]}), "filter.from.0", "removed"),
        (asked(filter={"restrictions": ["buying"]}), "filter.restrictions.0", "other"),
        (asked(filter={"lists": ["us-ofac-sdm"]}), "filter.lists.0", "us-ofac-sdn"),
        (asked(filter={"companies": ["Xiaomi!"]}), "filter.companies.0", "pattern"),
        (asked(filter={"countries": ["China"]}), "filter.countries.0", "pattern"),
        (asked(cadence="now and then"), "cadence", "unknown cadence"),
        (asked(digest={"at": "08:00"}), "digest", "immediate"),
        (asked(cadence="daily", digest={"at": "8:00"}), "digest.at", "pattern"),
        (asked(cadence="daily", digest={"time_zone": "Berlin"}), "digest.time_zone", "time zone"),
        (asked(cadence="weekly", digest={"weekday": "Monday"}), "digest.weekday", "mon"),
        (asked(remind=["P30D", "30 days"]), "remind.1", "P30D"),
        (asked(remind=["PT0H"]), "remind.0", "P30D"),
        (asked(heartbeat="PT1S"), "heartbeat", "PT1M"),
        (asked(quiet={"from": "22:00"}), "quiet.to", "missing"),
        (asked(quiet={"from": "22:00", "to": "22:00"}), "quiet", "nothing would ever be sent"),
        (
            asked(quiet={"from": "01:00", "to": "22:00", "except": {"to": ["listed"]}}),
            "quiet.except.to.0",
            "designated",
        ),
        (asked(backfill="yes"), "backfill", "boolean"),
        ({"channel": {"type": "pigeon", "url": "x"}}, "channel.type", "webhook"),
        ("all", "", "JSON object"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(raw: Any, field: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        requested(raw, REGISTRY)
    assert refused.value.problems[0].field == field
    assert says in refused.value.problems[0].detail


def test_a_filter_alone_is_refused_under_the_same_names() -> None:
    with pytest.raises(Refused) as refused:
        filtered({"kinds": ["x"]}, REGISTRY)
    assert refused.value.problems[0].field == "filter.kinds.0"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("now", Start(behind(41))),
        ("beginning", Start(BEGINNING)),
        ("0:7", Start(behind(7))),
        ("2021-02", Start(BEGINNING, start("2021-02-01"))),
        ("2021-02-03T04:05:00-05:00", Start(BEGINNING, start("2021-02-03T09:05:00Z"))),
    ],
)
def test_a_start_is_now_the_beginning_a_position_or_a_date(text: str, begins: Start) -> None:
    assert started(text, [behind(41)]) == begins


@pytest.mark.parametrize("text", ["soon", "0:42", "1:3", "0:1,1:3", "2021-13", "2021-02-03T04:05"])
def test_another_start_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        started(text, [behind(41)])
    assert refused.value.problems[0].field == "start"


def test_a_subscription_is_shown_with_what_was_asked_and_its_state() -> None:
    raw = asked(filter={"from": ["removed"], "companies": []}, label="desk")
    request = requested(raw, REGISTRY)
    shown = Subscription("sub_1", 0, request, Start(BEGINNING), failing=1_000_000).shown()
    assert shown["filter"] == {"from": ["removed"], "companies": []}
    assert shown["channel"] == {**raw["channel"], "signature": "hmac", "rate": None}
    assert (shown["label"], shown["state"]) == ("desk", "failing")
    assert shown["failing_since"] == "1970-01-01T00:00:01+00:00"
