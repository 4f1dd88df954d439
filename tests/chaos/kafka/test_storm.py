"""Workers come and go without pause, some of them killed: partitions change hands all the time."""

import signal
from random import Random

import pytest

from tests.chaos.kafka.plan import LONG
from tests.chaos.kafka.processes import Process, Troop
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.verdict import verdict
from tests.kafka.house import House

STEPS = 80 if LONG else 8
MOST = 3
pytestmark = pytest.mark.timeout(3_600)


async def test_a_storm_of_rebalances_loses_nothing(house: House, troop: Troop, seed: int) -> None:
    random = Random(f"{seed} storm")  # noqa: S311  no secret
    recorder = Recorder(house, seed)
    there: list[Process] = []
    async with recorder.recording():
        for _ in range(STEPS):
            if len(there) < MOST and (not there or random.random() < 0.6):
                there.append(await troop.frail("projections"))
                before = 0
            else:
                leaving = there.pop(random.randrange(len(there)))
                before = len(there[-1].told) if there else 0
                if random.random() < 0.5:
                    await leaving.kill()
                else:
                    leaving.send(signal.SIGTERM)
                    assert await leaving.over() == 0, leaving.told
            if there:  # whoever came last hears of it
                await there[-1].until(
                    lambda one, told=before: any("partition" in line for line in one.told[told:])
                )
    await troop.frail("projections")
    assert await verdict(house) == [], f"seed {seed}"
