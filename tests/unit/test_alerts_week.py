"""A week of alerts on a clock that the tests hold: receivers that fail, hang and leave, a new key,
a change of clocks, and two restarts, one of them over a day without anybody.

Everything is delivered at least once, in order, and its owner can see what became of it.
"""

import asyncio
import hmac
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from alerts.quiet import Quiet, until
from alerts.windows import HOUR
from events.dates import DAY, NEVER, SECOND, Instant, show, start
from tests.contract.alert_twins import Receiver, answering, fine, receiving
from tests.kafka.alerting import distinct
from tests.unit.making import issued, retracted
from tests.unit.timed_house import TimedHouse

Json = dict[str, Any]
SDN, DPL = "us-ofac-sdn", "us-bis-dpl"
NAMES = ("plain", "flaky", "hanging", "gone", "digest", "quiet")
COMPANIES = ("acme", "globex", "initech")


@dataclass
class Week:
    """Who is told, and what was recorded."""

    house: TimedHouse
    zone: str
    receivers: dict[str, Receiver]
    ids: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    hangs: int = 3
    recorded: int = 0

    @property
    def night(self) -> Json:
        return {"time_zone": self.zone, "from": "22:00", "to": "07:00"}

    async def begin(self) -> None:
        """Everybody subscribes."""
        digest = {"time_zone": self.zone, "at": "08:00"}
        more: dict[str, Json] = {
            "plain": {"remind": ["P3D"], "heartbeat": "PT6H"},
            "digest": {"cadence": "daily", "digest": digest},
            "quiet": {"quiet": self.night},
        }
        for name in NAMES:
            asked = more.get(name, {})
            ident, secret = await self.house.subscribe(self.receivers[name].url, **asked)
            self.ids[name], self.secrets[name] = ident, [secret]

    async def record(self) -> None:
        """One more designation of each, and now and then one that is taken back."""
        self.recorded += 1
        number, day = self.recorded, show(self.house.clock.now - DAY)[:10]
        for company in COMPANIES:
            ident = f"{company}-{number}"
            reference = {"scheme": "uid", "id": ident}
            lists = SDN if number % 2 else DPL
            raw = issued(day, ident, lists, reference=reference) | {"subject": company}
            await self.house.append(raw)
            if number % 3 == 0:
                earlier = f"{company}-{number - 1}"
                await self.house.append(retracted(earlier, f"r-{ident}") | {"subject": company})
        await self.house.settled()

    async def days(self, number: int, *, record: bool = True) -> None:
        """By day and by night something is recorded."""
        for _ in range(number):
            for _ in range(2):
                await self.house.to(self.house.clock.now + 12 * HOUR)
                if record:
                    await self.record()

    async def hang(self, _: web.Request) -> web.StreamResponse:
        self.hangs -= 1
        if self.hangs >= 0:
            await asyncio.Event().wait()
        return await fine(_)


@asynccontextmanager
async def week(folder: Path, begins: str, zone: str) -> AsyncIterator[Week]:
    async with AsyncExitStack() as stack:
        receivers = {name: await stack.enter_async_context(receiving()) for name in NAMES}
        yield Week(TimedHouse(folder, begins), zone, receivers)


@pytest.mark.parametrize(
    ("begins", "zone", "hours"),
    [
        ("2026-03-26T10:00:00Z", "Europe/Berlin", 23),
        ("2026-10-22T10:00:00Z", "Europe/Berlin", 25),
        ("2026-10-29T15:00:00Z", "America/New_York", 25),
    ],
)
async def test_a_week(tmp_path: Path, begins: str, zone: str, hours: int) -> None:
    async with week(tmp_path, begins, zone) as on:
        house, receivers = on.house, on.receivers
        flip = start(begins) + 5 * DAY
        async with house.running():
            await on.begin()
            announced = show(start(begins) - HOUR)
            coming = issued(show(flip), "coming", SDN, announced=announced)
            await house.record(coming | {"subject": "umbrella"})
            await on.record()
            receivers["flaky"].handler = answering(500)
            receivers["hanging"].handler = on.hang
            receivers["gone"].handler = answering(410)
            await on.days(1)
            secret = await house.desk.rotate(on.ids["digest"])
            on.secrets["digest"].insert(0, secret)
        async with house.running():
            await on.days(2)
            receivers["flaky"].handler = fine
        house.clock.advance(DAY + HOUR)
        async with house.running():
            await on.days(2)
            await house.to(house.clock.now + DAY)
            told = [one.change for one in house.projected.changes(limit=10_000)]
            await check(on, [one.id for one in told if one.kind != "noted"], hours, flip)


async def check(on: Week, told: list[str], hours: int, flip: Instant) -> None:
    """Everything, at least once, in order, and visibly."""
    for name in ("plain", "flaky", "hanging", "quiet"):
        posts = list(distinct(on.receivers[name].posts).values())
        changes = [one.message["data"].get("change") for one in posts]
        assert Counter(one for one in changes if one) == Counter(told), name
        numbers: dict[str | None, list[int]] = {}
        for one in posts:
            company = one.message["data"].get("company")
            numbers.setdefault(company, []).append(one.message["n"])
        assert all(some == list(range(1, len(some) + 1)) for some in numbers.values()), name
        seen = await on.house.deliveries(on.ids[name])
        assert {one["state"] for one in seen} == {"delivered"}
        assert {one["delivery"] for one in seen} == set(distinct(on.receivers[name].posts))
        attempts = sum(one["attempts_count"] for one in seen)
        assert attempts >= len(on.receivers[name].posts), name
    await check_the_digests(on, told, hours)
    check_the_quiet(on)
    check_what_time_brought(on, flip)
    gone = await on.house.desk.subscription(on.ids["gone"])
    assert gone["state"] == "disabled"
    assert "410" in gone["disabled"]
    assert len(on.receivers["hanging"].posts) >= len(distinct(on.receivers["hanging"].posts)) + 3
    errors = [
        attempt["error"]
        for one in await on.house.deliveries(on.ids["flaky"])
        for attempt in one["attempts"]
        if attempt["outcome"] == "failed"
    ]
    assert errors
    assert all("500" in error for error in errors)


async def check_the_digests(on: Week, told: list[str], hours: int) -> None:
    """Every change in one of them; the windows follow each other, one of them longer or shorter;
    signed with the new key, and for a day with the old one as well."""
    posts = list(distinct(on.receivers["digest"].posts).values())
    found = [
        one["change"]
        for post in posts
        for one in (*post.message["data"]["changes"], *post.message["data"]["corrections"])
    ]
    assert Counter(found) == Counter(told)
    assert [one.message["n"] for one in posts] == list(range(1, len(posts) + 1))
    windows = [one.message["data"]["window"] for one in posts]
    ends = [start(one["to"]) for one in windows]
    assert all(start(later["from"]) >= start(one["to"]) for one, later in pairwise(windows))
    lengths = [(start(one["to"]) - start(one["from"])) // HOUR for one in windows[1:]]
    assert Counter(lengths) == {24: len(lengths) - 1, hours: 1}
    assert ends == sorted(ends)
    keys = [len(one.headers["webhook-signature"].split()) for one in posts]
    assert keys[0] == 1
    assert 2 in keys
    new = on.secrets["digest"][0]
    for post in posts[1:]:
        ident, at = post.headers["webhook-id"], post.headers["webhook-timestamp"]
        signed = f"{ident}.{at}.".encode() + post.body
        secret = b64decode(new.removeprefix("whsec_"))
        mac = b64encode(hmac.new(secret, signed, sha256).digest()).decode()
        assert f"v1,{mac}" in post.headers["webhook-signature"].split()


def check_the_quiet(on: Week) -> None:
    """Nothing at night."""
    quiet = Quiet.model_validate(on.night)
    times = [int(one.headers["webhook-timestamp"]) * SECOND for one in on.receivers["quiet"].posts]
    assert [show(one) for one in times if until(quiet, one) is not None] == []


def check_what_time_brought(on: Week, flip: Instant) -> None:
    """One reminder, and heartbeats while somebody was there."""
    messages = [post.message for post in distinct(on.receivers["plain"].posts).values()]
    reminders = [one["data"] for one in messages if one["type"] == "standing.reminder"]
    assert [(one["company"], start(one["at"])) for one in reminders] == [("umbrella", flip)]
    beats = [start(one["data"]["at"]) for one in messages if one["type"] == "standing.heartbeat"]
    assert beats == sorted(set(beats))
    gaps = Counter((b - a) // HOUR for a, b in pairwise(beats))
    assert gaps.keys() <= {6, 24, 30}
    assert max(beats) < NEVER
