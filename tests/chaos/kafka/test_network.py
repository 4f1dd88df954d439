"""A worker behind a network that is slow, loses what is sent, and breaks."""

import pytest

from tests.chaos.kafka.brokers import Brokers
from tests.chaos.kafka.plan import LONG
from tests.chaos.kafka.processes import Troop, at_work
from tests.chaos.kafka.proxy import network
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.verdict import verdict
from tests.kafka.house import House

ALL = frozenset({0, 1, 2})
ROUNDS = 5 if LONG else 1
MORE = 100
pytestmark = pytest.mark.timeout(3_600)


async def test_a_network_that_is_slow_stalls_and_breaks(
    broker: Brokers, house: House, troop: Troop, seed: int
) -> None:
    """One worker is behind it, the other is not; what the one wrote while it was thought dead does
    not count."""
    recorder = Recorder(house, seed)
    async with network(broker) as between, recorder.recording():
        behind = await troop.frail("projections", STANDING_KAFKA=broker.through_proxies)
        await behind.until(lambda one: at_work(one) == ALL)
        for _ in range(ROUNDS):
            between.delay_s, between.bytes_per_s = 0.05, 50_000
            await recorder.more(MORE)
            stays = await troop.frail("projections")
            await stays.until(lambda one: bool(at_work(one)))
            between.stall()
            await stays.until(lambda one: at_work(one) == ALL)
            between.heal()
            await behind.until(lambda one: bool(at_work(one)))
            await recorder.more(MORE)
            between.sever()
            await stays.until(lambda one: at_work(one) == ALL)
            between.heal()
            await stays.kill()
            await behind.until(lambda one: at_work(one) == ALL)
    async with network(broker):
        assert await verdict(house) == [], f"seed {seed}"
        assert behind.alive
