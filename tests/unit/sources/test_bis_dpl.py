"""The Denied Persons List: orders, and what is answered of two editions three years apart."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.log import Position
from events.sources.bis_dpl import DPL
from events.sources.source import Head, Unreadable
from events.vocabulary import DESIGNATION_ISSUED, REMOVAL_ISSUED
from projections.reader import Question
from projections.replay import replay
from service.compose import opened_embedded
from service.settings import load_settings
from tests.unit.making import tries
from tests.unit.sources.reading import content, ingested, mutated, placed, read, survives

LIST = "us-bis-dpl"
DAYS = ("2019-06-29", "2022-09-07")
COLUMNS = (
    "Name",
    "Street_Address",
    "City",
    "State",
    "Country",
    "Postal_Code",
    "Effective_Date",
    "Expiration_Date",
    "Standard_Order",
    "Last_Update",
    "Action",
    "FR_Citation",
)


def edition(day: str) -> bytes:
    """The file of a day."""
    return content("bis_dpl", f"dpl_{day}.txt.gz")


def file(*rows: dict[str, str]) -> bytes:
    """A file of made-up rows."""
    usual = {"Effective_Date": "06/05/2019", "Standard_Order": "Y", "FR_Citation": "84 F.R. 27233"}
    text = io.StringIO()
    writer = csv.DictWriter(
        text, COLUMNS, "", delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows({**usual, **row} for row in rows)
    return text.getvalue().encode()


def orders(day: str) -> Counter[tuple[str, str]]:
    """The orders of an edition, counted here without the reader: name and American date."""
    rows = csv.DictReader(io.StringIO(edition(day).decode()), delimiter="\t")
    return Counter({(" ".join(row["Name"].upper().split()), row["Effective_Date"]) for row in rows})


@pytest.mark.parametrize(("day", "many"), [(DAYS[0], 417), (DAYS[1], 461)])
def test_an_order_is_a_name_and_a_day(day: str, many: int) -> None:
    """546 and 581 rows, of which many are further addresses of one order."""
    head = Head()
    found = read(DPL, edition(day), head=head)
    assert len(found) == many == len(orders(day))
    assert (head.cut, head.faulty) == (None, 0)
    for entry in found.values():
        (listing,) = entry.listings
        name, begins = listing.name_as_listed or "", listing.effective or ""
        american = f"{begins[5:7]}/{begins[8:]}/{begins[:4]}"
        assert (name.upper(), american) in orders(day)


def test_what_an_order_says() -> None:
    """Its days, its notice, and the rest in its own words; nothing of the address."""
    found = read(DPL, edition(DAYS[1]))
    ash = found["DPL 2003-06-19 I. ASH"]
    (listing,) = ash.listings
    assert listing.terms() == {
        "name_as_listed": "I. ASH",
        "basis": "68 F.R. 38290 6/27/03 71 F.R. 38843 7/10/06 72 F.R. 4236 1/30/07",
        "expires": "2056-06-29",
    }
    assert (ash.kind, ash.country, ash.line) == ("unknown", "US", 2)
    assert ash.rest == (
        "Standard_Order: Y; Last_Update: 2007-01-31; Action: FEDERAL REGISTER NOTICE UPDATED"
    )
    assert "SEAGOVILLE" not in repr(found)
    assert "DPL 2002-03-04 I. ASH" in found  # another order on the same name


def test_rows_of_one_order_are_one_entry_in_whatever_order() -> None:
    """The fullest notice, the commonest country, the latest end; no end where one has none."""
    rows: list[dict[str, str]] = [
        {"Name": "AIR FREIGHT LTD", "Country": "AE", "Expiration_Date": "12/03/2019"},
        {"Name": " Air  Freight Ltd", "Country": "JO", "Expiration_Date": "12/04/2019"},
        {
            "Name": "AIR FREIGHT LTD",
            "Country": "JO",
            "Expiration_Date": "12/03/2019",
            "FR_Citation": "83 F.R. 1; 84 F.R. 27233",
            "Action": "RENEWAL",
        },
    ]
    found = read(DPL, file(*rows))
    assert list(found) == ["DPL 2019-06-05 AIR FREIGHT LTD"]
    (entry,) = found.values()
    assert (entry.country, entry.rest) == ("JO", "Standard_Order: Y; Action: RENEWAL")
    assert entry.listings[0].basis == "83 F.R. 1; 84 F.R. 27233"
    assert entry.listings[0].expires == "2019-12-04"
    (turned,) = read(DPL, file(*reversed(rows))).values()
    assert turned == entry
    (endless,) = read(DPL, file(*rows, {"Name": "AIR FREIGHT LTD"})).values()
    assert endless.listings[0].expires is None


def test_a_notice_with_very_many_citations_is_told_from_its_end() -> None:
    """A renewal adds its own there."""
    notice = "; ".join(f"{number} F.R. {number}000" for number in range(100))
    (entry,) = read(DPL, file({"Name": "A", "FR_Citation": notice})).values()
    basis = entry.listings[0].basis or ""
    assert len(basis) <= 1_000
    assert basis.startswith("… ")
    assert basis.endswith("99 F.R. 99000")


@pytest.mark.parametrize(
    "row",
    [
        {"Name": "A", "Effective_Date": "soon"},
        {"Name": "A", "Effective_Date": "13/13/2019"},
        {"Name": "", "Effective_Date": "06/05/2019"},
    ],
)
def test_an_order_without_name_or_day_is_a_fault(row: dict[str, str]) -> None:
    """It has no key."""
    head = Head()
    assert read(DPL, file(row) + b"\n\n", head=head) == {}
    assert head.faults[0].field == "0:2: Effective_Date"


def test_an_end_that_is_no_date_is_not_taken_for_none() -> None:
    """An order without end would stand for ever."""
    with pytest.raises(Unreadable, match="Expiration_Date: 'never' is no date"):
        read(DPL, file({"Name": "A", "Expiration_Date": "never"}))


def test_a_file_that_is_cut_or_another() -> None:
    """In the middle of a row, of a quoted field, or without the columns."""
    whole = edition(DAYS[0])
    head = Head()
    with pytest.raises(Unreadable, match="has a quote that nothing ends"):
        read(DPL, whole[: len(whole) // 2])
    read(DPL, whole[: whole.rindex(b'\t"')], head=head)
    assert head.faults[0].detail == "11 columns where there should be 12"
    with pytest.raises(Unreadable, match="there is no column Name, Effective_Date"):
        read(DPL, b"a\tb\n1\t2\n")


@pytest.mark.timeout(120)
async def test_each_edition_is_answered_of_its_day(tmp_path: Path) -> None:
    """As of the day of each, as the public could know it by then: exactly its orders. What ran
    out between them needs no event; the one name that was corrected is removed."""
    files = [placed(tmp_path, f"dpl_{day}.txt", edition(day)) for day in DAYS]
    with opened_embedded(load_settings({"STANDING_HOME": str(tmp_path / "home")})) as standing:
        reports = [
            one for path in files for one in await ingested(standing.log, tmp_path, DPL, [path])
        ]
        assert [one.outcome for one in reports] == ["read", "read"]
        assert [one.found.entries for one in reports] == [417, 461]
        assert reports[1].found.removed == {LIST: 1}
        async with standing.caught_up() as store:
            records = [
                record
                async for some in standing.log.read(Position(), await standing.log.ends())
                for record in some
            ]
            keys = {
                one.subject: one.event["data"]["reference"]
                for one in records
                if one.type == DESIGNATION_ISSUED
            }
            assert {one["scheme"] for one in keys.values()} == {"bis"}
            assert len({one["id"] for one in keys.values()}) == len(keys)
            (removal,) = (one for one in records if one.type == REMOVAL_ISSUED)
            assert removal.event["data"]["reference"]["id"] == (
                "DPL 2018-02-26 TRIOLOGY INTERNATIONAL ASSOCIATES, INC."
            )
            for day in DAYS:
                asked = Question(lists=[LIST], announced_by=day)
                rows = replay(store, standing.reader, asked, day)
                standing_then = [keys[row.company] for row in rows if row.status == "designated"]
                assert {one["id"] for one in standing_then} == set(read(DPL, edition(day)))
                assert len(standing_then) == len(orders(day))


@tries(40)
@given(st.binary(max_size=300), mutated(edition(DAYS[0])[:5_000]))
def test_any_bytes_give_entries_or_a_clear_word(noise: bytes, changed: bytes) -> None:
    """Never another error."""
    survives(DPL, noise)
    survives(DPL, changed)
