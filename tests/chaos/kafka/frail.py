"""The command `standing`, with a process around it that does something to itself at a named point.

The nth time that the point is reached, the process sends itself the signal of that name, or raises.
No point, no harm. What runs is the real thing: each class here is the one it is derived from, and a
line at the point.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from aiohttp import ClientTimeout

from alerts import duty, retry
from alerts import worker as alerting
from alerts.channel import Outcome, Parcel
from alerts.duty import Duty
from alerts.egress import Egress
from alerts.memory import Made
from alerts.messages import Draft
from alerts.outbox import Ended
from alerts.partition_store import PartitionStore
from alerts.places import Place
from alerts.progress import Queue, Waits
from alerts.settled import Settled
from alerts.targets import WebhookTarget
from alerts.webhook import WebhookChannel
from events.dates import SECOND, Instant
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
from service import channels, working
from service.cli.main import main
from service.compose import system_clock

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
"""Of whoever folds, in the order in which they are come to; of a large batch, it is begun when it
is folded."""
TELLING: Final = (
    "before the name is taken",
    "name taken",
    "resumed",
    "queued",
    "before the post",
    "posted",
    "settled",
    "begun",
    "sending",
    "sent",
    "committing",
    "committed",
)
"""Of whoever delivers, likewise."""
TIMING: Final = ("numbered", "made")
"""And where time brings something: it has a number that nobody was told, or waits to be sent."""
_FIRST_RETRY: Final[Instant] = SECOND // 5
_LAST_RETRY: Final[Instant] = 20 * SECOND
"""At the longest: receivers stand still while the checker folds, and are well again afterwards."""
_HANGING: Final = ClientTimeout(total=1.0)
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


class FrailDuty(Duty):
    """Tells when it has read what an earlier one left."""

    async def _resume(self) -> None:
        await super()._resume()
        reached("resumed")


class FrailStore(PartitionStore):
    """Tells of what is queued, and of what became of it before anybody else knows."""

    def take(self, drafts: Iterable[Draft], cursor: Place, now: Instant) -> None:
        found = list(drafts)
        super().take(found, cursor, now)
        if found:
            reached("queued")

    def settled(self, ended: Sequence[Ended]) -> Settled:
        found = super().settled(ended)
        reached("settled")
        return found

    def prepared(self, made: Sequence[Made]) -> tuple[list[Queue], list[Waits]]:
        found = super().prepared(made)
        if found[1]:
            reached("numbered")
        return found

    def make_prepared(self, queues: Sequence[Queue], waits: Sequence[Waits], now: Instant) -> None:
        super().make_prepared(queues, waits, now)
        if waits:
            reached("made")


class FrailWebhook(WebhookChannel):
    """Tells of each attempt, and does not wait for long."""

    def __init__(self, egress: Egress, clock: Callable[[], Instant]) -> None:
        super().__init__(egress, clock, timeout=_HANGING)

    async def send(self, target: WebhookTarget, parcel: Parcel) -> Outcome:
        reached("before the post")
        outcome = await super().send(target, parcel)
        reached("posted")
        return outcome


def beset(harm: "Harm") -> None:
    """Have the points told of, sessions as short, cold starts of so many events and a clock so far
    ahead as is said, and retries soon."""
    session_s, many = harm.session_s, harm.many or cold_start.MANY
    replaced: list[tuple[Any, str, Any]] = [
        (producing, "Producer", FrailProducer),
        (claims, "Claims", FrailClaims),
        (rounds, "Claims", FrailClaims),
        (worker, "Mirror", FrailMirror),
        (follower, "fold", frail_fold),
        (worker, "restored", frail_restored),
        (duty, "PartitionStore", FrailStore),
        (alerting, "Duty", FrailDuty),
        (channels, "WebhookChannel", FrailWebhook),
        (retry, "FIRST", _FIRST_RETRY),
        (retry, "LONGEST", _LAST_RETRY),
        (
            working,
            "ProjectionWorker",
            partial(worker.ProjectionWorker, session_s=session_s, many=many),
        ),
        (working, "AlertWorker", partial(working.AlertWorker, session_s=session_s)),
        (working, "system_clock", lambda: system_clock() + harm.ahead),
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
    ahead: Instant = 0
    """So far its clock is ahead of others'."""


def frail(arguments: Sequence[str], harm: Harm) -> int:
    """Run the command; its exit code."""
    assert not harm.point or harm.point in (*POINTS, *TELLING, *TIMING)
    reached.at(harm.point, harm.nth, harm.action)
    beset(harm)
    return main(list(arguments))
