"""What people read of a message, whatever its type."""

from typing import Any

from alerts.telling import Teller, Telling
from tests.unit.test_alerts_email import REMOVED, named

TELLER = Teller("https://alerts.example", named)


def tell(kind: str, /, **data: Any) -> Telling:
    return TELLER.tell({"type": kind, "timestamp": "2021-05-26T08:00:00Z", "n": 0, "data": data})


def test_a_digest_counts_and_lists_with_corrections_apart() -> None:
    change = REMOVED["data"]
    told = tell(
        "standing.digest",
        window={"from": "2021-05-25T00:00:00Z", "to": "2021-05-26T00:00:00Z"},
        counts={"all": 73, "companies": 41},
        changes=[change] * 60,
        corrections=[change | {"kind": "corrected"}] * 3,
    )
    assert told.title == "standing: 73 changes of 41 companies"
    assert told.lead.endswith("from 25 May 2021 to 26 May 2021.")
    assert told.lines[0].startswith("Xiaomi Corporation: designated → removed (")
    assert (len(told.lines), told.lines[-1]) == (54, "and 20 more")
    assert all(one.startswith("Correction: ") for one in told.lines[50:53])
    few = tell("standing.digest", counts={"all": 1}, corrections=[change | {"kind": "corrected"}])
    assert few.lines[0].startswith("Correction: Xiaomi Corporation: a correction")
    assert tell("standing.digest", counts={"all": 0}).title == "standing: nothing changed"


def test_a_reminder_says_what_comes_when() -> None:
    told = tell(
        "standing.reminder",
        company="acme",
        list="us-dod-1260h",
        at="2026-06-30T00:00:00-04:00",
        **{
            "from": {"status": "designated", "restrictions": []},
            "to": {"status": "designated", "restrictions": ["procurement.direct"]},
        },
    )
    assert told.title.startswith("acme: designated; procurement.direct from 30 Jun 2026 (")
    assert dict(told.facts)["Gained"] == "Government may not buy from it (procurement.direct)"
    assert told.urgent
    assert told.page == "https://alerts.example/companies/acme"


def test_what_is_not_known_is_told_as_far_as_it_goes() -> None:
    told = tell("standing.subscription.failing", error="answered 500", since="2021", more={"a": 1})
    assert told.title == "standing: subscription failing"
    assert told.facts == (("Error", "answered 500"), ("Since", "2021"))
    assert TELLER.tell({}).title == "standing:"
    assert TELLER.tell({"type": 3, "data": [1]}).facts == ()


def test_flips_and_corrections_are_told_line_by_line() -> None:
    reading = {"status": "designated", "how": None, "restrictions": ["other"]}
    before = {"status": "not_listed", "how": None, "restrictions": []}
    interval = {"from": "2021-01-14T00:00:00-05:00", "until": "2021-02-01T00:00:00-05:00"}
    corrected = REMOVED["data"] | {
        "kind": "corrected",
        "intervals": [interval | {"before": before, "after": reading}],
        "intervals_count": 1,
    }
    told = tell("standing.status.corrected", **corrected)
    assert told.lines == ("14 Jan 2021 to 1 Feb 2021: was not listed; is designated; other",)
    flip = {"at": "2026-06-30T00:00:00-04:00", **reading}
    scheduled = REMOVED["data"] | {"kind": "scheduled", "flips": {"before": [], "after": [flip]}}
    told = tell("standing.status.scheduled", **scheduled)
    assert told.lines == ("30 Jun 2026: is expected: designated; other",)
    assert "became known, moved or was called off" in told.lead
