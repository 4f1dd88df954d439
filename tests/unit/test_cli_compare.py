"""`standing verify OTHER`: whether two houses hold the same."""

import json
from pathlib import Path

from tests.unit.conftest import Cli
from tests.unit.making import CCMC, ENTITY, issued, removed
from tests.unit.serving import merged

EVENTS = (
    issued("2021-01-14", "i", CCMC) | {"subject": "acme"},
    issued("2021-01-14", "j", ENTITY) | {"subject": "globex"},
    merged("acme", "globex", "m"),
)


def moved(cli: Cli, home: Path) -> tuple[Path, Path]:
    """A house, what it exported, and the command on another home where that was recorded."""
    first, export = cli.home, home / "all.jsonl"
    assert cli.record(*EVENTS).code == 0
    assert cli("export", "-o", export).code == 0
    cli.set("STANDING_HOME", str(home / "second"))
    assert cli("record", export).code == 0
    return first, export


def test_a_house_that_was_moved_is_the_same(cli: Cli, tmp_path: Path) -> None:
    """As its export has it, and as the first one has it."""
    for other in moved(cli, tmp_path):
        done = cli("verify", other, "--json")
        assert done.code == 0, done.out
        assert done.json["events"] == 3
        assert done.json["count"] == 0
        assert "3 events and 2 companies compared, 0 differences" in cli("verify", other).out


def test_what_differs_is_named(cli: Cli, tmp_path: Path) -> None:
    """Events on either side, when they were taken in, and statuses."""
    first, export = moved(cli, tmp_path)
    assert cli.record(removed("2022-01-14", "r", list_=ENTITY) | {"subject": "globex"}).code == 0
    done = cli("verify", first)
    assert done.code == 1
    assert "globex: event r: only here" in done.out
    assert "globex: globex designated (" in done.out
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    lines[0]["origintime"] = "2020-01-01T00:00:00Z"
    export.write_text("".join(json.dumps(one) + "\n" for one in lines[:2]))
    done = cli("verify", export)
    assert done.code == 1
    assert "acme: event i: taken in at 20" in done.out
    assert "acme: event m: only here" in done.out


def test_what_is_no_house_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = cli("verify", tmp_path)
    assert done.code == 1
    assert "is no export, and no home folder" in done.err
    assert cli("verify", tmp_path / "nothing").code == 2
