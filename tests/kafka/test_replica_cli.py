"""The command line over a replica: it is filled up to the end, then answers as embedded."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.kafka.topics import EVENTS
from service.compose import shipped_history
from tests.kafka.house import House
from tests.kafka.logs import producer
from tests.kafka.replicas import caught_up, replica
from tests.unit.conftest import Cli
from tests.unit.making import CCMC, ENTITY, issued, retracted
from tests.unit.serving import described
from tests.unit.test_population import POISON, merged

MERGED = (
    issued("2021-01-14", "i", ENTITY) | {"subject": "acme"},
    merged("acme", "globex", "m1"),
    merged("globex", "initech", "m2"),
    issued("2021-02-01", "late", CCMC) | {"subject": "acme"},
    issued("2021-02-01", "other", CCMC) | {"subject": "hooli"},
    merged("hooli", "umbrella", "m3"),
    retracted("m3", "t") | {"subject": "hooli"},
)


@pytest.fixture
def kafka_cli(cli: Cli, house: House) -> Cli:
    cli.set("STANDING_KAFKA", house.servers)
    return cli


def test_the_commands_that_ask(kafka_cli: Cli) -> None:
    """Each fills the file first."""
    assert kafka_cli.record(*(one.raw for one in shipped_history())).code == 0
    told = kafka_cli("status", "xiaomi", "--as-of", "2021-02-01", "--json")
    assert told.code == 0, told.err
    assert told.json["status"] == "designated"
    assert kafka_cli("status", "xiaomi", "--as-of", "2021-02-01").code == 0
    assert kafka_cli("history", "xiaomi", "--json").json["company"] == "xiaomi"
    assert [one["company"] for one in kafka_cli("search", "小米", "--json").json["companies"]] == [
        "xiaomi"
    ]
    rows = kafka_cli("replay", "--as-of", "2021-02-01").out.splitlines()
    assert len(rows) > 50
    assert kafka_cli("changes").code == 0
    verified = kafka_cli("verify", "--json")
    assert verified.code == 0, verified.out
    assert verified.json["compared"] > 100
    rebuilt = kafka_cli("rebuild", "--replica", "--json")
    assert rebuilt.json["companies"] >= len(rows)
    assert kafka_cli("verify").code == 0
    unknown = kafka_cli("status", "xiaomy")
    assert unknown.code == 1
    assert "did you mean xiaomi" in unknown.err
    checks: dict[str, Any] = {
        one["check"]: one for one in kafka_cli("doctor", "--json").json["checks"]
    }
    assert checks["replica"]["ok"]
    assert checks["replica"]["found"].startswith("3 partitions, at 0:")


def test_holdings_are_screened_and_questions_decided(kafka_cli: Cli, tmp_path: Path) -> None:
    """Over companies of several partitions: what was decided is read from the log."""
    names = ("sokol", "falcon", "amber", "jade")
    for one in names:
        listed = issued("2021-01-14", None, subject=one)
        kafka_cli.record(described(one, name="Sokol Aviation OOO"), listed)
    path = tmp_path / "holdings.csv"
    path.write_text("name\nSokol Aviation\n")
    rows = [orjson.loads(one) for one in kafka_cli("screen", path).out.splitlines()]
    assert {one["company"] for one in rows} == set(names)
    assert {one["status"] for one in rows} == {"designated"}
    questions = kafka_cli("review", "--json").json["questions"]
    assert len(questions) == 6
    by = ("--why", "another register number", "--by", "j.doe")
    done = kafka_cli("review", "refuse", questions[0]["id"], *by)
    assert done.code == 0, done.err
    assert kafka_cli("review", "--json").json["count"] == 5
    assert kafka_cli("review", "accept", questions[1]["id"], *by).code == 0
    assert kafka_cli("review", "undo", questions[0]["id"], *by).code == 0
    assert kafka_cli("review", "--json").json["count"] == 3


def test_a_poison_event_parks_its_company_alone(kafka_cli: Cli, house: House) -> None:
    async def write() -> None:
        await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "globex"})
        async with producer(house.servers) as theirs:
            poison = POISON | {"subject": "acme", "id": "bad", "specversion": "1.0"}
            await theirs.send_and_wait(EVENTS.name, orjson.dumps(poison), b"acme")
            await theirs.send_and_wait(EVENTS.name, b"oops", b"globex")

    asyncio.run(write())
    assert kafka_cli("status", "globex", "--as-of", "2021-02-01", "--json").json["status"] == (
        "designated"
    )
    parked = kafka_cli("status", "acme")
    assert parked.code == 1
    assert "parked" in parked.err
    doctor = kafka_cli("doctor", "--json")
    (found,) = [one for one in doctor.json["checks"] if one["check"] == "parked"]
    assert not found["ok"]


async def test_beside_a_replica_that_serves_its_files_are_read(
    kafka_cli: Cli, house: House
) -> None:
    await house.record(issued("2021-01-14", "i", CCMC) | {"subject": "acme"})
    async with replica(house, kafka_cli.home) as api:
        await caught_up(house, api)
        await house.record(issued("2021-01-14", "j", CCMC) | {"subject": "globex"})
        for company in ("acme", "globex"):
            done = await asyncio.to_thread(
                kafka_cli, "status", company, "--as-of", "2021-02-01", "--json"
            )
            assert done.json["status"] == "designated", done.err
        taken = await asyncio.to_thread(kafka_cli, "rebuild", "--replica")
        assert taken.code == 1
        assert "projects here" in taken.err


async def test_moving_house_to_kafka_and_back(
    cli: Cli, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same ids, origin times and statuses, also of companies merged across partitions."""

    def in_order(*arguments: str | Path) -> Any:
        return asyncio.to_thread(cli, *arguments)

    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    history = [one.raw for one in shipped_history()]
    assert (await asyncio.to_thread(cli.record, *history, *MERGED)).code == 0
    assert (await in_order("export", "-o", first)).code == 0
    embedded = cli.home
    cli.set("STANDING_KAFKA", house.servers)
    cli.set("STANDING_HOME", str(tmp_path / "moved"))
    async with house.working(tmp_path / "worker"):
        assert (await in_order("record", first)).code == 0
        assert await house.folded() == []
        for other in (first, embedded):
            done = await in_order("verify", other, "--json")
            assert done.code == 0, done.out + done.err
            assert done.json["companies"] > 50
        assert (await in_order("export", "-o", second)).code == 0
    monkeypatch.delenv("STANDING_KAFKA")
    cli.set("STANDING_HOME", str(tmp_path / "back"))
    assert (await in_order("record", second)).code == 0
    for other in (first, second, embedded):
        done = await in_order("verify", other, "--json")
        assert done.code == 0, done.out + done.err
    more = issued("2024-01-14", "more", CCMC) | {"subject": "acme"}
    assert (await asyncio.to_thread(cli.record, more)).code == 0
    done = await in_order("verify", first)
    assert done.code == 1
    assert "acme: event more: only here" in done.out
    assert "globex: initech designated (" in done.out
