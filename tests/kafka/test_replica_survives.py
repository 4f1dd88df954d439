"""A replica whose broker goes, which is killed itself, or whose topic is made anew."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from events.errors import StoreError
from events.log import Position
from service.broker.cluster import running
from service.following_kafka import FollowingKafka
from service.presence import Recreated
from tests.kafka.house import PATIENCE_S, House, furnished
from tests.kafka.interrupted_replica import MIDDLE
from tests.kafka.replicas import caught_up, replica
from tests.unit.making import CCMC, ENTITY, issued
from tests.unit.serving import Api, problem

AS_OF = "2021-02-01"
ROOT = Path(__file__).parents[2]


async def _ready(api: Api) -> dict[str, object]:
    answer = await api.client.get("/readyz")
    found: dict[str, object] = answer.json()
    return found | {"code": answer.status_code}


async def _until(api: Api, key: str, *, there: bool) -> dict[str, object]:
    async with asyncio.timeout(PATIENCE_S):
        while bool((found := await _ready(api))[key]) is not there:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    return found


async def test_a_broker_that_goes_and_comes_back(tmp_path: Path) -> None:
    """It goes on telling what it has read, says that this may be old, and takes it up again."""
    home = tmp_path / "home"
    with running(tmp_path / "data") as cluster:
        port = int(cluster.bootstrap.rpartition(":")[2])
        house = await furnished(cluster.bootstrap, 3)
        await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "acme"})
        async with replica(house, home) as api:
            await caught_up(house, api)
            os.kill(cluster.brokers[0].pid, signal.SIGKILL)
            found = await _until(api, "stale", there=True)
            assert found["code"] == 200
            assert (await api.status("acme", as_of=AS_OF))["status"] == "designated"
    async with replica(house, home) as api:
        """Started without a broker."""
        assert (await api.status("acme", as_of=AS_OF))["status"] == "designated"
        found = await _until(api, "stale", there=True)
        assert not found["caught_up"]
        answer = await api.client.post("/v1/events", json=issued("2021-01-14", "j", CCMC))
        problem(answer, 503)
        with running(tmp_path / "data", port=port):
            await _until(api, "caught_up", there=True)
            await _until(api, "stale", there=False)
            (receipt,) = await api.record(issued("2021-01-14", "k", CCMC) | {"subject": "globex"})
            assert receipt["outcome"] == "recorded"
            assert (await api.status("globex", as_of=AS_OF))["status"] == "designated"


async def test_without_a_broker_and_with_nothing_read_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Connect call failed"):
        async with replica(House("127.0.0.1:1", 3), tmp_path):
            """Never."""


async def test_killed_in_the_middle_of_a_cold_start(house: House, tmp_path: Path) -> None:
    """What it had read is kept, and it goes on from there to the same answers."""
    many = [
        issued("2021-01-14", f"i{number}", ENTITY) | {"subject": f"c{number % 300}"}
        for number in range(3_000)
    ]
    await house.record(*many)
    home = tmp_path / "killed"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.kafka.interrupted_replica"),
        cwd=ROOT,
        env={
            **os.environ,
            "STANDING_HOME": str(home),
            "STANDING_KAFKA": house.servers,
        },
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        while MIDDLE not in (line := (await process.stdout.readline()).decode()):
            assert line
    finally:
        process.kill()
        await process.wait()
    held = _held(home)
    assert 0 < sum(held) < len(many)
    async with replica(house, home) as one, replica(house, tmp_path / "other") as other:
        ends = await caught_up(house, one)
        assert sum(_held(home)) == len(many)
        for number in range(0, 300, 10):
            answers = [
                await api.status(f"c{number}", as_of=AS_OF, at_least=ends) for api in (one, other)
            ]
            assert answers[0] == answers[1]
            assert len(answers[0]["lists"][0]["anomalies"]) == 9
        texts = [(await api.client.get(f"/v1/status?as_of={AS_OF}")).text for api in (one, other)]
        assert texts[0] == texts[1]
        assert len(texts[0].splitlines()) == 300


def _held(home: Path) -> list[int]:
    found = []
    for path in sorted(home.glob("replica/*/log.db")):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            try:
                found.append(int(db.execute("SELECT count(*) FROM events").fetchone()[0]))
            except sqlite3.OperationalError:
                found.append(0)
    return found


async def test_a_topic_that_was_made_anew_is_never_mixed_with_the_old(
    house: House, tmp_path: Path
) -> None:
    """While it runs, it ends; then it begins anew."""
    event = issued("2021-01-14", "i", CCMC)
    await house.record(event | {"subject": "acme"}, event | {"subject": "globex", "id": "j"})
    again = await _made_anew(house, tmp_path)
    await again.record(event | {"subject": "initech"})
    async with replica(again, tmp_path) as api:
        ends = await caught_up(again, api)
        found = await api.status("initech", as_of=AS_OF, at_least=ends)
        assert found["status"] == "designated"
        answer = await api.client.get("/v1/companies/acme/status")
        assert answer.status_code == 404
        assert api.service.store.row("globex") is None


async def _made_anew(house: House, home: Path) -> House:
    """While a replica runs, which ends for that."""
    try:
        async with replica(house, home) as api:
            await caught_up(house, api)
            again = asyncio.create_task(furnished(house.servers, 3))
            await asyncio.Event().wait()
    except Recreated as error:
        assert "was made anew" in str(error)  # noqa: PT017 - it is raised by the block's end
    return await again


@contextmanager
def _held_up(api: Api) -> Iterator[None]:
    """Nothing of what a replica reads is kept until the block ends."""
    following, go_on = api.service.following, Event()
    assert isinstance(following, FollowingKafka)
    following._thread.submit(go_on.wait)  # noqa: SLF001 - what keeps it has something else to do
    try:
        yield
    finally:
        go_on.set()


async def test_nothing_is_answered_before_all_was_read_once(house: House, tmp_path: Path) -> None:
    """What could be said of a company whose removal was not read yet would be wrong."""
    await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "acme"})
    async with replica(house, tmp_path) as api:
        with _held_up(api):
            assert api.service.following.filling is not None
            for path in ("companies/acme/status", "companies?q=a", "status", "changes", "events"):
                problem(await api.client.get(f"/v1/{path}"), 503)
            assert (await _ready(api))["code"] == 503
        await api.service.reached(Position())
        assert (await _ready(api))["code"] == 200
        assert (await api.status("acme", as_of=AS_OF))["status"] == "designated"
        text = (await api.client.get("/metrics")).text
        for partition in range(3):
            assert f'standing_projection_lag{{partition="{partition}"}} 0.0' in text
