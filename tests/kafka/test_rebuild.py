"""What workers published, folded again beside them and put right."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.kafka.fenced import FencedWriter
from events.kafka.packing import Outgoing, packed
from events.kafka.partitioner import partition_of
from events.kafka.topics import CHANGES, STATUS
from events.lists import Registry
from projections.handover import Renewed
from projections.rebuilding import places, rebuild_published
from projections.worker import GROUP
from tests.bench.harness import descendants
from tests.kafka.ending import ended
from tests.kafka.filling import filled
from tests.kafka.house import House, Told, until
from tests.kafka.logs import producer
from tests.unit.conftest import Cli
from tests.unit.making import CCMC, ENTITY, REGISTRY, issued, removed


async def _settled(house: House) -> None:
    """Wait until everything of it is published, and more behind that: what a partition's latest
    status tells of is how far it was published."""
    assert await house.folded() == []
    last = {partition_of(f"last-{one}", house.partitions): f"last-{one}" for one in range(30)}
    for one in last.values():
        await house.record(issued("2021-01-14", one, CCMC) | {"subject": one})
    assert await house.folded() == []


async def _rebuilt(
    house: House, folder: Path, registry: Registry = REGISTRY, **options: Any
) -> list[Renewed]:
    wheres = places(house.connection, house.partitions, GROUP, folder / "rebuild", 30)
    found = await rebuild_published(wheres, registry, **options)
    await house.decided(STATUS, CHANGES)
    return found


async def _say(house: House, key: str, value: bytes | None, like: Told | None = None) -> None:
    """Have the status topic say something of a company, behind the worker's back."""
    headers = () if like is None else like.headers
    partition = partition_of(key, house.partitions)
    said = Outgoing(STATUS.name, partition, key.encode(), value, headers)
    async with FencedWriter(house.connection, f"{GROUP}-{partition}", 30) as writer:
        await writer.write(packed([said]))
    await house.decided(STATUS)


async def test_what_is_published_right_is_left_alone(house: House, tmp_path: Path) -> None:
    """Nothing is written, and the worker is not shut out."""
    await filled(house)
    async with house.working(tmp_path):
        await _settled(house)
        before = await house.read(STATUS)
        told: list[str] = []
        found = await _rebuilt(house, tmp_path, tell=told.append)
    assert [one.statuses for one in found] == [0, 0, 0]
    latest = {one.key: one.value for one in before}
    assert sum(one.companies for one in found) == sum(one is not None for one in latest.values())
    assert len(await house.read(STATUS)) == len(before)
    assert not any("taken over" in one for one in told)


async def test_where_nothing_was_published_it_is_left_to_a_worker(
    house: House, tmp_path: Path
) -> None:
    await filled(house)
    found = await _rebuilt(house, tmp_path)
    assert [one.position for one in found] == [None, None, None]
    assert await house.read(STATUS) == []


async def test_false_lost_and_invented_statuses_are_put_right(house: House, tmp_path: Path) -> None:
    """Under the sequences that were told, and with no change."""
    await filled(house)
    async with house.working(tmp_path):
        await _settled(house)
    latest = {one.key: one for one in await house.read(STATUS)}
    changes = await house.read(CHANGES)
    false = orjson.dumps({**(latest["xiaomi"].value or {}), "status": "enjoined"})
    await _say(house, "xiaomi", false, latest["xiaomi"])
    await _say(house, "huawei", None)
    await _say(house, "initech", None)
    await _say(house, "stark", None)
    await _say(house, "luokung", b"{}")
    invented = orjson.dumps({**(latest["xiaomi"].value or {}), "company": "nobody"})
    await _say(house, "nobody", invented, latest["xiaomi"])
    assert await house.check() != []
    found = await _rebuilt(house, tmp_path, processes=1)
    assert sum(one.statuses for one in found) == 6
    assert {one.id for one in await house.read(CHANGES)} == {one.id for one in changes}
    gone = "nobody: a status of nobody"
    assert await house.check() == [gone]
    assert (await _latest(house))["nobody"] is None
    async with house.working(tmp_path):
        await house.record(removed("2021-05-25", "r", list_=CCMC) | {"subject": "acme"})
        assert await house.folded() == [gone]


@pytest.mark.parametrize("processes", [1, 3])
async def test_beside_a_worker_that_goes_on(house: House, tmp_path: Path, processes: int) -> None:
    """Nothing is told twice under another id, nothing is lost, whoever shuts out whom; also where
    a process has two partitions in hand at once."""
    await filled(house)
    told: list[str] = []
    async with house.working(tmp_path / "worker"):
        await _settled(house)
        await _falsified(house)
        rebuilding = _rebuilt(house, tmp_path, tell=told.append, processes=processes)
        rebuild = asyncio.create_task(rebuilding)
        number = 0
        while not rebuild.done():
            day = f"20{number % 80 + 10}-01-14"
            subjects = (f"new-{number % 7}", "xiaomi", "hooli", "initech")
            await house.record(
                *(issued(day, f"{one}-{number}", CCMC) | {"subject": one} for one in subjects)
            )
            number += 1
        assert sum(one.statuses for one in await rebuild) >= house.partitions
        await house.record(removed("2021-05-25", "r", list_=CCMC) | {"subject": "acme"})
        assert await house.folded() == []
    assert sum("taken over" in one for one in told) >= house.partitions


async def _falsified(house: House) -> None:
    """One status of each partition, as a producer that knows only Kafka may."""
    latest = {one.partition: one for one in await house.read(STATUS) if one.key[:5] == "last-"}
    assert len(latest) == house.partitions
    async with producer(house.servers) as theirs:
        for partition, one in latest.items():
            value = orjson.dumps({**(one.value or {}), "status": "enjoined"})
            headers = list(one.headers)
            await theirs.send_and_wait(
                STATUS.name, value, one.key.encode(), partition, headers=headers
            )


POINTS = ("read", "folded", "taken over", "publishing", "all sent")


class _Ended(Exception):
    pass


async def test_ended_it_has_changed_nothing_and_begins_anew(house: House, tmp_path: Path) -> None:
    """At each of its points; the worker goes on behind it."""
    await filled(house)
    async with house.working(tmp_path / "worker"):
        await _settled(house)
        await _falsified(house)
        for number, point in enumerate(POINTS):
            before = await _latest(house)

            def tell(text: str, point: str = point) -> None:
                if point in text:
                    raise _Ended

            with pytest.raises(_Ended):
                await _rebuilt(house, tmp_path, tell=tell)
            assert await _latest(house) == before
            await _goes_on(house, f"new-{number}")
        await _rebuilt(house, tmp_path)
        assert await house.folded() == []


async def test_killed_in_the_middle_of_its_transaction(house: House, tmp_path: Path) -> None:
    """With all its processes; nobody waits until the brokers give it up."""
    await filled(house)
    async with house.working(tmp_path / "worker"):
        await _settled(house)
        await _falsified(house)
        before = await _latest(house)
        await _killed(house, tmp_path, "all sent")
        assert await _latest(house) == before
        for number in range(9):
            await _goes_on(house, f"new-{number}")
        await _rebuilt(house, tmp_path)
        assert await house.folded() == []


async def _goes_on(house: House, company: str) -> None:
    """The worker publishes what is recorded."""
    event = issued("2021-01-14", f"of-{company}", ENTITY) | {"subject": company}
    (told,) = await house.record(event)
    await house.until(STATUS, lambda some: _reached(some, told.position))


async def _killed(house: House, folder: Path, point: str) -> None:
    """Begin a rebuild, and kill it where it says that it has come to that point."""
    command = ("-m", "tests.kafka.interrupted_rebuild", house.servers, str(folder), point)
    first = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE
    )
    assert first.stdout is not None
    while point not in (line := (await first.stdout.readline()).decode()):
        assert line
    helpers = descendants(first.pid)
    first.kill()
    await first.wait()
    assert all([await asyncio.to_thread(ended, one) for one in helpers])


def _reached(some: Sequence[Told], position: str | None) -> bool:
    return any((one.value or {}).get("position") == position for one in some)


async def test_what_other_rules_change_is_told_with_them_as_the_cause(
    house: House, tmp_path: Path
) -> None:
    """And nothing else; a worker with these rules finds nothing to do."""
    await filled(house)
    async with house.working(tmp_path / "one"):
        await _settled(house)
    before, statuses = await house.read(CHANGES), await _latest(house)
    other = _other()
    found = await _rebuilt(house, tmp_path, other)
    new = [one for one in await house.read(CHANGES) if one.id not in {one.id for one in before}]
    assert sum(one.changes for one in found) == len(new) > 0
    assert {(one.value or {})["cause"][0] for one in new} == {f"list:{ENTITY}@2"}
    assert {"hooli", "initech"} <= {one.key for one in new}
    latest = await _latest(house)
    for one in new:
        told = (statuses[one.key] or {})["sequence"], (latest[one.key] or {})["sequence"]
        assert told[0] < (one.value or {})["sequence"] <= told[1]
    published = len(await house.read(STATUS))
    assert sum(one.statuses for one in found) == sum(one is not None for one in latest.values())
    async with house.working(tmp_path / "two", other) as worker:
        await until(lambda: len(worker.working) == house.partitions)
    assert len(await house.read(STATUS)) == published


async def test_a_worker_with_other_rules_and_much_to_publish_rebuilds(
    house: House, tmp_path: Path
) -> None:
    """And then goes on."""
    await filled(house)
    async with house.working(tmp_path / "one"):
        await _settled(house)
    before = {one.id for one in await house.read(CHANGES)}
    told: list[str] = []
    async with house.working(tmp_path / "two", _other(), many=1, tell=told.append) as worker:
        await until(lambda: len(worker.working) == house.partitions)
    await house.decided(STATUS, CHANGES)
    assert sum("all sent" in one for one in told) == house.partitions
    new = [one for one in await house.read(CHANGES) if one.id not in before]
    assert {(one.value or {})["cause"][0] for one in new} == {f"list:{ENTITY}@2"}


def _other() -> Registry:
    """Other rules."""
    lists = {one.id: one for one in REGISTRY}
    lists[ENTITY] = replace(lists[ENTITY], version="2", rules=())
    return Registry(lists, "other")


async def _latest(house: House) -> dict[str, Any]:
    return {one.key: one.value for one in await house.read(STATUS)}


async def test_the_command(house: House, tmp_path: Path, cli: Cli) -> None:
    """Says what it has done, to people and to programs."""
    await filled(house)
    cli.set("STANDING_KAFKA", house.servers)
    early = await asyncio.to_thread(cli, "rebuild")
    assert early.code == 0, early.err
    assert "partition 2: nothing was published yet" in early.err
    async with house.working(tmp_path / "worker"):
        await _settled(house)
        await _falsified(house)
        done = await asyncio.to_thread(cli, "rebuild", "--json")
        assert done.code == 0, done.err
        assert done.json["statuses"] == house.partitions
        assert done.json["changes"] == 0
        assert done.json["unpublished"] == []
        assert done.json["position"].startswith("0:")
        again = await asyncio.to_thread(cli, "rebuild")
        assert "0 statuses published anew, 0 changes" in again.out
        assert await house.folded() == []
