"""Dates in names, American dates, and text from strangers."""

import io

import pytest

from events.sources.dating import american, in_a_name, is_a_date
from events.sources.source import Unreadable
from events.sources.text import LONGEST, LONGEST_LINE, lines, name, quote, said, short


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sdn_2022-03-07T184758Z_c313a04d.csv", "2022-03-07T18:47:58Z"),
        ("sdn_20220307T18:47:58Z.csv", "2022-03-07T18:47:58Z"),
        ("dpl_2019-06-29.txt", "2019-06-29"),
        ("2018-05-27_cons_prim.csv", "2018-05-27"),
        ("sdn_2021-02-30_2021-03-01.csv", "2021-03-01"),
        ("sdn_2021-02-30.csv", None),
        ("sdn.csv", None),
        ("1234567890123.csv", None),
    ],
)
def test_a_time_in_a_name(text: str, found: str | None) -> None:
    """The first that is in the calendar."""
    assert in_a_name(text) == found


def test_american_dates() -> None:
    """Month, day, year."""
    assert american(" 8/11/2015 ") == "2015-08-11"
    assert american("13/11/2015") is None
    assert american("2015-08-11") is None
    assert is_a_date("2015")
    assert not is_a_date("yesterday")


def test_text_is_said_without_what_a_terminal_would_obey() -> None:
    """Control characters become spaces, and spaces one space."""
    assert said(" a\x00b \t c\r\n ") == "a b c"
    assert said("\x1a") is None
    assert said(None) is None
    assert name(" x ", "name") == "x"
    with pytest.raises(Unreadable, match="name: missing"):
        name(" ", "name")
    with pytest.raises(Unreadable, match=r"alias: 1,001 characters; at most 1,000 are a name"):
        short("x" * 1_001, "alias")


def test_a_quote_names_its_fields_and_has_an_end() -> None:
    """What is empty is not in it."""
    assert quote([("title", "x"), ("tonnage", None), ("remarks", " y ")]) == "title: x; remarks: y"
    long = quote([("remarks", "x" * LONGEST)])
    assert len(long) == LONGEST
    assert long.endswith("…")


def test_lines_are_read_whatever_wrote_them() -> None:
    """A mark at the beginning is no text; bytes that are no UTF-8 were written by Windows."""
    file = io.BytesIO("\ufeffA\r\nÑ\n".encode() + b"\xd1and\xfa\n\xff\x81")
    assert list(lines(file)) == ["A\r\n", "Ñ\n", "Ñandú\n", "ÿ\ufffd"]


def test_a_line_without_an_end_is_no_line() -> None:
    """However long it goes on, no more is read of it."""
    with pytest.raises(Unreadable, match="has no end"):
        list(lines(io.BytesIO(b"x" * (LONGEST_LINE + 1))))
    assert len(list(lines(io.BytesIO(b"x" * (LONGEST_LINE - 1) + b"\n")))) == 1
