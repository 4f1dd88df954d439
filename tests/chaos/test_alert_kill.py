"""The process that delivers is killed again and again; nothing is missed, nothing out of order."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from alerts.desk import AlertDesk
from alerts.egress import Egress
from alerts.source import Projected
from alerts.store import AlertStore
from alerts.webhook import WebhookChannel
from events.door import admit
from events.lists import Registry
from events.sqlite_log import SqliteEventLog
from projections.store import ProjectionStore
from tests.chaos.alert_process import now
from tests.contract.alert_twins import LOOPBACK, asked, receiving
from tests.contract.ill_receivers import ILLS, ill_receiving

COMPANIES = ("a", "b", "c", "d", "e")
EACH = 30
KILLED_AT = (1, 17, 60, 61, 100)
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def delivering(folder: Path) -> AsyncIterator[None]:
    """A process of its own, killed without a word at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.alert_process", str(folder), cwd=ROOT
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def with_news_of(
    folder: Path, registry: Registry, receiver: str, companies: Sequence[str], each: int
) -> None:
    """A log with so many notes of each company, and somebody who wants to be told of them there."""
    log = SqliteEventLog(folder / "log.db", now)
    projection = ProjectionStore(folder / "projections.db")
    store = AlertStore(folder / "alerts.db")
    channels = {"webhook": WebhookChannel(Egress(LOOPBACK), now)}
    desk = AlertDesk(store, Projected(projection, log.end), registry, channels, now)
    await desk.subscribe(asked(receiver, filter={"kinds": ["noted"]}))
    for number in range(each):
        for company in companies:
            about = {"kind": "news", "text": f"news {number}"}
            raw = {"type": "standing.note.recorded", "subject": company, "data": about}
            await log.append([admit(raw, registry)])
    store.close()
    projection.close()
    log.close()


async def test_a_kill_loses_nothing_and_changes_no_order(
    tmp_path: Path, registry: Registry
) -> None:
    async with receiving() as receiver:
        await with_news_of(tmp_path, registry, receiver.url, COMPANIES, EACH)
        for count in KILLED_AT:
            async with delivering(tmp_path):
                await receiver.count(count)
        total = len(COMPANIES) * EACH
        async with delivering(tmp_path), receiver.more:
            await receiver.more.wait_for(
                lambda: len({post.headers["webhook-id"] for post in receiver.posts}) == total
            )
        posts = receiver.posts

    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for post in posts:
        bodies[post.headers["webhook-id"]].add(post.body)
    assert all(len(same) == 1 for same in bodies.values())

    for company in COMPANIES:
        heard = [post.message for post in posts if post.message["data"]["company"] == company]
        numbers = [one["n"] for one in heard]
        assert numbers == sorted(numbers)
        assert sorted(set(numbers)) == list(range(1, EACH + 1))
        assert numbers == [one["data"]["sequence"] for one in heard]


async def test_a_kill_beside_receivers_that_are_not_well_loses_nothing(
    tmp_path: Path, registry: Registry
) -> None:
    """Each message first meets a receiver that fails, hangs, resets, lies or the like; meanwhile
    the process is killed again and again."""
    companies, each = (*ILLS, "healthy"), 3
    async with ill_receiving() as receiver:
        await with_news_of(tmp_path, registry, receiver.url, companies, each)
        for count in (1, 5, 8, len(companies) + each):
            async with delivering(tmp_path):
                await receiver.until(lambda count=count: len(receiver.posts) >= count)  # type: ignore[misc]
        async with delivering(tmp_path):
            total = len(companies) * each
            await receiver.until(lambda: len(receiver.distinct()) == total)
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for post in receiver.posts:
        bodies[post.headers["webhook-id"]].add(post.body)
    assert all(len(same) == 1 for same in bodies.values())
    for company in companies:
        numbers = [
            post.message["n"]
            for post in receiver.posts
            if post.message["data"]["company"] == company
        ]
        assert numbers == sorted(numbers)
        assert set(numbers) == set(range(1, each + 1))
