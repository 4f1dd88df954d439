"""How a benchmark runs: contenders by turns, each time in a fresh process, told as ratios.

A shared machine is now fast, now slow. Figures in events per second say more about the hour than
about the program; the ratio to a peer that ran a moment before and after says more. Peak memory is
that of whole fresh processes, imports and all, helpers included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

Options = dict[str, Any]
Figures = dict[str, float]
_LOOK_S = 0.05
"""How often the memory of helper processes is looked at."""


@dataclass
class Contender:
    """One way of doing the work: `MODULE:FUNCTION`, which is given a folder of its own and the
    options, and returns what it measured. `rate`, per second, is what ratios are made of."""

    name: str
    task: str
    options: Options = field(default_factory=dict)
    rounds: list[Figures] = field(default_factory=list)

    def of(self, key: str = "rate") -> float:
        """The median over the rounds."""
        return median(one[key] for one in self.rounds)


class Bench:
    """A command with its arguments."""

    def __init__(self, module: str, about: str | None, rounds: int = 3) -> None:
        self._module = module
        self._parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
        self.option("rounds", rounds, "rounds, of each contender one")
        self._parser.add_argument("--dir", type=Path, help="where to write; its disk matters")
        self.args = argparse.Namespace()

    def option(self, name: str, default: int, about: str) -> None:
        """One more number that sets the scale."""
        self._parser.add_argument(
            f"--{name}", type=int, default=default, help=f"{about} (default {default})"
        )

    def path(self, name: str, about: str) -> None:
        """A file that may be given."""
        self._parser.add_argument(f"--{name}", type=Path, help=about)

    def main(self, measure: Callable[["Bench"], None], argv: Sequence[str] | None = None) -> None:
        """Parse the arguments and measure."""
        given = sys.argv[1:] if argv is None else argv
        self.args = self._parser.parse_args(given)
        print(f"\n$ .venv/bin/python -m {self._module} {' '.join(given)}".rstrip(), flush=True)
        measure(self)

    def folder(self) -> "TemporaryDirectory[str]":
        """A folder that goes away."""
        return TemporaryDirectory(dir=self.args.dir, prefix="standing-bench-")

    def prepare(self, task: str, data: Path, **options: Any) -> None:
        """Make what is to be measured on, and say so: it can take longer than the measuring."""
        told = ", ".join(f"{value:,} {name}" for name, value in options.items())
        print(f"  preparing {told} ({task.rpartition('.')[2]})", flush=True)
        run(task, data, options)

    def interleave(self, contenders: Sequence[Contender], data: Path | None = None) -> None:
        """Every contender once, then all again, so that a slow minute falls on each. `data` is
        a folder that all may read. Which has its turn is told on standard error."""
        for turn in range(self.args.rounds):
            for contender in contenders:
                about = f"round {turn + 1} of {self.args.rounds}: {contender.name}"
                print(f"  {about}", file=sys.stderr, flush=True)
                with self.folder() as folder:
                    options = {**contender.options, "data": str(data) if data else None}
                    contender.rounds.append(run(contender.task, Path(folder), options))


def run(task: str, folder: Path, options: Options) -> Figures:
    """Do one task in a fresh process. `peak` is the sum of what each of its processes had at
    most: an upper bound, as pages that they share count for each."""
    command = [sys.executable, "-m", "tests.bench.worker", task, str(folder), json.dumps(options)]
    helpers: dict[int, float] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output: str | None = None
        while output is None:
            try:
                output, _ = process.communicate(timeout=_LOOK_S)
            except subprocess.TimeoutExpired:
                for pid in descendants(process.pid):  # one that has ended tells nothing any more
                    helpers[pid] = max(peak_mib(pid), helpers.get(pid, 0))
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    figures: Figures = json.loads(output.splitlines()[-1])
    figures["peak"] += sum(helpers.values())
    return figures


def descendants(pid: int) -> list[int]:
    """The children of a process and theirs, where the kernel tells."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in listed.read_text().split()]
        except OSError:  # it ended meanwhile
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def peak_mib(pid: int | None = None) -> float:
    """The most memory that a process has had, this one by default; 0 of one that has ended.

    `ru_maxrss` would count what the parent had when it forked, so it is only asked where the
    kernel does not tell better.
    """
    try:
        lines = Path(f"/proc/{pid or os.getpid()}/status").read_text().splitlines()
    except OSError:
        unit = 1024**2 if sys.platform == "darwin" else 1024
        return 0 if pid else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return next((int(one.split()[1]) / 1024 for one in lines if one.startswith("VmHWM")), 0)


def ratio(mine: Contender, theirs: Contender, key: str = "rate") -> float:
    """The median of the ratios of each round: what disturbed a round disturbed both."""
    pairs = zip(mine.rounds, theirs.rounds, strict=True)
    return median(one[key] / other[key] for one, other in pairs)


def table(contenders: Sequence[Contender], peer: Contender, unit: str, target: str) -> None:
    """Print the rates, their spread, and the ratio of each to the peer."""
    print(f"  target: {target}")
    print(f"  {'':46}{unit + '/s':>12}{'lowest':>11}{'highest':>11}{'ratio':>9}{'peak MiB':>10}")
    for one in contenders:
        rates = [figures["rate"] for figures in one.rounds]
        print(
            f"  {one.name:46}{median(rates):>12,.0f}{min(rates):>11,.0f}{max(rates):>11,.0f}"
            f"{ratio(one, peer):>8.2f}x{one.of('peak'):>10,.0f}",
            flush=True,
        )


class Stopwatch:
    """Seconds spent within."""

    seconds = 0.0

    def __enter__(self) -> "Stopwatch":
        self._start = perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += perf_counter() - self._start


def rate(number: int, watch: Stopwatch) -> Figures:
    """So many in that time."""
    return {"rate": number / watch.seconds, "seconds": watch.seconds}


def spread(taken: list[int]) -> Figures:
    """Nanoseconds of each of many calls, as median and 99th percentile in microseconds."""
    taken.sort()
    p50, p99 = (taken[len(taken) * part // 100] / 1_000 for part in (50, 99))
    return {"rate": 1e9 * len(taken) / sum(taken), "p50": p50, "p99": p99}
