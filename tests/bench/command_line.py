"""`standing status COMPANY`, from the shell's call to the answer."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.bench.generate import company_id
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, ratio
from tests.bench.logs import home_of

_IMPORTS = "import fastapi, pyarrow"


def standing(folder: Path, options: Options) -> Figures:
    """The command, over a home with a projected log."""
    command = [str(Path(sys.executable).with_name("standing")), "status", company_id(7), "--json"]
    return _timed(command, home_of(Path(options["data"]), options["events"]))


def bare(folder: Path, options: Options) -> Figures:
    """The interpreter alone."""
    return _timed([sys.executable, "-c", options["code"]], folder)


def _timed(command: list[str], home: Path) -> Figures:
    environment = {**os.environ, "STANDING_HOME": str(home)}
    with Stopwatch() as watch:
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return {"rate": 1 / watch.seconds, "seconds": watch.seconds}


def measure(bench: Bench) -> None:
    """The command beside Python itself, and beside what an unwary command would import."""
    if not (find_spec("service.cli") and find_spec("service.cli.main")):
        print("  skipped: standing has no command line yet")
        return
    data_options: Options = {"events": bench.args.events, "companies": bench.args.events // 10}
    base = Contender("python -c pass", "tests.bench.command_line:bare", {"code": "pass"})
    found = [
        base,
        Contender(f"python -c '{_IMPORTS}'", "tests.bench.command_line:bare", {"code": _IMPORTS}),
        Contender("standing status", "tests.bench.command_line:standing", data_options),
    ]
    with bench.folder() as folder:
        bench.prepare("tests.bench.logs:build_projected", Path(folder), **data_options)
        bench.interleave(found, Path(folder))
    print(f"\nstanding status on the command line, a log of {bench.args.events:,} events")
    print("  target: within 0.5 s, start included")
    print(f"  {'':46}{'median s':>12}{'lowest':>11}{'highest':>11}{'ratio':>9}")
    for one in found:
        taken = [figures["seconds"] for figures in one.rounds]
        print(
            f"  {one.name:46}{one.of('seconds'):>12.3f}{min(taken):>11.3f}{max(taken):>11.3f}"
            f"{ratio(one, base, 'seconds'):>8.2f}x"
        )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.command_line", __doc__, rounds=11)
    bench.option("events", 20_000, "events in the log")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
