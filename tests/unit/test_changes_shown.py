"""Changes as receivers read them."""

from projections.changes import Overall, overall, shown
from projections.timeline import Reading
from tests.unit.making import CCMC, ENTITY, REGISTRY, event, granted, issued, retracted
from tests.unit.stories import Story

BANNED = Reading("designated", None, ("investment.purchase",))
LICENSED = Reading("designated", None, ("export.license",))


def test_the_strongest_status_is_the_overall_one() -> None:
    readings = [Reading(s, None, ()) for s in ("removed", "scheduled", "enjoined", "not_listed")]
    assert overall(readings).status == "enjoined"
    assert overall(readings[:2]).status == "scheduled"
    assert overall([]) == Overall("not_listed", ())
    assert overall([LICENSED, BANNED]).kinds == ("export.license", "investment.purchase")


def test_a_change_is_told_in_the_lists_zone() -> None:
    story = Story()
    changed = story.record("2021-01-15", issued("2021-01-14", announced="2021-01-14"))[0]
    assert shown(changed, REGISTRY) == {
        "change": changed.id,
        "company": "acme",
        "list": CCMC,
        "sequence": 1,
        "kind": "changed",
        "from": {"status": "not_listed", "how": None, "restrictions": []},
        "to": {"status": "designated", "how": None, "restrictions": []},
        "overall": {
            "before": {"status": "not_listed", "restrictions": []},
            "after": {"status": "designated", "restrictions": []},
        },
        "effective": "2021-01-14T00:00:00-05:00",
        "announced": "2021-01-14T23:59:59.999999-05:00",
        "recorded": "2021-01-15T05:00:00+00:00",
        "cause": ["issued"],
        "backfill": False,
    }


def test_a_scheduled_change_tells_its_flips() -> None:
    scheduled = Story().record("2021-01-15", issued("2021-01-14"))[-1]
    assert shown(scheduled, REGISTRY)["flips"] == {
        "before": [],
        "after": [
            {
                "at": "2021-03-15T09:30:00-04:00",
                "status": "designated",
                "how": None,
                "restrictions": ["investment.purchase"],
            },
            {
                "at": "2021-06-03T00:00:00-04:00",
                "status": "designated",
                "how": None,
                "restrictions": [],
            },
        ],
    }


def test_a_correction_tells_its_intervals_and_how_many_there_are() -> None:
    story = Story()
    story.record("2022-01-01", issued("2021-01-01", list_=ENTITY))
    for day in range(1, 61):
        text = f"2021-{2 + day // 28:02}-{1 + day % 28:02}"
        order = granted(f"{text}T00:00:00Z", text, ENTITY, expires=f"{text}T01:00:00Z")
        story.record("2022-01-01", order)
    found = shown(story.record("2022-01-02", retracted("issued"))[-1], REGISTRY)
    assert found["kind"] == "corrected"
    assert (len(found["intervals"]), found["intervals_count"]) == (100, 120)
    assert found["intervals"][0] == {
        "from": "2021-01-01T00:00:00-05:00",
        "until": "2021-02-01T19:00:00-05:00",
        "before": {"status": "designated", "how": None, "restrictions": ["export.license"]},
        "after": {"status": "not_listed", "how": None, "restrictions": []},
    }


def test_a_change_of_no_list_is_told_in_utc_and_without_dates_it_does_not_have() -> None:
    (noted,) = Story().record("2021-01-15", event("note.recorded", "n", kind="news", text="t"))
    found = shown(noted, REGISTRY)
    assert (found["list"], found["effective"]) == (None, None)
    assert found["announced"] == "2021-01-15T05:00:00+00:00"


def test_the_ids_of_changes_follow_from_their_causes() -> None:
    def ids() -> list[str]:
        story = Story()
        story.record("2021-01-15", issued("2021-01-14"))
        story.wait("2022")
        return [one.id for one in story.changes]

    assert ids() == ids()
    assert len(set(ids())) == len(ids())
