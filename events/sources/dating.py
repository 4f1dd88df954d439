"""When a publication was taken, as far as a name says, and how formats write dates. Pure."""

import re
from typing import Final

from events.dates import BadDate, end, precision

_IN_A_NAME: Final = re.compile(
    r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2}):?(\d{2})Z)?(?!\d)", re.ASCII
)
_AMERICAN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_SPELLED: Final = re.compile(r"(\d{1,2}) ([A-Za-z]{3}) (\d{4})", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAMES: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MONTHS: Final = {_NAMES[3 * at : 3 * at + 3]: f"{at + 1:02}" for at in range(12)}


def in_a_name(name: str) -> str | None:
    """The time in a file's name, such as `2022-03-07T184758Z`, or the day, such as `2019-06-29`;
    None where there is none."""
    for found in _IN_A_NAME.finditer(name):
        year, month, day, hour, minute, second = found.groups()
        text = f"{year}-{month}-{day}"
        if hour:
            text += f"T{hour}:{minute}:{second}Z"
        if is_a_date(text):
            return text
    return None


def american(text: str) -> str | None:
    """A date as month/day/year; None where it is none."""
    found = _AMERICAN.fullmatch(text.strip())
    if not found:
        return None
    month, day, year = found.groups()
    written = f"{year}-{month:0>2}-{day:0>2}"
    return written if is_a_date(written) else None


def spelled(text: str) -> str | None:
    """A date such as `02 Aug 2021`; None where it is none."""
    found = _SPELLED.fullmatch(text.strip())
    if not found:
        return None
    day, month, year = found.groups()
    number = _MONTHS.get(month.title())
    written = f"{year}-{number}-{day:0>2}"
    return written if number and is_a_date(written) else None


def day(text: str | None) -> str | None:
    """A date as any source of lists writes it: `2021-08-02`, `8/2/2021` or `02 Aug 2021`; None
    where it is none."""
    plain = (text or "").strip()
    if _DAY.fullmatch(plain):
        return plain if is_a_date(plain) else None
    return american(plain) or spelled(plain)


def is_a_date(text: str) -> bool:
    """Whether the log could keep it."""
    try:
        precision(text)
        end(text)
    except BadDate:
        return False
    return True
