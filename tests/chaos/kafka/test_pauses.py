"""A worker that stands still for longer than its session counts as dead, is replaced, and goes on
as if nothing had been: nothing that it writes then may count."""

import signal
from functools import partial
from random import Random

import pytest

from tests.chaos.kafka.frail import PAUSES
from tests.chaos.kafka.plan import LONG
from tests.chaos.kafka.processes import Process, Troop, at_work
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.verdict import verdict
from tests.kafka.house import House

ALL = frozenset({0, 1, 2})
_ALL_OF_IT = "partitions 0, 1, 2"
ROUNDS = 3 if LONG else 1
POINTS = (*PAUSES, "") if LONG else ("claimed", "sending", "")
"""Where it is paused; anywhere, where there is no name."""
ONCE = ("before the name is taken", "claimed")
"""What is come to once, where one partition is all that it gets."""
SESSION_S = 4.0
pytestmark = pytest.mark.timeout(3_600)


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_what_a_paused_worker_writes_when_it_goes_on_does_not_count(
    house: House, troop: Troop, seed: int, turn: int
) -> None:
    random = Random(f"{seed} pauses {turn}")  # noqa: S311  no secret
    recorder = Recorder(house, random.getrandbits(32))
    async with recorder.recording():
        stays = await troop.frail("projections", session=SESSION_S)
        await stays.until(lambda one: at_work(one) == ALL)
        for point in POINTS:
            mark = len(stays.told)
            nth = 1 if point in ONCE else random.randint(1, 2)
            paused = await troop.frail(
                "projections", point=point, nth=nth, action="SIGSTOP", session=SESSION_S
            )
            if not point:
                await paused.until(lambda one: bool(at_work(one)))
                paused.send(signal.SIGSTOP)
            await paused.paused()
            await stays.until(partial(_has_taken_over, mark=mark))
            before = len(paused.told)
            paused.send(signal.SIGCONT)
            # It finds itself replaced, joins again, and shares the work.
            await paused.until(
                lambda one, told=before: (
                    any(line.startswith("partitions ") for line in one.told[told:])
                    and bool(at_work(one))
                )
            )
            await paused.kill()
            await stays.until(lambda one: at_work(one) == ALL)
    assert await verdict(house) == [], f"seed {seed}"


def _has_taken_over(process: Process, mark: int) -> bool:
    """Whether it has everything again that it had to share in between."""
    assigned = [line for line in process.told[mark:] if line.startswith("partitions ")]
    return len(set(assigned)) > 1 and assigned[-1] == _ALL_OF_IT and at_work(process) == ALL
