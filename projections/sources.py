"""What is published of a partition, and its log up to there, read from Kafka and sorted by company:
what a rebuild works on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from re import DOTALL
from re import compile as pattern
from typing import Any, Final, NamedTuple

import orjson

from events.dates import Instant, start
from events.errors import StoreError
from events.kafka.binding import HEADERS, MALFORMED
from events.kafka.connection import Connection
from events.kafka.questions import NONE, TopicQuestions
from events.kafka.spool import Row
from events.kafka.topics import CHANGES, EVENTS, STATUS, Topic
from projections.anew import Anew, Goal, Said
from projections.restoring import read_change
from projections.revision import next_generation

_NO_STATUS: Final = ("", "", NONE, 0, NONE)
_BEGINNING: Final = pattern(
    rb'\{"company":"([^"\\]*)","position":"(\d+):(\d+)",'
    rb'(?:"name":(?:null|"(?:[^"\\]|\\.)*"),"as_of":"[^"]*","announced_by":null,"known_at":null,)?'
    rb'"sequence":(\d+),',
    DOTALL,
)
"""Of a status, as it is written here: what it says otherwise need not be read to know its place."""


class Where(NamedTuple):
    """A partition, and under which name it is written."""

    connection: Connection
    partition: int
    partitions: int
    writer: str
    folder: Path
    patience: float


class _Latest(NamedTuple):
    offset: int
    sequence: int
    clock: Instant


class Sources:
    """Reads into `anew`, further at each call, until it is closed. `folded` hears how many events
    were read."""

    def __init__(self, where: Where, anew: Anew, folded: Callable[[int], None]) -> None:
        self.goal = Goal(where.partition, NONE, 0, 0)
        """Up to where is published what was read."""
        self.events = 0
        self._where = where
        self._anew = anew
        self._folded = folded
        self._asked: dict[str, TopicQuestions] = {}
        self._latest: dict[bytes, _Latest] = {}
        self._said_to = self._read_to = self._changes_to = NONE
        self._told: dict[bytes, list[tuple[int, int]]] = {}
        """Of those of whom nothing is published, the changes: positions and sequences."""
        self._time = 0

    @property
    def companies(self) -> int:
        """Of how many something is published."""
        return len(self._latest)

    def _ask(self, topic: Topic) -> TopicQuestions:
        where = self._where
        if topic.name not in self._asked:
            self._asked[topic.name] = TopicQuestions(
                where.connection, topic.name, where.partitions, where.patience
            )
        return self._asked[topic.name]

    async def close(self) -> None:
        """Let go of Kafka."""
        for asked in self._asked.values():
            await asked.close()

    async def read_said(self) -> set[bytes]:
        """Read on in what is published; of whom something is."""
        touched: set[bytes] = set()
        async for some in self._ask(STATUS).batches(self._where.partition, self._said_to + 1):
            said = [self._read(one) for one in some]
            self._anew.said.put(map(tuple, said), sum(len(one.value or b"") for one in said))
            touched.update(one.key for one in said)
            self._said_to = some[-1].offset
        if touched:
            await self._aim()
        return touched

    def _read(self, message: Any) -> Said:
        headers = tuple(message.headers)
        key, value = message.key or b"", message.value
        if value is None:
            self._latest.pop(key, None)
            return Said(key, None, headers, "", "", NONE, 0, NONE)
        told = _told(key, value, dict(headers), self._where.partition)
        kind, event_id, offset, clock, sequence = told
        self._latest[key] = _Latest(offset, sequence, clock)
        return Said(key, value, headers, kind, event_id, offset, clock, sequence)

    async def _aim(self) -> None:
        """At how far is published."""
        where = self._where
        end = (await self._ask(EVENTS).committed())[where.partition]
        if not self._latest:
            return
        last = max(self._latest.values())
        if last.offset > end:
            raise StoreError(
                f"{STATUS.name} tells of what stands at {where.partition}:{last.offset}, and "
                f"{EVENTS.name} ends at {end}; was the topic made anew? Then make the other topics "
                "anew, too"
            )
        if last.offset < self._read_to:
            raise StoreError(
                f"{STATUS.name}: what tells how far partition {where.partition} is published was "
                "removed meanwhile; begin anew"
            )
        generation = next_generation(max(one.sequence, 0) for one in self._latest.values())
        self.goal = Goal(where.partition, last.offset, last.clock, generation)

    async def read_events(self) -> list[Row]:
        """Read on in the log, up to the goal; what came, where some was read before."""
        after, upto = self._read_to, self.goal.position
        found: list[Row] = []
        asked = self._ask(EVENTS)
        if upto > after:
            async for some in asked.batches(self._where.partition, after + 1, upto):
                rows, size = self._taken(asked, some)
                self._anew.events.put(rows, size)
                self.events += len(rows)
                self._folded(len(rows))
                if after > NONE:
                    found += rows
        self._read_to = upto
        return found

    def _taken(self, asked: TopicQuestions, some: Sequence[Any]) -> tuple[list[Row], int]:
        """Rows of messages, each with the time at which it counts as taken in: the latest yet."""
        time, rows, size = self._time, list[Row](), 0
        for one in some:
            if (at := asked.time_of(one)) > time:
                time = at
            value, headers = one.value, tuple(one.headers)
            if value is not None:
                known = None if headers == HEADERS else headers
                rows.append((one.key or b"", one.offset, time * 1_000, value, known))
                size += len(value)
        self._time = time
        return rows, size

    async def read_sequences(self) -> None:
        """Of those of whom nothing is published, from the changes that were told: as of the goal,
        as what stands behind it is told again."""
        missing, where = self._anew.missing, self._where
        if not missing:
            return
        async for some in self._ask(CHANGES).batches(where.partition, self._changes_to + 1):
            self._changes_to = some[-1].offset
            for one in some:
                if one.key in missing:
                    told = read_change(one.value)
                    place = told.position, told.change.sequence
                    self._told.setdefault(one.key, []).append(place)
        for key, told_at in self._told.items():
            reached = [sequence for at, sequence in told_at if at <= self.goal.position]
            self._anew.sequences[key] = max(reached, default=0)


def _told(
    key: bytes, value: bytes, headers: Mapping[str, bytes], partition: int
) -> tuple[str, str, int, Instant, int]:
    """Kind, id, offset, time and sequence of a status, as far as it is one."""
    try:
        company, number, offset, sequence = place_of(value)
        if number != partition or company != key:
            return _NO_STATUS
        kind, event_id = headers["ce_type"].decode(), headers["ce_id"].decode()
        clock = start(headers["ce_time"].decode())
        return kind, event_id, offset, clock, sequence
    except MALFORMED:
        return _NO_STATUS


def place_of(value: bytes) -> tuple[bytes, int, int, int]:
    """Of whom a status is, up to where in which partition, and its sequence."""
    if begins := _BEGINNING.match(value):
        company, number, offset, sequence = begins.groups()
        return company, int(number), int(offset), int(sequence)
    said = orjson.loads(value)
    number, _, offset = said["position"].partition(":")
    if not number.isdecimal() or not offset.isdecimal():
        raise ValueError(said["position"])
    return said["company"].encode(), int(number), int(offset), int(said["sequence"])
