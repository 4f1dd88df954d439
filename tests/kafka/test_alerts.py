"""Alerts over Kafka: workers deliver what the changes' topic says, desks agree on who is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.alert_twins import asked, receiving
from tests.kafka.alerting import Line, emptied, line, received, wrong

COMPANIES = ("acme", "globex", "initech", "umbrella", "hooli")


@pytest.fixture
async def on(kafka: str) -> AsyncIterator[Line]:
    async with line(kafka) as found:
        yield found


async def test_what_is_told_after_somebody_subscribed_is_delivered(
    on: Line, tmp_path: Path
) -> None:
    """And nothing that was told before."""
    await on.tell(*COMPANIES)
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        subscription, _ = await desk.subscribe(asked(receiver.url))
        async with on.working():
            for _ in range(3):
                await on.tell(*COMPANIES)
            posts = await received(receiver, 3 * len(COMPANIES))
            attempts = await on.attempts(3 * len(COMPANIES))
        assert wrong(posts, dict.fromkeys(COMPANIES, 3), first=2) == []
        assert {one["state"] for one in attempts} == {"delivered"}
        assert {one["subscription"] for one in attempts} == {subscription.id}


async def test_the_next_worker_sends_nothing_of_the_past(on: Line, tmp_path: Path) -> None:
    """Though it has nothing but the topics, and not even the deliveries."""
    async with receiving() as receiver, on.desk(tmp_path / "desk.db") as desk:
        await desk.subscribe(asked(receiver.url, start="beginning"))
        await on.tell(*COMPANIES)
        async with on.working():
            await received(receiver, len(COMPANIES))
            await on.attempts(len(COMPANIES))
        await emptied(on.servers, on.names.deliveries)
        async with on.working():
            await on.tell(*COMPANIES)
            posts = await received(receiver, 2 * len(COMPANIES))
            await on.attempts(len(COMPANIES))
        assert wrong(posts, dict.fromkeys(COMPANIES, 2)) == []
        assert len(posts) == 2 * len(COMPANIES)
