"""Receiving webhooks in a process of its own, for benchmarks that send some."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter_ns, sleep

import httpx

from tests.bench.harness import Bench

_PATIENCE_S = 300
_LOOK_S = 0.1

Came = list[tuple[int, str, list[str]]]
"""Of each message: when, its change, and the events that caused it."""


class Receiver:
    """See `hook_receiver`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()

    def wait(self, number: int) -> None:
        """Until so many different messages have come."""
        give_up = perf_counter_ns() + _PATIENCE_S * 10**9
        while (came := httpx.get(f"{self.url}count").json()) < number:
            if perf_counter_ns() > give_up:
                raise RuntimeError(f"{came} of {number} webhooks came")
            sleep(_LOOK_S)

    def told(self) -> Came:
        """All of them; it takes no more."""
        found: Came = json.loads(self._process.communicate()[0])
        return found


@contextmanager
def beside(module: str) -> Iterator["subprocess.Popen[str]"]:
    """A module in a process of its own until the block ends."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver until the block ends."""
    with beside("tests.bench.hook_receiver") as process:
        yield Receiver(process)


def first_told(begun: Mapping[str, int], came: Came) -> dict[str, int]:
    """When the first message came that each event caused; some cause several, others none."""
    first: dict[str, int] = {}
    for now, _, causes in came:
        for cause in begun.keys() & set(causes):
            first[cause] = min(now, first.get(cause, now))
    return first


def at_two_rates(module: str, about: str | None) -> Bench:
    """A command that measures at one number of events a second, and at another."""
    bench = Bench(module, about, rounds=2)
    bench.option("low", 100, "events a second")
    bench.option("high", 500, "events a second, then")
    bench.option("seconds", 10, "seconds of each")
    return bench
