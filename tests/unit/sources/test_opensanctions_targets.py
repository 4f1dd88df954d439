"""OpenSanctions' targets, on made-up rows: its data are not ours to pass on."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.log import Position
from events.memory_log import MemoryEventLog
from events.sources.opensanctions_targets import TARGETS
from events.sources.source import Head, Unreadable
from events.vocabulary import DESIGNATION_ISSUED
from tests.unit.making import REGISTRY, at, tries
from tests.unit.sources.reading import ingested, mutated, placed, read, survives

COLUMNS = [
    "id",
    "schema",
    "name",
    "aliases",
    "birth_date",
    "countries",
    "addresses",
    "identifiers",
    "sanctions",
    "phones",
    "emails",
    "program_ids",
    "dataset",
    "first_seen",
    "last_seen",
    "last_change",
]
SDN = "US OFAC Specially Designated Nationals (SDN) List"
CONSOLIDATED = "US OFAC Consolidated (non-SDN) List"
CSL = "US Trade Consolidated Screening List (CSL)"


def file(*rows: dict[str, str], columns: list[str] = COLUMNS) -> bytes:
    """A file of made-up rows."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, columns, "", extrasaction="ignore", quoting=csv.QUOTE_ALL, lineterminator="\n"
    )
    writer.writeheader()
    usual = {"id": "NK-made1", "schema": "Company", "name": "Roga Ltd", "dataset": SDN}
    writer.writerows({**usual, **row} for row in rows)
    return text.getvalue().encode()


FULL = file(
    {
        "aliases": 'Roga;"Roga; Kopyta";Roga Ltd',
        "countries": "cy",
        "addresses": "1 Made-up Street",
        "identifiers": "IMO6000001;529900T8BM49AURSDO55;529900T8BM49AURSDO56;4711",
        "sanctions": "A reason\nin two lines",
        "phones": "+1",
        "emails": "roga@example.com",
        "program_ids": "US-RUSHAR;US-TERR",
        "first_seen": "2023-01-01T00:00:00",
        "last_seen": "2026-01-01T00:00:00",
    },
    {
        "id": "ofac-1",
        "schema": "Person",
        "name": "Jane Doe",
        "birth_date": "1962",
        "countries": "cy",
    },
    {"id": "NK-2", "schema": "Vessel", "name": "SEA STAR", "countries": "pa;cy"},
)


def test_a_target() -> None:
    """What it says, and what is left of it."""
    roga, jane, ship = read(TARGETS, FULL).values()
    assert (roga.key, roga.kind, roga.country) == ("NK-made1", "company", "CY")
    assert roga.aliases == ("Roga", "Roga; Kopyta")
    assert roga.identifiers == (
        ("imo", "6000001"),
        ("lei", "529900T8BM49AURSDO55"),
        ("unspecified", "529900T8BM49AURSDO56"),  # its check digits are wrong
        ("unspecified", "4711"),
    )
    (listing,) = roga.listings
    assert (listing.list, listing.program) == ("us-ofac-sdn", "US-RUSHAR; US-TERR")
    assert (listing.effective, listing.expires) == (None, None)
    assert roga.rest == (
        "sanctions: A reason in two lines; program_ids: US-RUSHAR;US-TERR; "
        f"dataset: {SDN}; first_seen: 2023-01-01T00:00:00"
    )
    assert roga.url == "https://www.opensanctions.org/entities/NK-made1/"
    assert (jane.kind, ship.kind, ship.country) == ("person", "vessel", None)
    for gone in ("Street", "+1", "example.com", "1962", "last_seen"):
        assert gone not in repr((roga, jane, ship))


@pytest.mark.parametrize(
    ("programs", "dataset", "lists", "elsewhere"),
    [
        ("US-RUSHAR", SDN, ["us-ofac-sdn"], []),
        ("", SDN, ["us-ofac-sdn"], []),
        ("US-NS-CMIC", CONSOLIDATED, ["us-ofac-ns-cmic"], []),
        ("US-SSI;US-NS-MBS", CONSOLIDATED, ["us-ofac-mbs", "us-ofac-ssi"], []),
        ("US-BIS-EL", CSL, ["us-bis-entity-list"], []),
        ("US-BIS-DPL", f"{CSL};US BIS Denied Persons List", ["us-bis-dpl"], []),
        ("US-AECA-DEBARRED;US-DOS-ISN", CSL, ["us-state-dtc", "us-state-isn"], []),
        ("US-RUSHAR", CSL, [], [CSL]),
        ("EU-RUS;US-TERR", f"{SDN};EU list", ["us-ofac-sdn"], ["EU list"]),
        ("", "Made-up register", [], ["Made-up register"]),
        ("", "", [], []),
    ],
)
def test_programmes_and_datasets_name_the_lists(
    programs: str, dataset: str, lists: list[str], elsewhere: list[str]
) -> None:
    """Those of the United States that standing has; all else is counted under its title."""
    (entry,) = read(TARGETS, file({"program_ids": programs, "dataset": dataset})).values()
    assert [one.list for one in entry.listings] == lists
    assert list(entry.elsewhere) == elsewhere
    assert TARGETS.lists <= {one.id for one in REGISTRY}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("Company", "company"),
        ("Organization", "company"),
        ("PublicBody", "company"),
        ("LegalEntity", "unknown"),
        ("Person", "person"),
        ("Vessel", "vessel"),
        ("Airplane", "aircraft"),
    ],
)
def test_schemas_are_kinds(schema: str, kind: str) -> None:
    """Of a legal entity it is open whether it is a company."""
    (entry,) = read(TARGETS, file({"schema": schema})).values()
    assert (entry.kind, len(entry.listings)) == (kind, 1)


def test_what_is_nobody_is_on_no_list() -> None:
    """A wallet, a security."""
    (entry,) = read(TARGETS, file({"schema": "CryptoWallet"})).values()
    assert (entry.listings, entry.elsewhere) == ((), ("schema CryptoWallet",))


def test_only_lists_that_it_has_are_told() -> None:
    """Known before the first entry is given, also of a file that breaks off."""
    rows = file({"program_ids": "US-SSI", "dataset": CONSOLIDATED}, {"id": "x", "dataset": SDN})
    head = Head()
    assert len(read(TARGETS, rows, head=head)) == 2
    assert head.having == {"us-ofac-ssi", "us-ofac-sdn"}
    with pytest.raises(Unreadable, match="has a quote that nothing ends"):
        read(TARGETS, rows[:-2], head=head)
    assert head.having == {"us-ofac-ssi"}


def test_older_files_lack_columns_that_are_not_needed() -> None:
    """And a file that lacks others is another."""
    older = [one for one in COLUMNS if one != "program_ids"]
    assert len(read(TARGETS, file({}, columns=older))) == 1
    with pytest.raises(Unreadable, match="there is no column schema"):
        read(TARGETS, file({}, columns=[one for one in COLUMNS if one != "schema"]))


def test_rows_that_cannot_be_read_are_named() -> None:
    """The line and why; a cell whose quotes do not match is taken as it is."""
    head = Head()
    rows = file({"id": "two words"}, {"aliases": 'a;"b'}) + b'"short"\n\n'
    (entry,) = read(TARGETS, rows, head=head).values()
    assert entry.aliases == ('a;"b',)
    assert [str(one) for one in head.faults] == [
        "0:2: id: 'two words' is no id",
        "0:4: row: 1 columns where there should be 16",
    ]
    with pytest.raises(Unreadable, match="name: missing"):
        read(TARGETS, file({"name": " "}))


async def test_what_was_first_seen_is_no_legal_effect(tmp_path: Path) -> None:
    """A target stands from when it was read, as a baseline; its reference is of OpenSanctions."""
    log = MemoryEventLog(lambda: at("2100"))
    path = placed(tmp_path, "targets_2026-01-02.csv", FULL)
    (report,) = await ingested(log, tmp_path, TARGETS, [path])
    assert (report.outcome, report.found.skipped) == ("read", {"person": 1, "vessel": 1})
    events = [one.event async for some in log.read(Position(), await log.ends()) for one in some]
    (stood,) = (one["data"] for one in events if one["type"] == DESIGNATION_ISSUED)
    assert (stood["effective"], stood["effective_basis"]) == ("2026-01-02", "baseline")
    assert stood["reference"] == {"scheme": "opensanctions", "id": "NK-made1"}


@tries(40)
@given(st.binary(max_size=300), mutated(FULL))
def test_any_bytes_give_entries_or_a_clear_word(noise: bytes, changed: bytes) -> None:
    """Never another error."""
    survives(TARGETS, noise)
    survives(TARGETS, changed)
