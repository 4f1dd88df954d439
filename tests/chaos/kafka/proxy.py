"""A network that is not to be relied on: a TCP proxy that delays, throttles, loses and cuts.

In Python, so that it is there wherever the tests are; toxiproxy would add a Go toolchain and no
fault that is needed here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from service.broker.layout import HOST
from tests.chaos.kafka.brokers import Brokers

_CHUNK: Final = 16_384


@dataclass
class Network:
    """What befalls what goes through it, from now on and in both directions."""

    delay_s: float = 0.0
    """Of each piece."""
    bytes_per_s: float = float("inf")
    """Of each connection and direction."""
    passes: asyncio.Event = field(default_factory=asyncio.Event)
    """While not set, nothing arrives, and nobody is told."""
    cut: bool = False
    """Nobody can connect."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def heal(self) -> None:
        """All is well."""
        self.delay_s, self.bytes_per_s, self.cut = 0.0, float("inf"), False
        self.passes.set()

    def stall(self) -> None:
        """Connections stay, and nothing comes through: half open, as when a cable is pulled."""
        self.passes.clear()

    def sever(self) -> None:
        """Connections break, and no other can be made."""
        self.cut = True
        for one in self._open:
            one.transport.abort()

    async def serve(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection, to whoever listens at the port."""
        self._open.add(writer)
        try:
            if self.cut:
                return
            there, back = await asyncio.open_connection(HOST, port)
            self._open.add(back)
            try:
                await asyncio.wait(
                    [
                        asyncio.ensure_future(self._pump(reader, back)),
                        asyncio.ensure_future(self._pump(there, writer)),
                    ]
                )
            finally:
                self._open.discard(back)
                back.transport.abort()
        except OSError:
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay_s + len(piece) / self.bytes_per_s)
                await self.passes.wait()
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def network(brokers: Brokers) -> AsyncIterator[Network]:
    """A network before brokers, at the addresses `through_proxies`; well at first."""
    found = Network()
    found.heal()
    servers = []
    tasks: set[asyncio.Task[None]] = set()
    for number, proxy in brokers.proxies.items():

        async def serve(
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
            behind: int = brokers.behind[number],
        ) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await found.serve(behind, reader, writer)
            finally:
                tasks.discard(task)

        brokers.give(proxy)
        servers.append(await asyncio.start_server(serve, HOST, proxy))
    try:
        yield found
    finally:
        for server in servers:
            server.close()
        found.heal()
        found.sever()
        while tasks:
            await asyncio.wait(tasks)
