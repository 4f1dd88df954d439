"""Brokers are killed in the middle of everything, and come back with their data."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.kafka.assignment import SESSION_S
from tests.chaos.kafka.brokers import Brokers, brokers
from tests.chaos.kafka.plan import LONG
from tests.chaos.kafka.processes import Process, Troop, at_work
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.verdict import verdict
from tests.kafka.house import House, furnished

ROUNDS = 5 if LONG else 1
MORE = 100
"""So many events are recorded before the next thing happens."""
pytestmark = pytest.mark.timeout(3_600)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Brokers]:
    """Three brokers; what is acknowledged is on two of them at least."""
    with brokers(tmp_path / "brokers", 3) as found:
        yield found


async def test_the_only_broker_is_killed_and_comes_back(
    broker: Brokers, house: House, troop: Troop, seed: int
) -> None:
    """Nobody is told; both workers wait for it, or are begun again by whoever looks after them."""
    recorder = Recorder(house, seed)
    async with recorder.recording():
        workers = await _both_at_work(troop)
        for _ in range(ROUNDS):
            await recorder.more(MORE)
            broker.kill(1)
            broker.start(1)
            await broker.serve()
        await recorder.more(MORE)
    assert await verdict(house) == [], f"seed {seed}"
    assert all(one.alive for one in workers), [line for one in workers for line in one.told[-40:]]


async def test_one_broker_of_three_is_lost_and_comes_back(
    three: Brokers, tmp_path: Path, seed: int
) -> None:
    house = await furnished(three.servers, 3)
    recorder = Recorder(house, seed)
    async with Troop(tmp_path, house.servers) as troop:
        workers = await _both_at_work(troop)
        async with recorder.recording():
            for turn in range(ROUNDS):
                number = 1 + turn % 3
                await recorder.more(MORE)
                three.kill(number)
                await recorder.more(MORE)
                three.start(number)
                await three.serve()
            await recorder.more(MORE)
        assert await verdict(house) == [], f"seed {seed}"
        assert all(one.alive for one in workers), [
            line for one in workers for line in one.told[-40:]
        ]


async def _both_at_work(troop: Troop) -> list[Process]:
    workers = [await troop.frail("projections", session=SESSION_S) for _ in range(2)]
    for one in workers:
        await one.until(lambda told: bool(at_work(told)))
    return workers
