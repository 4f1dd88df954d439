"""Reading official files: each of sixty real snapshots of SDN.CSV compared with the one before,
beside the csv module and two dictionaries; and all of them from an empty store, end to end.

The comparing is timed by itself: what is new is appended to a log in either case.
"""

import asyncio
import csv
from functools import partial
from pathlib import Path
from typing import BinaryIO

from events.lists import load_registry
from events.sources.catalogue import SOURCES
from events.sources.difference import Comparison
from events.sources.ledger import Ledger
from events.sources.source import Head, Part
from events.sources.telling import Taken
from service.compose import opened_embedded
from service.evidence import Evidence
from service.ingesting import Ingest, Learned, publications
from service.settings import load_settings
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, table
from tests.unit.sources.official import sdn_snapshots

_HERE = "tests.bench.sources"
_SDN = SOURCES["ofac-sdn-csv"]


def compared(folder: Path, options: Options) -> Figures:
    """Each snapshot but the first, against what was shown: its changes, not yet appended."""
    registry, ledger = load_registry(), Ledger()
    paths = sdn_snapshots(folder)[: options["snapshots"]]
    watch, rows = Stopwatch(), 0
    for number, one in enumerate(publications(_SDN, paths, None)):
        head, path = Head(), one.files[0]
        with watch if number else Stopwatch():
            taken = Taken(one.at, path.name, "0" * 64)
            comparing = Comparison(_SDN, ledger, registry, taken)
            part = Part(path.name, partial(_opened, path))
            comparing.take(_SDN.pieces([part], head), head)
            found = comparing.end(head)
        comparing.settled()
        for event in found.events:
            ledger.learn(event)
        rows += found.entries if number else 0
    return rate(rows, watch)


def two_dictionaries(folder: Path, options: Options) -> Figures:
    """The same with the csv module alone: which rows are new, differ or are gone."""
    known: dict[str, list[str]] = {}
    watch, rows = Stopwatch(), 0
    for path in sdn_snapshots(folder)[: options["snapshots"]]:
        before, first = known, not known
        with watch if not first else Stopwatch():
            with path.open(newline="") as file:
                known = {row[0]: row for row in csv.reader(file)}
            new = [key for key, row in known.items() if before.get(key) != row]
            gone = [key for key in before if key not in known]
        if not first:
            rows += len(known)
            assert len(new) + len(gone) < len(known)
    return rate(rows, watch)


def end_to_end(folder: Path, options: Options) -> Figures:
    """From files to a log on the disk, evidence included."""
    paths = sdn_snapshots(folder)[: options["snapshots"]]
    home = folder / "home"
    with opened_embedded(load_settings({"STANDING_HOME": str(home)})) as standing:
        ingest = Ingest(Learned(standing.log), standing.registry, Evidence(home / "evidence"), _SDN)

        async def read() -> int:
            some = publications(_SDN, paths, None)
            return sum([one.found.entries async for one in ingest.read(some)])

        with Stopwatch() as watch:
            rows = asyncio.run(read())
    return rate(rows, watch)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def measure(bench: Bench) -> None:
    """On the snapshots that ship with the tests."""
    common: Options = {"snapshots": bench.args.snapshots}
    mine = Contender("standing, compared", f"{_HERE}:compared", common)
    peer = Contender("csv and two dictionaries", f"{_HERE}:two_dictionaries", common)
    whole = Contender("standing, end to end", f"{_HERE}:end_to_end", common)
    bench.interleave([mine, peer, whole])
    print(f"\n{bench.args.snapshots} snapshots of SDN.CSV, of about 9,000 rows")
    table([mine, peer], peer, "rows", "the first at least 0.67 x the second")
    table([whole], whole, "rows", "at least 100,000 rows/s")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench(_HERE, __doc__)
    bench.option("snapshots", 60, "how many of them")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
