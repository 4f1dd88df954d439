"""One company's status under all three cut-offs, asked over HTTP, against an empty route."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from events.dates import DAY, show
from tests.bench.generate import DAYS, even
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, peak_mib, ratio
from tests.bench.load import ask, get
from tests.bench.logs import BEGAN, at, fill

_PATIENCE_S = 30


def standing(folder: Path, options: Options) -> Figures:
    """`standing serve`, alone in its process, with projection, alerts and alarm."""
    told = even(options["length"])
    fill(folder, told, len(told), batch=10)
    there = at(folder)
    end = there.log.end()
    there.close()
    port = free_port()
    command = [str(Path(sys.executable).with_name("standing")), "serve", "--port", str(port)]
    with serving(command, port, {"STANDING_HOME": str(folder)}) as pid:
        return _measured(port, pid, options, end, sorted({one["subject"] for one in told}))


def empty(folder: Path, options: Options) -> Figures:
    """An empty FastAPI route on uvicorn, asked the same way."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.empty_app:app", "--port", str(port)]
    companies = sorted({one["subject"] for one in even(options["length"])})
    with serving([*command, "--no-access-log", "--log-level", "warning"], port, {}) as pid:
        end = len(companies) * options["length"]
        return _measured(port, pid, options, end, companies)


def _measured(port: int, pid: int, options: Options, end: int, companies: Sequence[str]) -> Figures:
    random = Random(7)
    requests = [
        get(f"/v1/companies/{random.choice(companies)}/status?{_cuts(random, end)}", port)
        for _ in range(options["questions"])
    ]
    warm_up = [get(f"/v1/companies/{company}/status", port) for company in companies]
    connections = options["connections"]
    asyncio.run(ask(port, warm_up, connections))
    busy = cpu_seconds(pid)
    with Stopwatch() as watch:
        taken = sorted(asyncio.run(ask(port, requests, connections)))
    return {
        "rate": len(requests) / watch.seconds,
        "p50": taken[len(taken) // 2] / 1e6,
        "p99": taken[len(taken) * 99 // 100] / 1e6,
        "busy": (cpu_seconds(pid) - busy) / watch.seconds,
        "server_peak": peak_mib(pid),
    }


def _cuts(random: Random, end: int) -> str:
    days = [show(BEGAN + random.randrange(DAYS // 8, DAYS) * DAY) for _ in range(3)]
    known_at = random.choice((days[2], f"0:{random.randrange(end // 8, end)}"))
    return urlencode({"as_of": days[0], "announced_by": days[1], "known_at": known_at})


@contextmanager
def serving(command: Sequence[str], port: int, settings: dict[str, str]) -> Iterator[int]:
    """A server until the block ends; its process."""
    with subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{' '.join(command)} does not answer on port {port}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """What the server has used; 0 where the kernel does not tell."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0
    user, system = path.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def measure(bench: Bench) -> None:
    """One connection, and as many as were asked for."""
    if find_spec("service.api.app") is None:
        print("  skipped: standing has no HTTP API yet")
        return
    print(f"\nstatus over HTTP, {bench.args.length} events per company; target: >= 0.7x")
    print(
        f"  {'':46}{'requests/s':>12}{'ratio':>9}{'p50 ms':>9}{'p99 ms':>9}{'server':>9}"
        f"{'peak MiB':>10}"
    )
    for connections in (1, bench.args.connections):
        options: Options = {
            "questions": bench.args.questions,
            "length": bench.args.length,
            "connections": connections,
        }
        crowd = f"{connections} connection{'s' if connections > 1 else ''}"
        base = Contender(f"empty FastAPI route, {crowd}", "tests.bench.over_http:empty", options)
        mine = Contender(f"standing serve, {crowd}", "tests.bench.over_http:standing", options)
        bench.interleave([base, mine])
        for one in (base, mine):
            print(
                f"  {one.name:46}{one.of():>12,.0f}{ratio(one, base):>8.2f}x{one.of('p50'):>9.2f}"
                f"{one.of('p99'):>9.2f}{one.of('busy'):>9.0%}{one.of('server_peak'):>10,.0f}"
            )
    print("  server: share of one core that it used; near 100 %, it is what was measured")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.over_http", __doc__)
    bench.option("questions", 5_000, "questions per round")
    bench.option("connections", 16, "connections at once")
    bench.option("length", 20, "events per company")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
