"""The process that keeps a cluster running, and lets no broker outlive it.

It is started by `service.broker.cluster`, with its orders as its only argument. It tells what
happens in lines of JSON on standard output: `{"ready": …}` once the cluster serves, `{"lost": …}`
for a broker that ended by itself, `{"refused": …}` or `{"error": …}` before it ends in failure. It
stops the cluster on SIGTERM, and when its standard input ends, so that killing whoever started it
leaves nothing behind; the line `detach` there takes that back.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from events.errors import Refused, StandingError
from service.broker.layout import Node, claimed, keep, made, write_properties
from service.broker.ports import any_free, consecutive
from service.broker.serving import until_serving

_HEAP: Final = ("-Xms96m", "-Xmx512m", "-XX:+UseSerialGC")
"""Of two cores, the collector should take none for itself."""
_QUICK: Final = ("-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_LOGGING: Final = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    "-Dorg.slf4j.simpleLogger.levelInBrackets=true",
)
_STARTS_WITHIN_S: Final = 180
"""Three brokers took 20 s on two busy cores; a slow disk may need longer to read old data."""
_STOPS_WITHIN_S: Final = 30
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Orders:
    """What to keep running."""

    data: str
    java: str
    lib: str
    brokers: int | None
    """None: as many as the data are of, or one."""
    port: int
    """The first broker's, the others follow it; 0: any that are free."""


def main() -> int:
    """Keep a cluster running until told to stop."""
    orders = Orders(**json.loads(sys.argv[1]))
    try:
        with claimed(Path(orders.data)):
            asyncio.run(_keep(orders))
    except Refused as refused:
        _tell("refused", [[one.field, one.detail] for one in refused.problems])
        return 1
    except StandingError as error:
        _tell("error", str(error))
        return 1
    return 0


async def _keep(orders: Orders) -> None:
    work = asyncio.create_task(_run(orders))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    watch = asyncio.create_task(_left_alone(work.cancel))
    with suppress(asyncio.CancelledError):
        await work
    watch.cancel()


async def _left_alone(stop: Callable[[], object]) -> None:
    """Stop when whoever started this is gone."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    if await reader.readline() != b"detach\n":
        stop()
        return
    _fall_silent()


def _fall_silent() -> None:
    """Whoever reads what this process's starter printed must not wait for this process, too."""
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)


async def _run(orders: Orders) -> None:
    folder = Path(orders.data)
    nodes, cluster = _planned(folder, orders)
    for node in nodes:
        if not node.formatted:
            await _format(orders, node, cluster)
    async with _brokers(orders, nodes) as processes:
        alive = set(nodes)
        ready = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                for node, process in zip(nodes, processes, strict=True):
                    group.create_task(_watched(node, process, alive, ready))
                await _serving(nodes)
                ready.set()
                _tell("ready", _shown(nodes, processes))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None


def _planned(folder: Path, orders: Orders) -> tuple[list[Node], str]:
    known = made(folder, orders.brokers)
    count = known.brokers
    ports = consecutive(orders.port, count) if orders.port else any_free(count)
    # A port that is wanted for a broker is in use only from when that broker is up.
    controllers = [one for one in any_free(2 * count) if one not in ports][:count]
    nodes = [
        Node(number, port, controller, folder / str(number))
        for number, (port, controller) in enumerate(zip(ports, controllers, strict=True), 1)
    ]
    keep(folder, known)
    for node in nodes:
        write_properties(node, nodes)
    return nodes, known.cluster


async def _format(orders: Orders, node: Node, cluster: str) -> None:
    arguments = ("format", "-t", cluster, "-c", f"{node.number}/server.properties")
    with node.log.open("wb") as log:
        process = await _java(orders, (*_QUICK, "kafka.tools.StorageTool", *arguments), log)
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise StandingError(f"the data of broker {node.number} cannot be made: {_why(node)}")


async def _java(orders: Orders, arguments: tuple[str, ...], log: Any) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            orders.java,
            *_HEAP,
            "-cp",
            f"{orders.lib}/*",
            *arguments,
            cwd=orders.data,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=_end_with_the_keeper,
        )
    except OSError as error:
        raise StandingError(f"{orders.java} cannot be run: {error.strerror}") from error


_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_the_keeper() -> None:
    """Linux ends a broker with its keeper even if that is killed outright."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


@asynccontextmanager
async def _brokers(
    orders: Orders, nodes: list[Node]
) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    processes: list[asyncio.subprocess.Process] = []
    try:
        for node in nodes:
            if node.log.exists():
                node.log.replace(node.log.with_suffix(".log.before"))
            properties = f"{node.number}/server.properties"
            with node.log.open("wb") as log:
                processes.append(await _java(orders, (*_LOGGING, "kafka.Kafka", properties), log))
        yield processes
    finally:
        await asyncio.gather(*map(_stopped, processes))


async def _stopped(process: asyncio.subprocess.Process) -> None:
    """A broker that does not end when told is killed: its data survive that, as a crash."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOPS_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _watched(
    node: Node, process: asyncio.subprocess.Process, alive: set[Node], ready: asyncio.Event
) -> None:
    """Tell of a broker that ends by itself; without any of them, and while they start, that ends
    the others too."""
    code = await process.wait()
    alive.discard(node)
    what = f"broker {node.number} ended ({code}): {_why(node)}"
    if not (ready.is_set() and alive):
        raise StandingError(what)
    _tell("lost", what)


async def _serving(nodes: list[Node]) -> None:
    try:
        async with asyncio.timeout(_STARTS_WITHIN_S):
            for node in nodes:
                await until_serving(node.address, len(nodes))
    except TimeoutError:
        logs = ", ".join(str(node.log) for node in nodes)
        raise StandingError(f"no answer within {_STARTS_WITHIN_S} s; see {logs}") from None


def _why(node: Node) -> str:
    """What its log says of its end, as far as one line can tell."""
    lines = node.log.read_text(errors="replace").splitlines()
    telling = [one.strip() for one in lines if "Exception" in one or "Error" in one]
    said = telling[0] if telling else lines[-1].strip() if lines else "it said nothing"
    return f"{said} (see {node.log})"


def _shown(nodes: list[Node], processes: list[asyncio.subprocess.Process]) -> list[dict[str, Any]]:
    return [
        {"broker": node.number, "address": node.address, "pid": process.pid}
        for node, process in zip(nodes, processes, strict=True)
    ]


def _tell(what: str, value: object) -> None:
    """Nobody may be there to hear it any more."""
    try:
        os.write(1, json.dumps({what: value}).encode() + b"\n")
    except BrokenPipeError:
        return


if __name__ == "__main__":
    sys.exit(main())
