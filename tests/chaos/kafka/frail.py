"""The command `standing`, with a process around it that does something to itself at a named point.

The nth time that the point is reached, the process sends itself the signal of that name, or raises.
No point, no harm. What runs is the real thing: each class here is the one it is derived from, and a
line at the point.
"""

import asyncio
import os
import signal
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from events.kafka import claims, producing, rounds
from events.kafka.claims import Claim, Claims
from events.kafka.first import Sifted
from events.kafka.mirror import Mirror
from events.kafka.producing import Producer
from events.log import Record
from projections import cold_start, follower, worker
from projections.partition import Brought, fold
from projections.population import Population
from projections.published import Restored, restored
from service import working
from service.cli.main import main

POINTS: Final = (
    "before the name is taken",
    "name taken",
    "claimed",
    "shut out",
    "read back",
    "mirror cut",
    "begun",
    "before the mirror",
    "mirrored",
    "folded",
    "sending",
    "sent",
    "committing",
    "committed",
)
"""In the order in which they are come to; of a large batch, it is begun when it is folded."""
PAUSES: Final = ("before the name is taken", "claimed", "begun", "sending", "sent", "committing")
"""Where to be paused is worst: another one takes over meanwhile."""


class Point:
    """Where the process does something to itself; nowhere, until that is said."""

    def __init__(self) -> None:
        self._name, self._left, self._action = "", 0, ""

    def at(self, name: str, nth: int, action: str) -> None:
        """There, and then, and that."""
        self._name, self._left, self._action = name, nth, action

    def __call__(self, name: str) -> None:
        """To be called when a point is reached."""
        if name == self._name:
            self._left -= 1
            if not self._left:
                if self._action == "raise":
                    raise RuntimeError(name)
                os.kill(os.getpid(), signal.Signals[self._action])


reached: Final = Point()


class FrailProducer(Producer):
    """Tells of its transactions; one that has none is as it was."""

    async def start(self) -> None:
        if self._txn_manager is None or self._txn_manager.transactional_id is None:
            await super().start()
            return
        reached("before the name is taken")
        await super().start()
        reached("name taken")

    async def begin_transaction(self) -> None:
        await super().begin_transaction()
        reached("begun")

    async def send_batch(self, *arguments: Any, **options: Any) -> Any:
        sending = await super().send_batch(*arguments, **options)
        reached("sending")
        return sending

    async def commit_transaction(self) -> None:
        reached("sent")
        committing = asyncio.ensure_future(super().commit_transaction())
        await asyncio.wait([committing], timeout=0.002)  # about as long as the brokers take
        reached("committing")
        await committing
        reached("committed")


class FrailClaims(Claims):
    """Tells of what it says."""

    async def claim(self, partition: int, writer: str) -> tuple[Claim, list[Claim]]:
        found = await super().claim(partition, writer)
        reached("claimed")
        return found

    async def withdraw(self, partition: int, claims: Iterable[Claim]) -> None:
        reached("shut out")
        await super().withdraw(partition, claims)


class FrailMirror(Mirror):
    """Tells of each batch."""

    def cut(self, after: int) -> None:
        super().cut(after)
        reached("mirror cut")

    def take(self, records: Sequence[Record]) -> Sifted:
        reached("before the mirror")
        sifted = super().take(records)
        reached("mirrored")
        return sifted


def frail_fold(population: Population, batch: Sequence[Record]) -> Brought:
    """Tells that it is done."""
    brought = fold(population, batch)
    reached("folded")
    return brought


def frail_restored(*arguments: Any) -> Restored:
    """Tells that it is done."""
    found = restored(*arguments)
    reached("read back")
    return found


def beset(session_s: float, many: int) -> None:
    """Have the points told of, sessions as short as that, and cold starts of so many events."""
    hasty = partial(worker.ProjectionWorker, session_s=session_s, many=many or cold_start.MANY)
    alerting = partial(working.AlertWorker, session_s=session_s)
    replaced: list[tuple[Any, str, Any]] = [
        (producing, "Producer", FrailProducer),
        (claims, "Claims", FrailClaims),
        (rounds, "Claims", FrailClaims),
        (worker, "Mirror", FrailMirror),
        (follower, "fold", frail_fold),
        (worker, "restored", frail_restored),
        (working, "ProjectionWorker", hasty),
        (working, "AlertWorker", alerting),
    ]
    for module, name, value in replaced:
        assert hasattr(module, name)
        setattr(module, name, value)


class Harm(NamedTuple):
    """What a process is to do to itself, and how it is to work until then."""

    point: str = ""
    """Where; nowhere, if there is none."""
    nth: int = 1
    action: str = "SIGKILL"
    session_s: float = 2.0
    many: int = 0
    """It begins with so many events of a partition all at once, if that is said."""


def frail(arguments: Sequence[str], harm: Harm) -> int:
    """Run the command; its exit code."""
    assert not harm.point or harm.point in POINTS
    reached.at(harm.point, harm.nth, harm.action)
    beset(harm.session_s, harm.many)
    return main(list(arguments))
