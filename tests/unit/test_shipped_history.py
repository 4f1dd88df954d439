"""The history that ships: it passes the door, fits together, and says what happened."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from events.admitted import Admitted
from events.door import admit
from events.memory_log import MemoryEventLog
from projections.reader import Question, Reader
from service.compose import shipped_history
from tests.unit.making import CCMC, REGISTRY, at, kinds

NOW = at("2026-11-01")
CMIC = "us-ofac-ns-cmic"
SECTION_1260H = "us-dod-1260h"
ENTITY = "us-bis-entity-list"

Outcome = tuple[str, str | None, int]

# Company, list, and by date: status, how, episode.
STORIES: dict[tuple[str, str], dict[str, Outcome]] = {
    ("xiaomi", CCMC): {
        "2021-01-13": ("not_listed", None, 0),
        "2021-01-14": ("designated", None, 1),
        "2021-03-11": ("designated", None, 1),
        "2021-03-12": ("enjoined", None, 1),
        "2021-03-15T09:30:00-04:00": ("enjoined", None, 1),
        "2021-05-25T16:08:59-04:00": ("enjoined", None, 1),
        "2021-05-25T16:09:00-04:00": ("removed", "vacated", 1),
        "2021-06-03": ("removed", "vacated", 1),
        "2026": ("removed", "vacated", 1),
    },
    ("luokung", CCMC): {
        "2021-01-14": ("designated", None, 1),
        "2021-03-08": ("designated", None, 1),
        "2021-03-09": ("designated", None, 2),  # off and on again under its right name
        "2021-05-04": ("designated", None, 2),
        "2021-05-05": ("enjoined", None, 2),
        "2021-06-03": ("removed", "list_terminated", 2),
    },
    ("huawei", ENTITY): {
        "2019-05-16T16:14:59-04:00": ("not_listed", None, 0),
        "2019-05-16T16:15:00-04:00": ("designated", None, 1),
        "2026": ("designated", None, 1),
    },
    ("huawei", CCMC): {
        "2020-06-23": ("not_listed", None, 0),
        "2020-06-24": ("designated", None, 1),
        "2021-06-02": ("designated", None, 1),
        "2021-06-03": ("removed", "list_terminated", 1),
    },
    ("huawei", CMIC): {
        "2021-06-02": ("not_listed", None, 0),
        "2021-06-03": ("designated", None, 1),
    },
    ("huawei", SECTION_1260H): {"2021-06-03": ("designated", None, 1)},
    ("amec", CCMC): {
        "2021-01-14": ("designated", None, 1),
        "2021-06-03": ("removed", "list_terminated", 1),
    },
    ("amec", SECTION_1260H): {
        "2024-01-30": ("not_listed", None, 0),
        "2024-01-31": ("designated", None, 1),
        "2024-12-17": ("designated", None, 1),
        "2024-12-18": ("removed", "delisted", 1),
    },
    ("hesai", SECTION_1260H): {
        "2024-01-31": ("designated", None, 1),
        "2024-10-22": ("designated", None, 1),
        "2024-10-23": ("designated", None, 2),  # off and on again on one day
        "2026": ("designated", None, 2),
    },
    ("gowin", CCMC): {
        "2021-01-14": ("designated", None, 1),
        "2021-06-03": ("removed", "list_terminated", 1),
    },
}

# Company, and by date what is forbidden over all its lists.
FORBIDDEN: dict[str, dict[str, list[str]]] = {
    "xiaomi": {"2021-03-15": [], "2021-06-03": []},
    "luokung": {"2021-05-04": [], "2021-05-05": []},
    "huawei": {
        "2019-05-16": ["export.license"],
        "2021-01-10": ["export.license"],
        "2021-01-11T09:30:00-05:00": ["export.license", "investment.purchase"],
        "2021-06-03": ["export.license"],
        "2021-08-02": ["export.license", "investment.purchase"],
        "2022-06-03": ["export.license", "investment.purchase", "investment.sale"],
        "2026-06-30": [
            "export.license",
            "investment.purchase",
            "investment.sale",
            "procurement.direct",
        ],
    },
    "amec": {"2021-03-14": [], "2021-03-15": ["investment.purchase"], "2021-06-03": []},
    "hesai": {"2026-06-29": [], "2026-06-30": ["procurement.direct"]},
}


@pytest.fixture(scope="module")
def events() -> list[Admitted]:
    """Every shipped event, through the door."""
    sent = list(shipped_history())
    assert [one.problem for one in sent if one.problem] == []
    return [admit(one.raw, REGISTRY) for one in sent]


@pytest.fixture(scope="module")
def reader(events: list[Admitted]) -> Reader:
    """Questions to the shipped history."""
    log = MemoryEventLog(lambda: NOW)
    receipts = asyncio.run(log.append(events))
    assert {one.outcome for one in receipts} == {"recorded"}
    return Reader(log, REGISTRY, lambda: NOW)


def answer(reader: Reader, company: str, list_id: str, as_of: str, **cuts: str) -> Any:
    """What one list says of a company."""
    (found,) = reader.status(company, Question((list_id,), as_of, **cuts))["lists"]
    return found


def companies(events: list[Admitted]) -> list[str]:
    """All of which something is told."""
    return sorted({one.subject for one in events if not one.subject.startswith("list:")})


def test_a_good_deal_of_history_ships(events: list[Admitted]) -> None:
    assert len(events) > 250
    assert len(companies(events)) >= 52


def test_every_shipped_event_names_its_sources(events: list[Admitted]) -> None:
    without = [one.id for one in events if not one.event["data"].get("sources")]
    assert without == []


def test_the_shipped_history_fits_together(reader: Reader, events: list[Admitted]) -> None:
    odd = [
        (company, one["list"], one["anomalies"])
        for company in companies(events)
        for one in reader.status(company)["lists"]
        if one["anomalies"]
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("company", "list_id", "as_of", "expected"),
    [
        (company, list_id, as_of, expected)
        for (company, list_id), moments in STORIES.items()
        for as_of, expected in moments.items()
    ],
)
def test_what_happened(
    reader: Reader, company: str, list_id: str, as_of: str, expected: Outcome
) -> None:
    found = answer(reader, company, list_id, as_of)
    assert (found["status"], found["how"], found["episode"]) == expected


@pytest.mark.parametrize(
    ("company", "as_of", "expected"),
    [
        (company, as_of, expected)
        for company, moments in FORBIDDEN.items()
        for as_of, expected in moments.items()
    ],
)
def test_what_was_forbidden(reader: Reader, company: str, as_of: str, expected: list[str]) -> None:
    found = reader.status(company, Question(as_of=as_of))
    assert kinds(found["restrictions"]) == expected


def test_the_whole_list_ended_on_the_third_of_june_2021(
    reader: Reader, events: list[Admitted]
) -> None:
    def standing(as_of: str) -> Counter[str]:
        found = (answer(reader, one, CCMC, as_of)["status"] for one in companies(events))
        return Counter(status for status in found if status != "not_listed")

    assert standing("2021-06-02") == {
        "designated": 42,
        "enjoined": 1,  # Luokung
        "removed": 1,  # Xiaomi
    }
    assert standing("2021-06-03") == {"removed": 44}


def test_the_public_knew_of_xiaomis_removal_when_it_was_ordered(reader: Reader) -> None:
    before = answer(reader, "xiaomi", CCMC, "2021-06-01", announced_by="2021-05-01")
    assert before["status"] == "enjoined"
    after = answer(reader, "xiaomi", CCMC, "2021-06-01", announced_by="2021-05-31")
    assert after["status"] == "removed"


def test_an_agreed_removal_was_pending(reader: Reader) -> None:
    """Hesai's was announced a week before it had effect."""
    told = {
        day: answer(reader, "hesai", SECTION_1260H, day)["pending_removal"]
        for day in ("2024-10-15", "2024-10-16", "2024-10-23")
    }
    assert told == {"2024-10-15": False, "2024-10-16": True, "2024-10-23": False}
