"""The brokers of the compose files, as they are told there, run; only where they listen differs."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from service.broker.ports import any_free
from service.broker.serving import until_serving
from tests.kafka.java import java
from tests.unit.composing import composed
from tests.unit.conftest import Cli
from tests.unit.making import issued

_OF_THE_IMAGE = {"KAFKA_HEAP_OPTS"}
"""What its scripts make of a variable is no setting of the broker."""
_SMALL = {"offsets.topic.num.partitions": 4, "transaction.state.log.num.partitions": 4}
"""What these tests add: less to make, on a small machine."""


def told(files: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """The environment of each broker, with the files merged as compose merges them."""
    services = [composed(name)["services"] for name in files]
    found: dict[str, dict[str, str]] = {}
    for name in sorted({one for each in services for one in each if one.startswith("kafka-")}):
        # Those that a later file adds extend the first.
        merged = dict(services[0]["kafka-1"]["environment"])
        for each in services:
            merged |= each.get(name, {}).get("environment", {})
        found[name] = {key: str(value) for key, value in merged.items()}
    return found


@contextmanager
def brokers(folder: Path, environments: dict[str, dict[str, str]]) -> Iterator[str]:
    """Run them; the addresses for programs on this machine."""
    wanted = sorted(
        {one for each in environments.values() for one in re.findall(r"kafka-\d:\d+", str(each))}
    )
    moved = dict(zip(wanted, any_free(len(wanted)), strict=True))
    outside = dict(zip(environments, any_free(len(environments)), strict=True))
    with ExitStack() as stack:
        for name, environment in environments.items():
            own = folder / name
            own.mkdir()
            settings = {
                key.removeprefix("KAFKA_").lower().replace("_", "."): value
                for key, value in environment.items()
                if key.startswith("KAFKA_") and key not in _OF_THE_IMAGE
            }
            settings = {key: _here(value, name, moved, outside) for key, value in settings.items()}
            settings |= _SMALL | {"log.dirs": own / "data"}
            written = own / "server.properties"
            written.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
            log = stack.enter_context((own / "broker.log").open("wb"))
            tool = ("kafka.tools.StorageTool", "format", "-t", environment["CLUSTER_ID"])
            subprocess.run([*java(), *tool, "-c", written], check=True, stdout=log, stderr=log)
            broker = subprocess.Popen([*java(), "kafka.Kafka", written], stdout=log, stderr=log)
            stack.enter_context(broker)
            stack.callback(broker.kill)
        addresses = [f"127.0.0.1:{port}" for port in outside.values()]
        for address in addresses:
            asyncio.run(until_serving(address, len(addresses)))
        yield ",".join(addresses)


def _here(text: str, name: str, moved: dict[str, int], outside: dict[str, int]) -> str:
    """The same with the ports that are free here, all of them on this machine."""
    listening = re.sub(r"://:(909\d)", rf"://{name}:\1", text)
    for address, port in moved.items():
        listening = re.sub(rf"{address}\b", f"127.0.0.1:{port}", listening)
    return re.sub(r"MACHINE://[\d.]*:\d+", f"MACHINE://127.0.0.1:{outside[name]}", listening)


@pytest.mark.parametrize(
    ("files", "count"),
    [(("compose.yaml",), 1), (("compose.yaml", "compose.three.yaml"), 3)],
    ids=["one", "three"],
)
def test_standing_runs_over_the_brokers_of_compose(
    cli: Cli, tmp_path: Path, files: tuple[str, ...], count: int
) -> None:
    """The topics are made with as many copies as there are brokers, and an event comes back."""
    environments = told(files)
    assert len(environments) == count
    with brokers(tmp_path, environments) as servers:
        cli.set("STANDING_KAFKA", servers)
        made = cli("topics", "apply")
        assert made.code == 0, made.err
        assert f"6 partitions, {count} copies" in made.out
        assert cli("topics", "diff").code == 0
        assert cli.record(issued("2021", "a")).code == 0
        assert '"id":"a"' in cli("export").out
