"""What a partition is gone on from is read from a topic that is being compacted meanwhile."""

import signal
from random import Random

import pytest

from events.kafka.altering import alter
from events.kafka.topics import STATUS
from tests.chaos.kafka.plan import LONG
from tests.chaos.kafka.processes import Troop, at_work
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.verdict import verdict
from tests.kafka.house import House

ALL = frozenset({0, 1, 2})
ROUNDS = 10 if LONG else 2
pytestmark = pytest.mark.timeout(3_600)
EAGER = {
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "0",
    "max.compaction.lag.ms": "200",
}
"""Segments end, and are cleaned, all the time; tombstones are forgotten at once."""


async def test_cold_starts_while_the_statuses_are_compacted(
    house: House, troop: Troop, seed: int
) -> None:
    await alter({"bootstrap_servers": house.servers}, STATUS.name, EAGER)
    random = Random(f"{seed} compaction")  # noqa: S311  no secret
    recorder = Recorder(house, seed)
    async with recorder.recording():
        await recorder.poison()
        for _ in range(ROUNDS):
            worker = await troop.frail("projections")
            await worker.until(lambda one: at_work(one) == ALL)
            await recorder.more(random.randint(50, 150))
            await _compacted(house)
            worker.send(random.choice((signal.SIGKILL, signal.SIGTERM)))
            await worker.over()
    await troop.frail("projections")
    assert await verdict(house) == [], f"seed {seed}"


async def _compacted(house: House) -> None:
    """Wait until most of what was written to the statuses is there no more."""

    def mostly_gone() -> bool:
        return all(len(some) < (max(some) + 1) / 2 for some in offsets.values() if max(some) > 20)

    offsets: dict[int, list[int]] = {}
    while not (offsets and mostly_gone()):
        offsets = {}
        for one in await house.read(STATUS):
            offsets.setdefault(one.partition, []).append(one.offset)
