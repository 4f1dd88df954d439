"""Digests, quiet hours, reminders and heartbeats, in the embedded form, over real files."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerts.digest import MOST
from alerts.store import AlertStore
from events.dates import DAY, SECOND, show
from events.errors import StoreError
from service.pulse import Canary
from tests.contract.alert_twins import (
    MemorySource,
    Receiver,
    answering,
    fine,
    receiving,
)
from tests.unit.making import event, issued, removed, retracted
from tests.unit.timed_house import TimedHouse

SDN = "us-ofac-sdn"
LIST_1260H = "us-dod-1260h"
BEGINS = "2026-03-27T10:00:00Z"
DAILY = {"cadence": "daily", "digest": {"time_zone": "Europe/Berlin", "at": "08:00"}}
Json = dict[str, Any]


def listed(company: str, day: str = "2026-03-20", list_: str = SDN, **more: Any) -> Json:
    return issued(day, None, list_, **more) | {"subject": company}


@pytest.fixture
def house(tmp_path: Path) -> TimedHouse:
    return TimedHouse(tmp_path, BEGINS)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


def told(receiver: Receiver) -> list[Json]:
    return [post.message for post in receiver.posts]


def companies(message: Json) -> list[str]:
    return [one["company"] for one in message["data"]["changes"]]


# --- digests --------------------------------------------------------------------------------------


async def test_a_day_comes_in_one_message_at_its_time(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        await house.subscribe(receiver.url, **DAILY)
        await house.record(listed("b"), listed("a"), listed("a", list_="us-bis-dpl"))
        await house.to("2026-03-28T06:59:59Z")
        assert told(receiver) == []
        await house.to("2026-03-28T07:00:00Z")
    (message,) = told(receiver)
    assert (message["type"], message["n"]) == ("standing.digest", 1)
    assert message["timestamp"] == "2026-03-28T07:00:00+00:00"
    data = message["data"]
    assert data["window"] == {"from": show(house_began()), "to": "2026-03-28T07:00:00+00:00"}
    assert [(one["list"], one["company"]) for one in data["changes"]] == [
        ("us-bis-dpl", "a"),
        (SDN, "a"),
        (SDN, "b"),
    ]
    assert data["counts"] == {
        "all": 3,
        "companies": 2,
        "kinds": {"changed": 3},
        "lists": {"us-bis-dpl": 1, SDN: 2},
    }
    assert (data["corrections"], data["more"], data["late"]) == ([], None, False)


def house_began() -> int:
    return TimedHouse(Path(), BEGINS).clock.now


async def test_nothing_is_sent_of_a_window_without_changes_unless_asked_for(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running(), receiving() as other:
        await house.subscribe(receiver.url, **DAILY)
        await house.subscribe(other.url, cadence="daily", digest={"empty": True})
        await house.to("2026-03-30T12:00:00Z")
    assert told(receiver) == []
    windows = [one["data"]["window"] for one in told(other)]
    assert [one["to"] for one in windows] == [
        f"2026-03-{day}T08:00:00+00:00" for day in (28, 29, 30)
    ]
    assert [one["from"] for one in windows[1:]] == [one["to"] for one in windows[:-1]]
    assert [one["n"] for one in told(other)] == [1, 2, 3]


async def test_what_is_corrected_stands_apart(house: TimedHouse, receiver: Receiver) -> None:
    async with house.running():
        await house.subscribe(receiver.url, **DAILY)
        await house.record(issued("2026-03-20", "mistaken", SDN))
        await house.record(retracted("mistaken"))
        await house.to("2026-03-28T12:00:00Z")
    (message,) = told(receiver)
    kinds = message["data"]["counts"]["kinds"]
    assert len(message["data"]["changes"]) == kinds["changed"]
    assert {one["kind"] for one in message["data"]["changes"]} == {"changed"}
    assert [one["kind"] for one in message["data"]["corrections"]] == ["corrected"]


async def test_each_window_that_was_missed_has_its_own_digest(
    house: TimedHouse, receiver: Receiver
) -> None:
    """Those in which there was nothing are left out; what was recorded meanwhile is told as the
    day had it."""
    async with house.running():
        await house.subscribe(receiver.url, **DAILY)
        await house.record(listed("friday"))
    house.clock.advance(DAY)  # 2026-03-28T10:00:00Z, and nobody was there at 07:00
    async with house.running():
        pass
    assert [companies(one) for one in told(receiver)] == [["friday"]]
    async with house.running():
        await house.record(listed("saturday"))
        house.loop.timed = None  # it records, and tells of no window
        house.clock.advance(2 * DAY)
        await house.append(listed("monday"))
        house.clock.advance(3 * DAY)
        await house.append(listed("thursday"))
    house.clock.advance(DAY)  # 2026-04-03T10:00:00Z
    async with house.running():
        pass
    assert [companies(one) for one in told(receiver)[1:]] == [
        ["saturday"],
        ["monday"],
        ["thursday"],
    ]
    assert [one["n"] for one in told(receiver)] == [1, 2, 3, 4]
    assert [one["data"]["window"]["to"] for one in told(receiver)] == [
        "2026-03-28T07:00:00+00:00",
        "2026-03-29T06:00:00+00:00",
        "2026-03-31T06:00:00+00:00",
        "2026-04-03T06:00:00+00:00",
    ]
    assert [one["data"]["late"] for one in told(receiver)] == [False, True, True, False]


async def test_two_that_see_one_window_close_make_one_message(
    house: TimedHouse, receiver: Receiver
) -> None:
    """Whoever is second finds it made."""
    async with house.running():
        ident, _ = await house.subscribe(receiver.url, **DAILY)
        await house.record(listed("acme"))
        await house.to("2026-03-28T12:00:00Z")
        made = house.store.memory.get(ident, "")
        with house.store.db:
            house.store.memory.put(ident, "", {})
        house.loop.timed = None
    async with house.running():
        await house.to("2026-03-28T13:00:00Z")
        assert house.store.memory.get(ident, "")["to"] == made["to"]
    assert len(told(receiver)) == 1


async def test_more_than_fits_is_counted_and_said_where_to_be_found(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        await house.subscribe(receiver.url, **DAILY)
        await house.log.append([house.admitted(listed(f"c{n:03}")) for n in range(MOST + 50)])
        await house.projector.catch_up()
        await house.to("2026-03-28T12:00:00Z")
        (message,) = told(receiver)
        data = message["data"]
        assert (data["counts"]["all"], len(data["changes"])) == (MOST + 50, MOST)
        assert data["more"] == {"count": 50, "after": f"c{MOST - 1:03}/1"}


async def test_a_start_in_the_past_is_told_with_the_first_window(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        await house.record(listed("early"))
        await house.subscribe(receiver.url, **DAILY, start="beginning")
        await house.record(listed("late"))
        await house.to("2026-03-28T12:00:00Z")
    (message,) = told(receiver)
    assert companies(message) == ["early", "late"]
    assert message["data"]["window"]["from"] is None


# --- quiet hours ----------------------------------------------------------------------------------

NIGHT = {"time_zone": "Europe/Berlin", "from": "22:00", "to": "07:00"}


async def test_what_comes_at_night_waits_for_the_morning_in_order(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        ident, _ = await house.subscribe(receiver.url, quiet=NIGHT)
        await house.to("2026-03-28T21:00:00Z")
        await house.record(listed("a"), listed("b"), listed("a", list_="us-bis-dpl"))
        await house.to("2026-03-29T04:59:59Z")
        assert told(receiver) == []
        (first, *_) = await house.deliveries(ident)
        assert (first["state"], first["held_until"]) == ("pending", "2026-03-29T05:00:00+00:00")
        await house.to("2026-03-29T05:00:00Z")
        assert {one["held_until"] for one in await house.deliveries(ident)} == {None}
    sent = [(one["data"]["company"], one["n"]) for one in told(receiver)]
    assert [one for one in sent if one[0] == "a"] == [("a", 1), ("a", 2)]
    assert ("b", 1) in sent


async def test_what_is_urgent_comes_at_night_behind_what_its_company_had_waiting(
    house: TimedHouse, receiver: Receiver
) -> None:
    urgent = {**NIGHT, "except": {"lists": [SDN]}}
    async with house.running():
        ident, _ = await house.subscribe(receiver.url, quiet=urgent)
        await house.to("2026-03-28T21:00:00Z")
        await house.record(listed("a", list_="us-bis-dpl"), listed("b", list_="us-bis-dpl"))
        assert told(receiver) == []
        await house.record(listed("a"))
        assert [(one["data"]["company"], one["n"]) for one in told(receiver)] == [
            ("a", 1),
            ("a", 2),
        ]
        (waiting,) = [one for one in await house.deliveries(ident) if one["state"] == "pending"]
        assert waiting["company"] == "b"
        await house.to("2026-03-29T05:00:00Z")
    assert len(told(receiver)) == 3


async def test_retries_keep_the_quiet_too(house: TimedHouse) -> None:
    async with house.running(), receiving(answering(500)) as failing:
        await house.subscribe(failing.url, quiet=NIGHT)
        await house.to("2026-03-28T20:59:00Z")
        await house.record(listed("a"))
        await house.to("2026-03-28T21:00:00Z")
        tried = len(failing.posts)
        assert tried >= 2
        await house.to("2026-03-29T04:59:59Z")
        assert len(failing.posts) == tried
        failing.handler = fine
        await house.to("2026-03-29T05:00:00Z")
        assert len(failing.posts) == tried + 1


# --- reminders ------------------------------------------------------------------------------------


async def test_a_flip_is_told_of_so_long_before_once_and_in_order_with_the_rest(
    house: TimedHouse, receiver: Receiver
) -> None:
    """Procurement from those whom Defense has listed is forbidden from 2026-06-30 on."""
    async with house.running():
        await house.subscribe(receiver.url, remind=["P30D", "P1W"])
        await house.record(listed("acme", list_=LIST_1260H))
        await house.to("2026-05-30T00:00:00Z")
        first = [one["type"] for one in told(receiver)]
        assert set(first) == {"standing.status.changed", "standing.status.scheduled"} or first
        before = len(first)
        await house.to("2026-06-01T00:00:00Z")
        assert len(told(receiver)) == before + 1
    async with house.running():
        await house.to("2026-07-02T00:00:00Z")
        numbers = [one["n"] for one in told(receiver)]
        assert numbers == list(range(1, len(numbers) + 1))
        found = [one for one in told(receiver) if one["type"] == "standing.reminder"]
    assert [one["data"]["remind"] for one in found] == ["P30D", "P1W"]
    assert found[0]["data"] == {
        "company": "acme",
        "list": LIST_1260H,
        "at": "2026-06-30T00:00:00-04:00",
        "remind": "P30D",
        "known_at": "2026-05-31T04:00:00+00:00",
        "from": {"status": "designated", "restrictions": []},
        "to": {"status": "designated", "restrictions": ["procurement.direct"]},
        "gained": ["procurement.direct"],
        "lost": [],
    }


async def test_a_flip_that_moves_is_told_of_anew_and_one_called_off_is_not(
    house: TimedHouse, receiver: Receiver
) -> None:
    moving = listed("acme", "2026-04-20", announced="2026-03-27T09:00:00Z") | {"id": "first"}
    async with house.running():
        await house.subscribe(receiver.url, remind=["P7D"])
        await house.record(moving, listed("globex", "2026-04-20", announced="2026-03-27T09:00:00Z"))
        await house.to("2026-04-10T00:00:00Z")
        await house.record(
            listed("acme", "2026-05-20", announced="2026-03-27T09:00:00Z", replaces="first"),
            removed("2026-04-09", None, SDN) | {"subject": "globex"},
        )
        await house.to("2026-05-21T12:00:00Z")
    found = [one["data"] for one in told(receiver) if one["type"] == "standing.reminder"]
    assert [(one["company"], one["at"]) for one in found] == [("acme", "2026-05-20T00:00:00-04:00")]


async def test_of_spans_that_have_passed_the_shortest_is_told_at_once(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        await house.subscribe(receiver.url, remind=["P90D", "P30D", "P7D"])
        await house.record(listed("acme", "2026-04-16", announced="2026-03-27T09:00:00Z"))
        await house.to("2026-03-27T10:05:00Z")
        await house.to("2026-04-17T00:00:00Z")
    found = [one["data"]["remind"] for one in told(receiver) if one["type"] == "standing.reminder"]
    assert found == ["P30D", "P7D"]


async def test_only_those_whom_the_filter_lets_through_are_reminded(
    house: TimedHouse, receiver: Receiver
) -> None:
    filters: list[Json] = [
        {"companies": ["globex"]},
        {"lists": ["us-bis-dpl"]},
        {"to": ["removed"]},
        {"restrictions": ["export.denied"]},
        {"countries": ["CN"], "kinds": ["noted"]},
    ]
    async with house.running():
        for one in filters:
            await house.subscribe(receiver.url, remind=["P7D"], filter=one)
        described = event("company.described", None, country="CN", name="Acme")
        await house.record(
            described, listed("acme", "2026-04-01", announced="2026-03-27T09:00:00Z")
        )
        await house.to("2026-03-31T00:00:00Z")
    found = [one for one in told(receiver) if one["type"] == "standing.reminder"]
    assert len(found) == 1


# --- heartbeats -----------------------------------------------------------------------------------


async def test_a_heartbeat_comes_after_a_record_that_went_all_the_way(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        await house.subscribe(receiver.url, heartbeat="PT1H", quiet=NIGHT)
        await house.to("2026-03-27T12:30:00Z")
        one, other = told(receiver)
        canary = int(other["data"]["canary"].partition(":")[2])
        assert canary == house.log.end()
        assert (one["type"], one["n"], other["n"]) == ("standing.heartbeat", 1, 2)
        assert other["data"]["at"] == "2026-03-27T12:00:00+00:00"
        assert other["data"]["partitions"] == [
            {"partition": 0, "end": canary, "read": canary, "behind": 0}
        ]
        assert other["data"]["lists"] == [
            {"list": SDN, "checked": "2026-03-27T00:00:00Z", "stale": False}
        ]
        await house.to("2026-03-27T23:30:00Z")  # also at night
        assert len(told(receiver)) == 13


async def test_of_heartbeats_one_waits_at_most(house: TimedHouse) -> None:
    async with house.running(), receiving(answering(500)) as failing:
        ident, _ = await house.subscribe(failing.url, heartbeat="PT1H")
        await house.to("2026-03-28T10:30:00Z")
        counts = (await house.desk.subscription(ident))["deliveries"]
        assert counts == {"pending": 1}
        failing.handler = fine
        await house.to("2026-03-28T17:30:00Z")
    numbers = {post.message["n"] for post in failing.posts}
    assert numbers == set(range(1, max(numbers) + 1))


async def test_a_log_that_cannot_be_written_has_no_pulse() -> None:
    async def full(_: dict[str, object]) -> list[Any]:
        raise StoreError("the disk is full")

    source = MemorySource()
    assert await Canary(full, source, list, lambda: 0).beat(3_600 * SECOND) is None


async def test_of_one_who_leaves_nothing_is_remembered(house: TimedHouse, tmp_path: Path) -> None:
    async with house.running(), receiving() as receiver:
        ident, _ = await house.subscribe(
            receiver.url, **DAILY, heartbeat="PT1H", quiet={**NIGHT, "except": {}}
        )
        await house.record(listed("acme"))
        await house.to("2026-03-28T12:00:00Z")
        await house.desk.unsubscribe(ident)
    store = AlertStore(tmp_path / "alerts.db")
    rows = store.db.execute("SELECT count(*) FROM timed").fetchone()
    assert rows[0] == 0
    store.close()
