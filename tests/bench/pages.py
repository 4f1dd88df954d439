"""A company's page with all its events, as of a random date, against a bare Starlette page."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from urllib.request import Request, urlopen

from events.dates import DAY, show
from tests.bench.generate import DAYS, even
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, ratio
from tests.bench.load import ask, get
from tests.bench.logs import BEGAN, at, fill
from tests.bench.over_http import cpu_seconds, free_port, serving

_COMPANIES = 10
_PACKED = "Accept-Encoding: gzip"


def standing(folder: Path, options: Options) -> Figures:
    """`standing serve`, alone in its process."""
    told = even(options["length"], _COMPANIES)
    fill(folder, told, len(told), batch=10)
    at(folder).close()
    port = free_port()
    command = [str(Path(sys.executable).with_name("standing")), "serve", "--port", str(port)]
    with serving(command, port, {"STANDING_HOME": str(folder)}) as pid:
        return _measured(port, pid, options, sorted({one["subject"] for one in told}))


def bare(folder: Path, options: Options) -> Figures:
    """A page of Starlette's on uvicorn, asked the same way."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.bare_page:app", "--port", str(port)]
    with serving([*command, "--no-access-log", "--log-level", "warning"], port, {}) as pid:
        return _measured(port, pid, options, ["acme"])


def _measured(port: int, pid: int, options: Options, companies: Sequence[str]) -> Figures:
    random = Random(7)
    days = [show(BEGAN + random.randrange(DAYS) * DAY)[:10] for _ in range(options["questions"])]
    requests = [
        get(f"/companies/{random.choice(companies)}?as_of={day}", port, _PACKED) for day in days
    ]
    asyncio.run(ask(port, [get(f"/companies/{one}", port, _PACKED) for one in companies], 1))
    busy = cpu_seconds(pid)
    with Stopwatch() as watch:
        taken = sorted(asyncio.run(ask(port, requests, 1)))
    return {
        "rate": len(requests) / watch.seconds,
        "p50": taken[len(taken) // 2] / 1e6,
        "p99": taken[len(taken) * 99 // 100] / 1e6,
        "cpu": (cpu_seconds(pid) - busy) * 1e3 / len(requests),
        "kb": max(_size(port, one) for one in companies) / 1e3,
    }


def _size(port: int, company: str) -> int:
    """How large a page is on its way."""
    url = f"http://127.0.0.1:{port}/companies/{company}"
    with urlopen(Request(url, headers={"Accept-Encoding": "gzip"})) as answer:
        return len(answer.read())


def measure(bench: Bench) -> None:
    """One reader, page after page."""
    print(
        f"\na company's page, {bench.args.length} events; targets: p99 < 30 ms, < 60 kB compressed"
    )
    print(f"  {'':34}{'pages/s':>10}{'ratio':>9}{'p50 ms':>9}{'p99 ms':>9}{'cpu ms':>9}{'kB':>8}")
    options: Options = {"questions": bench.args.questions, "length": bench.args.length}
    base = Contender("bare Starlette page", "tests.bench.pages:bare", options)
    mine = Contender("standing serve", "tests.bench.pages:standing", options)
    bench.interleave([base, mine])
    for one in (base, mine):
        print(
            f"  {one.name:34}{one.of():>10,.0f}{ratio(one, base):>8.2f}x{one.of('p50'):>9.2f}"
            f"{one.of('p99'):>9.2f}{one.of('cpu'):>9.2f}{one.of('kb'):>8.1f}"
        )
    print("  cpu: of the server, per page, whatever else the machine did")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.pages", __doc__)
    bench.option("questions", 500, "pages per round")
    bench.option("length", 200, "events of the company")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
