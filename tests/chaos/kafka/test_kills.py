"""Whoever folds is killed, again and again, at every point of what it does, and paused for too
long; what is published is the pure fold of the log all the same.

How many times, and drawn from what, says `tests.chaos.kafka.plan`.
"""

from random import Random

import pytest

from tests.chaos.kafka.frail import POINTS
from tests.chaos.kafka.plan import LONG, figures
from tests.chaos.kafka.processes import Process, Troop
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.siege import Siege
from tests.chaos.kafka.verdict import repeats, verdict
from tests.kafka.house import House

ROUNDS = 21 if LONG else 1
ANYWHERE = 6
"""Of each round, the kills that come from outside, at any moment."""
_AT_ONCE = 3
_BEGINNING = POINTS[: POINTS.index("begun")]
"""What is come to once when a partition is begun. Who has one partition comes there no second time,
as long as all the others wait for the same."""
_MANY = (0, 0, 0, 50)
"""A quarter begins all at once what others left, where they left nothing."""
pytestmark = pytest.mark.timeout(3_600)


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_killed_at_every_point_nothing_is_lost_or_wrong(
    house: House, troop: Troop, seed: int, turn: int
) -> None:
    random = Random(f"{seed} {turn}")  # noqa: S311  no secret
    recorder = Recorder(house, random.getrandbits(32))

    async def start(point: str) -> Process:
        nth = 1 if point in _BEGINNING else random.randint(1, 3)
        many = random.choice(_MANY)
        return await troop.frail("projections", point=point, nth=nth, many=many)

    siege = Siege(random, start, POINTS, anywhere=ANYWHERE, at_once=_AT_ONCE)
    async with recorder.recording():
        await recorder.poison()
        await siege.stand()
    await troop.frail("projections")
    assert await verdict(house) == [], f"seed {seed}"
    figures.append(
        f"{len(siege.killed)} kills while {recorder.recorded} events were recorded; "
        f"{await repeats(house)} changes told again"
    )
