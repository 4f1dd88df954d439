"""Start a local cluster of Kafka and stop it: what the command line and the tests call."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from events.errors import Problem, Refused, StandingError
from service.broker.jars import fetched
from service.broker.java import find_java
from service.broker.layout import SIZES, keeper_of

_STOPS_WITHIN_S: Final = 60
"""Longer than the keeper gives its brokers."""
_LOOKS_AGAIN_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker that serves."""

    number: int
    address: str
    pid: int


class Cluster:
    """A cluster that its keeper, another process, runs for this one: it ends with this one, unless
    it is left."""

    def __init__(self, data: Path, keeper: "subprocess.Popen[bytes]") -> None:
        self.data = data
        self.brokers: tuple[Broker, ...] = ()
        self._keeper = keeper
        self._left = False

    @property
    def bootstrap(self) -> str:
        """Its addresses, as `STANDING_KAFKA` takes them."""
        return ",".join(one.address for one in self.brokers)

    @property
    def pid(self) -> int:
        """Its keeper's process id."""
        return self._keeper.pid

    def ready(self) -> bool:
        """Wait until it serves. False where it was stopped before; raises `StandingError` where it
        cannot start."""
        for what, told in self._told():
            if what == "ready":
                self.brokers = tuple(
                    Broker(one["broker"], one["address"], one["pid"]) for one in told
                )
                return True
        return False

    def wait(self, lost: Callable[[str], None] = lambda _: None) -> None:
        """Wait until it has ended. `lost` is told of a broker that ends by itself; raises
        `StandingError` when the last one does."""
        for what, told in self._told():
            if what == "lost":
                lost(told)

    def stop(self) -> None:
        """Have it stop; `wait` waits for that. Any number of times, from a signal handler too."""
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()

    def leave(self) -> None:
        """Let it run on when this process ends."""
        self._left = True
        if self._keeper.stdin is not None:
            self._keeper.stdin.write(b"detach\n")

    def close(self) -> None:
        """Have done with it: unless it was left, it is stopped, and has ended on return."""
        self.stop()
        if self._keeper.stdout is not None:
            if not self._left:
                self._keeper.stdout.read()
            self._keeper.stdout.close()
        if self._left:
            self._keeper.returncode = 0  # not to be waited for any more
        self._keeper.wait()

    def _told(self) -> Iterator[tuple[str, Any]]:
        if self._keeper.stdout is None:
            return
        while line := self._keeper.stdout.readline():
            ((what, told),) = json.loads(line).items()
            if what == "refused":
                raise Refused(*(Problem(*one) for one in told))
            if what == "error":
                raise StandingError(told)
            yield what, told
        if self._keeper.wait():
            raise StandingError(
                f"the process that keeps Kafka ended ({self._keeper.returncode}); see {self.data}"
            )


def start(
    data: Path,
    brokers: int | None = None,
    port: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> Cluster:
    """Start a cluster whose data are in that folder; `Cluster.ready` waits until it serves.

    `brokers` None: as many as the data are of, or one. `port` 0: any that are free. `advance` is
    called with 1 for each jar that had to be fetched. Raises `NoJava`, `NoJars`, and `Refused`.
    """
    if brokers is not None and brokers not in SIZES:
        raise Refused.field("--brokers", f"{brokers} should be one of {', '.join(map(str, SIZES))}")
    data = data.absolute()
    orders = {
        "data": str(data),
        "java": str(find_java().path.absolute()),
        "lib": str(fetched(advance=advance).absolute()),
        "brokers": brokers,
        "port": port,
    }
    # -P: nothing in the current folder is taken for a part of this program. A session of its own:
    # a Ctrl-C is for whoever started it, who then asks it to stop.
    keeper = subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-P", "-m", "service.broker.keeper", json.dumps(orders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    return Cluster(data, keeper)


@contextmanager
def running(data: Path, brokers: int | None = None, port: int = 0) -> Iterator[Cluster]:
    """A cluster that serves until the block ends."""
    cluster = start(data, brokers, port)
    try:
        cluster.ready()
        yield cluster
    finally:
        cluster.close()


def stop(data: Path) -> int:
    """Stop the cluster that was left running from this folder; its keeper's process id. Raises
    `StandingError` where none runs, or it does not end."""
    pid = keeper_of(data)
    if pid is None:
        raise StandingError(f"no Kafka runs from {data}")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOPS_WITHIN_S
    while keeper_of(data) == pid:
        if time.monotonic() > deadline:
            raise StandingError(f"process {pid} was told to end and runs on; see {data}")
        time.sleep(_LOOKS_AGAIN_S)
    return pid
