"""OFAC's comma-separated files, row by row."""

import io
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.sources.countries import country
from events.sources.entity import Entity
from events.sources.ofac_csv import SDN, role
from events.sources.source import Head, Part, Unreadable
from tests.unit.making import tries

END = b"\x1a"
ROWS = (
    b'306,"BANCO NACIONAL DE CUBA",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    b"\"a.k.a. 'BNC'.\"\r\n"
    b'12,"DOE, Jane","individual","SDGT] [IFSR",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1962."\r\n'
    b'77,"OOO  ROGA",-0- ,"RUSSIA-EO14024] [CYBER2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"Website '
    b"www.roga.example; alt. Website roga.example; Nationality of Registration Russia; Tax ID No. "
    b"7707083893 (Russia); SWIFT/BIC ROGARUMM; D-U-N-S Number 36-516-0576; Registration ID "
    b'1027739108649; all offices worldwide."\r\n'
    b'5,"SEA STAR","vessel","IRAN","t","CALL","Tanker","1,000","2,000","Iran","NITC",-0- \r\n'
)
NAMES = b'306,3,"aka","NATIONAL BANK OF CUBA",-0- \r\n306,4,"aka","BANCO NACIONAL DE CUBA",-0- \r\n'
PLACES = (
    b'306,1,"Zweierstrasse 35","Zurich CH-8022","Switzerland",-0- \r\n'
    b'306,2,"Calle 1","Habana","Cuba",-0- \r\n77,9,-0- ,-0- ,-0- ,-0- \r\n'
)


def part(content: bytes, name: str = "SDN.CSV") -> Part:
    """A file in memory."""
    return Part(name, partial[BinaryIO](io.BytesIO, content))


def read(*contents: bytes, head: Head | None = None) -> list[Entity]:
    """The entries of a publication, whatever is wrong with it noted in the head."""
    head = head or Head()
    parts = sorted((part(content, f"{n}.csv") for n, content in enumerate(contents)), key=role)
    return [SDN.entity(piece) for piece in SDN.pieces(parts, head)]


def test_a_company() -> None:
    """What has a field of its own is there, the rest is quoted."""
    bank, _, roga, _ = read(ROWS + END)
    assert (bank.key, bank.name, bank.kind, bank.line) == (
        "306",
        "BANCO NACIONAL DE CUBA",
        "company",
        1,
    )
    assert bank.aliases == ("BNC",)
    assert bank.listings[0].terms() == {"name_as_listed": bank.name, "program": "CUBA"}
    assert roga.name == "OOO ROGA"
    assert roga.listings[0].program == "CYBER2; RUSSIA-EO14024"
    assert (roga.website, roga.country) == ("www.roga.example", "RU")
    assert roga.identifiers == (
        ("tax", "7707083893"),
        ("swift", "ROGARUMM"),
        ("duns", "36-516-0576"),
        ("registration", "1027739108649"),
    )
    assert roga.rest == (
        "remarks: alt. Website roga.example; Nationality of Registration Russia; Tax ID No. "
        "7707083893 (Russia); SWIFT/BIC ROGARUMM; D-U-N-S Number 36-516-0576; Registration ID "
        "1027739108649; all offices worldwide"
    )


def test_persons_and_ships() -> None:
    """Their kinds are told; what a ship has is quoted."""
    _, jane, _, ship = read(ROWS + END)
    assert (jane.kind, ship.kind) == ("person", "vessel")
    assert ship.rest == (
        "title: t; call sign: CALL; vessel type: Tanker; tonnage: 1,000; "
        "gross registered tonnage: 2,000; flag: Iran; owner: NITC"
    )


def test_other_names_and_countries_come_in_files_of_their_own() -> None:
    """In any order; no address is kept."""
    bank = read(PLACES + END, ROWS + END, NAMES + END)[0]
    assert bank.aliases == ("NATIONAL BANK OF CUBA", "BNC")
    assert bank.country == "CH"
    assert "Zweierstrasse" not in repr(bank)


def test_countries_as_ofac_writes_them() -> None:
    """Where the standard has another name, too."""
    assert country("Korea, North") == "KP"
    assert country("Germany") == "DE"
    assert country("Region: Crimea") is None
    assert country(None) is None


@pytest.mark.parametrize(
    ("content", "cut"),
    [(ROWS, "0.csv does not end with"), (b"", "0.csv does not end"), (ROWS + END, None)],
)
def test_a_file_that_does_not_end_as_it_should_is_cut(content: bytes, cut: str | None) -> None:
    """The last row is a single 0x1A byte."""
    head = Head()
    read(content, head=head)
    assert (head.cut or "").startswith(cut or "")
    assert (head.cut is None) == (cut is None)


def test_rows_of_another_shape_are_named() -> None:
    """With their line; the entry that they may be about is not taken for gone."""
    head = Head()
    content = b"306,short\r\n" + ROWS + b"x,306\r\n" + END + b"\r\n" + ROWS
    short, *others = SDN.pieces([part(content)], head)
    assert (short.key, short.line, len(others)) == ("306", 1, 4)
    with pytest.raises(Unreadable, match="row: 2 columns where there should be 12"):
        SDN.entity(short)
    assert head.faulty == 5
    assert str(head.faults[0]) == "SDN.CSV:6: row: 2 columns where there should be 12"
    assert "306" in head.kept_back


def test_a_row_may_have_several_lines() -> None:
    """Where its quotes hold the ends of lines; what follows has its own line."""
    row = b'7,"TWO\r\nLINES",-0- ,"CUBA"' + b",-0- " * 7 + b',"a ""b"" \nc"\r\n'
    after = b'8,"AFTER",-0- ,"CUBA"' + b",-0- " * 8 + b"\r\n"
    head = Head()
    pieces = list(SDN.pieces([part(row + after + END)], head))
    assert [(one.key, one.line) for one in pieces] == [("7", 3), ("8", 4)]
    first, second = map(SDN.entity, pieces)
    assert (first.name, first.rest) == ("TWO LINES", 'remarks: a "b" c')
    assert (second.name, head.cut, head.faulty) == ("AFTER", None, 0)


def test_a_row_that_is_no_csv_is_named() -> None:
    """An end of a line within it, and not within quotes."""
    (one,) = SDN.pieces([part(b"7,A\rB" + b",-0- " * 10 + b"\r\n" + END)], Head())
    with pytest.raises(Unreadable, match="row: a line ends within a cell that has no quotes"):
        SDN.entity(one)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b'x,"A",-0- ' + b",-0- " * 9, "ent_num: 'x' is no number"),
        (b"1,-0- ,-0- " + b",-0- " * 9, "SDN_Name: missing"),
        (b"1,A,-0- ," + b"P" * 1_001 + b",-0- " * 8, "Program: 1,001 characters"),
    ],
)
def test_entries_that_cannot_be_read(row: bytes, why: str) -> None:
    """The field and why."""
    with pytest.raises(Unreadable, match=why):
        read(row + b"\r\n" + END)


def test_a_field_that_never_ends_is_no_csv() -> None:
    """The line at which it was given up."""
    with pytest.raises(Unreadable, match=r"0.csv:\d+: a cell has more than 131,072 characters"):
        read(b'1,"' + b"x\r\n" * 200_000)


@tries(60)
@given(st.binary(max_size=400), st.integers(0, len(ROWS)), st.integers(0, 200))
def test_any_bytes_give_entries_or_a_clear_word(noise: bytes, at: int, length: int) -> None:
    """Never another error: noise alone, and within real rows."""
    for content in (noise, ROWS[:at] + noise + ROWS[at + length :] + END):
        _survives([part(content)])
    _survives(sorted([part(ROWS + END), part(noise)], key=role))


def _survives(parts: Iterable[Part]) -> None:
    """Whether the entries can be read, or it is said why not."""
    with suppress(Unreadable):
        for piece in SDN.pieces(list(parts), Head()):
            with suppress(Unreadable):
                assert SDN.entity(piece).name
