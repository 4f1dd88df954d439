"""OFAC's consolidated file: one format, seven lists."""

import csv
import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.sources.ofac_consolidated_csv import CONSOLIDATED, listed
from events.sources.source import Head
from tests.unit.making import tries
from tests.unit.sources.reading import content, mutated, read, survives

FOLDER = "ofac_consolidated"
SSI = "us-ofac-ssi"
MENU = "us-ofac-mbs"
CMIC = "us-ofac-ns-cmic"
AS_OFAC_NAMES_THEM = {
    "CAPTA List": "us-ofac-capta",
    "FSE List": "us-ofac-fse",
    "Non-SDN CMIC List": CMIC,
    "Non-SDN Menu-Based Sanctions List": MENU,
    "Non-SDN Palestinian Legislative Council List": "us-ofac-plc",
    "Sectoral Sanctions Identifications List": SSI,
}


def edition(day: str, *kinds: str) -> list[bytes]:
    """The files of an edition."""
    return [content(FOLDER, f"{day}_cons_{kind}.csv.gz") for kind in kinds]


def told_by_ofac() -> dict[str, dict[str, str]]:
    """Each entry's lists and since when, as OFAC's XML has them."""
    found: dict[str, dict[str, str]] = {}
    text = content(FOLDER, "2025-01-10_lists.csv.gz").decode()
    for row in csv.DictReader(io.StringIO(text)):
        lists = found.setdefault(row["id"], {})
        if named := AS_OFAC_NAMES_THEM.get(row["list"]):
            lists[named] = row["published"]
    return found


def test_every_entry_is_on_the_lists_that_ofac_names_for_it() -> None:
    """All 443 of them; and where the remarks give the day, it is the day that OFAC gives."""
    head = Head()
    entries = read(CONSOLIDATED, *edition("2025-04-21", "prim", "add"), head=head)
    official = told_by_ofac()
    assert entries.keys() == official.keys()
    assert len(entries) == 443
    assert (head.cut, head.faulty) == (None, 0)
    dated = 0
    for key, entry in entries.items():
        assert {one.list for one in entry.listings} == set(official[key]), entry.name
        for one in entry.listings:
            if one.effective is not None:
                dated += 1
                assert one.effective == official[key][one.list], entry.name
    assert dated == 75  # 68 of the NS-CMIC list, 7 under directives


def test_the_older_edition() -> None:
    """The list under Executive Order 13599 is on none of ours; programmes had other names."""
    head = Head()
    entries = read(CONSOLIDATED, *edition("2018-05-27", "add", "prim", "alt"), head=head)
    lists = Counter(one.list for entry in entries.values() for one in entry.listings)
    assert lists == {SSI: 290, "us-ofac-plc": 78, "us-ofac-fse": 6, "us-ofac-capta": 1}
    assert Counter(one for entry in entries.values() for one in entry.elsewhere) == {"IRAN": 264}
    bank = entries["15268"]
    assert bank.listings[0].program == "561List"
    assert "KARAMAY CITY COMMERCIAL BANK CO LTD." in bank.aliases
    assert (bank.country, bank.identifiers) == ("CN", (("swift", "CKLBCNBJ"),))
    assert (head.cut, head.faulty) == (None, 0)


def test_no_address_is_kept() -> None:
    """Only the country of the first."""
    entries = read(CONSOLIDATED, *edition("2018-05-27", "prim", "alt", "add"))
    assert entries["4632"].country == "IR"
    assert "Mirdamad" not in repr(entries)


def test_an_entry_of_the_ns_cmic_list_tells_its_own_days() -> None:
    """Listed on one, purchases forbidden from the next, sales from the last."""
    entries = read(CONSOLIDATED, *edition("2025-04-21", "prim", "add"))
    cnooc = entries["30926"]
    (listing,) = cnooc.listings
    assert (listing.list, listing.effective, listing.program) == (
        CMIC,
        "2021-06-03",
        "CMIC-EO13959",
    )
    assert listing.restrictions == (
        ("investment.purchase", "2021-08-02", None),
        ("investment.sale", "2022-06-03", None),
    )
    assert ("isin", "HK0883013259") in cnooc.identifiers
    assert ("isin", "BRC1EODR004") not in cnooc.identifiers  # eleven characters are none
    assert ("ticker", "00883 HK") in cnooc.identifiers
    assert ("lei", "549300XIVJCBIGMRUD48") in cnooc.identifiers
    assert ("registration", "0685974") in cnooc.identifiers
    avic = entries["30925"]
    assert ("uscc", "91110000710935732K") in avic.identifiers
    assert "AVIC" in avic.aliases
    assert all(
        one.restrictions is not None and len(one.restrictions) == 2
        for entry in entries.values()
        for one in entry.listings
        if one.list == CMIC
    )


DIRECTIVE = "Executive Order 14024 Directive Information - For more information, see below"
BLOCKED = "Secondary sanctions risk: See Section 11 of Executive Order 14024."


@pytest.mark.parametrize(
    ("programmes", "remarks", "lists", "elsewhere"),
    [
        ("UKRAINE-EO13662", "", {SSI: "UKRAINE-EO13662"}, ()),
        ("UKRAINE-EO13662|RUSSIA-EO14024", "", {SSI: "UKRAINE-EO13662"}, ()),
        (
            "UKRAINE-EO13662|RUSSIA-EO14024",
            DIRECTIVE,
            {SSI: "UKRAINE-EO13662", MENU: "RUSSIA-EO14024"},
            (),
        ),
        (
            "UKRAINE-EO13662|RUSSIA-EO14024",
            f"{DIRECTIVE}; {BLOCKED}",
            {SSI: "UKRAINE-EO13662"},
            (),
        ),
        ("RUSSIA-EO14024", "", {MENU: "RUSSIA-EO14024"}, ()),
        ("PEESA|UKRAINE-EO13685", "", {MENU: "PEESA; UKRAINE-EO13685"}, ()),
        ("SDGT|NS-PLC", "", {"us-ofac-plc": "NS-PLC"}, ()),
        ("SYRIA|FSE-SY", "", {"us-ofac-fse": "FSE-SY"}, ()),
        ("CCMC-EO13959", "", {"us-ofac-ns-ccmc": "CCMC-EO13959"}, ()),
        ("561List|CMIC-EO13959", "", {"us-ofac-capta": "561List", CMIC: "CMIC-EO13959"}, ()),
        ("IRAN", "", {}, ("IRAN",)),
        ("SDGT", "", {}, ("SDGT",)),
        ("", "", {}, ()),
    ],
)
def test_programmes_put_an_entry_on_lists(
    programmes: str, remarks: str, lists: dict[str, str], elsewhere: tuple[str, ...]
) -> None:
    """On one, on two, or on none that is known."""
    found, others = listed("Acme", [one for one in programmes.split("|") if one], remarks)
    assert {one.list: one.program for one in found} == lists
    assert tuple(others) == elsewhere


def test_without_all_its_days_an_entry_has_the_rules_of_its_list() -> None:
    """Half of its own would be in place of both."""
    (listing,), _ = listed("A", ["CMIC-EO13959"], "Listing Date (CMIC) 16 Dec 2021; x")
    assert (listing.effective, listing.restrictions) == ("2021-12-16", None)
    (listing,), _ = listed("A", ["CCMC-EO13959"], "Listing Date (CCMC) 08 Jan 2021.")
    assert (listing.effective, listing.restrictions) == ("2021-01-08", None)


@tries(40)
@given(st.binary(max_size=300), mutated(edition("2025-04-21", "prim")[0][-6_000:]))
def test_any_bytes_give_entries_or_a_clear_word(noise: bytes, changed: bytes) -> None:
    """Never another error."""
    survives(CONSOLIDATED, noise)
    survives(CONSOLIDATED, changed, noise)
