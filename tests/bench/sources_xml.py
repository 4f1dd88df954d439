"""Reading OFAC's enhanced XML, a real file of 443 entries, beside lxml's bare iterparse, which lets
go of the elements likewise.

Figures are bytes of the file per second of processor time.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time

from lxml import etree

from events.sources.ofac_enhanced import ENHANCED
from events.sources.source import Head, Part
from tests.bench.harness import Bench, Contender, Figures, Options, table
from tests.unit.sources.ofac_xml import real

_HERE = "tests.bench.sources_xml"
_ROUNDS = 10
_MIB = 1 << 20


def _written(folder: Path) -> Path:
    path = folder / "CONS_ENHANCED.XML"
    path.write_bytes(real("CONS_ENHANCED_2025-01-10.XML"))
    return path


def bare(folder: Path, options: Options) -> Figures:
    """The elements, and nothing of them."""
    path = _written(folder)
    return _timed(path, partial(_bare, path))


def _bare(path: Path) -> int:
    count = 0
    with path.open("rb") as file:
        for _, element in etree.iterparse(file, ("end",), tag="{*}entity"):
            count += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return count


def compared(folder: Path, options: Options) -> Figures:
    """What each further reading of a list does: which entries are written as they were."""
    path = _written(folder)
    return _timed(path, lambda: sum(1 for _ in ENHANCED.pieces([_part(path)], Head())))


def read(folder: Path, options: Options) -> Figures:
    """What the first reading does: every entry with all that is used of it."""
    path = _written(folder)
    pieces = partial(ENHANCED.pieces, [_part(path)])
    return _timed(path, lambda: sum(1 for one in pieces(Head()) if ENHANCED.entity(one).name))


def _part(path: Path) -> Part:
    return Part(path.name, partial(path.open, "rb"))


def _timed(path: Path, task: Callable[[], int]) -> Figures:
    before = process_time()
    for _ in range(_ROUNDS):
        assert task() == 443
    took = process_time() - before
    return {"rate": _ROUNDS * path.stat().st_size / _MIB / took, "seconds": took}


def measure(bench: Bench) -> None:
    """By turns."""
    peer = Contender("lxml.iterparse, bare", f"{_HERE}:bare")
    mine = Contender("standing, compared", f"{_HERE}:compared")
    first = Contender("standing, each entry read", f"{_HERE}:read")
    bench.interleave([peer, mine, first])
    print(f"\nCONS_ENHANCED.XML, 3.4 MB, {_ROUNDS} times")
    table([peer, mine, first], peer, "MiB", "the second at least 0.5 x the first")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    Bench(_HERE, __doc__).main(measure, argv)


if __name__ == "__main__":
    main()
