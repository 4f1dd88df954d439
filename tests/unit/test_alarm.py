"""The alarm clock: writes that time has passed when a flip is due, once."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from events.dates import NEVER, SECOND, Instant
from events.door import admit
from events.errors import StoreError
from events.memory_log import MemoryEventLog
from events.vocabulary import TIME_PASSED
from service.alarm import Alarm, time_passed
from service.compose import system_clock
from tests.unit.making import REGISTRY

PATIENCE_S = 120


class Desk:
    """What an alarm asks and writes to: a clock, a due moment, and a list of what was written."""

    def __init__(self, now: Instant, due: Instant) -> None:
        self.now = now
        self.due = due
        self.written: list[dict[str, object]] = []
        self.rang = asyncio.Event()

    async def write(self, event: dict[str, object]) -> None:
        self.written.append(event)
        self.rang.set()

    def alarm(self) -> Alarm:
        return Alarm(lambda: self.due, self.write, lambda: self.now)


async def test_what_is_due_is_written_once() -> None:
    desk = Desk(now=10 * SECOND, due=9 * SECOND)
    alarm = desk.alarm()
    await alarm.tick()
    await alarm.tick()
    assert [one["data"] for one in desk.written] == [{"due": "1970-01-01T00:00:09+00:00"}]
    desk.due = 10 * SECOND
    await alarm.tick()
    assert len(desk.written) == 2


async def test_what_is_not_due_is_not_written() -> None:
    for due in (11 * SECOND, NEVER):
        desk = Desk(now=10 * SECOND, due=due)
        await desk.alarm().tick()
        assert desk.written == []


async def test_what_fell_due_while_nobody_watched_is_written_at_the_start() -> None:
    desk = Desk(now=10 * SECOND, due=9 * SECOND)
    alarm = desk.alarm()
    alarm.start()
    await asyncio.wait_for(desk.rang.wait(), PATIENCE_S)
    alarm.stop()
    assert len(desk.written) == 1


async def test_an_alarm_that_is_set_again_asks_again() -> None:
    desk = Desk(now=10 * SECOND, due=NEVER)
    alarm = desk.alarm()
    alarm.start()
    desk.due = 5 * SECOND
    alarm.set()
    await asyncio.wait_for(desk.rang.wait(), PATIENCE_S)
    alarm.stop()


async def test_an_alarm_that_is_set_for_the_same_flip_again_rings_when_that_comes() -> None:
    """Once; and for the next one, then."""
    desk = Desk(now=0, due=system_clock() + SECOND // 4)
    alarm = Alarm(lambda: desk.due, desk.write, system_clock)
    alarm.start()
    for _ in range(2):
        for _ in range(3):
            alarm.set()
        await asyncio.wait_for(desk.rang.wait(), 60)
        desk.rang.clear()
        desk.due = system_clock() + SECOND // 4
    alarm.stop()
    assert len(desk.written) == 2


async def test_an_alarm_that_is_hourly_says_that_time_has_passed_though_nothing_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also soon after it began. Whoever says it of one minute says the same."""
    monkeypatch.setattr("service.alarm._BEGINNING", timedelta(0))
    desk = Desk(now=61 * SECOND, due=NEVER)
    alarm = Alarm(lambda: desk.due, desk.write, lambda: desk.now, hourly=True)
    alarm.start()
    await asyncio.wait_for(desk.rang.wait(), PATIENCE_S)
    alarm.stop()
    assert desk.written[0] == time_passed(60 * SECOND)


async def test_an_alarm_that_does_not_run_is_set_without_effect() -> None:
    desk = Desk(now=10 * SECOND, due=9 * SECOND)
    alarm = desk.alarm()
    alarm.set()
    alarm.stop()
    assert desk.written == []


async def test_two_alarms_write_one_event() -> None:
    log = MemoryEventLog(lambda: 0)
    receipts = await log.append([admit(time_passed(9 * SECOND), REGISTRY) for _ in range(2)])
    assert [one.outcome for one in receipts] == ["recorded", "duplicate"]
    assert [one.type for one in log.of_subjects(["clock"])] == [TIME_PASSED]


async def test_what_could_not_be_written_is_tried_again() -> None:
    desk = Desk(now=10 * SECOND, due=9 * SECOND)

    async def full(_: dict[str, object]) -> None:
        raise StoreError("disk is full")

    failing = Alarm(lambda: desk.due, full, lambda: desk.now)
    for _ in range(2):
        with pytest.raises(StoreError):
            await failing.tick()


async def test_a_moment_that_was_written_is_not_looked_at_again_and_again() -> None:
    desk = Desk(now=10 * SECOND, due=9 * SECOND)
    asked = 0

    def due() -> Instant:
        nonlocal asked
        asked += 1
        return desk.due

    alarm = Alarm(due, desk.write, lambda: desk.now)
    alarm.start()
    await asyncio.wait_for(desk.rang.wait(), PATIENCE_S)
    alarm.set()  # the projection has moved, but not so far yet
    done = asyncio.Event()
    alarm.daily(partial(_set, done))  # runs after what is waiting already
    await asyncio.wait_for(done.wait(), PATIENCE_S)
    alarm.stop()
    assert asked < 10
    assert len(desk.written) == 1


async def _set(event: asyncio.Event) -> None:
    event.set()


async def test_housekeeping_is_done_at_the_start() -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    alarm = Desk(now=0, due=NEVER).alarm()
    alarm.start()
    alarm.daily(work)
    await asyncio.wait_for(done.wait(), PATIENCE_S)
    alarm.stop()
