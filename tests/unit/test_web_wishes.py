"""From an address into the form, from the form to what the desk takes, and back."""

from typing import Any

import pytest

from events.errors import Problem
from service.web import wishes
from service.web.wishes import Entered


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        ("/companies/xiaomi", "as_of=2021", "?company=xiaomi"),
        ("/companies/a%20b", "list=us-bis-entity&company=x", "?company=a%20b&list=us-bis-entity"),
        ("/companies/xiaomi/certificate", "", "?company=xiaomi"),
        ("/lists/us-ofac-sdn", "from=2021&to=2022", "?list=us-ofac-sdn"),
        ("/changes", "to=removed&kind=changed&list=a&page=3", "?to=removed&kind=changed&list=a"),
        ("/changes", "", ""),
        ("/compare", "company=a&from=2021-01-01", "?company=a"),
        ("/review", "company=a", ""),
        ("/", "q=xiaomi", ""),
    ],
)
def test_a_page_leads_to_the_form_with_what_it_is_about(path: str, query: str, found: str) -> None:
    assert wishes.subscribe_link(path, query) == f"/subscriptions/new{found}"


def test_an_address_fills_the_form_in() -> None:
    """By one name or several, repeated or with commas between."""
    entered = wishes.from_address(
        [("company", "a"), ("companies", "b,c"), ("to", "removed"), ("kinds", "changed,noted")]
    )
    assert wishes.filter_of(entered) == {
        "companies": ["a", "b", "c"],
        "to": ["removed"],
        "kinds": ["changed", "noted"],
    }


def test_what_is_left_empty_is_not_asked_for() -> None:
    raw = wishes.asked(Entered.of([("url", "https://a.example/"), ("label", " "), ("lists", "")]))
    assert raw == {
        "filter": {},
        "channel": {"type": "webhook", "url": "https://a.example/", "signature": "hmac"},
        "cadence": "immediate",
        "start": "now",
        "remind": [],
        "backfill": False,
    }


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        (
            {"type": "webhook", "url": "https://a", "signature": "ed25519", "rate": "2.5"},
            {"type": "webhook", "url": "https://a", "signature": "ed25519", "rate": 2.5},
        ),
        (
            {"type": "webhook", "url": "https://a", "rate": "fast"},
            {"type": "webhook", "url": "https://a", "signature": "hmac", "rate": "fast"},
        ),
        ({"type": "email", "address": "a@b.example"}, {"type": "email", "to": "a@b.example"}),
        ({"type": "slack", "name": "desk", "hook": "https://x"}, {"type": "slack", "name": "desk"}),
        ({"type": "ntfy", "hook": "https://x"}, {"type": "ntfy", "url": "https://x"}),
        ({"type": "pigeon"}, {"type": "pigeon", "url": "", "signature": "hmac"}),
    ],
)
def test_each_channel_takes_its_own_fields(fields: dict[str, str], channel: Any) -> None:
    assert wishes.asked(Entered.of(fields.items()))["channel"] == channel


def test_times_go_to_where_they_belong() -> None:
    fields = {
        "cadence": "weekly",
        "at": "07:30",
        "weekday": "fri",
        "zone": "Europe/Berlin",
        "empty": "on",
        "quiet_from": "22:00",
        "quiet_to": "06:00",
        "quiet_zone": "Asia/Tokyo",
        "remind": "P30D, PT12H",
        "start": "own",
        "start_at": "2026-01-31",
        "expires": "2027-01-31",
        "heartbeat": "P1D",
    }
    raw = wishes.asked(Entered.of([*fields.items(), ("quiet_days", "sat"), ("quiet_days", "sun")]))
    assert raw["digest"] == {
        "time_zone": "Europe/Berlin",
        "at": "07:30",
        "weekday": "fri",
        "empty": True,
    }
    assert raw["quiet"] == {
        "from": "22:00",
        "to": "06:00",
        "time_zone": "Asia/Tokyo",
        "days": ["sat", "sun"],
    }
    assert (raw["remind"], raw["start"]) == (["P30D", "PT12H"], "2026-01-31")
    assert (raw["expires"], raw["heartbeat"]) == ("2027-01-31", "P1D")


def test_a_digest_is_not_asked_of_who_is_told_at_once() -> None:
    """Its fields are on the form all the same."""
    fields = {"cadence": "immediate", "weekday": "mon", "zone": "Asia/Tokyo"}
    assert "digest" not in wishes.asked(Entered.of(fields.items()))


def test_a_subscription_fills_the_form_in_and_comes_out_as_it_was() -> None:
    one: dict[str, Any] = {
        "filter": {"companies": ["a", "b"], "to": ["removed"]},
        "channel": {"type": "webhook", "url": "https://a"},
        "cadence": "daily",
        "start": "0:41",
        "digest": {"time_zone": "UTC", "at": "08:00", "weekday": "mon", "empty": False},
        "quiet": {"time_zone": "UTC", "from": "22:00", "to": "06:00", "days": ["mon"]},
        "remind": ["P7D", "P2W"],
        "heartbeat": None,
        "notify": None,
        "expires": "2027",
        "label": "desk",
        "backfill": True,
    }
    wish = wishes.wish(wishes.of_subscription(one), one)
    same = ("filter", "remind", "heartbeat", "notify", "expires", "label", "backfill", "quiet")
    assert {name: wish[name] for name in same} == {name: one[name] for name in same}
    assert wish["digest"] == {"time_zone": "UTC", "at": "08:00", "weekday": "mon"}


@pytest.mark.parametrize(
    ("problem", "field"),
    [
        ("channel.url", "url"),
        ("filter.companies.3", "companies"),
        ("quiet", "quiet_from"),
        ("quiet.time_zone", "quiet_zone"),
        ("remind.0", "remind"),
        ("start", "start_at"),
        ("watchlist.7", "rows"),
        ("subscription", ""),
    ],
)
def test_what_is_refused_is_shown_where_it_was_entered(problem: str, field: str) -> None:
    assert wishes.field_of(Problem(problem, "why")) == field


def test_a_filter_is_an_address_to_fetch_from() -> None:
    pulled = wishes.pulled({"companies": ["a b"], "to": ["removed"]}, backfill=False)
    assert pulled == "company=a+b&to=removed&backfill=false"
