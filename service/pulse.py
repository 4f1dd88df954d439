"""The heartbeat of the embedded form: a record that says that time has passed goes into the log,
and through the projection, before it is told that all is well."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from alerts.flips import ProjectedFlips
from alerts.history import OnePartition
from alerts.source import ChangeSource
from alerts.store import AlertStore
from alerts.ticking import Ticking
from alerts.timed import Sources, Timed
from events.dates import Instant, show
from events.errors import StoreError
from events.log import Position, Receipt
from service.alarm import time_passed
from service.freshness import Freshness, freshness
from service.standing import Standing

Append = Callable[[dict[str, object]], Awaitable[Sequence[Receipt]]]
_KEPT: Final = 16


class Canary:
    """See `Pulse`. One record for each moment, whoever asks: its id follows from that."""

    def __init__(
        self,
        append: Append,
        source: ChangeSource,
        fresh: Callable[[], Sequence[Freshness]],
        clock: Callable[[], Instant],
    ) -> None:
        self._append = append
        self._source = source
        self._fresh = fresh
        self._clock = clock
        self._sent: dict[Instant, int] = {}
        self._told: dict[Instant, Mapping[str, Any]] = {}

    async def beat(self, slot: Instant) -> Mapping[str, Any] | None:
        """See `Pulse`. A log that cannot be written has no pulse."""
        if slot not in self._sent:
            try:
                (receipt,) = await self._append(time_passed(slot))
            except StoreError:
                return None
            if receipt.position is None:
                return None
            self._sent[slot] = Position.parse(receipt.position, "position")[0]
        if self._source.position() < self._sent[slot]:
            return None
        if slot not in self._told:
            self._told[slot] = self._tell(self._sent[slot])
        for known in (self._sent, self._told):
            while len(known) > _KEPT:
                known.pop(next(iter(known)))
        return self._told[slot]

    def _tell(self, canary: int) -> Mapping[str, Any]:
        end, read = self._source.head()[0], self._source.position()
        return {
            "canary": f"0:{canary}",
            "partitions": [{"partition": 0, "end": end, "read": read, "behind": end - read}],
            "lists": [
                {"list": one.list, "checked": one.checked, "stale": one.stale}
                for one in self._fresh()
            ],
            "known_at": show(self._clock()),
        }


@contextmanager
def timed(  # noqa: PLR0917 - all that it is made of
    standing: Standing,
    projected: Path,
    store: AlertStore,
    source: ChangeSource,
    append: Append,
    wake: Callable[[], None],
) -> Iterator[Timed]:
    """What makes digests, reminders and heartbeats, for the length of a block; `wake` is called
    when there is something to make."""
    with closing(ProjectedFlips(projected)) as flips, Ticking(standing.clock) as ticking:
        pulse = Canary(append, source, partial(freshness, standing), standing.clock)
        sources = Sources(OnePartition(source), flips, pulse)
        ring = partial(ticking.set, "alerts", wake)
        yield Timed(store, standing.registry, standing.clock, sources, ring=ring)
