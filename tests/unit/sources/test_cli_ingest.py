"""`standing ingest`: what is read, what is held and what is refused, as it is told."""

from pathlib import Path

import pytest

from tests.unit.conftest import Cli

END = b"\x1a"


def row(number: int, name: str, kind: str = "-0- ", programme: str = "CUBA") -> bytes:
    """A row of SDN.CSV."""
    return f'{number},"{name}",{kind},"{programme}"{",-0- " * 8}\r\n'.encode()


def snapshot(folder: Path, at: str, *rows: bytes, end: bytes = END) -> Path:
    """A file that was taken then."""
    path = folder / f"sdn_{at}.csv"
    path.write_bytes(b"".join(rows) + end)
    return path


TEN = [row(number, f"COMPANY {number}") for number in range(10)]


def test_what_is_read_is_told(cli: Cli, tmp_path: Path) -> None:
    """A line for each publication; what was left out is counted."""
    first = snapshot(tmp_path, "2021-08-18T093901Z", *TEN, row(77, "DOE, Jane", "individual"))
    second = snapshot(tmp_path, "2021-08-20T013811Z", *TEN[1:], row(11, "NEW BANK"))
    done = cli("ingest", "ofac-sdn-csv", second, first)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        (
            "2021-08-18T09:39:01Z  sdn_2021-08-18T093901Z.csv: 11 entries; 10 new, 0 amended, "
            "0 removed; 21 events; 1 of kind person left out"
        ),
        (
            "2021-08-20T01:38:11Z  sdn_2021-08-20T013811Z.csv: 10 entries; 1 new, 0 amended, "
            "1 removed; 4 events"
        ),
    ]
    assert cli("status", "company-0", "--json").json["status"] == "removed"
    told = cli("status", "new-bank", "--json").json["lists"][0]
    assert told["references"] == [{"scheme": "ofac-uid", "id": "11"}]
    assert told["coverage"]["from"] == "2021-08-18T09:39:01Z"


@pytest.mark.parametrize(
    ("rows", "end", "why"),
    [
        ([], b"", "it has no entries at all"),
        (TEN, b"", "it is cut short or broken: sdn_2021-08-20.csv does not end with the row"),
        (TEN[:5], END, "it would remove 5 of 10 from us-ofac-sdn, more than 20% at once"),
        ([*TEN, b"\x00\xff,broken\r\n"], END, "1 of its entries cannot be read"),
    ],
)
def test_what_cannot_be_believed_is_held(
    cli: Cli, tmp_path: Path, rows: list[bytes], end: bytes, why: str
) -> None:
    """Nobody is delisted by a fault; a person may say that it is none."""
    cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-18", *TEN))
    bad = snapshot(tmp_path, "2021-08-20", *rows, end=end)
    done = cli("ingest", "ofac-sdn-csv", bad)
    assert done.code == 1
    assert f"sdn_2021-08-20.csv: held: {why}" in done.err
    assert done.out.endswith("held, nothing applied; --accept applies it\n")
    assert cli("status", "company-9", "--json").json["status"] == "designated"
    done = cli("ingest", "ofac-sdn-csv", bad, "--accept", "--json")
    assert f"accepted all the same: {why}" in done.err
    assert done.json[0]["outcome"] == "read"
    gone = cli("status", "company-9", "--json").json["status"]
    assert gone == ("removed" if len(rows) < 10 else "designated")


def test_a_larger_share_may_be_removed_where_that_is_said(cli: Cli, tmp_path: Path) -> None:
    """Set shares are shares of each list."""
    cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-18", *TEN))
    path = snapshot(tmp_path, "2021-08-20", *TEN[:5])
    assert cli("ingest", "ofac-sdn-csv", path, "--most-removed", "0.5").code == 0


def test_when_it_was_taken_has_to_be_said(cli: Cli, tmp_path: Path) -> None:
    """By the caller, the file or its name."""
    path = tmp_path / "SDN.CSV"
    path.write_bytes(b"".join(TEN) + END)
    done = cli("ingest", "ofac-sdn-csv", path)
    assert done.code == 1
    assert "SDN.CSV: neither the file nor its name says when it was taken" in done.err
    done = cli("ingest", "ofac-sdn-csv", path, "--retrieved-at", "last week")
    assert (done.code, "'last week' is no date or full time" in done.err) == (2, True)
    done = cli("ingest", "ofac-sdn-csv", path, "--retrieved-at", "2999-01-01")
    assert (done.code, "was taken at 2999-01-01, it is said" in done.err) == (1, True)
    assert cli("ingest", "ofac-sdn-csv", path, "--retrieved-at", "2021-08-18").code == 0


@pytest.mark.parametrize(
    ("source", "content", "why"),
    [
        ("federal-register", b'{"count": 3}', "results: missing, where 3 documents should be"),
        ("ofac-enhanced-xml", b"<sanctionsData>", "line 1: "),
        ("ofac-delta-xml", b"PK", "line 1: Start tag expected"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_before_that_it_has_no_time(
    cli: Cli, tmp_path: Path, source: str, content: bytes, why: str
) -> None:
    """Where its time would be in it. With a time it is held for the same."""
    path = tmp_path / "downloaded"
    path.write_bytes(content)
    done = cli("ingest", source, path)
    assert (done.code, f"downloaded: cannot be read: {why}" in done.err) == (1, True)
    assert "Beside that, neither the file nor its name says" in done.err
    done = cli("ingest", source, path, "--retrieved-at", "2021-08-18")
    assert (done.code, why in done.err, "Beside that" in done.err) == (1, True, False)


def test_an_unknown_source_or_kind_is_named(cli: Cli, tmp_path: Path) -> None:
    """With what there is."""
    path = snapshot(tmp_path, "2021-08-18", *TEN)
    done = cli("ingest", "ofac-sdn", path)
    assert done.code == 2
    assert "unknown source 'ofac-sdn'" in done.err
    done = cli("ingest", "ofac-sdn-csv", path, "--kinds", "boats")
    assert (done.code, "boats: known are all, company" in done.err) == (2, True)


def test_persons_are_read_where_they_are_asked_for(cli: Cli, tmp_path: Path) -> None:
    """By their names alone."""
    jane = b'77,"DOE, Jane","individual","SDGT"' + b",-0- " * 7 + b',"DOB 1962; POB Somewhere."\r\n'
    path = snapshot(tmp_path, "2021-08-18", *TEN, jane)
    assert cli("ingest", "ofac-sdn-csv", path, "--kinds", "all").code == 0
    told = cli("history", "doe-jane", "--json").out
    assert '"name": "DOE, Jane"' in told
    assert "1962" not in told


def test_who_was_left_out_at_first_is_no_news_later(cli: Cli, tmp_path: Path) -> None:
    """The same file with all kinds: they stood there when it was read first."""
    jane = row(77, "DOE, Jane", "individual")
    path = snapshot(tmp_path, "2021-08-18", *TEN, jane)
    cli("ingest", "ofac-sdn-csv", path)
    (told,) = cli("ingest", "ofac-sdn-csv", path, "--kinds", "all", "--json").json
    assert (told["added"], told["recorded"]) == (1, 2)
    event = cli("history", "doe-jane", "--json").json["events"][-1]
    assert event["data"]["effective_basis"] == "baseline"
    changes = cli("changes", "--format", "jsonl").out.splitlines()
    assert all('"backfill":true' in one for one in changes)


def test_a_time_as_in_a_name_is_one(cli: Cli, tmp_path: Path) -> None:
    """`--retrieved-at` takes it, too."""
    path = tmp_path / "SDN.CSV"
    path.write_bytes(b"".join(TEN) + END)
    (told,) = cli(
        "ingest", "ofac-sdn-csv", path, "--retrieved-at", "2022-03-07T184758Z", "--json"
    ).json
    assert told["taken"] == "2022-03-07T18:47:58Z"


def test_a_company_is_never_the_clock(cli: Cli, tmp_path: Path) -> None:
    """That subject is the alarm's own."""
    path = snapshot(tmp_path, "2021-08-18", row(1, "CLOCK"))
    assert cli("ingest", "ofac-sdn-csv", path).code == 0
    assert cli("status", "clock-ofac-uid-1", "--json").json["status"] == "designated"


def test_files_without_other_names_take_none_away(cli: Cli, tmp_path: Path) -> None:
    """They cannot tell."""
    names = tmp_path / "alt_2021-08-18.csv"
    names.write_bytes(b'1,5,"aka","FIRST",-0- \r\n' + END)
    cli("ingest", "ofac-sdn-csv", names, snapshot(tmp_path, "2021-08-18", *TEN))
    (told,) = cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-19", *TEN), "--json").json
    assert told["amended"] == 0
    assert cli("search", "first", "--json").json["companies"][0]["company"] == "company-1"


def test_history_that_is_loaded_is_marked(cli: Cli, tmp_path: Path) -> None:
    """Nobody is told of it."""
    first = snapshot(tmp_path, "2021-08-18", *TEN)
    second = snapshot(tmp_path, "2021-08-20", *TEN, row(11, "NEW BANK"))
    cli("ingest", "ofac-sdn-csv", first, second, "--backfill")
    changes = cli("changes", "--format", "jsonl").out.splitlines()
    assert len(changes) == 11
    assert all('"backfill":true' in one for one in changes)


def test_one_publication_has_one_file_with_the_entries(cli: Cli, tmp_path: Path) -> None:
    """Two of one time cannot both be it."""
    first = snapshot(tmp_path, "2021-08-18", *TEN)
    other = tmp_path / "other_2021-08-18.csv"
    other.write_bytes(b"".join(TEN) + END)
    done = cli("ingest", "ofac-sdn-csv", first, other)
    assert done.code == 1
    assert "exactly one file should have the entries" in done.err
    names = tmp_path / "alt_2021-08-18.csv"
    names.write_bytes(b'1,5,"aka","FIRST",-0- \r\n' + END)
    assert cli("ingest", "ofac-sdn-csv", names, first).code == 0
    assert cli("search", "first", "--json").json["companies"][0]["company"] == "company-1"


def test_the_doctor_tells_of_sources_that_went_stale(cli: Cli, tmp_path: Path) -> None:
    """Those that were read once and are not any more, and those that cannot be had."""

    def found() -> tuple[bool, str]:
        checks = {one["check"]: one for one in cli("doctor", "--json").json["checks"]}
        return checks["sources"]["ok"], checks["sources"]["found"]

    assert found() == (True, "none is stale")
    cli("ingest", "ofac-sdn-csv", snapshot(tmp_path, "2021-08-18T093901Z", *TEN))
    assert found() == (False, "us-ofac-sdn was last read 2021-08-18T09:39:01Z")
    (cli.home / "watching.json").write_text(
        '{"ofac-sdn-csv": {"tags": {}, "at": null, "failures": 2, "trouble": "503"}}'
    )
    assert found()[1].endswith("; ofac-sdn-csv: 503")


def test_watching_needs_a_source(cli: Cli) -> None:
    """Named, or in the settings; what is wrong in those is told by its place."""
    done = cli("ingest", "--watch")
    assert (done.code, "no source is named" in done.err) == (2, True)
    assert cli("ingest", "ofac-sdn-csv").code == 2
    done = cli("ingest", "ofac-sdn-csv", "--watch", "--retrieved-at", "2021")
    assert (done.code, "takes no files" in done.err) == (2, True)
    done = cli("ingest", "ofac-sdn-csv", "--watch", "--every", "soon")
    assert "watch.ofac-sdn-csv.every: 'soon' is no span of time" in done.err
    cli.home.mkdir(exist_ok=True)
    settings = cli.home / "standing.toml"
    settings.write_text('watch = "ofac-sdn-csv"')
    assert "watch: a table for each source is needed" in cli("ingest", "--watch").err
    settings.write_text("[watch.ofac-sdn-csv]\nevery = 6")
    assert "watch.ofac-sdn-csv.every: 6: every and url are known" in cli("ingest", "--watch").err
    settings.write_text("[watch.nobody]\nevery = '6h'")
    assert "unknown source 'nobody'" in cli("ingest", "--watch").err
