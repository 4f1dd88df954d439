"""Somebody who records without pause, whatever becomes of those who fold: everything that a log
may hold, drawn from a seed, with what breaks a careless reader."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any, Final

import orjson

from events.admitted import Admitted
from events.dates import SECOND, show
from events.door import admit
from events.errors import Refused
from events.kafka.log import KafkaEventLog
from events.kafka.topics import EVENTS
from service.compose import system_clock
from tests.bench.generate import events
from tests.chaos.kafka.processes import PATIENCE_S
from tests.kafka.house import House
from tests.kafka.logs import producer
from tests.unit.making import ENTITY, REGISTRY, issued, retracted
from tests.unit.test_population import POISON, merged

Json = dict[str, Any]
_PACE_S: Final = 0.1
"""So long it rests between appends, so that the pure fold of it all can be checked after."""
_COMPANIES: Final = 60
_MERGING: Final = 6
_MOST: Final = 100_000


class Recorder:
    """Records into a house. The same seed has the same events, but for the moments of those that
    are due soon."""

    def __init__(self, house: House, seed: int) -> None:
        self.recorded = 0
        self._house = house
        self._random = Random(seed)  # noqa: S311  no secret
        self._stream = events(_MOST, _COMPANIES, seed=seed)
        self._numbers = iter(range(_MOST))
        self._merges: list[tuple[str, str]] = []
        self._before: list[Json] = []
        self._enough = asyncio.Event()
        self._grown = asyncio.Condition()

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[None]:
        """Record until the block ends; it has ended on return."""
        self._enough.clear()
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._enough.set()
            await task

    async def _run(self) -> None:
        log = KafkaEventLog(self._house.connection, patience=120)
        try:
            while not self._enough.is_set():
                sent = self.some()
                await log.append(sent)
                async with self._grown:
                    self.recorded += len(sent)
                    self._grown.notify_all()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), _PACE_S)
        finally:
            await log.close()

    async def more(self, number: int) -> None:
        """Wait until so many more are recorded."""
        goal = self.recorded + number
        async with asyncio.timeout(PATIENCE_S), self._grown:
            await self._grown.wait_for(lambda: self.recorded >= goal)

    async def poison(self) -> None:
        """What did not pass the door: an event that cannot be folded, and rubbish."""
        number = next(self._numbers)
        bad = {**POISON, "id": f"poison-{number}", "subject": f"poisoned-{number % 3}"}
        async with producer(self._house.servers) as theirs:
            value = orjson.dumps({**bad, "specversion": "1.0"})
            await theirs.send_and_wait(EVENTS.name, value, bad["subject"].encode())
            await theirs.send_and_wait(EVENTS.name, b"oops", f"company-{number}".encode())

    def some(self) -> list[Admitted]:
        """The next few."""
        return [one for _ in range(self._random.randint(1, 8)) for one in self._one()]

    def _one(self) -> Iterator[Admitted]:
        dice = self._random.random()
        if dice < 0.05 and self._before:
            raw = self._random.choice(self._before)
            if dice < 0.02:  # one that contradicts it
                raw = raw | {"data": raw["data"] | {"effective": "2001-01-01"}}
        elif dice < 0.058:
            raw = self._merge()
        elif dice < 0.1:
            raw = self._soon()
        else:
            raw = next(self._stream)
        try:
            admitted = admit(raw, REGISTRY)
        except Refused:  # the contradiction was none of a kind that has a date
            return
        self._before.append({"id": admitted.id, **raw})
        yield admitted

    def _merge(self) -> Json:
        """A company is merged into another, or was not after all; also with one that has no event
        of its own."""
        number = next(self._numbers)
        if self._merges and self._random.random() < 0.5:
            old, id_ = self._merges.pop()
            return retracted(id_, f"unmerge-{number}") | {"subject": old}
        old, into = self._random.sample(range(_MERGING), 2)
        names = [f"company-{old:07d}", f"company-{into:07d}"]
        if self._random.random() < 0.5:
            names[1] = f"heir-{into}"
        self._merges.append((names[0], f"merge-{number}"))
        return merged(*names, f"merge-{number}")

    def _soon(self) -> Json:
        """A designation that takes effect while others are folded. Of a company of its own: where
        another stands already, nothing flips, and a status goes on to say what it said before."""
        number = next(self._numbers)
        moment = show(system_clock() + self._random.randint(0, 3 * SECOND))
        return issued(moment, f"soon-{number}", ENTITY) | {"subject": f"soon-{number}"}
