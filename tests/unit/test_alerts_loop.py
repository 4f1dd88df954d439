"""The alert loop, driven by a clock that the tests hold: in order, at least once, nobody waiting
for anybody else."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts.channel import Outcome, Parcel
from alerts.desk import AlertDesk
from alerts.intake import PAGE, WAITING, Intake
from alerts.loop import AT_ONCE, AlertLoop
from alerts.matching import Who
from alerts.notices import Operator
from alerts.outbox import Outbox
from alerts.pace import EACH, STREAK
from alerts.retry import DISABLE, GIVE_UP, LONGEST, WARN
from alerts.store import AlertStore
from alerts.targets import WebhookTarget
from events.dates import DAY, NEVER, SECOND, show, start
from events.errors import Refused
from events.lists import load_registry
from tests.contract.alert_twins import OK, ManualClock, MemoryChannel, MemorySource, asked

FAILED = Outcome(delivered=False, status=500, error="answered 500")
GONE = Outcome(delivered=False, status=410, gone=True)


class Watched(AlertStore):
    """A store that says when something was done to it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.moved = asyncio.Condition()

    async def aside(self, work: Callable[..., Any], *args: object) -> Any:
        done = await super().aside(work, *args)
        async with self.moved:
            self.moved.notify_all()
        return done


class House:
    """A loop with everything around it; the store can be closed and opened again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "alerts.db"
        self.clock = ManualClock()
        self.source = MemorySource()
        self.channel = MemoryChannel(lambda _: OK)
        self.open()

    def open(self, grace_s: float = 5.0) -> None:
        registry, channels = load_registry(), {"webhook": self.channel}
        self.store = Watched(self.path)
        self.eye = AlertStore(self.path)
        """Sees what was committed."""
        self.loop = AlertLoop(
            self.store,
            self.source,
            registry,
            channels,
            self.clock,
            until=self.clock.until,
            draw=lambda: 0.0,
            grace_s=grace_s,
        )
        self.desk = AlertDesk(
            self.store, self.source, registry, channels, self.clock, wake=self.loop.wake
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.loop.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def subscribe(self, **more: Any) -> str:
        made, _ = await self.desk.subscribe(asked(**more))
        return made.id

    def close(self) -> None:
        self.store.close()
        self.eye.close()

    async def when(self, holds: Callable[[Outbox], bool]) -> None:
        """Wait until something holds of what was committed."""
        async with self.store.moved:
            await self.store.moved.wait_for(lambda: holds(self.eye.outbox))

    async def until(self, subscription: str, state: str, number: int = 1) -> list[dict[str, Any]]:
        """Wait until so many deliveries are in a state; all of them, oldest first."""
        await self.when(lambda outbox: outbox.counts(subscription).get(state, 0) >= number)
        return self.eye.outbox.shown(subscription, 10_000, NEVER)[::-1]

    async def tried(self, subscription: str, number: int) -> None:
        """Wait until what became of so many attempts was kept."""

        def holds(outbox: Outbox) -> bool:
            shown = outbox.shown(subscription, 10_000, NEVER)
            return sum(int(one["attempts_count"]) for one in shown) >= number

        await self.when(holds)

    async def on_to_the_next_try(self) -> int:
        """Let the time come that the loop waits for; how long that was."""
        span = await self.clock.asked() - self.clock.now
        self.clock.advance(span)
        return span

    def numbers(self) -> dict[str, list[int]]:
        """By company, the `n` of what was sent, in that order."""
        found = defaultdict(list)
        for parcel in self.channel.sent:
            message = _message(parcel)
            found[message["data"]["company"]].append(message["n"])
        return dict(found)


def _message(parcel: Parcel) -> Any:
    return orjson.loads(parcel.body)


def about(company: str) -> Callable[[Parcel], bool]:
    return lambda parcel: bool(_message(parcel)["data"]["company"] == company)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


async def test_a_change_is_told_as_soon_as_it_is_there(house: House) -> None:
    await house.subscribe()
    async with house.running():
        (change,) = await house.source.tell("acme")
        (message,) = await house.channel.count(1)
    assert message["type"] == "standing.status.changed"
    assert message["n"] == 1
    assert message["data"]["change"] == change.id
    assert message["timestamp"] == "2020-09-13T12:26:40+00:00"


async def test_numbers_are_gapless_per_company_whatever_the_filter_leaves_out(house: House) -> None:
    await house.subscribe(filter={"kinds": ["changed"]})
    async with house.running():
        await house.source.tell("a", "b", "a")
        await house.source.tell("a", kind="noted")
        await house.source.tell("a", "b")
        messages = await house.channel.count(5)
    assert house.numbers() == {"a": [1, 2, 3], "b": [1, 2]}
    assert [one["data"]["sequence"] for one in messages if one["data"]["company"] == "a"] == [
        1,
        2,
        4,
    ]


async def test_what_stood_before_is_not_told_to_one_who_starts_now(house: House) -> None:
    await house.source.tell("a", "b")
    async with house.running():
        await house.subscribe()
        await house.source.tell("c")
        assert [one["data"]["company"] for one in await house.channel.count(1)] == ["c"]


async def test_a_first_start_over_a_long_history_reads_none_of_it(house: House) -> None:
    await house.source.tell("a", "b")
    intake = Intake(house.store, house.source, load_registry(), house.clock)
    assert not await intake.step()
    assert house.store.cursor == house.source.head()


@pytest.mark.parametrize("start", ["beginning", "2020-09-13", "0:-1"])
async def test_one_who_starts_in_the_past_gets_all_of_it_once_and_what_comes(
    house: House, start: str
) -> None:
    await house.subscribe()
    await house.source.tell(*["a", "b", "c"] * PAGE)
    async with house.running():
        await house.channel.count(3 * PAGE)
        ident = await house.subscribe(start=start)
        for _ in range(20):
            await house.source.tell("a", "b", "c")
            await asyncio.sleep(0)
        found = await house.until(ident, "delivered", 3 * PAGE + 60)
    assert len({one["change"] for one in found}) == len(found) == 3 * PAGE + 60
    by_company = defaultdict(list)
    for one in found:
        by_company[one["company"]].append(one["n"])
    assert all(numbers == list(range(1, PAGE + 21)) for numbers in by_company.values())


async def test_a_start_at_a_position_is_behind_it(house: House) -> None:
    await house.source.tell("a", "b", "c")
    await house.subscribe(start="0:1")
    async with house.running():
        assert [one["data"]["company"] for one in await house.channel.count(1)] == ["c"]


async def test_a_past_fills_the_outbox_only_so_far_while_nobody_takes_it(house: House) -> None:
    await house.source.tell(*["a", "b", "c", "d"] * (WAITING // 4 + PAGE))
    never = asyncio.Event()

    async def hang(_: Parcel) -> Outcome:
        await never.wait()
        return OK

    house.channel.answer = hang
    ident = await house.subscribe(start="beginning")
    async with house.running():
        await house.until(ident, "pending", WAITING)
        await house.source.tell("e")
        await house.channel.count(4)
        assert house.eye.outbox.counts(ident)["pending"] < WAITING + PAGE
        never.set()
        house.channel.answer = lambda _: OK
        await house.until(ident, "delivered", WAITING + 4 * PAGE + 1)
    assert house.numbers()["a"] == list(range(1, WAITING // 4 + PAGE + 1))


async def test_a_failure_holds_up_its_company_and_no_other(house: House) -> None:
    ident = await house.subscribe()
    house.channel.answer = lambda parcel: FAILED if about("a")(parcel) else OK
    async with house.running():
        await house.source.tell("a", "a", "b", "b")
        await house.until(ident, "delivered", 2)
        assert house.numbers() == {"a": [1], "b": [1, 2]}
        house.channel.answer = lambda _: OK
        assert await house.on_to_the_next_try() == 5 * SECOND
        await house.until(ident, "delivered", 4)
    assert house.numbers()["a"] == [1, 1, 2]
    assert len({parcel.id for parcel in house.channel.sent}) == 4


async def test_a_retry_is_the_same_message_at_a_later_time(house: House) -> None:
    await house.subscribe()
    house.channel.answer = lambda _: FAILED
    async with house.running():
        await house.source.tell("a")
        waits = [await house.on_to_the_next_try() // SECOND for _ in range(3)]
        await house.channel.count(4)
    assert waits == [5, 15, 45]
    assert len({(one.id, one.body) for one in house.channel.sent}) == 1
    assert len({one.at for one in house.channel.sent}) == 4


async def test_a_receiver_that_hangs_holds_up_no_other_and_not_its_other_companies(
    house: House,
) -> None:
    never = asyncio.Event()

    async def hang(parcel: Parcel) -> Outcome:
        if about("a")(parcel):
            await never.wait()
        return OK

    house.channel.answer = hang
    one, other = await house.subscribe(), await house.subscribe(filter={"companies": ["b"]})
    async with house.running():
        await house.source.tell("a", "b", "a", "b")
        await house.until(one, "delivered", 2)
        await house.until(other, "delivered", 2)
        never.set()
        await house.until(one, "delivered", 4)
    assert house.numbers()["a"] == [1, 2]


async def test_one_endpoint_gets_few_at_once_and_one_at_a_time_while_it_fails(
    house: House,
) -> None:
    flying, most = 0, 0
    outcome = OK

    async def watch(_: Parcel) -> Outcome:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        flying -= 1
        return outcome

    house.channel.answer = watch
    ident = await house.subscribe()
    companies = [f"c{number}" for number in range(40)]
    async with house.running():
        await house.source.tell(*companies)
        await house.until(ident, "delivered", 40)
        assert most == EACH
        outcome = FAILED
        await house.source.tell(*companies[: 2 * STREAK])
        await house.tried(ident, 40 + 2 * STREAK)
        most = 0
        await house.on_to_the_next_try()
        await house.tried(ident, 40 + 4 * STREAK)
        assert most == 1


async def test_a_receiver_that_is_gone_is_disabled(house: House) -> None:
    ident = await house.subscribe()
    other = await house.subscribe(url="http://other.example/")
    house.channel.answer = lambda _: GONE
    async with house.running():
        await house.source.tell("a")
        await house.until(ident, "abandoned")
        await house.until(other, "abandoned")
        house.channel.answer = lambda _: OK
        third = await house.subscribe()
        await house.source.tell("a")
        await house.until(third, "delivered")
    shown = await house.desk.subscription(ident)
    assert (shown["state"], shown["deliveries"]) == ("disabled", {"abandoned": 1})
    assert "410" in shown["disabled"]


async def test_after_three_days_a_message_is_given_up_and_the_next_has_its_turn(
    house: House,
) -> None:
    ident = await house.subscribe()
    house.channel.answer = lambda parcel: FAILED if about("a")(parcel) else OK
    begun = house.clock.now
    async with house.running():
        (first,) = await house.source.tell("a")
        number = 0
        while house.clock.now - begun < GIVE_UP:
            await house.on_to_the_next_try()
            number += 1
            await house.source.tell("b")
            await house.until(ident, "delivered", number)
        found = await house.until(ident, "failed")
        assert found[0]["change"] == first.id
        house.channel.answer = lambda _: OK
        await house.source.tell("a")
        await house.until(ident, "delivered", number + 1)
    assert house.clock.now - begun < GIVE_UP + LONGEST * 2
    assert house.numbers()["a"][-2:] == [1, 2]


async def test_a_receiver_that_takes_nothing_is_disabled_and_told_of_before_and_after(
    house: House,
) -> None:
    """Elsewhere: to the subscription that it names, and to the operator. What waits, and what
    comes meanwhile, is sent when it is enabled again."""
    other = await house.subscribe(filter={"companies": []}, label="watch")
    ident = await house.subscribe(notify=other)
    house.loop.operator = Operator(WebhookTarget(type="webhook", url="http://op.example"), ())
    house.channel.answer = lambda parcel: OK if parcel.id.startswith("ntc_") else FAILED
    begun = house.clock.now
    async with house.running():
        await house.source.tell("a", "a", "b")
        while house.clock.now - begun < DISABLE:
            await house.on_to_the_next_try()
        await house.when(lambda _: house.eye.get(ident).disabled is not None)
        await house.when(lambda _: house.eye.notices.next_due() == NEVER)
        await house.source.tell("a", "c")
        house.channel.answer = lambda _: OK
        await house.desk.enable(ident)
        found = await house.until(ident, "delivered", 5)
    told = [_message(one) for one in house.channel.sent if one.id.startswith("ntc_")]
    assert [one["type"].rpartition(".")[2] for one in told] == 2 * ["failing"] + 2 * ["disabled"]
    assert {one["data"]["subscription"] for one in told} == {ident}
    assert told[0]["data"]["disables_at"] is not None
    assert begun + WARN <= start(house.eye.notices.of(ident)[-1]["at"]) < begun + DISABLE
    assert {one["state"] for one in found} == {"delivered"}
    heard = [one for one in found if one["company"] == "a"]
    assert [one["n"] for one in heard] == [1, 2, 3]
    assert (await house.desk.subscription(ident))["state"] == "active"


async def test_who_is_enabled_again_may_skip_what_waited(house: House) -> None:
    ident = await house.subscribe()
    house.channel.answer = lambda _: GONE
    async with house.running():
        await house.source.tell("a", "a", "b")
        await house.until(ident, "abandoned")
        await house.source.tell("a", "b")
        sent = len(house.channel.sent)
        house.channel.answer = lambda _: OK
        await house.desk.enable(ident, skip=True)
        await house.source.tell("c")
        await house.until(ident, "delivered")
    assert [_message(one)["data"]["company"] for one in house.channel.sent[sent:]] == ["c"]


async def test_what_was_told_since_a_time_is_sent_again_as_it_was(house: House) -> None:
    ident = await house.subscribe()
    async with house.running():
        await house.source.tell("a", recorded=100 * SECOND)
        await house.source.tell("a", "b", recorded=200 * SECOND)
        await house.until(ident, "delivered", 3)
        assert await house.desk.recover(ident, "1970-01-01T00:03:20Z") == 2
        await house.channel.count(5)
        with pytest.raises(Refused, match="since"):
            await house.desk.recover(ident, "soon")
    first, again = house.channel.sent[1:3], house.channel.sent[3:]
    assert {(one.id, one.body) for one in first} == {(one.id, one.body) for one in again}


async def test_one_who_is_throttled_is_left_alone_with_everything(house: House) -> None:
    ident = await house.subscribe()
    much = Outcome(delivered=False, status=429, retry_after=600 * SECOND, throttled=True)
    house.channel.answer = lambda _: much
    async with house.running():
        await house.source.tell("a")
        await house.tried(ident, 1)
        await house.source.tell("b", "c")
        await house.until(ident, "pending", 3)
        assert (await house.desk.subscription(ident))["backlog"]["held_until"]
        house.channel.answer = lambda _: OK
        assert 590 * SECOND < await house.on_to_the_next_try() <= 600 * SECOND
        await house.until(ident, "delivered", 3)
    assert len(house.channel.sent) == 4


async def test_no_more_goes_to_a_receiver_than_its_rate(house: House) -> None:
    channel = {"type": "webhook", "url": "http://slow.example/", "rate": 2}
    made, _ = await house.desk.subscribe({"channel": channel})
    other = await house.subscribe()
    async with house.running():
        await house.source.tell(*(f"c{number}" for number in range(6)))
        await house.until(other, "delivered", 6)
        for number in range(1, 6):
            await house.until(made.id, "delivered", number)
            assert await house.on_to_the_next_try() <= SECOND // 2
        found = await house.until(made.id, "delivered", 6)
    began = sorted(start(one["attempts"][0]["at"]) for one in found)
    assert all(b - a >= SECOND // 2 for a, b in pairwise(began))


async def test_one_with_much_to_be_told_does_not_keep_another_waiting(house: House) -> None:
    """Whoever was served goes to the end of the line: a single message comes soon, however many
    wait for however many others."""
    crowd = [await house.subscribe(filter={"kinds": ["changed"]}) for _ in range(80)]
    single = await house.subscribe(filter={"companies": ["urgent"], "kinds": ["corrected"]})
    gate = asyncio.Event()

    async def slow(_: Parcel) -> Outcome:
        await gate.wait()
        return OK

    house.channel.answer = slow
    async with house.running():
        await house.source.tell(*(f"c{number}" for number in range(20)))
        await house.channel.count(AT_ONCE)
        await house.source.tell("urgent", kind="corrected")
        await house.when(lambda outbox: outbox.counts(single).get("pending") == 1)
        gate.set()
        await house.until(single, "delivered")
        before = next(n for n, one in enumerate(house.channel.sent) if about("urgent")(one))
        for one in crowd:
            await house.until(one, "delivered", 20)
    assert before < 3 * AT_ONCE
    assert len(house.channel.sent) == 80 * 20 + 1


async def test_a_receiver_may_say_when_to_come_back(house: House) -> None:
    ident = await house.subscribe()
    house.channel.answer = lambda _: Outcome(delivered=False, status=429, retry_after=600 * SECOND)
    async with house.running():
        await house.source.tell("a")
        await house.until(ident, "pending")
        assert await house.on_to_the_next_try() == 600 * SECOND


async def test_a_channel_that_breaks_its_promise_fails_alone(house: House) -> None:
    def broken(parcel: Parcel) -> Outcome:
        if about("a")(parcel):
            raise RuntimeError("out of paper")
        return OK

    house.channel.answer = broken
    ident = await house.subscribe()
    async with house.running():
        await house.source.tell("a", "b")
        found = await house.until(ident, "delivered")
        await house.clock.asked()
        found = await house.desk.deliveries(ident)
    assert found[-1]["attempts"][0]["error"] == "RuntimeError: out of paper"


async def test_a_restart_goes_on_from_the_outbox_and_repeats_nothing(house: House) -> None:
    ident = await house.subscribe()
    house.channel.answer = lambda parcel: OK if about("a")(parcel) else FAILED
    async with house.running():
        await house.source.tell("a", "b", "b", "a")
        await house.until(ident, "delivered", 2)
        await house.clock.asked()
    house.close()
    house.channel.sent.clear()
    house.channel.answer = lambda _: OK
    house.open()
    house.clock.advance(5 * SECOND)
    async with house.running():
        await house.until(ident, "delivered", 4)
    assert house.numbers() == {"b": [1, 2]}


async def test_a_rebuilt_source_tells_nothing_again(house: House) -> None:
    ident = await house.subscribe()
    async with house.running():
        await house.source.tell("a", "b", "a")
        await house.until(ident, "delivered", 3)
    house.source.visible = -1
    late = await house.subscribe(start="beginning")
    async with house.running():
        assert await house.desk.deliveries(late) == []
        house.source.visible = 2
        await house.source.tell("c")
        await house.until(ident, "delivered", 4)
        await house.until(late, "delivered", 4)
    assert len(await house.desk.deliveries(ident)) == 4


async def test_an_attempt_under_way_may_end_when_the_loop_is_stopped(house: House) -> None:
    ident = await house.subscribe()
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(_: Parcel) -> Outcome:
        begun.set()
        await end.wait()
        return OK

    house.channel.answer = slow
    task = asyncio.create_task(house.loop.run())
    await house.source.tell("a")
    await begun.wait()
    task.cancel()
    end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await house.desk.subscription(ident))["deliveries"] == {"delivered": 1}


async def test_an_attempt_that_does_not_end_is_sent_again_next_time(house: House) -> None:
    house.close()
    house.open(grace_s=0)
    ident = await house.subscribe()
    never = asyncio.Event()

    async def hang(_: Parcel) -> Outcome:
        await never.wait()
        return OK

    house.channel.answer = hang
    async with house.running():
        await house.source.tell("a")
        await house.channel.count(1)
    house.close()
    house.channel.answer = lambda _: OK
    house.open()
    async with house.running():
        await house.until(ident, "delivered")
    assert len(house.channel.sent) == 2
    assert len({one.id for one in house.channel.sent}) == 1


async def test_one_who_leaves_is_sent_no_more(house: House) -> None:
    ident = await house.subscribe()
    other = await house.subscribe()
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(_: Parcel) -> Outcome:
        begun.set()
        await end.wait()
        return OK

    house.channel.answer = slow
    async with house.running():
        await house.source.tell("a", "a")
        await begun.wait()
        await house.desk.unsubscribe(ident)
        end.set()
        await house.until(other, "delivered", 2)
    assert len(house.channel.sent) <= 3


async def test_a_former_id_stands_for_the_company_it_counts_for(house: House) -> None:
    house.source.companies["new"] = Who("CN", frozenset({"old"}))
    await house.subscribe(filter={"companies": ["old"], "countries": ["CN"]})
    async with house.running():
        await house.source.tell("other", "new")
        assert (await house.channel.count(1))[0]["data"]["company"] == "new"


async def test_loaded_history_is_told_to_those_who_asked(house: House) -> None:
    silent = await house.subscribe()
    curious = await house.subscribe(backfill=True)
    async with house.running():
        await house.source.tell("a", backfill=True)
        await house.source.tell("a")
        await house.until(silent, "delivered")
        await house.until(curious, "delivered", 2)
    assert len(await house.desk.deliveries(silent)) == 1


async def test_a_delivery_is_sent_again_when_somebody_asks(house: House) -> None:
    ident = await house.subscribe()
    async with house.running():
        await house.source.tell("a", "a")
        first, _ = await house.until(ident, "delivered", 2)
        told = await house.desk.redeliver(first["delivery"])
        assert (told["state"], told["n"]) == ("pending", 1)
        await house.tried(ident, 3)
    assert house.numbers() == {"a": [1, 2, 1]}
    assert len({one.id for one in house.channel.sent}) == 2


async def test_nothing_is_sent_again_to_one_who_is_disabled(house: House) -> None:
    ident = await house.subscribe()
    house.channel.answer = lambda _: GONE
    async with house.running():
        await house.source.tell("a")
        (gone,) = await house.until(ident, "abandoned")
        with pytest.raises(Refused, match="410"):
            await house.desk.redeliver(gone["delivery"])


async def test_a_paused_subscription_keeps_its_place(tmp_path: Path) -> None:
    """What it missed comes when it is resumed, in order; the others do not wait for it."""
    house = House(tmp_path)
    async with house.running():
        one, other = await house.subscribe(), await house.subscribe()
        await house.source.tell("a")
        await house.channel.count(2)
        await house.desk.change(one, {"paused": True})
        await house.source.tell("a", "b")
        await house.until(other, "delivered", 3)
        assert house.eye.outbox.counts(one) == {"delivered": 1}
        await house.desk.change(one, {"paused": False})
        told = await house.until(one, "delivered", 3)
        assert [(each["company"], each["n"]) for each in told] == [("a", 1), ("a", 2), ("b", 1)]
        await house.source.tell("a")
        await house.until(one, "delivered", 4)
    house.close()


async def test_what_was_missed_may_be_left_out(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.running():
        one, other = await house.subscribe(), await house.subscribe()
        await house.desk.change(one, {"paused": True})
        await house.source.tell("a", "a", "b")
        await house.until(other, "delivered", 3)
        await house.desk.change(one, {"paused": False, "missed": "skip"})
        await house.source.tell("a")
        (told,) = await house.until(one, "delivered")
        assert (told["company"], told["n"]) == ("a", 1)
        assert told["delivery"] in {one.id for one in house.channel.sent[-2:]}
    house.close()


async def test_what_waits_to_be_sent_again_waits_for_the_end_of_the_pause(tmp_path: Path) -> None:
    """Also an attempt that was under way when it was paused."""
    house = House(tmp_path)
    held = asyncio.Event()

    async def answer(_: Parcel) -> Outcome:
        await held.wait()
        return FAILED

    house.channel.answer = answer
    async with house.running():
        one = await house.subscribe()
        await house.source.tell("a")
        await house.channel.count(1)
        await house.desk.change(one, {"paused": True})
        held.set()
        await house.tried(one, 1)
        house.channel.answer = lambda _: OK
        house.clock.advance(DAY)
        other = await house.subscribe()
        await house.source.tell("b")
        await house.until(other, "delivered")
        assert house.eye.outbox.counts(one) == {"pending": 1}
        with pytest.raises(Refused, match="paused"):
            await house.desk.redeliver(house.eye.outbox.shown(one, 1, NEVER)[0]["delivery"])
        await house.desk.change(one, {"paused": False})
        await house.until(one, "delivered", 2)
    house.close()


async def test_a_pause_outlives_the_process(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.running():
        one, other = await house.subscribe(), await house.subscribe()
        await house.desk.change(one, {"paused": True})
    house.close()
    house.open()
    async with house.running():
        await house.source.tell("a", "b")
        await house.until(other, "delivered", 2)
        assert house.eye.outbox.counts(one) == {}
        await house.desk.change(one, {"paused": False})
        await house.until(one, "delivered", 2)
    house.close()


async def test_another_filter_counts_from_then_on(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.running():
        one, other = await house.subscribe(filter={"companies": ["a"]}), await house.subscribe()
        await house.source.tell("a", "b")
        await house.until(other, "delivered", 2)
        await house.desk.change(one, {"filter": {"companies": ["b"]}})
        await house.source.tell("a", "b")
        told = await house.until(one, "delivered", 2)
        assert [(each["company"], each["n"]) for each in told] == [("a", 1), ("b", 1)]
    house.close()


async def test_what_is_recorded_behind_the_end_is_not_told(tmp_path: Path) -> None:
    """It goes on where the end is put off."""
    house = House(tmp_path)
    now = house.clock.now
    async with house.running():
        one = await house.subscribe(expires=show(now + DAY), filter={"companies": ["a"]})
        other = await house.subscribe()
        await house.source.tell("a", recorded=now + DAY)
        await house.source.tell("a", recorded=now + DAY + 1)
        await house.until(other, "delivered", 2)
        await house.until(one, "delivered", 1)
        await house.desk.change(one, {"expires": show(now + 3 * DAY)})
        await house.source.tell("a", recorded=now + 2 * DAY)
        told = await house.until(one, "delivered", 2)
        assert [each["n"] for each in told] == [1, 2]
    house.close()


class Blind(AlertStore):
    """A store in which nobody looks through all subscriptions."""

    def readers(self) -> Any:
        raise AssertionError("all subscriptions were looked through")


async def test_a_change_is_taken_in_without_looking_through_all_subscriptions(
    tmp_path: Path,
) -> None:
    registry, clock, source = load_registry(), ManualClock(), MemorySource()
    store = Blind(tmp_path / "alerts.db")
    desk = AlertDesk(store, source, registry, {"webhook": MemoryChannel(lambda _: OK)}, clock)
    intake = Intake(store, source, registry, clock)
    made = [
        (await desk.subscribe(asked(filter={"companies": [company]})))[0].id
        for company in ("a", "b", "a")
    ]
    await source.tell("a", "b", "c")
    while await intake.step():
        pass
    assert [store.outbox.pending(one, 9) for one in made] == [1, 1, 1]
    await desk.change(made[0], {"paused": True})
    await desk.unsubscribe(made[2])
    await source.tell("a")
    await intake.step()
    assert store.outbox.pending(made[0], 9) == 1
    store.close()
