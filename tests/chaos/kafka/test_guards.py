"""Each of these fails without the guard that it names: what Faust, left to itself, would do."""

import re
import time

import aiohttp
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from events.kafka.topics import TOPICS
from projections.worker import GROUP
from tests.chaos.kafka.plan import LONG, figures
from tests.chaos.kafka.processes import Troop, at_work
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.unix import TABLES, listening
from tests.chaos.kafka.verdict import verdict
from tests.kafka.house import House

ALL = frozenset({0, 1, 2})
TAKEOVERS = 10 if LONG else 1
TAKEN_OVER_WITHIN_S = 50
"""Of which 8 are the session. With Faust's own settings it takes 57 at the least, which no machine
makes shorter. What was measured says docs/chaos.md; there is room here for a machine that is busy
with something else."""
pytestmark = pytest.mark.timeout(3_600)


async def test_whoever_cannot_go_on_ends_before_anything_counts(
    house: House, troop: Troop, seed: int
) -> None:
    """An exception in an agent of Faust's acknowledges the message. Guard: nothing is read through
    Faust, and what a partition's task raises ends the process (`_Duties.run`)."""
    recorder = Recorder(house, seed)
    async with recorder.recording():
        worker = await troop.frail("projections", point="folded", nth=2, action="raise")
        assert await worker.over() == 1
        assert any("RuntimeError: folded" in line for line in worker.told)
        await recorder.more(20)
    await troop.frail("projections")
    assert await verdict(house) == [], f"seed {seed}"


async def test_faust_fetches_commits_and_makes_nothing(
    house: House, troop: Troop, seed: int
) -> None:
    """Its fetches wait 1.5 s, its offsets move on over what failed, `take` acknowledges what was
    not seen to, and tables are recovered at every rebalance. Guards: a consumer whose partitions
    stay paused (`_Idle`; what its agent is fed raises), no commit and no table."""
    recorder = Recorder(house, seed)
    async with recorder.recording():
        worker = await troop.frail("projections")
        other = await troop.frail("projections")
        await other.until(lambda one: bool(at_work(one)))
        await recorder.more(100)
    assert await verdict(house) == []
    assert worker.alive
    assert other.alive
    admin = AIOKafkaAdminClient(bootstrap_servers=house.servers)
    await admin.start()
    try:
        assert await admin.list_consumer_group_offsets(GROUP) == {}
        theirs = {one for one in await admin.list_topics() if not one.startswith("__")}
    finally:
        await admin.close()
    assert theirs == {topic.name for topic in TOPICS}


@pytest.mark.skipif(not TABLES[0].exists(), reason="who listens is read from /proc")
async def test_a_worker_listens_at_its_own_port_alone(house: House, troop: Troop) -> None:
    """Faust's web server shows tables to anyone. Guard: `web_enabled=False`."""
    silent = await troop.start("projections")
    await silent.until(lambda one: at_work(one) == ALL)
    assert listening(silent.pid) == set()
    asked = await troop.start("projections", "--port", "0")
    await asked.until(lambda one: bool(at_work(one)))
    (url,) = (found[1] for line in asked.told if (found := re.search("health at (.*)", line)))
    assert listening(asked.pid) == {int(url.rpartition(":")[2])}
    async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
        assert (await answer.json())["partitions"]


async def test_what_a_killed_worker_had_is_taken_over_soon(
    house: House, troop: Troop, seed: int
) -> None:
    """With Faust's own settings it takes a minute. Guard: `broker_session_timeout` and
    `broker_rebalance_timeout`."""
    recorder = Recorder(house, seed)
    took: list[float] = []
    async with recorder.recording():
        stays = await troop.start("projections")
        await stays.until(lambda one: at_work(one) == ALL)
        for _ in range(TAKEOVERS):
            other = await troop.start("projections")
            await other.until(lambda one: bool(at_work(one)))
            await stays.until(lambda one: 0 < len(at_work(one)) < len(ALL))
            began = time.monotonic()
            await stays.kill()
            await other.until(lambda one: at_work(one) == ALL)
            took.append(time.monotonic() - began)
            stays = other
    assert await verdict(house) == [], f"seed {seed}"
    took.sort()
    middle = took[len(took) // 2]
    figures.append(f"{len(took)} kills taken over: p50 {middle:.1f} s, longest {took[-1]:.1f} s")
    assert took[-1] < TAKEN_OVER_WITHIN_S
