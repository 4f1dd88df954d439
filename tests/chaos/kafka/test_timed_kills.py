"""Whoever makes what time brings is killed at every point of it, hour after hour. Each window has
one digest, each flip one reminder for each span, each hour one heartbeat at most, and nothing is
lost: what follows from changes neither.

Each process that comes has a clock that is an hour ahead of that of the one before.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from alerts.names import Names
from alerts.windows import HOUR
from events.dates import DAY
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from events.kafka.publishing import Publisher
from tests.chaos.kafka.frail import TIMING
from tests.chaos.kafka.plan import LONG, figures
from tests.chaos.kafka.processes import Process, Troop
from tests.chaos.kafka.receivers import ALERTING, fronting
from tests.chaos.kafka.siege import Siege
from tests.contract.alert_twins import Post, Receiver, asked, receiving
from tests.kafka.alerting import PARTITIONS, Line, distinct, now, until
from tests.kafka.flips import folded, standing
from tests.kafka.house import House

ROUNDS: Final = 6 if LONG else 1
POINTS: Final = ("name taken", "resumed", *TIMING, "before the post", "posted", "settled", "sent")
ANYWHERE: Final = 2 if LONG else 0
LASTING_S: Final = 30.0
"""The session of who comes last, whom nobody is to miss, however busy the machine is."""
COMPANIES: Final = tuple(f"company-{number}" for number in range(9))
DIGEST: Final = "standing.digest"
REMINDER: Final = "standing.reminder"
BEAT: Final = "standing.heartbeat"
Json = dict[str, Any]
pytestmark = pytest.mark.timeout(3_600)


class Hours:
    """What happens while they go by."""

    def __init__(self, on: Line, troop: Troop) -> None:
        self.soon: list[str] = []
        """The companies that are to flip."""
        self.told = on.sequences
        self._on = on
        self._troop = troop
        self._number = count(1)

    async def next(self, point: str, session: float = 2.0) -> Process:
        """Something is told, a flip becomes known, and somebody comes by whose clock an hour has
        passed, to be killed at a point."""
        number = next(self._number)
        ahead = number * HOUR
        await self._on.tell(*COMPANIES, recorded=now() + ahead - HOUR)
        company = f"soon-{number}"
        self.soon.append(company)
        told = standing(company, now() + ahead + 20 * DAY)
        home = partition_of(company, PARTITIONS)
        await self._on.publisher.write([Outgoing(self._on.names.status, home, *told)])
        await folded(self._on, now() + ahead + HOUR)
        return await self._troop.frail(
            "alerts", point=point, ahead=ahead, session=session, **ALERTING
        )


@pytest.fixture
async def hours(house: House, troop: Troop) -> AsyncIterator[Hours]:
    """In a house that nobody folds: what is told is told here."""
    async with Publisher(house.connection, 30) as publisher:
        yield Hours(Line(house.servers, Names(), publisher), troop)


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_killed_hour_after_hour_what_time_brings_comes_once(
    house: House, hours: Hours, tmp_path: Path, seed: int, turn: int
) -> None:
    random = Random(f"{seed} hours {turn}")  # noqa: S311  no secret
    siege = Siege(random, hours.next, POINTS, anywhere=ANYWHERE, at_once=2)
    receivers = []
    async with AsyncExitStack() as stack:
        async with fronting(house, tmp_path / "desk.db") as desk:
            homes: set[int] = set()
            while len(homes) < PARTITIONS:  # so that every partition has hours to see to
                receivers.append(receiver := await stack.enter_async_context(receiving()))
                wish = {"cadence": "hourly", "heartbeat": "PT1H", "remind": ["P30D", "P3D"]}
                made, _ = await desk.subscribe(asked(receiver.url, **wish))
                homes.add(partition_of(made.id, PARTITIONS))
        await siege.stand()
        await hours.next("", LASTING_S)

        async def all_told() -> bool:
            return not any(one for receiver in receivers for one in lost(receiver, hours))

        await until(all_told)
        for receiver in receivers:
            assert list(wrong(receiver)) == [], f"seed {seed}"
    posts = sum(len(one.posts) for one in receivers)
    repeats = posts - sum(len(distinct(one.posts)) for one in receivers)
    figures.append(
        f"{len(siege.killed)} kills of who makes digests, reminders and heartbeats: "
        f"{posts - repeats} of them, {repeats} told again"
    )


def of_type(posts: list[Post], kind: str) -> list[Json]:
    """The messages of one type, without repeats, in the order in which they came first."""
    told = (one.message for one in distinct(posts).values())
    return [one for one in told if one["type"] == kind]


def changes_of(digest: Json) -> list[tuple[str, int]]:
    """Of which changes it tells."""
    told = (*digest["data"]["changes"], *digest["data"]["corrections"])
    return [(one["company"], one["sequence"]) for one in told]


def lost(receiver: Receiver, hours: Hours) -> Iterator[str]:
    """What it has not been told of: in a digest each change, of each flip that is known it is
    reminded, and there is a heartbeat."""
    told = {one for digest in of_type(receiver.posts, DIGEST) for one in changes_of(digest)}
    for company, last in hours.told.items():
        for sequence in range(1, last + 1):
            if (company, sequence) not in told:
                yield f"{company} {sequence}: in no digest"
    reminded = {one["data"]["company"] for one in of_type(receiver.posts, REMINDER)}
    yield from (f"{company}: not reminded" for company in hours.soon if company not in reminded)
    if not of_type(receiver.posts, BEAT):
        yield "no heartbeat"


def wrong(receiver: Receiver) -> Iterator[str]:
    """What it was told otherwise than it should have been."""
    first: dict[str, Post] = {}
    numbers: dict[str, list[int]] = defaultdict(list)
    for post in receiver.posts:
        ident, message = post.headers["webhook-id"], post.message
        if first.setdefault(ident, post).body != post.body:
            yield f"{ident}: a repeat says something else"
        if first[ident] is post:
            numbers[message["data"].get("company") or message["type"]].append(message["n"])
    for whose, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            yield f"{whose}: numbered {found}"
    digests, beats = (of_type(receiver.posts, one) for one in (DIGEST, BEAT))
    yield from repeated("digests", (one for some in digests for one in changes_of(some)))
    for one, other in pairwise(one["data"]["window"] for one in digests):
        if other["from"] < one["to"] or other["to"] <= other["from"]:
            yield f"the window {other} follows {one}"
    at = [one["data"]["at"] for one in beats]
    if at != sorted(set(at)):
        yield f"heartbeats of {at}"
    flips = (one["data"] for one in of_type(receiver.posts, REMINDER))
    yield from repeated("reminders", ((one["company"], one["remind"]) for one in flips))


def repeated(where: str, some: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """What is told more than once."""
    counted = Counter(some).items()
    yield from (f"{one}: in {times} {where}" for one, times in counted if times > 1)
