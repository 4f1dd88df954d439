"""A small log with everything in it, and the changes that it must yield for ever.

The ids, sequences and times of changes are promised to receivers: what was once told is told
again word for word. `python -m tests.unit.golden_changes` writes the changes anew, for a change
of the promise that is meant.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from events.dates import start
from projections.changes import shown
from projections.rows import Told
from tests.unit.making import REGISTRY
from tests.unit.projecting import projected, whole, written

HERE = Path(__file__).with_name("golden")
LOG = HERE / "log.json"
CHANGES = HERE / "changes.json"
TAMPERED = HERE / "changes-tampered.json"

Json = dict[str, Any]


def read(path: Path) -> list[Json]:
    """A golden file."""
    found: list[Json] = json.loads(path.read_text())
    return found


def told() -> list[Json]:
    """The changes that the golden log yields now."""
    arrivals = [(start(one["recorded"]), one["event"]) for one in read(LOG)]
    with written(arrivals) as (log, _), TemporaryDirectory() as folder:
        found = projected(log, Path(folder) / "projections.db", [whole(log)])
    return [_told(one) for one in found["changes"]]


def _told(one: Told) -> Json:
    return {"position": one.position, **shown(one.change, REGISTRY)}


def differences(golden: list[Json], now: list[Json]) -> list[str]:
    """Where two series of changes differ; none where they are the same, word for word."""
    found = [
        f"change {number}: {key} is {mine.get(key)!r}, and was {theirs.get(key)!r}"
        for number, (theirs, mine) in enumerate(zip(golden, now, strict=False))
        for key in sorted(theirs.keys() | mine.keys())
        if theirs.get(key) != mine.get(key)
    ]
    if len(golden) != len(now):
        found.append(f"{len(now)} changes, and there were {len(golden)}")
    return found


if __name__ == "__main__":
    CHANGES.write_text(json.dumps(told(), indent=1, ensure_ascii=False) + "\n")
