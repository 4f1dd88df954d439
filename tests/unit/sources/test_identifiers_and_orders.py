"""What the lists of numbers and orders have in common."""

import pytest

from events.sources import cmic
from events.sources.dating import day, spelled
from events.sources.identifiers import identifier
from events.sources.orders import basis, commonest, every, fullest, key, latest
from events.sources.text import mended


@pytest.mark.parametrize(
    ("named", "value", "found"),
    [
        ("SWIFT/BIC", "CKLB CN BJ", ("swift", "CKLBCNBJ")),
        ("SWIFT/BIC", "CKLB", None),
        ("ISIN", "US1694261033", ("isin", "US1694261033")),
        ("ISIN", "BRC1EODR004", None),
        ("Company Number", "IMO 6188586", ("imo", "6188586")),
        ("Vessel Registration Identification", "IMO 8898831", ("imo", "8898831")),
        ("Vessel Registration Identification", "Panama", None),
        ("Registration ID", "HRB 10", ("registration", "HRB 10")),
        ("Tax ID No.", "", None),
        ("Tax ID No.", "1" * 101, None),
        ("Passport", "AB1", None),
    ],
)
def test_a_number_is_of_the_scheme_that_its_name_says(
    named: str, value: str, found: tuple[str, str] | None
) -> None:
    """Where it has the shape of one; else it is only quoted."""
    assert identifier(named, value) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2021-08-02", "2021-08-02"),
        ("8/2/2021", "2021-08-02"),
        ("02 Aug 2021", "2021-08-02"),
        ("2 aug 2021", "2021-08-02"),
        ("31 Feb 2021", None),
        ("02 Xyz 2021", None),
        ("2021-02-31", None),
        ("2021", None),
        ("", None),
        (None, None),
    ],
)
def test_days_as_lists_write_them(text: str | None, found: str | None) -> None:
    """Three ways; nothing that is no day."""
    assert day(text) == found


def test_a_spelled_day_has_a_known_month() -> None:
    """And no other text beside it."""
    assert spelled("from 02 Aug 2021") is None


def test_days_of_the_chinese_lists() -> None:
    """Those that are days, under the names that Treasury gives them."""
    said = [
        ("Listing Date (CMIC)", "03 Jun 2021"),
        ("Effective Date (CMIC)", "soon"),
        ("ISIN", "x"),
    ]
    assert cmic.found(said) == {"Listing Date (CMIC)": "2021-06-03"}


def test_keys_of_orders() -> None:
    """By the day, else by the first citation, else by the notice as it is."""
    assert key("DPL", " Air  Freight ", "2019-06-05") == "DPL 2019-06-05 AIR FREIGHT"
    assert key("DTC", "A", None, "59 F.R. 44451 and 60 FR 1") == "DTC 59 FR 44451 A"
    assert key("ISN", "A", None, "Vol. 59, No. 44") == "ISN Vol. 59, No. 44 A"
    assert key("UVL", "\uff21", None) == "UVL A"
    long, other = key("EL", "x" * 1_000, None), key("EL", f"{'x' * 999}y", None)
    assert long != other
    assert len(long) < 1_000


def test_what_several_rows_say() -> None:
    """The same in whatever order they come."""
    assert fullest(["a", "abc", None, "abd"]) == "abd"
    assert fullest([]) is None
    assert commonest(["US", "AE", "US", None]) == "US"
    assert commonest(["US", "AE"]) == commonest(["AE", "US"]) == "AE"
    assert every(["b", "a", None, "b"]) == "a; b"
    assert latest(["2020-01-01", "2021-01-01"]) == "2021-01-01"
    assert latest(["2020-01-01", None]) is None


def test_a_basis_is_never_too_long() -> None:
    """What was added last is at its end."""
    assert basis(None) is None
    assert basis("85 FR 83799") == "85 FR 83799"
    assert basis("x" * 2_000) == f"… {'x' * 998}"


def test_what_windows_wrote_is_mended() -> None:
    """Quotes and dashes; what was no character there stays none."""
    assert mended("HA\x92Assif \x96 19\x81") == "HA\u2019Assif \u2013 19\ufffd"
    assert mended(None) is None
