"""What is asked of the same subscription by several: pauses, disabling, quiet hours, digests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from alerts.channel import Outcome
from alerts.confirming import UNSUBSCRIBED
from alerts.memory import DIGESTS
from alerts.messages import Draft
from alerts.outbox import Ended
from alerts.partition_store import PartitionStore
from alerts.places import BEGINNING, behind
from alerts.progress import Progress, Waits
from alerts.retry import Verdict
from alerts.store import AlertStore
from alerts.subscriptions import Start, Subscription, requested
from alerts.topics import Kept
from alerts.vault import Vault
from events.dates import DAY, NEVER, SECOND
from events.errors import Refused
from events.lists import load_registry
from tests.contract.alert_twins import Receiver, asked, receiving
from tests.unit.making import issued
from tests.unit.timed_house import TimedHouse

NOW = 1_700_000_000 * SECOND
SECRET = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
NIGHT = {"time_zone": "Europe/Berlin", "from": "22:00", "to": "07:00"}
DAILY = {"cadence": "daily", "digest": {"time_zone": "UTC", "at": "08:00"}}
FAILED = Outcome(delivered=False, status=500, error="answered 500")
Json = dict[str, Any]


def listed(company: str, list_: str = "us-ofac-sdn") -> Json:
    return issued("2026-03-20", None, list_) | {"subject": company}


@pytest.fixture
def house(tmp_path: Path) -> TimedHouse:
    return TimedHouse(tmp_path, "2026-03-27T10:00:00Z")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


def numbers(receiver: Receiver) -> list[tuple[str, int]]:
    return [(post.message["data"]["company"], post.message["n"]) for post in receiver.posts]


# --- pauses and disabling -------------------------------------------------------------------------


async def test_what_fails_while_it_is_paused_is_tried_when_it_is_resumed(
    house: TimedHouse,
) -> None:
    """Not when it would have been tried again."""
    fails = True

    async def at_first_not(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500 if fails else 204)

    async with receiving(at_first_not) as receiver, house.running():
        ident, _ = await house.subscribe(receiver.url)
        await house.record(listed("a"))
        await house.desk.change(ident, {"paused": True})
        tried = len(receiver.posts)
        await house.to("2026-03-28T10:00:00Z")
        assert len(receiver.posts) <= tried + 1  # one may have been under way
        fails, tried = False, len(receiver.posts)
        await house.desk.change(ident, {"paused": False})
        await receiver.count(tried + 1)
        await house.settled()
    assert numbers(receiver)[-1] == ("a", 1)


def test_nothing_is_due_of_a_paused_one_whatever_becomes_of_what_was_under_way(
    tmp_path: Path,
) -> None:
    store = AlertStore(tmp_path / "alerts.db")
    request = requested(asked(), load_registry())
    one = Subscription("sub_1", NOW, request, Start(BEGINNING))
    store.add(one, SECRET)
    store.arrived(["sub_1"])
    store.take([Draft("sub_1", "a", "c1", "t", NOW, b"{}")], behind(1), NOW)
    ((waiting, _),) = store.due(NOW, 9, lambda _: 9, {})
    paused = Subscription("sub_1", NOW, request, Start(BEGINNING), paused=NOW, revised=NOW)
    store.change(one, paused, None)
    store.settle([Ended(waiting.id, NOW, 5, FAILED, Verdict("pending", 60 * SECOND))])
    assert store.outbox.next_due(NOW) == NEVER
    store.disable("sub_1", "for a test")
    store.enable("sub_1", NOW)
    assert store.due(NOW + DAY, 9, lambda _: 9, {}) == []
    assert store.outbox.next_due(NOW) == NEVER
    store.change(paused, one, None)
    ((again, _),) = store.due(NOW + DAY, 9, lambda _: 9, {})
    assert (again.id, again.attempt) == (waiting.id, 1)
    store.close()


async def test_who_let_go_by_a_link_is_not_written_to_again(
    house: TimedHouse, receiver: Receiver
) -> None:
    """Whoever has subscribed; he may ask the mailbox anew."""
    async with house.running():
        ident, _ = await house.subscribe(receiver.url)
        await house.desk.disable(ident, UNSUBSCRIBED)
        with pytest.raises(Refused, match="unsubscribed"):
            await house.desk.enable(ident)


async def test_notices_go_to_a_subscription_of_ones_own(
    house: TimedHouse, receiver: Receiver
) -> None:
    """Of another's nobody hears that it is there."""
    async with house.running():
        other, _ = await house.desk.subscribe(asked(receiver.url), owner="desk-b")
        mine = asked(receiver.url, notify=other.id)
        with pytest.raises(Refused, match="unknown subscription"):
            await house.desk.subscribe(mine, owner="desk-a")
        await house.desk.subscribe(mine, owner="desk-b")
        with pytest.raises(Refused, match="does not change"):
            await house.desk.change(other.id, {"cadence": "daily"})


# --- quiet hours ----------------------------------------------------------------------------------


async def test_quiet_hours_that_are_taken_away_hold_nothing_any_more(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        ident, _ = await house.subscribe(receiver.url, quiet=NIGHT)
        await house.to("2026-03-27T22:00:00Z")
        await house.record(listed("a"))
        assert numbers(receiver) == []
        await house.desk.change(ident, {"quiet": None})
        await receiver.count(1)
        await house.settled()
    assert numbers(receiver) == [("a", 1)]


async def test_those_who_are_quiet_take_no_room_from_others(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        for _ in range(5):
            await house.subscribe(receiver.url, quiet=NIGHT)
        await house.to("2026-03-27T22:00:00Z")
        await house.record(listed("a"))
        assert house.eye.outbox.lanes(house.clock.now, 10) == []
        await house.subscribe(receiver.url)
        await house.record(listed("b"))
        assert numbers(receiver) == [("b", 1)]
        await house.to("2026-03-28T06:00:00Z")
        await receiver.count(11)


# --- digests --------------------------------------------------------------------------------------


async def test_what_a_paused_digest_missed_comes_late_and_an_ended_one_is_over(
    house: TimedHouse, receiver: Receiver
) -> None:
    async with house.running():
        ident, _ = await house.subscribe(receiver.url, **DAILY)
        await house.subscribe(receiver.url, **DAILY, expires="2026-03-28", label="ends")
        await house.desk.change(ident, {"paused": True})
        await house.record(listed("a"))
        await house.to("2026-03-28T09:00:00Z")
        (ended,) = [post.message["data"] for post in receiver.posts]
        assert (ended["subscription"] != ident, ended["counts"]["all"]) == (True, 1)
        await house.record(listed("b"))
        await house.to("2026-03-30T09:00:00Z")
        await house.record(listed("c"))
        await house.desk.change(ident, {"paused": False})
        await house.to("2026-03-31T09:00:00Z")
    told = [post.message for post in receiver.posts]
    mine = [one for one in told if one["data"]["subscription"] == ident]
    assert [(one["n"], one["data"]["late"]) for one in mine] == [(1, True), (2, True), (3, False)]
    assert sum(one["data"]["counts"]["all"] for one in mine) == 3
    assert len(told) - len(mine) == 2  # that of the day on which it ended is the last


def test_what_time_brought_to_one_that_was_disabled_comes_under_its_number(
    tmp_path: Path,
) -> None:
    """On Kafka: also where another worker has taken over since."""
    vault = Vault(tmp_path / "a.key", create=True)
    store = PartitionStore(tmp_path / "alerts.db", vault, 0)
    digest = Draft("sub_1", DIGESTS, "digest-1", "standing.digest", NOW, b"{}")
    progress = Progress()
    waits = Waits(digest, 4, 0)
    progress.made[waits.key] = waits
    progress.take("sub_1/", "standing.progress.queue", _queue(3))
    store.resume(progress, 7)
    request = requested(asked(**DAILY), load_registry())
    one = Subscription("sub_1", NOW, request, Start(BEGINNING), disabled="gone")
    store.enrol(Kept(one, vault.lock((SECRET,))))
    assert store.due(NOW + DAY, 9, lambda _: 9, {}) == []
    on = Subscription("sub_1", NOW, request, Start(BEGINNING))
    store.enrol(Kept(on, vault.lock((SECRET,)), enabled=NOW))
    ((waiting, _),) = store.due(NOW + DAY, 9, lambda _: 9, {})
    assert (waiting.id, b'"n":4' in waiting.body) == (digest.id, True)
    settled = store.settled(
        [Ended(waiting.id, NOW, 5, Outcome(delivered=True), Verdict("delivered"))]
    )
    assert (settled.met, settled.queues["sub_1/"].n) == ([digest.id], 4)
    store.close()


def _queue(n: int) -> bytes:
    return b'{"subscription": "sub_1", "company": "", "n": %d, "sequence": 0, "waiting": []}' % n
