"""The folder of a local cluster: whose it is, who keeps it running, and what each broker is told.

kafka.pid       the keeper's process id; locked for as long as the keeper lives
cluster.json    the id and the size of the cluster, which its data belong to
1/              one folder per broker: server.properties, broker.log, data/
"""

import base64
import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.errors import Refused, StandingError, StoreError

HOST: Final = "127.0.0.1"
"""Nobody but this machine reaches a local cluster: it asks nobody who they are."""
SIZES: Final = (1, 3)

_PID: Final = "kafka.pid"
_CLUSTER: Final = "cluster.json"


@dataclass(frozen=True, slots=True)
class Node:
    """One broker, which is a controller as well."""

    number: int
    port: int
    controller_port: int
    folder: Path

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What its process prints."""
        return self.folder / "broker.log"

    @property
    def formatted(self) -> bool:
        """Whether its data belong to a cluster already."""
        return (self.folder / "data" / "meta.properties").exists()


@dataclass(frozen=True, slots=True)
class Made:
    """What the data in a folder belong to."""

    cluster: str
    brokers: int


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Be the one that keeps this folder's cluster running. The system gives the claim back when a
    process ends, however it ends. Raises `Refused` for a folder that holds something else,
    `StandingError` where a cluster runs from it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = {one.name for one in folder.iterdir()} - {_PID}
        if others and _CLUSTER not in others:
            raise Refused.field("--data", f"{folder} holds something else; name an empty folder")
        file = (folder / _PID).open("a+")
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; Kafka cannot keep its data there") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StandingError(
                f"a Kafka runs from {folder} already; `standing kafka stop` ends it"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def keeper_of(folder: Path) -> int | None:
    """The process that keeps this folder's cluster running, None where none does. A number that a
    keeper left behind is never taken for one: the lock says whether it lives."""
    try:
        file = (folder / _PID).open()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{folder / _PID}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            told = file.read().strip()
            return int(told) if told.isdecimal() else None
    return None


def made(folder: Path, brokers: int | None) -> Made:
    """What the folder's data belong to; a new cluster where there is none, which is not kept yet.
    Raises `Refused` where they belong to one of another size, `StoreError` where that cannot be
    read."""
    path = folder / _CLUSTER
    try:
        told = json.loads(path.read_text())
        found = Made(str(told["cluster"]), int(told["brokers"]))
    except FileNotFoundError:
        return Made(_new_id(), brokers or 1)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read ({error}); the data beside it are of no use without it: "
            "remove the folder, or name another with --data"
        ) from error
    if brokers not in (None, found.brokers):
        raise Refused.field(
            "--brokers", f"{folder} holds the data of {found.brokers}; name another with --data"
        )
    return found


def keep(folder: Path, cluster: Made) -> None:
    """Write down what the data belong to."""
    _write(folder / _CLUSTER, json.dumps({"cluster": cluster.cluster, "brokers": cluster.brokers}))


def _new_id() -> str:
    """As Kafka writes its ids; one that began with a dash would be taken for an option."""
    told = base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()
    return f"k{told[1:]}" if told.startswith("-") else told


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(".part")
    beside.write_text(text)
    beside.replace(path)


def write_properties(node: Node, nodes: list[Node]) -> None:
    """What this broker is told. Paths are relative to the cluster's folder, where brokers run, so
    that no character in its name needs care."""
    node.folder.mkdir(exist_ok=True)
    lines = (f"{key}={value}\n" for key, value in _properties(node, nodes).items())
    _write(node.folder / "server.properties", "".join(lines))


def _properties(node: Node, nodes: list[Node]) -> dict[str, object]:
    voters = ",".join(f"{one.number}@{HOST}:{one.controller_port}" for one in nodes)
    copies = len(nodes)
    in_sync = min(2, copies)
    return {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": voters,
        "listeners": f"BROKER://{node.address},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"BROKER://{node.address}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": f"{node.number}/data",
        # A topic that nobody declared is a mistake, here as in production.
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # What is small comes up fast: Kafka's own defaults are 50 partitions each.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        # A quarter of the heap, by default.
        "log.cleaner.dedupe.buffer.size": 16_777_216,
    }
