"""Hostile logs of several companies, with time between the records: for tests of what is projected.

Merges in chains and circles, merges that are taken back, flips that fall due between two records,
the alarm's events and readings of lists, all through the door, so that what stands in the log is
what the log would have let in.
"""

from typing import Any

from hypothesis import strategies as st

from tests.unit import strategies as one_company
from tests.unit.making import passed

Json = dict[str, Any]

COMPANIES = ("a", "b", "c")
DAY = 86_400_000_000
STEPS = (0, 0, 1, 3_600_000_000, DAY, 20 * DAY, 45 * DAY)
NAMES = ("Acme", "Acme Holdings", "極光")


@st.composite
def described(draw: st.DrawFn) -> Json:
    """Who a company is: its name, and sometimes more."""
    return {"name": draw(st.sampled_from(NAMES))} | one_company.given(
        country=draw(one_company.seldom(st.sampled_from(["CN", "US"]))),
        aliases=draw(one_company.seldom(st.lists(st.sampled_from(NAMES), max_size=2))),
    )


@st.composite
def happening(
    draw: st.DrawFn, scene: one_company.Scene, number: int, subject: str, known: list[str]
) -> tuple[str, Json]:
    """Type and data of one event of a company; `known` are the ids of its earlier events."""
    match draw(st.integers(1, 8)):
        case 8:
            others = [one for one in COMPANIES if one != subject]
            return "company.merged", {"into": draw(st.sampled_from(others))}
        case 7 if known:
            # The latest more often than not: so that merges are taken back, and that again.
            target = draw(st.just(known[-1]) | st.sampled_from(known))
            return "event.retracted", {"reason": "a slip", "event": target}
        case 6:
            return "company.described", draw(described())
        case _:
            targets = [*known, "e98", "e99"]
            return draw(one_company.data_of(scene, number, targets))


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[int, Json]]:
    """2 to 14 events in order of arrival, each with the time on the log's clock."""
    scene = draw(one_company.scenes())
    companies = draw(st.sampled_from([COMPANIES, COMPANIES, COMPANIES[:1], COMPANIES[:2]]))
    now = one_company.begin(draw(one_company.moments))
    told: list[tuple[int, Json]] = []
    known: dict[str, list[str]] = {company: [] for company in COMPANIES}
    for number in range(scene.size):
        now += draw(st.sampled_from(STEPS))
        if draw(st.integers(1, 9)) == 9:
            told.append((now, draw(st.sampled_from(_ABOUT_NO_COMPANY))))
            continue
        subject = draw(st.sampled_from(companies))
        type_, data = draw(happening(scene, number, subject, known[subject]))
        sent = {"id": f"e{number}", "type": f"standing.{type_}", "subject": subject, "data": data}
        if draw(st.integers(1, 6)) == 6:
            sent["backfill"] = True
        known[subject].append(sent["id"])
        told.append((now, sent))
    return told


_ABOUT_NO_COMPANY = (
    passed("2021-03-15T13:30:00Z"),
    {
        "type": "standing.list.checked",
        "subject": "list:us-dod-ccmc",
        "data": {"publication": "2021-01-14", "retrieved": "2021-01-15T00:00:00Z"},
    },
)
