"""Brokers that are killed one by one and come back with their data, and that can be reached through
a network which is not to be relied on.

Each has a listener more than those of `service.broker`: what it advertises there is the address of
a proxy, so that whoever begins behind the proxy stays behind it.
"""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from service.broker.layout import HOST, Node, write_properties
from service.broker.ports import any_free
from service.broker.serving import until_serving
from tests.chaos.kafka.plan import killed
from tests.chaos.kafka.unix import end_with_the_tests
from tests.kafka.java import java

_CLUSTER: Final = "chaos00000000000000000"
_FORMAT: Final = ("kafka.tools.StorageTool", "format", "-t", _CLUSTER)
_STARTS_WITHIN_S: Final = 300
_HASTY: Final = {
    # Members may be so short of breath; by default 6 s.
    "group.min.session.timeout.ms": 500,
    # By default the cleaner of compacted topics looks every 15 s.
    "log.cleaner.backoff.ms": 100,
}


class Brokers:
    """A cluster of one or three, of which each may be killed."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        ports = any_free(4 * count)
        self.nodes = [
            Node(number, *ports[4 * number - 4 : 4 * number - 2], folder / str(number))
            for number in range(1, count + 1)
        ]
        self.behind = {node.number: ports[4 * node.number - 2] for node in self.nodes}
        """Where each listens for what comes through a proxy."""
        self.proxies = {node.number: ports[4 * node.number - 1] for node in self.nodes}
        """Where the proxy of each is to listen."""
        self._kept = {port: _kept(port) for port in self.proxies.values()}
        self._java = java()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        for node in self.nodes:
            self._make(node)

    def give(self, port: int) -> None:
        """Let a proxy listen there."""
        if port in self._kept:
            self._kept.pop(port).close()

    @property
    def servers(self) -> str:
        """Their addresses."""
        return ",".join(node.address for node in self.nodes)

    @property
    def through_proxies(self) -> str:
        """Their addresses for those who are behind the proxies."""
        return ",".join(f"{HOST}:{port}" for port in self.proxies.values())

    def start(self, *numbers: int) -> None:
        """Start these."""
        for number in numbers:
            with (self.folder / str(number) / "broker.log").open("ab") as log:
                self._running[number] = subprocess.Popen(
                    [*self._java, "kafka.Kafka", f"{number}/server.properties"],
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=end_with_the_tests,  # noqa: PLW1509  it takes no lock
                )

    async def serve(self) -> None:
        """Wait until all of them do."""
        async with asyncio.timeout(_STARTS_WITHIN_S):
            for node in self.nodes:
                await until_serving(node.address, len(self.nodes))

    def kill(self, number: int) -> None:
        """Without a word."""
        killed["brokers"] += 1
        self._end(number)

    def _end(self, number: int) -> None:
        one = self._running.pop(number)
        os.kill(one.pid, signal.SIGKILL)
        one.wait()

    def _make(self, node: Node) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_properties(node, self.nodes)
        behind, proxy = self.behind[node.number], self.proxies[node.number]
        listens = f"BROKER://{node.address},CONTROLLER://{HOST}:{node.controller_port}"
        more = {
            "listeners": f"{listens},BEHIND://{HOST}:{behind}",
            "advertised.listeners": f"BROKER://{node.address},BEHIND://{HOST}:{proxy}",
            "listener.security.protocol.map": (
                "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,BEHIND:PLAINTEXT"
            ),
            **_HASTY,
        }
        # Of a property that is told twice, the later counts.
        with (node.folder / "server.properties").open("a") as file:
            file.writelines(f"{key}={value}\n" for key, value in more.items())
        named = f"{node.number}/server.properties"
        subprocess.run(
            [*self._java, *_FORMAT, "-c", named],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def end(self) -> None:
        """Kill those that are left."""
        for port in list(self._kept):
            self.give(port)
        for number in list(self._running):
            self._end(number)


def _kept(port: int) -> socket.socket:
    """Hold a port, so that nobody else takes it until a proxy listens there."""
    # Without SO_REUSEADDR: so, whoever looks for a free port does not find this one.
    one = socket.socket()
    one.bind((HOST, port))
    return one


@contextmanager
def brokers(folder: Path, count: int = 1) -> Iterator[Brokers]:
    """Brokers that serve until the block ends."""
    found = Brokers(folder, count)
    try:
        found.start(*(node.number for node in found.nodes))
        asyncio.run(found.serve())
        yield found
    finally:
        found.end()
