"""The folder of a local Kafka, and its ports."""

import os
import socket
from pathlib import Path

import pytest

from events.errors import Refused, StandingError, StoreError
from service.broker.layout import Node, claimed, keep, keeper_of, made, write_properties
from service.broker.ports import any_free, consecutive
from tests.unit.conftest import Cli


def test_one_process_keeps_a_folder(tmp_path: Path) -> None:
    """Others see which; when it is gone, nobody does."""
    with claimed(tmp_path):
        assert keeper_of(tmp_path) == os.getpid()
        with pytest.raises(StandingError, match=r"runs from .* already"), claimed(tmp_path):
            pass
    assert keeper_of(tmp_path) is None
    with claimed(tmp_path):
        pass


def test_a_process_id_that_was_left_behind_is_nobody(tmp_path: Path) -> None:
    """Whoever has that number now is not ours to end."""
    (tmp_path / "kafka.pid").write_text(f"{os.getpid()}\n")
    assert keeper_of(tmp_path) is None
    with claimed(tmp_path):
        assert (tmp_path / "kafka.pid").read_text() == f"{os.getpid()}\n"


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    """Not even a lock is put into it."""
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(Refused, match="holds something else"), claimed(tmp_path):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """With its place."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file/data: "), claimed(tmp_path / "file" / "data"):
        pass


def test_data_belong_to_one_cluster(tmp_path: Path) -> None:
    """Of one size, which need not be said again."""
    new = made(tmp_path, 3)
    keep(tmp_path, new)
    assert made(tmp_path, None) == made(tmp_path, 3) == new
    with pytest.raises(Refused, match=r"--brokers: .* holds the data of 3"):
        made(tmp_path, 1)


def test_cluster_ids_are_never_taken_for_options(tmp_path: Path) -> None:
    """One in 64 would begin with a dash."""
    ids = {made(tmp_path, 1).cluster for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {len(one) for one in ids} == {22}
    assert not [one for one in ids if one.startswith("-")]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cluster": "a", "brokers": "many"}'])
def test_data_that_belong_to_nothing_known_are_told(tmp_path: Path, text: str) -> None:
    """They are not made new: somebody may want them back."""
    (tmp_path / "cluster.json").write_text(text)
    with pytest.raises(StoreError, match=r"cluster\.json cannot be read"):
        made(tmp_path, None)


def told(tmp_path: Path, brokers: int) -> dict[str, str]:
    """What the first broker of so many is told."""
    nodes = [Node(n, 9000 + n, 9100 + n, tmp_path / str(n)) for n in range(1, brokers + 1)]
    write_properties(nodes[0], nodes)
    lines = (tmp_path / "1" / "server.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_three_brokers_survive_the_loss_of_one(tmp_path: Path) -> None:
    """Every topic of Kafka's own too has three copies, two of which must have a record."""
    three = told(tmp_path, 3)
    assert {value for key, value in three.items() if "replication.factor" in key} == {"3"}
    assert {three["min.insync.replicas"], three["transaction.state.log.min.isr"]} == {"2"}
    assert three["controller.quorum.voters"] == "1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103"


def test_a_broker_is_reached_from_this_machine_alone(tmp_path: Path) -> None:
    """And makes no topic that nobody asked for."""
    one = told(tmp_path, 1)
    assert one["listeners"] == "BROKER://127.0.0.1:9001,CONTROLLER://127.0.0.1:9101"
    assert {value for key, value in one.items() if "replication.factor" in key} == {"1"}
    assert one["auto.create.topics.enable"] == "false"


def test_a_port_in_use_is_told() -> None:
    """Also the last of three."""
    (free,) = any_free(1)
    with socket.create_server(("127.0.0.1", free)):
        for first in (free, free - 2):
            with pytest.raises(Refused, match=f"--port: 127.0.0.1:{free} is in use"):
                consecutive(first, 3)
    with pytest.raises(Refused, match="no room"):
        consecutive(65_534, 3)


def test_free_ports_are_free() -> None:
    """And none is told twice."""
    ports = any_free(6)
    assert len(set(ports)) == 6
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_stopping_what_does_not_run_is_told(cli: Cli) -> None:
    """With the folder that was meant."""
    done = cli("kafka", "stop")
    assert done.code == 1
    assert done.err == f"standing: no Kafka runs from {cli.home / 'kafka'}\n"


def test_two_brokers_are_no_cluster(cli: Cli) -> None:
    """Neither can go on without the other."""
    done = cli("kafka", "start", "--brokers", "2")
    assert done.code == 1
    assert done.err == "standing: refused: --brokers: 2 should be one of 1, 3\n"
