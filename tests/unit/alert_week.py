"""A week of alerts on a clock that the tests hold: who is told, what is recorded, what fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from events.dates import DAY, Instant, show, start
from tests.contract.alert_twins import Post, Receiver, answering, fine, receiving
from tests.kafka.alerting import distinct
from tests.unit.making import issued, retracted
from tests.unit.timed_house import TimedHouse

Json = dict[str, Any]
SDN, DPL = "us-ofac-sdn", "us-bis-dpl"
TOLD = ("plain", "flaky", "hanging", "gone", "dead", "quiet")
"""Who is told of each change by itself."""
NAMES = (*TOLD, "digest", "pager")
COMPANIES = ("acme", "globex", "initech")
OWNER = "desk-a"
_HANGING_S = 5.0
"""What is waited for who hangs; others are answered within that on a busy machine, too."""
HOUR = DAY // 24


@dataclass
class Week:
    """Who is told, and what was recorded."""

    house: TimedHouse
    begins: Instant
    zone: str
    receivers: dict[str, Receiver]
    ids: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    rotated: dict[str, Instant] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    """The ids of all changes, in the order in which they were told."""
    hangs: int = 3
    recorded: int = 0

    @property
    def night(self) -> Json:
        return {"time_zone": self.zone, "from": "22:00", "to": "07:00"}

    @property
    def flip(self) -> Instant:
        """When a designation takes effect that is announced at the beginning."""
        return self.begins + 5 * DAY

    def posts(self, name: str) -> list[Post]:
        """What a receiver has that drops repeats, in the order in which it came."""
        return list(distinct(self.receivers[name].posts).values())

    async def pass_by(self) -> None:
        """All of it: three lives of one process, the second time away for more than a day."""
        house = self.house
        async with house.running():
            await self._begin()
            await self._record()
            await self._days(1)
            await self._rotate("digest", "flaky")
        async with house.running():
            await self._days(2)
            self.receivers["flaky"].handler = fine
        house.clock.advance(DAY + HOUR)
        async with house.running():
            await self._days(2)
            await self._enable("gone", "dead")
            await house.to(house.clock.now + DAY)
            await self.receivers["pager"].count(3)
            changes = house.projected.changes(limit=10_000)
            self.told = [one.change.id for one in changes if one.change.kind != "noted"]

    async def _begin(self) -> None:
        """Everybody subscribes, and some of them fail from then on."""
        digest = {"time_zone": self.zone, "at": "08:00"}
        await self._subscribe("pager", filter={"companies": []})
        away: Json = {"notify": self.ids["pager"]}
        await self._subscribe("plain", remind=["P3D"], heartbeat="PT6H")
        await self._subscribe("digest", cadence="daily", digest=digest)
        await self._subscribe("quiet", quiet=self.night)
        for name, more in (("flaky", {}), ("hanging", {}), ("gone", away), ("dead", away)):
            await self._subscribe(name, **more)
        self.receivers["flaky"].handler = answering(500)
        self.receivers["hanging"].handler = self._hang
        self.receivers["gone"].handler = answering(410)
        self.receivers["dead"].handler = answering(503)
        announced = show(self.begins - HOUR)
        coming = issued(show(self.flip), "coming", SDN, announced=announced)
        await self.house.record(coming | {"subject": "umbrella"})

    async def _subscribe(self, name: str, **asked: Any) -> None:
        url = self.receivers[name].url
        ident, secret = await self.house.subscribe(url, owner=OWNER, **asked)
        self.ids[name], self.secrets[name] = ident, [secret]

    async def _rotate(self, *names: str) -> None:
        for name in names:
            self.secrets[name].insert(0, await self.house.desk.rotate(self.ids[name]))
            self.rotated[name] = self.house.clock.now

    async def _enable(self, *names: str) -> None:
        for name in names:
            shown = await self.house.desk.subscription(self.ids[name])
            assert shown["state"] == "disabled", name
            self.receivers[name].handler = fine
            await self.house.desk.enable(self.ids[name])

    async def _record(self) -> None:
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

    async def _days(self, number: int) -> None:
        """By day and by night something is recorded."""
        for _ in range(number):
            for _ in range(2):
                await self.house.to(self.house.clock.now + 12 * HOUR)
                await self._record()

    async def _hang(self, _: web.Request) -> web.StreamResponse:
        self.hangs -= 1
        if self.hangs >= 0:
            await asyncio.Event().wait()
        return await fine(_)


@asynccontextmanager
async def week(folder: Path, begins: str, zone: str) -> AsyncIterator[Week]:
    async with AsyncExitStack() as stack:
        receivers = {name: await stack.enter_async_context(receiving()) for name in NAMES}
        yield Week(TimedHouse(folder, begins, _HANGING_S), start(begins), zone, receivers)
