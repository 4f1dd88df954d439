"""`record`, `export` and `doctor` over a real Kafka."""

import asyncio
import json

import orjson

from events.kafka.connection import Connection
from events.kafka.topics import EVENTS
from tests.kafka.logs import decided, producer
from tests.unit.conftest import Cli, lines
from tests.unit.making import issued, removed


def test_events_go_to_kafka_and_come_back(cli: Cli, bare: str) -> None:
    """Recorded, exported, and recorded in an embedded log: there they are compared."""
    cli.set("STANDING_KAFKA", bare)
    missing = cli.record(issued("2021", "a"))
    assert missing.code == 1
    assert "`standing topics apply` makes it" in missing.err
    assert cli("doctor").code == 1
    assert cli("topics", "apply", "--partitions", "3", "--replication", "1").code == 0

    sent = [issued("2021", "a"), {**issued("2021", "b"), "subject": "other"}, removed("2022", "c")]
    done = cli.record(*sent, issued("2021", "a"), issued("2020", "a"), {"type": "nonsense"})
    assert done.code == 1  # for the nonsense alone
    assert "<stdin>:6: type: unknown type" in done.err
    assert "recorded 5, duplicate 0, rejected 1" in done.out
    counted = cli("record", "--json", "--atomic", "-", stdin=orjson.dumps(removed("2023", "d")))
    assert (counted.code, counted.json["recorded"]) == (0, 1)
    position = counted.json["position"]
    asyncio.run(decided(Connection(bare), EVENTS.name, 3))
    none = cli("record", "--atomic", "-", stdin=lines([removed("2024", "e"), {"type": "nonsense"}]))
    assert (none.code, "recorded 0" in none.out) == (1, True)

    checks = {one["check"]: one for one in cli("doctor", "--json").json["checks"]}
    assert checks["kafka"]["ok"]
    assert checks["kafka"]["found"] == f"standing.events.v1 ends at {position}"

    exported = cli("export")
    assert exported.code == 0
    told = [json.loads(line) for line in exported.out.splitlines()]
    assert sorted(one["id"] for one in told) == ["a", "a", "a", "b", "c", "d"]
    assert all("origintime" in one for one in told)

    cli.set("STANDING_KAFKA", "")
    done = cli("record", "-", stdin=exported.out.encode())
    assert "recorded 4, duplicate 1, rejected 1" in done.out
    assert "stands at 0:" in done.err


def test_an_export_tells_what_it_leaves_out(cli: Cli, bare: str) -> None:
    """With its place."""
    cli.set("STANDING_KAFKA", bare)
    cli("topics", "apply")

    async def write() -> str:
        async with producer(bare) as theirs:
            sent = await theirs.send_and_wait(EVENTS.name, b"oops", b"acme")
        return f"{sent.partition}:{sent.offset}"

    place = asyncio.run(write())
    done = cli("export")
    assert done.code == 0
    assert f"{place}: no event: the value is no JSON" in done.err
