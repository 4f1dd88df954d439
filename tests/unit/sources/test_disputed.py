"""What one source takes off while another one shows it: asked by `standing review`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import Cli
from tests.unit.sources.test_cli_ingest import TEN, snapshot

WHY = ("--why", "the notice says so", "--by", "j.doe")
HEADING = "_id,source,entity_number,type,programs,name,title,addresses,federal_register_notice,"
LABEL = "Specially Designated Nationals (SDN) - Treasury Department"


def screening_list(folder: Path, at: str, numbers: range) -> Path:
    """A Consolidated Screening List that has these entries of the SDN list."""
    path = folder / f"consolidated_{at}.csv"
    rows = [f"x{one},{LABEL},{one},Entity,CUBA,COMPANY {one},,,,,," for one in numbers]
    path.write_text("\n".join([HEADING + "start_date,end_date,alt_names", *rows]) + "\n")
    return path


@pytest.fixture
def key(cli: Cli, tmp_path: Path) -> str:
    """The question that is asked when the first source takes one off that the second shows."""
    assert cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-18", *TEN)).code == 0
    second = screening_list(tmp_path, "2021-08-19", range(10))
    assert cli("ingest", "csl-csv", second).code == 0
    done = cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-20", *TEN[:9]))
    last = "1 question waits: standing review (which also looks for doubles)"
    assert (done.code, done.out.splitlines()[-1]) == (0, last)
    (one,) = questions(cli)
    assert (one["kind"], one["sides"]) == ("still-shown", ["company-9"])
    return str(one["id"])


def questions(cli: Cli) -> list[dict[str, Any]]:
    """Those that are open, but for names that are alike."""
    found = cli("review", "--limit", "1000", "--json").json["questions"]
    return [one for one in found if one["kind"] != "name"]


def test_what_waits_is_counted_at_the_end(cli: Cli, tmp_path: Path) -> None:
    """What a later publication of the same run settled waits no longer."""
    cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-18", *TEN))
    cli("ingest", "csl-csv", screening_list(tmp_path, "2021-08-19", range(10)))
    fewer, all_again, without_one = (
        snapshot(tmp_path, day, *rows)
        for day, rows in (("2021-08-20", TEN[:8]), ("2021-08-21", TEN), ("2021-08-22", TEN[1:]))
    )
    told = cli("ingest", "ofac-sdn-csv", fewer, all_again, without_one, "--json").json
    assert [one["questions"] for one in told] == [0, 0, 1]
    assert len(questions(cli)) == 1


def status(cli: Cli) -> str:
    """How the company stands."""
    return str(cli("status", "company-9", "--json").json["status"])


def test_the_removal_counts_and_a_person_is_told_of_both(cli: Cli, key: str) -> None:
    """Which publication, and as of when the other was read."""
    assert status(cli) == "removed"
    told = cli("review", "show", key, "--json").json
    assert (
        "ofac-sdn-csv took ofac-uid 9 off us-ofac-sdn in its publication of 2021-08-20"
        in (told["text"])
    )
    assert "csl-csv, as last read (2021-08-19), still shows it" in told["text"]
    assert told["sides"][0]["status"] == "removed"
    assert cli("review", "show", key).code == 0
    assert "still-shown" in cli("review", "--limit", "1").out  # before all others


def test_it_is_asked_no_more_once_the_other_drops_it(cli: Cli, key: str, tmp_path: Path) -> None:
    """As of a reading that still shows it, it is."""
    assert cli("ingest", "csl-csv", screening_list(tmp_path, "2021-08-21", range(10))).code == 0
    assert questions(cli)[0]["id"] == key
    assert cli("ingest", "csl-csv", screening_list(tmp_path, "2021-08-22", range(9))).code == 0
    assert questions(cli) == []
    gone = cli("review", "accept", key, *WHY)
    assert (gone.code, "no source shows it any more" in gone.err) == (1, True)
    assert "nobody else still shows it" in cli("review", "show", key, "--json").json["text"]


def test_it_is_asked_no_more_once_the_first_shows_it_again(
    cli: Cli, key: str, tmp_path: Path
) -> None:
    """Then they agree."""
    assert key
    assert cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-21", *TEN)).code == 0
    assert questions(cli) == []
    assert status(cli) == "designated"


def test_what_is_accepted_stands_and_is_the_others_from_then_on(
    cli: Cli, key: str, tmp_path: Path
) -> None:
    """The first may go on without it; who still shows it takes it off."""
    done = cli("review", "accept", key, *WHY)
    assert (done.code, "accepted, recorded at 0:" in done.out) == (0, True)
    assert (status(cli), questions(cli)) == ("designated", [])
    assert cli("review", "show", key, "--json").json["decision"]["verdict"] == "accepted"
    first = snapshot(tmp_path, "2021-08-21", *TEN[:9])
    again = screening_list(tmp_path, "2021-08-21", range(10))
    for name, path in (("ofac-sdn-csv", first), ("csl-csv", again)) * 2:
        (told,) = cli("ingest", name, path, "--json").json
        assert (told["added"], told["amended"], told["removed"]) == (0, 0, 0)
    assert status(cli) == "designated"
    assert cli("ingest", "csl-csv", screening_list(tmp_path, "2021-08-22", range(9))).code == 0
    assert (status(cli), questions(cli)) == ("removed", [])
    assert cli("status", "company-9", "--json").json["lists"][0]["anomalies"] == []
    assert cli("review", "undo", key, *WHY).code == 0
    assert (status(cli), questions(cli)) == ("removed", [])


def test_what_was_accepted_can_be_undone_and_accepted_again(
    cli: Cli, key: str, tmp_path: Path
) -> None:
    """The removal counts again, and it is asked again."""
    cli("review", "accept", key, *WHY)
    assert cli("review", "undo", key, *WHY).code == 0
    assert status(cli) == "removed"
    assert [one["id"] for one in questions(cli)] == [key]
    assert cli("review", "accept", key, *WHY).code == 0
    assert status(cli) == "designated"
    cli("review", "undo", key, *WHY)
    gone = screening_list(tmp_path, "2021-08-22", range(9))
    (told,) = cli("ingest", "csl-csv", gone, "--json").json
    assert (told["removed"], questions(cli)) == (0, [])


def test_what_is_refused_is_off_and_not_asked_again(cli: Cli, key: str) -> None:
    """A note says who said so."""
    assert cli("review", "refuse", key, *WHY).code == 0
    assert (status(cli), questions(cli)) == ("removed", [])
    note = cli("history", "company-9", "--json").json["events"][-1]
    assert "as ofac-sdn-csv says: the notice says so (j.doe)" in json.dumps(note)
    wrong = cli("review", "accept", key, *WHY)
    assert (wrong.code, "is refused already, by j.doe" in wrong.err) == (1, True)
    assert cli("review", "undo", key, *WHY).code == 0
    wrong = cli("review", "accept", key, "--into", "company-1", *WHY)
    assert (wrong.code, "into: is not asked here, nor companies" in wrong.err) == (1, True)
