"""`standing replay` and `standing changes`: everybody, in three formats."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from events.dates import show, start
from projections.reader import Question
from projections.replay import Row
from service import formats
from service.compose import opened
from service.formats import CHANGES, REPLAY, encoded, unquoted
from service.settings import load_settings
from tests.unit.conftest import Cli

Rows = list[dict[str, Any]]


def jsonl(text: str) -> Rows:
    """JSON Lines, read."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "cuts",
    [
        (),
        ("--announced-by", "2021-01-10"),
        ("--known-at", "0:200"),
        ("--announced-by", "2021-03-01", "--known-at", "0:259"),
        ("--list", "us-dod-ccmc"),
        ("--list", "us-dod-ccmc", "--list", "us-ofac-ns-cmic", "--known-at", "0:150"),
    ],
)
@pytest.mark.parametrize("as_of", ["2020-06-24", "2021-01-11T09:30:00-05:00", "2021-05", "2031"])
def test_replay_says_of_everybody_what_status_says_of_each(
    demo: Cli, as_of: str, cuts: tuple[str, ...]
) -> None:
    """Whatever the cut-offs."""
    pairs = list(zip(cuts[::2], cuts[1::2], strict=True))
    given = dict(pairs)
    asked = [value for name, value in pairs if name == "--list"]
    question = Question((), as_of, given.get("--announced-by"), given.get("--known-at"))
    rows = jsonl(demo("replay", "--as-of", as_of, *cuts).out)
    assert rows or "0:150" in cuts
    with opened(load_settings()) as standing:
        for row in rows:
            answer = standing.reader.status(row["company"], question)
            lists = [one for one in answer["lists"] if not asked or one["list"] in asked]
            assert row["lists"] == [
                {
                    **{
                        key: one[key]
                        for key in ("list", "covered", "status", "since", "until", "how")
                    },
                    "restrictions": [restriction["kind"] for restriction in one["restrictions"]],
                }
                for one in lists
            ]
            if not asked:
                assert row["status"] == answer["status"]
                assert row["name"] == answer["name"]
                assert row["restrictions"] == [one["kind"] for one in answer["restrictions"]]


def test_a_panel_is_the_replays_of_its_dates(demo: Cli) -> None:
    """One row per company and date, company by company."""
    days = ["2021-03-10", "2021-03-12", "2021-03-14"]
    panel = jsonl(demo("replay", "--from", days[0], "--to", "2021-03-15", "--every", "2d").out)
    each = [row for day in days for row in jsonl(demo("replay", "--as-of", day).out)]
    assert panel == sorted(each, key=lambda row: (row["company"], row["as_of"]))


@pytest.mark.parametrize("command", [("replay", "--as-of", "2021-04-01"), ("changes",)])
def test_the_formats_say_the_same(demo: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    """CSV and Parquet have the leaves of what JSON Lines nest."""
    paths = {form: tmp_path / f"rows.{form}" for form in ("jsonl", "csv", "parquet")}
    for form, path in paths.items():
        done = demo(*command, "--format", form, "-o", path)
        assert (done.code, done.out) == (0, "")
    told = jsonl(paths["jsonl"].read_text())
    table = pq.read_table(paths["parquet"]).to_pylist()
    with paths["csv"].open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(told) == len(table) == len(cells) > 50
    for row, record, line in zip(told, table, cells, strict=True):
        assert record["company"] == line["company"] == row["company"]
        for name, value in record.items():
            assert _as_text(value, name) == _as_text(_read(line[name], value), name), name
        if row.get("effective"):
            assert record["effective"].timestamp() * 1e6 == start(row["effective"])


def _read(cell: str, like: Any) -> Any:
    """A cell of CSV as Parquet has it."""
    if isinstance(like, list) and like and isinstance(like[0], dict):
        return json.loads(cell)
    if isinstance(like, list):
        return cell.split(";") if cell else []
    return {"true": True, "false": False}.get(cell, cell) if isinstance(like, bool) else cell


def _as_text(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_as_text(one, name) for one in value]
    if isinstance(value, dict):
        return {key: _as_text(one, key) for key, one in value.items()}
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1e6)
    if value and name in ("since", "until", "effective", "announced", "recorded"):
        return start(str(value))
    return "" if value is None else str(value)


def test_lists_are_lists_and_times_are_times_in_parquet(demo: Cli, tmp_path: Path) -> None:
    """So that nobody has to parse them again."""
    path = tmp_path / "rows.parquet"
    demo("replay", "--as-of", "2021-04-01", "--format", "parquet", "-o", path)
    schema = pq.read_schema(path)
    assert str(schema.field("restrictions").type) == "list<element: string>"
    assert "since: timestamp[us, tz=UTC]" in str(schema.field("lists").type)


def test_no_cell_is_run_by_a_spreadsheet() -> None:
    """A company may call itself anything."""
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", " =1+1", "\n\x00=1+1", "\u200b@A", "\uff1d1"]
    formulas += ["'=1+1", "''+1", "\rx"]
    names = [*formulas, 'Acme, Inc. "A"', "'s Acme", "Acme\n=1+1", None]
    rows = [Row("2021", "acme", name, "CN", "designated", ["x"], []) for name in names]
    written = b"".join(encoded(rows, REPLAY, "csv")).decode()
    read = [row["name"] for row in csv.DictReader(io.StringIO(written, newline=""))]
    assert read == [*(f"'{one}" for one in formulas), 'Acme, Inc. "A"', "'s Acme", "Acme\n=1+1", ""]
    assert [unquoted(one) for one in read] == [one or "" for one in names]


@pytest.mark.parametrize("table", [REPLAY, CHANGES])
def test_no_rows_are_a_file_all_the_same(table: Any, tmp_path: Path) -> None:
    """With its columns, where the format has any."""
    assert b"".join(encoded([], table, "jsonl")) == b""
    assert b"".join(encoded([], table, "csv")).decode().split(",")[0] in ("as_of", "company")
    path = tmp_path / "none.parquet"
    path.write_bytes(b"".join(encoded([], table, "parquet")))
    assert pq.read_table(path).num_rows == 0


def test_rows_come_in_groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """However many there are, a few are in memory."""
    monkeypatch.setattr(formats, "ROWS", 5)
    monkeypatch.setattr(formats, "ROW_GROUP", 2)
    rows = (Row("2021", f"c{n:03d}", None, None, "designated", [], []) for n in range(95))
    path = tmp_path / "many.parquet"
    path.write_bytes(b"".join(encoded(rows, REPLAY, "parquet")))
    assert pq.ParquetFile(path).num_row_groups == 10
    assert pq.read_table(path)["company"].to_pylist() == [f"c{n:03d}" for n in range(95)]


def test_changes_have_three_times(demo: Cli) -> None:
    """Effective, announced and recorded, and what caused them, in the order they were told."""
    rows = jsonl(demo("changes", "--company", "xiaomi").out)
    assert [(row["kind"], row["to"]["status"]) for row in rows] == [
        ("changed", "designated"),
        ("changed", "enjoined"),
        ("corrected", "enjoined"),
        ("changed", "removed"),
    ]
    last = rows[-1]
    assert last["effective"] == "2021-05-25T16:09:00-04:00"
    assert last["announced"] == "2021-05-26T23:59:59.999999-04:00"
    assert last["recorded"] > "2026"
    assert last["cause"] == ["xiaomi-ccmc-vacated"]
    sequences = [row["sequence"] for row in rows]
    assert sequences == sorted(sequences)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--kind", "changed"), 3),
        (("--kind", "corrected", "--kind", "noted"), 11),
        (("--since", "2021-03-12", "--until", "2021-03-12", "--kind", "changed"), 1),
        (("--since", "2021-05-26", "--by", "announced"), 1),
        (("--since", "2021-05-26", "--by", "effective"), 0),
        (("--until", "2021", "--by", "recorded"), 0),
        (("--list", "us-dod-1260h"), 0),
    ],
)
def test_changes_are_narrowed(demo: Cli, options: tuple[str, ...], count: int) -> None:
    """By kind, list, and any of the three times."""
    assert len(jsonl(demo("changes", "--company", "xiaomi", *options).out)) == count


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("replay",), 2, "give --as-of, or --from and --to"),
        (("replay", "--as-of", "2021", "--from", "2021-01-01"), 2, "leave --from and --to out"),
        (("replay", "--as-of", "2021", "--format", "xlsx"), 2, "xlsx"),
        (("replay", "--as-of", "2021-13"), 1, "--as-of: '2021-13' is not in the calendar"),
        (("replay", "--from", "2021", "--to", "2022-01-01"), 1, "--from: '2021' is no day"),
        (
            ("replay", "--from", "2021-01-02", "--to", "2021-01-01"),
            1,
            "--to: 2021-01-01 is before --from 2021-01-02",
        ),
        (
            ("replay", "--from", "2021-01-01", "--to", "2021-01-02", "--every", "1h"),
            1,
            "--every: '1h' is no number of days",
        ),
        (("replay", "--from", "0001-01-01", "--to", "9999-01-01"), 1, "dates; at most 10,000"),
        (("replay", "--as-of", "2021", "--list", "us"), 1, "--list: unknown list 'us'"),
        (("changes", "--kind", "changd"), 1, "--kind: unknown 'changd'"),
        (("changes", "--since", "soon"), 1, "--since: 'soon' is no date"),
        (("changes", "--company", "nobody"), 1, "unknown company 'nobody'"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    demo: Cli, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """Before anything is written."""
    done = demo(*arguments)
    assert (done.code, done.out) == (code, "")
    assert told in " ".join(done.err.replace("│", " ").split())


def test_a_file_takes_its_name_when_it_is_whole(demo: Cli, tmp_path: Path) -> None:
    """What was there before stays until then."""
    path = tmp_path / "rows.csv"
    path.write_text("before")
    assert demo("replay", "--as-of", "2021-13", "--format", "csv", "-o", path).code == 1
    assert path.read_text() == "before"
    assert demo("replay", "--as-of", "2021-12", "--format", "csv", "-o", path).code == 0
    assert path.read_text().startswith("as_of,company")
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["rows.csv"]


def test_a_day_is_that_of_each_list(demo: Cli) -> None:
    """Midnight in New York, not in Greenwich."""
    (row,) = [
        row
        for row in jsonl(demo("replay", "--as-of", "2021-01-13").out)
        if row["company"] == "xiaomi"
    ]
    assert row["status"] == "not_listed"
    assert row["lists"][0]["until"] == "2021-01-14T00:00:00-05:00"
    assert show(start(row["lists"][0]["until"])) == "2021-01-14T05:00:00+00:00"
