"""The next flips of one partition's companies, and what does not fit in their stories, as the topic
of the statuses has them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from alerts.changes_topic import told_who
from alerts.flips import Coming
from alerts.matching import Who
from events.dates import Instant, start
from events.kafka.tail import Raw, Tail
from projections.messages import CURRENT
from projections.timeline import Reading

_NEXT: Final = b'"next":{'
"""Most companies have none, and their messages need not be read."""
_AMISS: Final = b'"anomalies":[{'
_NOBODY: Final = Who()


class StatusFlips:
    """See `Flips`. `run` it as a task; it begins to read when it is first asked. `stir` is called
    when more is known. The country and former ids of a company are not in its status: they are as
    its latest change told them, and `changes` has that, as whoever flips was told of before."""

    def __init__(self, tail: Tail, changes: Tail, partition: int, stir: Callable[[], None]) -> None:
        self._tail = tail
        self._changes = changes
        self._partition = partition
        self._stir = stir
        self._learned = -1
        self._who: dict[str, Who] = {}
        self._alike: dict[Who, Who] = {}
        self._wanted = asyncio.Event()
        self._ready = False
        self._version = 0
        self._known: dict[str, list[Coming]] = {}
        self._amiss: dict[str, Mapping[str, Sequence[str]]] = {}

    def want(self) -> None:
        """Begin to read."""
        self._wanted.set()

    def misfits(self, company: str, list_id: str) -> Sequence[str]:
        """What does not fit there, in words, as far as was read."""
        return self._amiss.get(company, {}).get(list_id, ())

    def version(self) -> int:
        """See `Flips`."""
        return self._version

    async def coming(self, now: Instant, before: Instant) -> Sequence[Coming] | None:
        """See `Flips`."""
        self.want()
        if not self._ready:
            return None
        await self._learn()
        return [
            one._replace(who=self._who.get(one.company, _NOBODY))
            for some in self._known.values()
            for one in some
            if now < one.at < before
        ]

    async def _learn(self) -> None:
        """Who companies are, from the changes that were told since."""
        end = (await self._changes.committed())[self._partition]
        async for one in self._changes.stretch(self._partition, self._learned + 1, end):
            who = told_who(one)
            self._who[one.key.decode()] = self._alike.setdefault(who, who)
        self._learned = end

    async def run(self) -> None:
        """Follow the topic."""
        await self._wanted.wait()
        async with self._tail as tail:
            await tail.begin(only=[self._partition])
            async for some in tail.to_end():
                self._take(some)
            self._ready = True
            self._stir()
            while True:
                if found := await tail.more():
                    self._take(found)
                    self._stir()

    def _take(self, some: Sequence[Raw]) -> None:
        for one in some:
            company = one.key.decode()
            known = self._known.pop(company, None)
            self._amiss.pop(company, None)
            if one.kind == CURRENT and one.value is not None:
                self._look(company, one.value)
            if known != self._known.get(company):
                self._version += 1

    def _look(self, company: str, value: bytes) -> None:
        if _NEXT in value:
            self._known[company] = _flips(orjson.loads(value))
        if _AMISS in value:
            self._amiss[company] = _misfits(orjson.loads(value))


def _misfits(said: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    return {
        one["list"]: [f"{each['why']} ({each['event']})" for each in one["anomalies"]]
        for one in said["lists"]
    }


def _flips(said: Mapping[str, Any]) -> list[Coming]:
    return [
        Coming(
            said["company"],
            one["list"],
            start(one["next"]["at"]),
            _reading(one["status"], [each["kind"] for each in one["restrictions"]]),
            _reading(one["next"]["status"], one["next"]["restrictions"]),
            _NOBODY,
        )
        for one in said["lists"]
        if one["next"] is not None
    ]


def _reading(status: str, kinds: Sequence[str]) -> Reading:
    return Reading(status, None, tuple(sorted(kinds)))
