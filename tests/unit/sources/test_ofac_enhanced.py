"""OFAC's enhanced XML: the real Consolidated List of January 2025, and made-up ones."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.sources.entity import Entity, Listing
from events.sources.ofac_enhanced import ENHANCED, dated
from events.sources.ofac_entity import LISTS
from events.sources.source import Head, Unreadable
from projections.reader import Question
from projections.replay import replay
from service.cli.main import main
from service.compose import opened_embedded
from service.settings import load_settings
from tests.unit.conftest import Cli
from tests.unit.sources.ofac_xml import entity, features, name, part, real, whole
from tests.unit.sources.reading import numbers

REAL = "CONS_ENHANCED_2025-01-10.XML"
CMIC = "us-ofac-ns-cmic"


def read(content: bytes, head: Head | None = None) -> dict[str, Entity]:
    """The entries of a file, by their numbers."""
    pieces = ENHANCED.pieces([part(content)], head or Head())
    return {piece.key: ENHANCED.entity(piece) for piece in pieces}


@pytest.fixture(scope="module")
def entries() -> dict[str, Entity]:
    """Those of the real file."""
    return read(real(REAL))


def test_what_the_file_says_of_itself() -> None:
    """When, and of which lists: all but the SDN."""
    head = Head()
    assert len(read(real(REAL), head)) == 443
    assert head.published == dated(part(real(REAL))) == "2025-01-10"
    assert head.lists == ENHANCED.lists - {"us-ofac-sdn"}
    assert (head.cut, head.faults) == (None, [])


def test_a_company_under_an_order_that_gives_days_of_its_own(entries: dict[str, Entity]) -> None:
    """Listed, effective and divestment dates are the entry's own."""
    found = entries["30947"]
    assert found.name == "HUAWEI TECHNOLOGIES CO., LTD."
    assert found.listings == (
        Listing(
            CMIC,
            found.name,
            "CMIC-EO13959",
            "Executive Order 14032 (CMIC)",
            "2021-06-03",
            restrictions=(
                ("investment.purchase", "2021-08-02", None),
                ("investment.sale", "2022-06-03", None),
            ),
        ),
    )
    assert (found.kind, found.country) == ("company", "CN")
    assert found.aliases == ("HUAWEI INVESTMENT & HOLDING CO LTD",)
    assert found.identifiers == (("uscc", "914403001922038216"),)
    assert found.rest == "sanctions: CMIC Executive Order; Target Type: Private Company"


def test_each_company_of_that_list_has_both_days(entries: dict[str, Entity]) -> None:
    """And they are sixty and three hundred and sixty-five days after the listing."""
    days = Counter(
        (one.effective, *(own[1] for own in one.restrictions or ()))
        for found in entries.values()
        for one in found.listings
        if one.list == CMIC
    )
    assert days == {
        ("2021-06-03", "2021-08-02", "2022-06-03"): 59,
        ("2021-12-10", "2022-02-08", "2022-12-10"): 1,
        ("2021-12-16", "2022-02-14", "2022-12-16"): 8,
    }


def test_what_is_on_several_lists_has_of_each_its_programmes(entries: dict[str, Entity]) -> None:
    """And of the SDN list, which is not in the file, nothing."""
    (listing,) = entries["17016"].listings
    assert listing.terms() == {
        "name_as_listed": "GAZPROMBANK JOINT STOCK COMPANY",
        "program": "UKRAINE-EO13662",
        "basis": "Executive Order 13662 (Ukraine)",
    }
    assert listing.effective == "2014-07-16"
    both = [one.listings for one in entries.values() if len(one.listings) > 1]
    assert len(both) == 3
    assert {(one.list, one.program) for some in both for one in some} == {
        ("us-ofac-ssi", "UKRAINE-EO13662"),
        ("us-ofac-mbs", "RUSSIA-EO14024"),
    }


def test_other_scripts_and_global_identifiers(entries: dict[str, Entity]) -> None:
    """Names in their own letters are aliases."""
    found = entries["17016"]
    assert "ГАЗПРОМБАНК АКЦИОНЕРНОЕ ОБЩЕСТВО" in found.aliases
    assert ("lei", "253400WSS48YWMBUA688") in found.identifiers
    assert ("swift", "GAZPRUMM") in found.identifiers
    schemes = Counter(scheme for one in entries.values() for scheme, _ in one.identifiers)
    assert schemes["isin"] == 163  # two of 165 stand there twice
    assert schemes["ticker"] == 69


def test_lines_are_those_of_the_file(entries: dict[str, Entity]) -> None:
    """Also beyond the 65,535th."""
    text = real(REAL).decode("utf-8-sig").split("\n")
    for key, found in entries.items():
        assert f'<entity id="{key}">' in text[found.line - 1]
    assert max(one.line for one in entries.values()) > 65_535


def test_of_persons_only_the_names_are_read(entries: dict[str, Entity]) -> None:
    """No birth date, place, address or number of theirs is quoted."""
    persons = [one for one in entries.values() if one.kind == "person"]
    assert len(persons) == 80
    assert {one.rest for one in persons} == {""}


def test_the_comma_separated_file_has_the_same_entries(entries: dict[str, Entity]) -> None:
    """Number by number, with the programmes of those lists; but for what changed in between."""
    rows = csv.reader(real("CONS_PRIM_2025-04-21.CSV").decode().splitlines())
    told = {row[0]: row for row in rows if len(row) == 12}
    assert len(entries.keys() & told.keys()) == 443
    for key in entries.keys() & told.keys():
        found, row = entries[key], told[key]
        assert (found.kind == "person") == (row[2].strip() == "individual")
        programmes = {part for one in found.listings for part in (one.program or "").split("; ")}
        assert programmes <= set(row[3].split("] ["))
        assert programmes


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store that was filled from the real file, with the file beside it."""
    folder = tmp_path_factory.mktemp("enhanced")
    file = folder / "CONS_ENHANCED.XML"
    file.write_bytes(real(REAL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STANDING_HOME", str(folder))
        assert main(["ingest", "ofac-enhanced-xml", str(file)]) == 0
        yield folder


async def test_what_is_answered_is_what_the_file_has(
    home: Path, entries: dict[str, Entity]
) -> None:
    """On each list exactly its companies."""
    with opened_embedded(load_settings({"STANDING_HOME": str(home)})) as standing:
        async with standing.caught_up() as store:
            number_of = await numbers(standing.log)
            for list_id in set(LISTS.values()):
                asked = Question(lists=[list_id])
                rows = replay(store, standing.reader, asked, "2025-01-10")
                listed = sorted(
                    number_of[row.company] for row in rows if row.status == "designated"
                )
                assert listed == sorted(
                    key
                    for key, found in entries.items()
                    if found.kind == "company" and list_id in {one.list for one in found.listings}
                ), list_id


def test_the_same_file_again_adds_nothing(home: Path, cli: Cli) -> None:
    """It was read."""
    cli.set("STANDING_HOME", str(home))
    (again,) = cli("ingest", "ofac-enhanced-xml", home / "CONS_ENHANCED.XML", "--json").json
    assert (again["outcome"], again["recorded"], again["entries"]) == ("unchanged", 0, 443)


def test_a_status_has_the_restrictions_of_the_entry(home: Path, cli: Cli) -> None:
    """Since the days that it says."""
    cli.set("STANDING_HOME", str(home))
    company = "huawei-technologies-co-ltd"
    early = cli("status", company, "--list", CMIC, "--as-of", "2021-08-01", "--json").json
    late = cli("status", company, "--list", CMIC, "--as-of", "2022-06-03", "--json").json
    assert [one["kind"] for one in early["restrictions"]] == []
    assert {one["kind"] for one in late["restrictions"]} == {
        "investment.purchase",
        "investment.sale",
    }


def test_a_choice_of_lists_covers_those_alone() -> None:
    """A listing elsewhere is not the file's to tell."""
    lists = (("SDN List", "2022-02-24"), ("Non-SDN Menu-Based Sanctions List", "2022-02-24"))
    one = entity("7", lists=lists, programmes=("RUSSIA-EO14024",))
    for named, covered in (
        (["SDN List"], {"us-ofac-sdn"}),
        (["Consolidated List"], {"us-ofac-mbs"}),
        ([], {"us-ofac-sdn", "us-ofac-mbs"}),
        (["SDN List", "FSE List", "Another List"], {"us-ofac-sdn"}),
    ):
        found = read(whole(one, lists=named))["7"]
        assert {listing.list for listing in found.listings} == covered
        assert {listing.program for listing in found.listings} == {"RUSSIA-EO14024"}


def test_a_choice_of_anything_else_is_not_a_whole_list() -> None:
    """Nobody is taken to be delisted who was only not asked for."""
    content = whole(entity("7")).replace(
        b"</filters>", b"<sanctionsPrograms><p>CMIC</p></sanctionsPrograms></filters>"
    )
    head = Head()
    read(content, head)
    assert head.cut == "it is a choice by sanctionsPrograms, not all of a list"


def test_lists_that_standing_does_not_know_are_told() -> None:
    """By their names."""
    lists = (("Non-SDN Iranian Sanctions Act List", "2020-01-02"), ("FSE List", "2020-01-02"))
    found = read(whole(entity("7", lists=lists, programmes=("FSE-IR", "ISA"))))["7"]
    assert found.elsewhere == ("Non-SDN Iranian Sanctions Act List",)
    assert [one.program for one in found.listings] == ["FSE-IR"]


def test_features_documents_and_relations() -> None:
    """What has a field goes there, the rest is quoted; a day that is only roughly told is none."""
    found = read(
        whole(
            entity(
                "7",
                "ACME",
                "<addresses><address><country>undetermined</country></address></addresses>",
                "<features>",
                features(
                    ("Website", "acme.example"),
                    ("Website", "acme2.example"),
                    ("Issuer Name", "Acme Inc."),
                    ("Issuer Name", "ACME"),
                    ("Nationality of Registration", "Burma"),
                    ("Listing Date (CMIC)", "June 2021"),
                    ("BIK (RU)", "044525823"),
                    ("Gender", ""),
                ),
                "</features><identityDocuments>",
                "<identityDocument><type>License</type><documentNumber>1000</documentNumber>"
                "<issuingCountry>Russia</issuingCountry></identityDocument>",
                "<identityDocument><type>License</type><documentNumber>1001</documentNumber>"
                "</identityDocument>",
                "<identityDocument><type>Tax ID No.</type></identityDocument>",
                "</identityDocuments><relationships><relationship>",
                "<type>Owned or Controlled By</type><relatedEntity>ACME HOLDING</relatedEntity>",
                "</relationship></relationships>",
                "<somethingNew>1</somethingNew>",
                kind="Company",
            ).replace("</entityType>", "</entityType><remarks>R.</remarks><title>T.</title>")
        )
    )["7"]
    assert (found.kind, found.country, found.website) == ("unknown", "MM", "acme.example")
    assert found.aliases == ("Acme Inc.",)
    assert found.identifiers == ()
    assert found.listings[0].effective == "2021-06-03"
    assert found.listings[0].restrictions is None
    assert found.rest == (
        "remarks: R.; title: T.; Nationality of Registration: Burma; "
        "Listing Date (CMIC): June 2021; BIK (RU): 044525823; License: 1000 (Russia); "
        "License: 1001; Owned or Controlled By: ACME HOLDING; Website: acme2.example"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (entity("x7"), "entity/@id: 'x7' is no number"),
        (entity("7" * 21), "entity/@id: '7+' is no number"),
        (entity("\N{ARABIC-INDIC DIGIT SEVEN}"), "is no number"),
        (entity("7", ""), "formattedFullName: missing"),
        (entity("7", "A" * 1_001), "formattedFullName: 1,001 characters"),
        (entity("7", "ACME", f"<names>{name('B' * 1_001)}</names>"), "name: 1,001 characters"),
    ],
)
def test_entries_that_cannot_be_read(content: str, why: str) -> None:
    """The field, and why."""
    with pytest.raises(Unreadable, match=why):
        read(whole(content))


def test_an_entry_is_there_only_while_it_is_read() -> None:
    """So that memory does not grow with the file."""
    first, second = ENHANCED.pieces([part(whole(entity("1"), entity("2")))], Head())
    assert first.raw != second.raw
    with pytest.raises(Unreadable, match="no longer there"):
        ENHANCED.entity(first)


def test_an_entry_is_as_it_was_where_it_is_written_so() -> None:
    """In a file of the same lists."""
    same, again, of_others = (
        next(ENHANCED.pieces([part(content)], Head())).raw
        for content in (
            whole(entity("1")),
            whole(entity("1"), entity("2"), as_of="2025-01-11"),
            whole(entity("1"), lists=["SDN List"]),
        )
    )
    assert same == again
    assert hash(same) == hash(again)
    assert same != of_others


def test_also_where_the_bytes_are_cut_otherwise() -> None:
    """What it was written as is taken from the file, or from itself where that will not do."""
    some = [entity(str(number), f"ACME {number}") for number in range(9)]
    other = [*some[:3], "<!-- </entity> -->", *some[4:]]
    for first, second, same in (
        (whole(*some), whole(*some, as_of="2025-01-11"), 9),
        (whole(*some), whole(*some).decode().encode("utf-16"), 1),
        (whole(*some).decode().encode("utf-16"), whole(*some).decode().encode("utf-16"), 9),
        (whole(*some), whole(*other), 7),
    ):
        one, two = (
            {piece.key: piece.raw for piece in ENHANCED.pieces([part(content)], Head())}
            for content in (first, second)
        )
        assert sum(one[key] == two[key] for key in two) == same
    assert set(one) - set(two) == {"3"}


def test_another_format_is_named() -> None:
    """OFAC's older XML, and a file without its head."""
    older = b'<sdnList xmlns="http://tempuri.org/sdnList.xsd"><sdnEntry/></sdnList>'
    with pytest.raises(Unreadable, match="its root is sdnList, where sanctionsData should be"):
        read(older)
    with pytest.raises(Unreadable, match="its root is sdnList"):
        dated(part(older))
    with pytest.raises(Unreadable, match="publicationInfo: missing"):
        read(b'<sanctionsData><entities><entity id="1"/></entities></sanctionsData>')
    assert dated(part(b"<sanctionsData><entities/></sanctionsData>")) is None
    assert dated(part(b"<sanctionsData/>")) is None
