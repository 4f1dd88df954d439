"""The command `standing`, with a process around it that does something to itself at a named point.

`python -m tests.chaos.kafka.frail POINT NTH ACTION SESSION_S ARGUMENT…`: the nth time that the
point is reached, the process sends itself the signal of that name, or raises. No point, no harm. What runs is the
real thing: each class here is the one it is derived from, and a line at the point.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from events.kafka import producing
from events.kafka.first import Sifted
from events.kafka.mirror import Mirror
from events.kafka.producing import Producer
from events.log import Record
from projections import worker
from projections.partition import Brought, fold
from projections.population import Population
from projections.published import Restored, restored
from service import working
from service.cli.main import main

POINTS: Final = (
    "before the name is taken",
    "name taken",
    "read back",
    "mirror cut",
    "before the mirror",
    "mirrored",
    "folded",
    "begun",
    "sending",
    "sent",
    "committing",
    "committed",
)
"""In the order in which they are come to."""
PAUSES: Final = ("before the name is taken", "begun", "sending", "sent", "committing")
"""Where to be paused is worst: another one takes over meanwhile."""


class Point:
    """Where the process does something to itself."""

    def __init__(self, name: str, nth: int, action: str) -> None:
        self._name = name
        self._left = nth
        self._action = action

    def __call__(self, name: str) -> None:
        """To be called when a point is reached."""
        if name == self._name:
            self._left -= 1
            if not self._left:
                if self._action == "raise":
                    raise RuntimeError(name)
                os.kill(os.getpid(), signal.Signals[self._action])


def beset(reached: Point, session_s: float) -> None:
    """Have the points told of, and sessions as short as that."""

    class Told(Producer):
        async def start(self) -> None:
            if self._txn_manager is None:
                await super().start()
                return
            reached("before the name is taken")
            await super().start()
            reached("name taken")

        async def begin_transaction(self) -> None:
            await super().begin_transaction()
            reached("begun")

        async def send(self, *arguments: Any, **options: Any) -> Any:
            sending = await super().send(*arguments, **options)
            if self._txn_manager is not None:
                reached("sending")
            return sending

        async def commit_transaction(self) -> None:
            reached("sent")
            committing = asyncio.ensure_future(super().commit_transaction())
            await asyncio.wait([committing], timeout=0.002)  # about as long as the brokers take
            reached("committing")
            await committing
            reached("committed")

    class Mirrored(Mirror):
        def cut(self, after: int) -> None:
            super().cut(after)
            reached("mirror cut")

        def take(self, records: Sequence[Record]) -> Sifted:
            reached("before the mirror")
            sifted = super().take(records)
            reached("mirrored")
            return sifted

    def folded(population: Population, batch: Sequence[Record]) -> Brought:
        brought = fold(population, batch)
        reached("folded")
        return brought

    def read_back(*arguments: Any) -> Restored:
        found = restored(*arguments)
        reached("read back")
        return found

    replaced: list[tuple[Any, str, Any]] = [
        (producing, "Producer", Told),
        (worker, "Mirror", Mirrored),
        (worker, "fold", folded),
        (worker, "restored", read_back),
        (working, "ProjectionWorker", partial(worker.ProjectionWorker, session_s=session_s)),
    ]
    for module, name, value in replaced:
        assert hasattr(module, name)
        setattr(module, name, value)


if __name__ == "__main__":
    _point, _nth, _action, _session, *_arguments = sys.argv[1:]
    assert not _point or _point in POINTS
    beset(Point(_point, int(_nth), _action), float(_session))
    sys.exit(main(_arguments))
