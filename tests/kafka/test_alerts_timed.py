"""What time brings, over Kafka: one worker makes it, and whoever comes after it goes on."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest

from alerts.windows import HOUR
from events.dates import DAY, Instant
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from tests.contract.alert_twins import answering, asked, fine, receiving
from tests.kafka.alerting import PARTITIONS, Line, distinct, line, now, received
from tests.kafka.flips import folded, standing

COMPANIES = ("acme", "globex", "initech", "umbrella", "hooli")
HOMES = {partition_of(one, PARTITIONS) for one in COMPANIES}
DAILY = {"cadence": "daily", "digest": {"time_zone": "Europe/Berlin"}}


@pytest.fixture
async def on(kafka: str) -> AsyncIterator[Line]:
    async with line(kafka) as found:
        yield found


def later(span: Instant) -> Callable[[], Instant]:
    return lambda: now() + span


async def test_a_digest_holds_the_changes_of_all_partitions(on: Line, tmp_path: Path) -> None:
    """And comes once, though each worker that has a partition could make it."""
    await on.tell(*COMPANIES)
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        subscription, _ = await desk.subscribe(asked(receiver.url, **DAILY))
        await on.tell(*COMPANIES, recorded=now())
        async with on.working(clock=later(DAY)):
            (post,) = await received(receiver, 1)
            (attempt,) = await on.attempts(1)
        assert (post.message["type"], post.message["n"]) == ("standing.digest", 1)
        changes = post.message["data"]["changes"]
        assert [(one["company"], one["sequence"]) for one in changes] == [
            (one, 2) for one in sorted(COMPANIES)
        ]
        assert (attempt["company"], attempt["subscription"]) == (None, subscription.id)
        await on.tell("acme", recorded=now() + DAY)
        async with on.working(clock=later(2 * DAY)):
            posts = await received(receiver, 2)
        assert [one["sequence"] for one in posts[-1].message["data"]["changes"]] == [3]
        assert posts[-1].message["n"] == 2
        assert len(distinct(posts)) == len(posts)


async def test_a_digest_that_was_tried_goes_on_with_the_next_worker(
    on: Line, tmp_path: Path
) -> None:
    """As the same message, to the byte, though the clock has gone on meanwhile."""
    async with receiving(answering(503)) as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, **DAILY))
        await on.tell(*COMPANIES, recorded=now())
        async with on.working(clock=later(DAY)):
            (first,) = await on.attempts(1)
        assert (first["state"], first["attempt"]) == ("pending", 1)
        await on.tell("acme", recorded=now() + DAY)
        receiver.handler = fine
        async with on.working(clock=later(DAY + HOUR)):
            second = (await on.attempts(2))[1]
        assert (second["state"], second["attempt"]) == ("delivered", 2)
        assert len({(post.headers["webhook-id"], post.body) for post in receiver.posts}) == 1
        made = [one for one in await on.read(on.names.progress) if one.key.endswith(b"/made")]
        assert made[-1].value is None


async def test_reminders_keep_their_numbers_among_the_changes_whoever_works(
    on: Line, tmp_path: Path
) -> None:
    home = partition_of("acme", PARTITIONS)
    flip = now() + 20 * DAY

    async def say(at: Instant | None) -> None:
        told = standing("acme", at)
        await on.publisher.write([Outgoing(on.names.status, home, *told)])

    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, remind=["P30D", "P7D"]))
        await on.tell("acme")
        async with on.working():
            await received(receiver, 1)
            await on.attempts(1)
        receiver.handler = answering(503)
        await say(flip)
        async with on.working():
            """What is made, and tried, by this one..."""
            await on.attempts(2)
        await on.tell("acme")
        receiver.handler = fine
        async with on.working(clock=later(HOUR)):
            """... is delivered by that one, before the change that came after it."""
            posts = list(distinct(await received(receiver, 3)).values())
            await on.attempts(4)
        async with on.working(clock=later(14 * DAY)):
            posts = list(distinct(await received(receiver, 4)).values())
        assert [one.message["n"] for one in posts] == [1, 2, 3, 4]
        kinds = [one.message["type"].rpartition(".")[2] for one in posts]
        assert kinds == ["changed", "reminder", "changed", "reminder"]
        assert [posts[one].message["data"]["remind"] for one in (1, 3)] == ["P30D", "P7D"]
        await say(None)
        await on.tell("acme")
        async with on.working(clock=later(14 * DAY)):
            posts = list(distinct(await received(receiver, 5)).values())
        assert posts[-1].message["n"] == 5
        assert posts[-1].message["type"] == "standing.status.changed"


async def checked(on: Line) -> None:
    """A reading of a list."""
    event = {
        "specversion": "1.0",
        "id": "checked",
        "source": "/tests",
        "type": "standing.list.checked",
        "subject": "list:us-ofac-sdn",
        "data": {
            "publication": "2020-01-02",
            "retrieved": "2020-01-02T00:00:00Z",
            "sha256": "0" * 64,
            "records": 1,
        },
    }
    headers = (("content-type", b"application/cloudevents+json"),)
    home = partition_of("list:us-ofac-sdn", PARTITIONS)
    one = Outgoing(on.names.events, home, b"list:us-ofac-sdn", orjson.dumps(event), headers)
    await on.publisher.write([one])


async def test_a_heartbeat_says_how_far_each_partition_is(on: Line, tmp_path: Path) -> None:
    """And comes when each of them was folded in the hour that it is about, not before."""
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, heartbeat="PT1H"))
        await on.tell(*COMPANIES)
        await checked(on)
        await folded(on, now())
        async with on.working(clock=later(HOUR)):
            posts = await received(receiver, len(COMPANIES))
            await on.attempts(len(COMPANIES))
            assert not [one for one in posts if one.message["type"] == "standing.heartbeat"]
            await folded(on, now() + 2 * HOUR)
            posts = await received(receiver, 1 + len(COMPANIES))
            await on.attempts(1 + len(COMPANIES))
        beat = posts[-1].message
        assert beat["type"] == "standing.heartbeat"
        partitions = beat["data"]["partitions"]
        assert [one["partition"] for one in partitions] == list(range(PARTITIONS))
        # Nobody has folded them, but for the first of each partition.
        assert sum(one["behind"] for one in partitions) == len(COMPANIES) - len(HOMES)
        assert beat["n"] == 1
        assert beat["data"]["canary"] == "0:0,1:0,2:0"
        assert beat["data"]["lists"] == [
            {"list": "us-ofac-sdn", "checked": "2020-01-02T00:00:00Z", "stale": True}
        ]


async def test_what_time_brought_is_sent_again_when_it_is_asked_for(
    on: Line, tmp_path: Path
) -> None:
    """A digest, a heartbeat and a reminder, with their ids, numbers and bodies, at any desk and by
    a worker that has nothing but the topics."""
    flip = standing("acme", now() + 20 * DAY)
    home = partition_of("acme", PARTITIONS)
    await on.publisher.write([Outgoing(on.names.status, home, *flip)])
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await folded(on, now() + DAY + HOUR)
        wish = {**DAILY, "heartbeat": "PT1H", "remind": ["P30D"]}
        subscription, _ = await desk.subscribe(asked(receiver.url, **wish))
        await on.tell(*COMPANIES, recorded=now())
        async with on.working(clock=later(DAY)):
            await received(receiver, 3)
            attempts = await on.attempts(3)
        assert len({one["type"] for one in attempts}) == 3
        async with on.desk(tmp_path / "another.db") as other:
            await other.caught_up()
            assert await other.recover(subscription.id, "2000") == 3
        async with on.working(clock=later(DAY)):
            attempts = await on.attempts(6)
        assert [one["attempt"] for one in attempts].count(2) == 3
        first, again = receiver.posts[:3], receiver.posts[3:]
        assert {(one.headers["webhook-id"], one.body) for one in first} == {
            (one.headers["webhook-id"], one.body) for one in again
        }


async def test_reminders_are_for_those_who_asked_of_the_country(on: Line, tmp_path: Path) -> None:
    """As its latest change told it."""
    for company, country in (("acme", "CN"), ("globex", "RU")):
        home = partition_of(company, PARTITIONS)
        flip = standing(company, now() + 20 * DAY)
        await on.publisher.write([Outgoing(on.names.status, home, *flip)])
        await on.tell(company, country=country)
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        wish = {"filter": {"countries": ["CN"]}, "remind": ["P30D"]}
        await desk.subscribe(asked(receiver.url, **wish))
        async with on.working():
            await received(receiver, 1)
        await on.tell("globex", country="CN")
        async with on.working(clock=later(HOUR)):
            posts = list(distinct(await received(receiver, 3)).values())
    told = [(one.message["type"], one.message["data"]["company"]) for one in posts]
    assert told[0] == ("standing.reminder", "acme")
    assert set(told[1:]) == {
        ("standing.status.changed", "globex"),
        ("standing.reminder", "globex"),
    }
