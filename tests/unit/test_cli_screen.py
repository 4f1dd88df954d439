"""`standing screen`: files of holdings as people have them."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from service.compose import opened_embedded as opened
from service.settings import load_settings
from tests.unit.conftest import Cli
from tests.unit.making import CCMC, issued
from tests.unit.serving import described, merged

HOLDINGS = "name,isin,weight\nXiaomi Corp,,=1+1\n,KYG9830T1067,2\nNobody at all,,3\n"


def file(tmp_path: Path, content: str | bytes, name: str = "holdings.csv") -> Path:
    """A file of holdings."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(text: str) -> list[dict[str, Any]]:
    """JSON Lines, read."""
    return [json.loads(line) for line in text.splitlines()]


def test_holdings_are_matched_and_answered_as_of_a_date(demo: Cli, tmp_path: Path) -> None:
    """Each says by what and how surely; what is not found clears nobody."""
    done = demo("screen", file(tmp_path, HOLDINGS), "--as-of", "2021-02-01")
    assert done.code == 0
    by_name, by_isin, nobody = rows(done.out)
    assert (by_name["match"], by_name["by"], by_name["row"]) == ("strong", "name", 2)
    assert (by_isin["match"], by_isin["by"], by_isin["matched"]) == (
        "exact",
        "isin",
        "KYG9830T1067",
    )
    status = demo("status", "xiaomi", "--as-of", "2021-02-01", "--json").json
    assert by_isin["status"] == status["status"] == "designated"
    assert by_isin["lists"][0]["since"] == status["lists"][0]["since"]
    assert by_isin["ownership"] == "not_evaluated"
    assert (nobody["match"], nobody["company"], nobody["status"]) == ("none", None, None)
    assert nobody["note"] == "no match found, which clears nobody"
    assert "us-ofac-sdn" in nobody["uncovered"]
    assert nobody["input"] == {"name": "Nobody at all", "isin": "", "weight": "3"}
    assert "screened 3 rows against 52 companies" in done.err
    assert "1 with no match found, which clears nobody" in done.err


def test_the_formats_say_the_same(demo: Cli, tmp_path: Path) -> None:
    """What was given comes first, and no cell of it is run by a spreadsheet."""
    path = file(tmp_path, HOLDINGS.replace("weight", "=status,Status").replace(",=1", ",x,=1"))
    told = rows(demo("screen", path, "--json").out)
    out = tmp_path / "out.csv"
    assert demo("screen", path, "--format", "csv", "-o", out).code == 0
    written = list(csv.DictReader(io.StringIO(out.read_text(), newline="")))
    assert list(written[0])[:4] == ["name", "isin", "'=status", "Status"]
    assert written[0]["Status"] == "'=1+1"
    assert [one["standing_status"] for one in written] == [one["status"] or "" for one in told]
    assert [one["match"] for one in written] == [one["match"] for one in told]
    assert demo("screen", path, "--format", "parquet", "-o", tmp_path / "p").code == 0
    table = pq.read_table(tmp_path / "p").to_pylist()
    assert [one["standing_status"] for one in table] == [one["status"] for one in told]
    assert table[0]["score"] == told[0]["score"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfIssuer Name;Weight\r\nXiaomi;1\r\n;\r\n\r\n",
        "ISIN\tother\nKYG9830T1067\tx\n".encode("utf-16"),
        b"\n\n weight | NAME \n\n1|Xiaomi\n",
        b'"na""me",company\nx,xiaomi',
        b"id\nxiaomi\n",
        b"symbol\n1810\n",
        b'name,note\n"Xiaomi","two\nlines"\n',
        "company\n小米\n".encode(),
    ],
)
def test_files_are_read_as_people_have_them(demo: Cli, tmp_path: Path, content: bytes) -> None:
    """With other delimiters, marks of order, blank rows and headings in any case."""
    demo.record(
        described(
            "xiaomi",
            identifiers=[
                {"scheme": "ticker", "value": "1810"},
                {"scheme": "isin", "value": "KYG9830T1067"},
            ],
        )
    )
    done = demo("screen", file(tmp_path, content))
    assert done.code == 0, done.err
    assert [one["company"] for one in rows(done.out)] == ["xiaomi"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty; it needs a heading with name"),
        (b"\n\n", "is empty"),
        (b"weight,country\n1,CN\n", "no column says who a company is"),
        (b"\xff\xff\xff", "is not UTF-8"),
        ("name\n".encode("utf-16")[:-1], "is not UTF-8"),
        (b"name\nok\n\xff\xfe\n", "is not UTF-8"),
        (b"name," + b"," * 2_000, "more than 1,000 columns"),
    ],
)
def test_a_file_that_names_nobody_is_bad_usage(
    demo: Cli, tmp_path: Path, content: bytes, why: str
) -> None:
    """And it is said what would do."""
    done = demo("screen", file(tmp_path, content))
    assert done.code == 2
    assert why in " ".join(done.err.replace("│", "").split())


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"name,isin\nAcme,,extra\n", "holdings.csv:2: 3 cells, and the heading has 2"),
        (b'name\n"open\n', "holdings.csv:2: the last cell has a quote that nothing ends"),
        (b"name\n" + b"x" * 1_001 + b"\n", "holdings.csv:2: name: is longer than 1,000"),
        (b"name\n" + b"x" * 200_000 + b"\n", "a cell has more than 131,072 characters"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    demo: Cli, tmp_path: Path, content: bytes, where: str
) -> None:
    """By its line; a file takes its name only when it is complete."""
    out = tmp_path / "out.jsonl"
    done = demo("screen", file(tmp_path, content), "-o", out)
    assert done.code == 1, done.err
    assert where in done.err
    assert not out.exists()


def test_rows_from_standard_input_with_lists_and_cuts(cli: Cli) -> None:
    """What the log had not heard of by then is said, and what is on no list asked for."""
    cli.record(described("acme", name="Acme Steel"), issued("2021-01-14"))
    done = cli("screen", "-", "--list", CCMC, "--as-of", "2021-02-01", stdin=b"name\nAcme Steel\n")
    (one,) = rows(done.out)
    assert (one["status"], one["uncovered"]) == ("designated", [CCMC])
    done = cli("screen", "-", "--known-at", "2001-01-01", stdin=b"name\nAcme Steel\n")
    (one,) = rows(done.out)
    assert (one["match"], one["status"]) == ("strong", None)
    assert one["note"] == "the log had not heard of the company by then"
    assert cli("screen", "-", "--list", "nowhere", stdin=b"name\nx\n").code == 1
    assert "as_of" in cli("screen", "-", "--as-of", "soon", stdin=b"name\nx\n").err


def test_a_row_that_says_nothing_is_told_so(cli: Cli) -> None:
    """It is not taken for one that was looked for."""
    (one,) = rows(cli("screen", "-", stdin=b"name,weight\n,5\n").out)
    assert one["match"] == "none"
    assert "nobody was looked for" in one["note"]


def test_a_reference_of_a_source_finds_its_company(cli: Cli) -> None:
    """Also where that counts for another now."""
    listed = issued("2021-01-14", reference={"scheme": "uid", "id": "A-17"})
    cli.record(
        described("acme", name="Acme"), listed, described("b", name="B"), merged("acme", "b")
    )
    (one,) = rows(cli("screen", "-", stdin=b"id\na17\n").out)
    assert (one["company"], one["by"], one["match"]) == ("b", "reference", "strong")


def test_of_many_matches_the_surest_are_told(cli: Cli) -> None:
    """And how many are left out."""
    cli.record(*(described(f"sokol-{n}", name="Sokol") for n in range(12)))
    found = rows(cli("screen", "-", stdin=b"name\nSokol\n").out)
    assert len(found) == 10
    assert {one["note"] for one in found} == {"2 less sure matches are left out"}


def test_a_parked_company_is_not_answered_for(cli: Cli) -> None:
    """It is found, and why nothing can be said of it is told."""
    cli.record(described("acme", name="Acme Steel"), issued("2021-01-14"))
    with opened(load_settings()) as standing:
        admitted = standing.admit(issued("2021-02-01", "poison"))
        poison = admitted._replace(body=admitted.body.replace(b"2021-02-01", b"no date"))
        asyncio.run(standing.log.append([poison]))
    (one,) = rows(cli("screen", "-", stdin=b"name\nAcme Ltd\n").out)
    assert (one["company"], one["status"], bool(one["parked"])) == ("acme", None, True)


def test_min_score_says_how_like_a_name_must_be(cli: Cli) -> None:
    """From 0.5 to 1."""
    cli.record(described("acme", name="Acme Steel Works"))
    assert rows(cli("screen", "-", stdin=b"name\nAcme\n").out)[0]["match"] == "none"
    low = rows(cli("screen", "-", "--min-score", "0.5", stdin=b"name\nAcme\n").out)
    assert (low[0]["match"], low[0]["score"]) == ("possible", 0.5)
    assert cli("screen", "-", "--min-score", "0.4", stdin=b"name\nAcme\n").code == 2
