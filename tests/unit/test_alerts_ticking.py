"""The clock that wakes whoever makes what time brings."""

import asyncio
import time
from pathlib import Path

from alerts.ticking import Ticking
from events.dates import DAY, Instant
from service.compose import opened_embedded
from service.settings import load_settings
from tests.contract.alert_twins import asked, receiving


def now() -> Instant:
    return time.time_ns() // 1_000


async def test_it_wakes_when_something_is_due_also_if_that_has_passed() -> None:
    woken = asyncio.Event()
    with Ticking(now) as ticking:
        ticking.set("alerts", woken.set, now() + DAY)
        ticking.set("alerts", woken.set, now() - DAY)
        async with asyncio.timeout(120):
            await woken.wait()
        assert ticking.waiting("alerts") is None


async def test_what_was_set_before_is_forgotten_and_a_far_moment_is_come_to_in_steps() -> None:
    """So that a clock that is set, or a machine that slept, is noticed."""
    with Ticking(now) as ticking:
        ticking.set("alerts", lambda: None, now() + DAY)
        ticking.set("alerts", lambda: None, now() + 2 * DAY)
        waits = ticking.waiting("alerts")
        assert waits is not None
        assert waits - now() < DAY


async def test_a_service_has_a_pulse(tmp_path: Path) -> None:
    """With all that it is made of: the tick is set on its clock, the record goes into its log."""
    ahead = 0

    def clock() -> Instant:
        return now() + ahead

    environ = {"STANDING_HOME": str(tmp_path), "STANDING_ALLOW_NETWORKS": "127.0.0.0/8"}
    with opened_embedded(load_settings(environ), clock) as standing:
        async with receiving() as receiver, standing.running() as service:
            await service.desk().subscribe(asked(receiver.url, heartbeat="PT1M"))
            ahead = DAY
            await service.desk().subscribe(asked(receiver.url))  # it looks at the clock again
            async with asyncio.timeout(120):
                (post, *_) = await receiver.count(1)
        end = standing.log.end()
    assert post.message["type"] == "standing.heartbeat"
    assert post.message["data"]["partitions"][0]["behind"] == 0
    assert end >= 0
