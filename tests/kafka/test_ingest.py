"""`standing ingest` on a real Kafka: the log there is all that a reading needs to go on."""

from pathlib import Path

from tests.unit.conftest import Cli
from tests.unit.sources.test_cli_ingest import TEN, row, snapshot


def test_a_reading_goes_on_where_the_log_ends(cli: Cli, bare: str, tmp_path: Path) -> None:
    """From another home, too; the same again appends nothing."""
    cli.set("STANDING_KAFKA", bare)
    assert cli("topics", "apply", "--partitions", "3", "--replication", "1").code == 0
    first = snapshot(tmp_path, "2021-08-18T093901Z", *TEN)
    (told,) = cli("ingest", "ofac-sdn-csv", first, "--json").json
    assert (told["outcome"], told["recorded"]) == ("read", 21)
    cli.set("STANDING_HOME", str(tmp_path / "another"))
    (told,) = cli("ingest", "ofac-sdn-csv", first, "--json").json
    assert (told["outcome"], told["recorded"]) == ("unchanged", 0)
    second = snapshot(tmp_path, "2021-08-20T013811Z", *TEN[1:], row(11, "NEW BANK"))
    (told,) = cli("ingest", "ofac-sdn-csv", second, "--json").json
    assert (told["added"], told["removed"], told["recorded"]) == (1, 1, 4)
    assert cli("status", "company-0", "--json").json["status"] == "removed"
    assert cli("status", "new-bank", "--json").json["status"] == "designated"
