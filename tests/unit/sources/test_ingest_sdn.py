"""Sixty daily snapshots of OFAC's list, from an empty store: what each showed is what is answered
of its moment."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.vocabulary import DESIGNATION_ISSUED
from projections.reader import Question
from projections.replay import replay
from service.cli.main import main
from service.compose import opened_embedded
from service.settings import load_settings
from tests.unit.conftest import Cli
from tests.unit.sources.official import sdn_snapshots
from tests.unit.sources.reading import numbers

SDN = "us-ofac-sdn"


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files, the earliest first."""
    return sdn_snapshots(tmp_path_factory.mktemp("sdn"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, snapshots: list[Path]) -> Iterator[Path]:
    """A store that was filled from them."""
    folder = tmp_path_factory.mktemp("ingested")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STANDING_HOME", str(folder))
        assert main(["ingest", "ofac-sdn-csv", *map(str, snapshots)]) == 0
        yield folder


def moment(path: Path) -> str:
    """When a snapshot was taken, as its name says."""
    day, _, clock = path.name.split("_")[1].partition("T")
    return f"{day}T{clock[:2]}:{clock[2:4]}:{clock[4:6]}Z"


def companies(path: Path) -> set[str]:
    """The numbers of the entries that are companies."""
    with path.open(newline="") as file:
        return {row[0] for row in csv.reader(file) if len(row) == 12 and row[2].strip() == "-0-"}


@pytest.mark.timeout(300)
async def test_each_moment_has_exactly_the_entities_of_its_file(
    home: Path, snapshots: list[Path]
) -> None:
    """No more and no fewer: as of each of them, and as the public could know it by then."""
    with opened_embedded(load_settings({"STANDING_HOME": str(home)})) as standing:
        async with standing.caught_up() as store:
            number_of = await numbers(standing.log)
            for number, path in enumerate(snapshots):
                known_by = moment(path) if number % 20 == 0 else None
                asked = Question(lists=[SDN], announced_by=known_by)
                rows = replay(store, standing.reader, asked, moment(path))
                listed = Counter(
                    number_of[row.company] for row in rows if row.status == "designated"
                )
                assert set(listed) == companies(path), path.name
                assert set(listed.values()) == {1}


def test_every_event_can_be_traced_to_file_row_and_digest(home: Path, cli: Cli) -> None:
    """And the file is kept under that digest."""
    cli.set("STANDING_HOME", str(home))
    told = cli("history", "bank-rossiya", "--json").json
    (designated,) = (one for one in told["events"] if one["type"] == DESIGNATION_ISSUED)
    title = designated["sources"][0]["title"]
    name, line, digest = title.split(", ")
    assert name == "sdn_2021-08-18T093901Z_f2dad113.csv"
    sha256 = digest.removeprefix("sha256 ")
    assert list((home / "evidence").glob(f"{sha256[:2]}/{sha256}.zst"))
    assert int(line.removeprefix("line ")) > 0


def test_a_second_run_adds_nothing(home: Path, snapshots: list[Path], cli: Cli) -> None:
    """The same files again are known; an earlier one that was never read is refused."""
    cli.set("STANDING_HOME", str(home))
    before = cli("search", "bank", "--json").out
    done = cli("ingest", "ofac-sdn-csv", *snapshots, "--json")
    assert done.code == 0
    assert {(one["outcome"], one["recorded"]) for one in done.json} == {("unchanged", 0)}
    assert cli("search", "bank", "--json").out == before
    early = home / "sdn_2021-08-01.csv"
    early.write_bytes(snapshots[0].read_bytes())
    done = cli("ingest", "ofac-sdn-csv", early)
    assert done.code == 1
    assert "an older publication is not read after a later one" in done.err
    assert done.out.endswith("refused, nothing applied\n")
