"""Every role at once: those who fold, those who deliver and those who answer are killed, while
events are recorded. Receivers were told of everything, and replicas answer what the topic says."""

import asyncio
import re
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from events.kafka.topics import CHANGES, STATUS
from tests.chaos.kafka.plan import LONG, figures
from tests.chaos.kafka.processes import PATIENCE_S, ROLES, Process, Troop
from tests.chaos.kafka.receivers import ALERTING, fronting, wrongly_told
from tests.chaos.kafka.recorder import Recorder
from tests.chaos.kafka.verdict import verdict
from tests.contract.alert_twins import Receiver, asked, receiving
from tests.kafka.house import House

KILLS = 30 if LONG else 2
"""Of each role."""
KINDS = ["changed", "corrected"]
SETTINGS = {**ALERTING, "STANDING_PORT": "0"}
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
pytestmark = pytest.mark.timeout(3_600)


async def test_all_of_it_killed_again_and_again(
    house: House, troop: Troop, tmp_path: Path, seed: int
) -> None:
    random = Random(f"{seed} roles")  # noqa: S311  no secret
    recorder = Recorder(house, seed)
    async with receiving() as receiver:
        async with fronting(house, tmp_path / "desk.db") as front:
            await front.subscribe(asked(receiver.url, filter={"kinds": KINDS}, start="beginning"))
        async with recorder.recording():
            await recorder.poison()
            await asyncio.gather(*(_killed(troop, role, random) for role in ROLES))
        running = {role: await troop.start(role, **SETTINGS) for role in ROLES}
        assert await verdict(house) == [], f"seed {seed}"
        assert await _told(house, receiver) == [], f"seed {seed}"
        assert await _answered(house, running["replica"]) == [], f"seed {seed}"
        figures.append(
            f"{KILLS * len(ROLES)} kills of every role while {recorder.recorded} events were "
            f"recorded; {len(receiver.posts)} webhooks, of which "
            f"{len(receiver.posts) - len({one.headers['webhook-id'] for one in receiver.posts})} "
            "were repeats"
        )


async def _killed(troop: Troop, role: str, random: Random) -> None:
    for _ in range(KILLS):
        process = await troop.frail(role, **SETTINGS)
        if random.random() < 0.8:
            await process.until(lambda one: len(one.told) > 1)
        await asyncio.wait([process.ended], timeout=random.uniform(0, 6))
        assert process.alive, process.told
        await process.kill()


async def _told(house: House, receiver: Receiver) -> list[str]:
    """What is wrong with what the receiver was told, when that gets no better. The changes are read
    anew each time: a flip may fall due after the last event was recorded."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + PATIENCE_S
    while True:
        changes = [one.value for one in await house.read(CHANGES) if one.value]
        wanted = [one for one in changes if one["kind"] in KINDS]
        found = wrongly_told(receiver.posts, wanted)
        if not found or loop.time() > give_up:
            return found


async def _answered(house: House, replica: Process) -> list[str]:
    """Where the replica says otherwise than the topic."""
    await replica.until(lambda one: any(map(_ADDRESS.search, one.told)))
    (url, *_) = (found[0] for line in replica.told if (found := _ADDRESS.search(line)))
    async with aiohttp.ClientSession(url) as session, asyncio.timeout(2 * PATIENCE_S):
        while (await session.get("/readyz")).status != 200:
            """It fills its file."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + PATIENCE_S
        # A replica tells what is due by now; the topic, when the alarm has rung.
        while (wrong := await _otherwise(house, session)) and loop.time() < give_up:
            """Both come to rest."""
    return wrong


async def _otherwise(house: House, session: aiohttp.ClientSession) -> list[str]:
    latest = {one.key: one.value for one in await house.read(STATUS)}
    wrong: list[str] = []
    for company, value in latest.items():
        if value is not None and "status" in value:
            async with session.get(f"/v1/companies/{company}/status") as answer:
                said: dict[str, Any] = await answer.json()
            if said.get("status") != value["status"]:
                wrong.append(f"{company}: {said.get('status')} for {value['status']}")
    return wrong
