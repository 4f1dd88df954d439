"""The Consolidated Screening List, in both its formats."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.log import EventLog, Position, Record
from events.memory_log import MemoryEventLog
from events.sources.bis_dpl import DPL
from events.sources.csl import LISTS, list_of
from events.sources.csl_csv import CSV
from events.sources.csl_json import JSON
from events.sources.ofac_csv import SDN
from events.sources.source import Head, Unreadable
from events.vocabulary import DESIGNATION_ISSUED, LIST_CHECKED, NOTE_RECORDED, REMOVAL_ISSUED
from tests.unit.making import REGISTRY, at, tries
from tests.unit.sources.reading import content, ingested, mutated, placed, read, survives

OLD = content("csl", "csl_2019-12-03.csv")
NEW = content("csl", "csl_2025-06-25.csv")
RESULTS = content("csl", "csl_2021-07-26.json")
EL = "Entity List (EL) - Bureau of Industry and Security"
DPL_LABEL = "Denied Persons List (DPL) - Bureau of Industry and Security"
UVL = "Unverified List (UVL) - Bureau of Industry and Security"
SDN_LABEL = "Specially Designated Nationals (SDN) - Treasury Department"
SSI_LABEL = "Sectoral Sanctions Identifications List (SSI) - Treasury Department"
HEADING = NEW.decode().splitlines()[0].split(",")


def file(*rows: dict[str, str]) -> bytes:
    """A CSV of made-up rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADING, "", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow({one: one for one in HEADING})
    writer.writerows(rows)
    return text.getvalue().encode()


def results(*rows: dict[str, Any]) -> bytes:
    """A JSON of made-up rows."""
    return json.dumps({"results": rows}).encode()


@pytest.mark.parametrize(
    ("label", "list_id"),
    [
        ("Capta List (CAP) - Treasury Department", "us-ofac-capta"),
        ("CAPTA List (CAP) - Treasury Department", "us-ofac-capta"),
        ("Part 561 List (561) - Treasury Department", "us-ofac-capta"),
        (DPL_LABEL, "us-bis-dpl"),
        (EL, "us-bis-entity-list"),
        ("Foreign Sanctions Evaders (FSE) - Treasury Department", "us-ofac-fse"),
        ("ITAR Debarred (DTC) - State Department", "us-state-dtc"),
        ("Military End User (MEU) List - Bureau of Industry and Security", "us-bis-meu"),
        (
            "Non-SDN Chinese Military-Industrial Complex Companies List (CMIC) - Treasury",
            "us-ofac-ns-cmic",
        ),
        (
            "Non-SDN Communist Military Companies Sanctions List (CCMC) - Treasury Department",
            "us-ofac-ns-ccmc",
        ),
        ("Non-SDN Menu-Based Sanctions List (NS-MBS List) - Treasury Department", "us-ofac-mbs"),
        ("Nonproliferation Sanctions (ISN) - State Department", "us-state-isn"),
        ("Palestinian Legislative Council List (PLC) - Treasury Department", "us-ofac-plc"),
        (SSI_LABEL, "us-ofac-ssi"),
        (SDN_LABEL, "us-ofac-sdn"),
        (UVL, "us-bis-uvl"),
        (
            "Persons Blocked Solely Pursuant to Executive Order 13599 (13599) - Treasury",
            None,
        ),
        ("Some list", None),
    ],
)
def test_the_label_of_a_row_names_its_list(label: str, list_id: str | None) -> None:
    """By the code in its parentheses; every one of ours is known."""
    assert list_of(label) == list_id
    assert {one.id for one in REGISTRY} >= LISTS


@pytest.mark.parametrize(("edition", "rows", "entries"), [(OLD, 115, 113), (NEW, 13, 13)])
def test_both_editions_are_read_whole(edition: bytes, rows: int, entries: int) -> None:
    """With 28 and with 29 columns; two orders have two rows each."""
    head = Head()
    found = read(CSV, edition, head=head)
    assert len(list(csv.reader(io.StringIO(edition.decode())))) == rows + 1
    assert len(found) == entries
    assert (head.cut, head.faulty) == (None, 0)
    assert not any(entry.elsewhere for entry in found.values())
    assert head.having == {one.list for entry in found.values() for one in entry.listings}


def test_entries_of_treasury_have_treasurys_numbers() -> None:
    """And their own identifiers, in the order of words of either edition."""
    kunlun = read(CSV, OLD)["15268"]
    assert (kunlun.scheme, kunlun.kind, kunlun.country) == ("ofac-uid", "company", "CN")
    assert kunlun.identifiers == (("swift", "CKLBCNBJ"),)
    assert kunlun.listings[0].terms() == {
        "name_as_listed": "BANK OF KUNLUN CO LTD",
        "program": "561-Related",
    }
    bank = read(CSV, OLD)["17016"]
    assert bank.website == "www.gazprombank.ru"
    assert bank.identifiers == (
        ("tax", "7744001497"),
        ("registration", "1027700167110"),
        ("swift", "GAZPRUMM"),
    )
    assert "Government Gazette Number" in bank.rest
    assert "Subject to Directive 1" in bank.rest
    new = read(CSV, NEW)
    assert new["28603"].identifiers == (
        ("tax", "CHE-267.936.404"),
        ("registration", "CH-660.0.559.011-2"),
    )
    assert new["28603"].listings[0].program == "UKRAINE-EO13662; VENEZUELA-EO13850"
    assert new["18283"].website == "mspbank.ru"
    assert new["18283"].identifiers == (("registration", "1027739108649"), ("swift", "RUDVRUMM"))


def test_entries_without_a_number_have_a_key_of_what_stays() -> None:
    """The list, the day or the notice, and the name; never the id that changes."""
    found = read(CSV, NEW)
    cetc = found[
        "EL 2018-08-01 CHINA ELECTRONICS TECHNOLOGY GROUP CORPORATION 13TH RESEARCH INSTITUTE "
        "(CETC 13)"
    ]
    assert (cetc.scheme, cetc.kind, cetc.country) == ("bis", "unknown", "CN")
    assert cetc.listings[0].effective == "2018-08-01"
    assert cetc.listings[0].basis == "83 FR 37423; 87 FR 77505"
    assert "HSRI" in cetc.aliases
    assert "license_policy: Policy of denial for all items" in cetc.rest
    debarred = found["DTC 53 FR 27097 CESAREO ESTANISLAO BENITEZ"]
    assert (debarred.scheme, debarred.listings[0].effective) == ("state", None)
    assert "UVL ATLAS SANATGARAN" in found
    assert "99ed1b052fdb09695fae1ba87516d8a0882b0df04652e07aeb5ce7be" not in repr(found)
    assert "Hezuo Road" not in repr(found)


@pytest.mark.parametrize("name", ["Xi'an Micro", "Xi?an Micro", "Xi\u2019an Micro", "XI'AN  MICRO"])
def test_a_key_survives_what_becomes_of_apostrophes(name: str) -> None:
    """Other people's machines write them in many ways."""
    found = read(CSV, file({"source": EL, "name": name, "start_date": "2020-06-05"}))
    assert list(found) == ["EL 2020-06-05 XI'AN MICRO"]


def test_a_name_that_windows_wrote_is_mended() -> None:
    """The control character in it was an apostrophe."""
    assert b"Gui\xc2\x92an" in OLD
    found = read(CSV, OLD)
    key = "EL 2019-05-21 GUI'AN NEW DISTRICT HUAWEI INVESTMENT CO., LTD., GUIYANG, GUIZHOU"
    assert found[key].name.startswith("Gui\u2019an New District Huawei")


def test_orders_have_the_keys_of_the_list_itself() -> None:
    """And say the same of themselves, so that an order in both sources is one."""
    here = {key: one for key, one in read(CSV, OLD).items() if key.startswith("DPL")}
    there = read(DPL, content("bis_dpl", "dpl_2019-06-29.txt.gz"))
    assert len(here) == 7
    assert here.keys() - there.keys() == {"DPL 2019-08-13 ADAM AL HERZ"}  # ordered later
    for key in here.keys() & there.keys():
        assert here[key].listings == there[key].listings
        assert here[key].scheme == DPL.scheme


def test_one_number_on_two_lists_is_one_entry() -> None:
    """With a place on each; its rows need not be neighbours."""
    bank = {"entity_number": "17016", "type": "Entity", "name": "GAZPROMBANK"}
    rows = [
        {**bank, "source": SSI_LABEL, "programs": "UKRAINE-EO13662", "remarks": "one"},
        {"source": UVL, "name": "Other"},
        {**bank, "source": SDN_LABEL, "programs": "RUSSIA-EO14024", "alt_names": "GPB; GPB JSC"},
    ]
    found = read(CSV, file(*rows))
    assert list(found) == ["17016", "UVL OTHER"]
    assert [(one.list, one.program) for one in found["17016"].listings] == [
        ("us-ofac-sdn", "RUSSIA-EO14024"),
        ("us-ofac-ssi", "UKRAINE-EO13662"),
    ]
    assert found["17016"].aliases == ("GPB", "GPB JSC")
    assert found["17016"].rest == "remarks: one"


def test_dates_that_are_american_or_none() -> None:
    """One is read, the other quoted."""
    rows = (
        {"source": EL, "name": "A", "start_date": "8/11/2015"},
        {"source": EL, "name": "B", "start_date": "soon", "federal_register_notice": "80 F.R. 1"},
        {"source": DPL_LABEL, "name": "C", "start_date": "2020-01-01", "end_date": "never"},
    )
    first, second, third = read(CSV, file(*rows)).values()
    assert (first.key, first.listings[0].effective) == ("EL 2015-08-11 A", "2015-08-11")
    assert (second.key, second.listings[0].effective) == ("EL 80 FR 1 B", None)
    assert second.rest == "start_date, as written: soon"
    assert third.rest == "end_date, as written: never"


def test_rows_that_cannot_be_told_apart_are_faults() -> None:
    """And hold the file: whether something is gone cannot be said."""
    head = Head()
    rows = (
        {"source": SDN_LABEL, "name": "No number"},
        {"source": SDN_LABEL, "entity_number": "x1", "name": "Bad number"},
        {"source": EL},
        {"name": "Of nobody"},
    )
    assert read(CSV, file(*rows) + b'\n"too","few"\n\n', head=head) == {}
    assert [str(one) for one in head.faults] == [
        "0:2: entity_number: missing, and this list has numbers",
        "0:3: entity_number: 'x1' is no number",
        "0:4: name: missing",
        "0:5: source: missing",
        "0:7: row: 2 columns where there should be 29",
    ]


def test_what_is_personal_is_not_read() -> None:
    """Neither of those of whom it is not known whether they are persons."""
    for edition in (OLD, NEW):
        told = repr(list(read(CSV, edition).values()))
        assert "1978-12-05" not in told
        assert "INMATE" not in told
    rim = read(CSV, NEW)["52291"].without_a_person()
    assert (rim.kind, rim.rest, rim.identifiers) == ("person", "", ())


def test_a_csv_that_is_cut_or_another() -> None:
    """In a quoted field, or without the columns."""
    with pytest.raises(Unreadable, match="has a quote that nothing ends"):
        read(CSV, NEW[:-5])
    with pytest.raises(Unreadable, match="there is no column source"):
        read(CSV, b"a,b\n1,2\n")


# --- JSON ---------------------------------------------------------------------------------------


def test_the_json_has_all_lists() -> None:
    """And one more, which is none of ours."""
    head = Head()
    found = read(JSON, RESULTS, head=head)
    assert head.having == LISTS
    assert (len(found), head.cut, head.faulty) == (36, None, 0)
    elsewhere = Counter(one for entry in found.values() for one in entry.elsewhere)
    assert list(elsewhere.values()) == [2]
    isn = found["ISN 2016-06-28 150TH AIRCRAFT REPAIR PLANT (ARZ) (KALININGRAD)"]
    assert (isn.scheme, isn.country) == ("state", "RU")
    assert isn.listings[0].program == "INKSNA"


def test_entries_of_the_chinese_lists_tell_their_days() -> None:
    """Among their ids."""
    found = read(JSON, RESULTS)
    (cnnc,) = found["30954"].listings
    assert cnnc.effective == "2021-06-03"
    assert cnnc.restrictions == (
        ("investment.purchase", "2021-08-02", None),
        ("investment.sale", "2022-06-03", None),
    )
    assert ("uscc", "91110000100009563N") in found["30954"].identifiers
    assert ("isin", "CND10000KRQ8") in found["30954"].identifiers
    (aecc,) = found["30902"].listings
    assert (aecc.list, aecc.effective) == ("us-ofac-ns-ccmc", "2020-11-12")
    assert aecc.restrictions is None


def test_both_formats_say_the_same() -> None:
    """Of one row."""
    row = {
        "source": SDN_LABEL,
        "entity_number": "7",
        "type": "Vessel",
        "name": "SEA STAR",
        "remarks": "r",
        "vessel_flag": "Iran",
        "start_date": "2020-01-01",
    }
    told = {
        **row,
        "alt_names": ["A", "B"],
        "programs": ["P", "Q"],
        "addresses": [{"address": "x", "country": "IR"}],
        "ids": [{"type": "Vessel Registration Identification", "number": "IMO 8898831"}],
    }
    as_csv = {
        **row,
        "alt_names": "A; B",
        "programs": "P; Q",
        "addresses": "x, IR",
        "ids": "Vessel Registration Identification, IMO 8898831",
    }
    (one,), (other,) = read(JSON, results(told)).values(), read(CSV, file(as_csv)).values()
    assert one == other
    assert (one.kind, one.identifiers) == ("vessel", (("imo", "8898831"),))
    joined = read(JSON, results({**told, "alt_names": "A; B", "programs": "Q;P"}))
    assert joined["7"].aliases == ("A", "B")


def test_odd_values_are_nothing() -> None:
    """A field of another kind is not taken for text."""
    odd = {
        "source": EL,
        "name": "A",
        "start_date": None,
        "alt_names": None,
        "addresses": ["x", {"country": 7}],
        "ids": "none",
        "programs": [True, {"a": 1}, "P", None],
        "remarks": 12,
    }
    (entry,) = read(JSON, results(odd)).values()
    assert (entry.key, entry.listings[0].program) == ("EL A", "P")
    assert entry.rest == "remarks: 12"
    head = Head()
    assert read(JSON, results(), head=head) == {}
    read(JSON, b'{"results": [1]}', head=head)
    assert str(head.faults[0]) == "0:1: results: is no object"


@pytest.mark.parametrize(
    "broken",
    [
        RESULTS[:20_000],
        RESULTS[:20_000] + b"\xff",
        RESULTS[:-4],
        RESULTS.rstrip()[:-1],
        b"<html>",
        b"{} {}",
    ],
)
def test_a_json_that_is_cut_is_said_to_be(broken: bytes) -> None:
    """After the entries until there."""
    with pytest.raises(Unreadable, match="after result"):
        read(JSON, broken)


_ROW = b'{"results": [{"source": "Entity List (EL)", "name": '


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'"' + b"x" * 5_000_000 + b'"', "longer than 1,000,000 characters"),
        (b"9" * 5_000, "a number that is too long"),
    ],
)
def test_a_json_that_would_fill_the_memory_is_given_up(value: bytes, why: str) -> None:
    """Nothing of a list is so deep, so long or such a number."""
    with pytest.raises(Unreadable, match=why):
        read(JSON, _ROW + value + b"}]}")


def test_a_json_without_results_is_another_file() -> None:
    """Also one that is very long."""
    for other in (b"", b"[]", b'{"results": 3}', b" " * 3_000_000):
        with pytest.raises(Unreadable, match="after result 0: there are no results"):
            read(JSON, other)


def test_a_json_whose_own_count_is_another_is_held() -> None:
    """Wherever it stands; a page of several is not all of it."""
    page = json.loads(results({"source": UVL, "name": "A"}, {"source": UVL, "name": "B"}))
    for told in ({"total": 3, **page}, {**page, "total": 3}):
        head = Head()
        assert len(read(JSON, json.dumps(told).encode(), head=head)) == 2
        assert head.cut == "0 says that there are 3 results, and has 2: is it a page of several?"
    for told in ({"total": 2, **page}, {**page, "total": "3"}, {**page, "total": True}):
        head = Head()
        read(JSON, json.dumps(told).encode(), head=head)
        assert head.cut is None


@pytest.mark.parametrize(
    ("around", "why"),
    [
        (b'[{"results": [%s]}]', "what stands before the results is no JSON"),
        (b'{"results": [%s], "more": }', "it does not end as it should"),
        (b'{"results": [%s]' + b" " * 2_000_000, "characters follow the results"),
        (b'{"results": [%s, {', "it breaks off, or what follows is no JSON"),
        (b'{"results": [%s, "\xff', "what follows is not text in UTF-8"),
    ],
)
def test_what_is_wrong_with_a_json_is_said_in_words(around: bytes, why: str) -> None:
    """By the number of the result before."""
    row = b'{"source": "Unverified List (UVL)", "name": "A"}'
    with pytest.raises(Unreadable, match=why):
        read(JSON, around.replace(b"%s", row))


def test_rows_may_lie_across_what_is_read_at_once() -> None:
    """Whatever their length, in any script; a byte-order mark is left out."""
    names = ["\u4e2d" * (number * 10) + str(number) for number in range(99)]
    rows = [{"source": UVL, "name": one} for one in names]
    text = json.dumps({"total": len(rows), "results": rows, "more": [1]}, ensure_ascii=False)
    assert len(text.encode()) > 2 * 65_536
    found = read(JSON, b"\xef\xbb\xbf" + text.encode())
    assert [one.name for one in found.values()] == names


# --- into the log -------------------------------------------------------------------------------


async def records(log: EventLog) -> list[Record]:
    """The whole log."""
    return [one async for some in log.read(Position(), await log.ends()) for one in some]


def of_type(found: list[Record], *types: str) -> list[Record]:
    """Those of some types."""
    return [one for one in found if one.type in types]


def memory() -> MemoryEventLog:
    """A log."""
    return MemoryEventLog(lambda: at("2100"))


async def test_references_have_the_scheme_of_their_own(tmp_path: Path) -> None:
    """Also where an entry is removed, by a process that knows only the log."""
    log = memory()
    first = placed(tmp_path, "csl_2025-06-01.csv", NEW)
    (report,) = await ingested(log, tmp_path, CSV, [first])
    assert report.outcome == "read"
    stood = of_type(await records(log), DESIGNATION_ISSUED)
    assert Counter(one.event["data"]["reference"]["scheme"] for one in stood) == {
        "bis": 4,
        "ofac-uid": 3,
        "state": 2,
    }
    fewer = [
        row for row in csv.DictReader(io.StringIO(NEW.decode())) if "(DPL)" not in row["source"]
    ]
    second = placed(tmp_path, "csl_2025-06-02.csv", file(*fewer))
    (report,) = await ingested(log, tmp_path, CSV, [second], accept=True)
    (removal,) = of_type(await records(log), REMOVAL_ISSUED)
    assert removal.event["data"]["reference"] == {"scheme": "bis", "id": "DPL 2002-03-04 I. ASH"}
    (report,) = await ingested(log, tmp_path, CSV, [second])
    assert report.recorded == 0


async def test_only_lists_that_it_has_or_had_are_said_to_be_read(tmp_path: Path) -> None:
    """Of a list that it never had nothing is known; one that is gone as a whole holds the file."""
    log = memory()
    rows = list(csv.DictReader(io.StringIO(NEW.decode())))
    with_el = [row for row in rows if "(EL)" in row["source"] or "(SSI)" in row["source"]]
    first = placed(tmp_path, "csl_2025-06-01.csv", file(*with_el))
    await ingested(log, tmp_path, CSV, [first])
    checked = {one.subject for one in of_type(await records(log), LIST_CHECKED)}
    assert checked == {"list:us-bis-entity-list", "list:us-ofac-ssi"}
    without = [row for row in with_el if "(EL)" not in row["source"]]
    second = placed(tmp_path, "csl_2025-06-02.csv", file(*without))
    (report,) = await ingested(log, tmp_path, CSV, [second])
    assert report.outcome == "held"
    assert report.why == ["it has nothing of us-bis-entity-list any more"]
    (report,) = await ingested(log, tmp_path, CSV, [second], accept=True)
    assert report.found.removed == {"us-bis-entity-list": 1}
    third = placed(tmp_path, "csl_2025-06-03.csv", file(*without))
    (report,) = await ingested(log, tmp_path, CSV, [third])
    checked = {
        one.subject: one.event["data"]["records"]
        for one in of_type(await records(log), LIST_CHECKED)
    }
    assert checked == {"list:us-bis-entity-list": 0, "list:us-ofac-ssi": 3}


async def test_an_order_and_an_entry_in_two_sources_are_one(tmp_path: Path) -> None:
    """The list itself and the screening list name them alike: the second is noted."""
    log = memory()
    order = file(
        {"source": DPL_LABEL, "name": "ADT ANALOG AND DIGITAL TECHNIK", "start_date": "1981-09-10"},
        {"source": SDN_LABEL, "entity_number": "306", "type": "Entity", "name": "BANCO"},
    )
    sdn = b'306,"BANCO NACIONAL DE CUBA",-0- ,"CUBA"' + b",-0- " * 8 + b"\r\n\x1a\r\n"
    dpl = placed(tmp_path, "dpl_2019-06-29.txt", content("bis_dpl", "dpl_2019-06-29.txt.gz"))
    await ingested(log, tmp_path, DPL, [dpl])
    await ingested(log, tmp_path, SDN, [placed(tmp_path, "sdn_2019-06-29.csv", sdn)])
    before = len(of_type(await records(log), DESIGNATION_ISSUED))
    await ingested(log, tmp_path, CSV, [placed(tmp_path, "csl_2019-06-30.csv", order)])
    after = await records(log)
    assert len(of_type(after, DESIGNATION_ISSUED)) == before
    notes = of_type(after, NOTE_RECORDED)
    assert [one.event["data"]["reference"] for one in notes] == [
        {"scheme": "bis", "id": "DPL 1981-09-10 ADT ANALOG AND DIGITAL TECHNIK"},
        {"scheme": "ofac-uid", "id": "306"},
    ]


async def test_a_day_far_ahead_is_not_taken_for_one(tmp_path: Path) -> None:
    """It is quoted, and the entry stands from when it was seen."""
    log = memory()
    row = {"source": EL, "name": "A", "start_date": "3033-01-17", "type": ""}
    path = placed(tmp_path, "csl_2025-06-01.csv", file(row))
    await ingested(log, tmp_path, CSV, [path])
    (stood,) = of_type(await records(log), DESIGNATION_ISSUED)
    assert stood.event["data"]["effective"] == "2025-06-01"
    assert "3033-01-17" in stood.event["data"]["sources"][0]["quote"]


# --- any bytes ----------------------------------------------------------------------------------


@tries(40)
@given(st.binary(max_size=300), mutated(NEW), mutated(OLD[:5_000]))
def test_any_bytes_of_a_csv_give_entries_or_a_clear_word(
    noise: bytes, new: bytes, old: bytes
) -> None:
    """Never another error."""
    for one in (noise, new, old):
        survives(CSV, one)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_FIELDS = (
    "source",
    "entity_number",
    "name",
    "ids",
    "alt_names",
    "addresses",
    "start_date",
    "programs",
)


@tries(40)
@given(
    st.binary(max_size=300),
    mutated(RESULTS[:8_000] + b"]}"),
    st.lists(st.dictionaries(st.sampled_from(_FIELDS), _JSON | st.sampled_from([EL, SSI_LABEL]))),
)
def test_any_bytes_and_values_of_a_json_give_entries_or_a_clear_word(
    noise: bytes, changed: bytes, rows: list[dict[str, Any]]
) -> None:
    """Never another error."""
    for one in (noise, changed, results(*rows)):
        survives(JSON, one)
