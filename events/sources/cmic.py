"""What the entries of the NS-CMIC and NS-CCMC lists say of their own days, whatever the format.
Pure.

Executive Order 13959 as amended by EO 14032 forbids purchases from an entry's effective date, and
sales from its divestment date; both stand in the entry, beside the day it was listed.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from events.sources.dating import spelled
from events.sources.entity import Listing, Own

CMIC: Final = "us-ofac-ns-cmic"
CCMC: Final = "us-ofac-ns-ccmc"
LISTED: Final = {CMIC: "Listing Date (CMIC)", CCMC: "Listing Date (CCMC)"}
STAGES: Final = {
    "Effective Date (CMIC)": "investment.purchase",
    "Purchase/Sales For Divestment Date (CMIC)": "investment.sale",
}
DATES: Final = (*LISTED.values(), *STAGES, "Effective Date (CCMC)", "Divestment Date (CCMC)")
"""As Treasury names these days."""


def found(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The days among what an entry says, as name and text."""
    days = ((named, spelled(text)) for named, text in said if named in DATES)
    return {named: day for named, day in days if day is not None}


def listing(list_id: str, name: str, program: str | None, days: Mapping[str, str]) -> Listing:
    """A place on one of the two lists. The restrictions of an NS-CCMC entry are its list's, which
    ended with the order."""
    stages: tuple[Own, ...] = tuple(
        (kind, days[named], None) for named, kind in STAGES.items() if named in days
    )
    return Listing(
        list_id,
        name_as_listed=name,
        program=program,
        effective=days.get(LISTED[list_id]),
        restrictions=stages if list_id == CMIC and len(stages) == len(STAGES) else None,
    )
