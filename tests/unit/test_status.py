"""The answer: a company's standing on a list, and over all of them."""

from typing import Any

import pytest

from events.dates import end, last
from projections.coverage import UNCOVERED
from projections.history import Cutoffs, History
from projections.status import precision, together
from tests.unit.making import (
    CCMC,
    ENTITY,
    LONG_AFTER,
    NEW_YORK,
    REGISTRY,
    ask,
    event,
    granted,
    issued,
    list_status,
    records,
    removed,
)

Json = dict[str, Any]
XIAOMI = [
    issued("2021-01-14", "listing", announced="2021-01-14"),
    granted("2021-03-12", "order", docket="1:21-cv-00280"),
    removed("2021-05-25T16:09:00-04:00", "end", how="vacated"),
]


def test_an_answer_says_all_there_is_to_say() -> None:
    assert ask(XIAOMI, "2021-04-01") == {
        "list": CCMC,
        "list_version": "1",
        "covered": False,
        "coverage": {"from": None, "checked": None},
        "status": "enjoined",
        "since": "2021-03-12T00:00:00-05:00",
        "until": "2021-05-25T16:09:00-04:00",
        "how": None,
        "next": {"at": "2021-05-25T16:09:00-04:00", "status": "removed", "restrictions": []},
        "episode": 1,
        "pending_removal": False,
        "restrictions": [],
        "upcoming": [],
        "references": [],
        "listings": [
            {
                "reference": None,
                "since": "2021-01-14T00:00:00-05:00",
                "expires": None,
                "event": "listing",
            }
        ],
        "injunctions": [{"injunction": "1:21-cv-00280", "scope": "all", "expires": None}],
        "cause": "order",
        "anomalies": [],
        "anomalies_count": 0,
    }


def test_a_list_without_events_of_the_company_says_nothing_stands() -> None:
    view = History(REGISTRY).now
    answer = list_status(view, REGISTRY[CCMC], 0, UNCOVERED)
    assert (answer["status"], answer["since"], answer["until"]) == ("not_listed", None, None)
    assert (answer["next"], answer["cause"], answer["episode"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("as_of", "since", "until"),
    [
        ("2020", None, "2021-01-14T00:00:00-05:00"),
        ("2021-02", "2021-01-14T00:00:00-05:00", "2021-03-12T00:00:00-05:00"),
        ("2021-04", "2021-03-12T00:00:00-05:00", "2021-05-25T16:09:00-04:00"),
        ("2022", "2021-05-25T16:09:00-04:00", None),
    ],
)
def test_since_and_until_bound_the_status(as_of: str, since: str | None, until: str | None) -> None:
    answer = ask(XIAOMI, as_of)
    assert (answer["since"], answer["until"]) == (since, until)


def test_a_restriction_that_begins_does_not_end_a_status() -> None:
    answer = ask([issued("2021-01-14")], "2021-04")
    assert (answer["since"], answer["until"]) == ("2021-01-14T00:00:00-05:00", None)
    assert answer["next"] == {
        "at": "2021-06-03T00:00:00-04:00",
        "status": "designated",
        "restrictions": [],
    }


def test_a_status_that_another_listing_carries_on_is_one() -> None:
    events = [
        issued("2021-01-14", "a", ENTITY, expires="2021"),
        issued("2021-06-01", "b", ENTITY, ref="1", expires="2022"),
    ]
    answer = ask(events, "2022-06", ENTITY)
    assert answer["since"] == "2021-01-14T00:00:00-05:00"
    assert answer["until"] == "2023-01-01T00:00:00-05:00"
    assert answer["references"] == [{"scheme": "uid", "id": "1"}]
    assert answer["listings"][0]["expires"] == "2023-01-01T00:00:00-05:00"


def test_injunctions_are_told_with_scope_and_end() -> None:
    order = granted("2021-02", scope=["other"], injunction="x", expires="2021-03-01")
    assert ask([issued("2021"), order], "2021-02")["injunctions"] == [
        {"injunction": "x", "scope": ["other"], "expires": "2021-03-01T00:00:00-05:00"}
    ]


def test_anomalies_are_capped_and_counted() -> None:
    events = [removed("2021", f"r{number:03}") for number in range(110)]
    answer = ask(events, "2022")
    assert (len(answer["anomalies"]), answer["anomalies_count"]) == (100, 110)


def test_a_circle_on_another_list_is_no_anomaly_of_this_one() -> None:
    events = [issued("2021", "a", replaces="a"), issued("2021", "b", ENTITY)]
    assert ask(events, "2022")["anomalies_count"] == 1
    assert ask(events, "2022", ENTITY)["anomalies_count"] == 0


def test_a_circle_is_told_from_when_it_acts() -> None:
    events = [issued("2021-06-01", "a", replaces="a")]
    assert ask(events, "2021-05")["anomalies_count"] == 0
    assert ask(events, "2021-06")["anomalies_count"] == 1


def test_a_circle_of_retractions_is_an_anomaly_on_every_list_from_the_beginning() -> None:
    def taken(id_: str, target: str, **data: Any) -> Json:
        return event("event.retracted", id_, event=target, reason="r", **data)

    circle = [taken("r", "s"), taken("s", "r", effective="2021-03-01")]
    view = History(REGISTRY, records([issued("2021"), *circle])).now
    moments = {day: last(day, NEW_YORK) for day in ("2021-01", "2021-03")}
    told = {
        day: [one["event"] for one in found["anomalies"]]
        for day, at in moments.items()
        for found in [list_status(view, REGISTRY[CCMC], at, UNCOVERED)]
    }
    assert told == {"2021-01": ["r"], "2021-03": ["r", "s"]}


# --- over several lists ---------------------------------------------------------------------------


def both(*events: Json, as_of: str) -> Json:
    """A company's standing over two lists."""
    view = History(REGISTRY, records(events, LONG_AFTER)).view(Cutoffs())
    now = end(as_of, NEW_YORK) - 1
    return together([list_status(view, REGISTRY[one], now, UNCOVERED) for one in (CCMC, ENTITY)])


def test_the_strongest_list_decides_and_restrictions_unite() -> None:
    own = [{"kind": "export.license", "from": "2021-02"}]
    found = both(
        issued("2021", "a", restrictions=own),
        issued("2021-03-01", "b", ENTITY),
        as_of="2021-04",
    )
    assert found == {
        "status": "designated",
        "restrictions": [
            {
                "kind": "export.license",
                "lists": [CCMC, ENTITY],
                "events": ["a", "b"],
                "from": "2021-02-01T00:00:00-05:00",
            }
        ],
        "upcoming": [],
    }


def test_the_earlier_beginning_of_a_restriction_is_told_whichever_list_has_it() -> None:
    own = [{"kind": "export.license", "from": "2021-04"}]
    found = both(
        issued("2021", "a", restrictions=own),
        issued("2021-03-01", "b", ENTITY),
        as_of="2021-05",
    )
    assert found["restrictions"][0]["from"] == "2021-03-01T00:00:00-05:00"


def test_a_standing_from_before_there_were_time_zones_can_be_told() -> None:
    found = both(issued("1800", "a", ENTITY), issued("1801", restrictions=[]), as_of="1850")
    assert found["restrictions"][0]["from"] == "1800-01-01T04:56:02+00:00"


def test_without_lists_nothing_stands() -> None:
    assert together([]) == {"status": "not_listed", "restrictions": [], "upcoming": []}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("2021", "year"),
        ("2021-02", "month"),
        ("2021-02-03", "day"),
        ("2021-02-03T00:00:00Z", None),
    ],
)
def test_a_partial_date_is_told_with_its_precision(text: str | None, expected: str | None) -> None:
    assert precision(text) == expected
