"""OFAC's consolidated file of the lists beside the SDN: in the format of SDN.CSV, which does not
say on which of the lists an entry is.

The programmes say it. Where an entry is on a list of its own programme, programmes beside that are
mostly of the SDN list, which has a file of its own; the menu-based list has the entries that are on
no other, and those that are on the sectoral list and under a directive of Executive Order 14024 but
not blocked. Held against the lists that OFAC names for each entry in its XML of 10 January 2025,
this is right for all 443.
"""

import re
from collections.abc import Sequence
from typing import Final

from events.sources import cmic
from events.sources.dating import spelled
from events.sources.entity import Listing
from events.sources.ofac import EXPORTS, PUBLISHER, SCHEME, joined
from events.sources.ofac_csv import PROGRAM, Placed, pieces, reader_of, role
from events.sources.source import Source

_SSI: Final = "us-ofac-ssi"
_MENU: Final = "us-ofac-mbs"
_LISTS: Final = {
    "561-Related": "us-ofac-capta",
    "561List": "us-ofac-capta",
    "CCMC-EO13959": cmic.CCMC,
    "CMIC-EO13959": cmic.CMIC,
    "FSE-IR": "us-ofac-fse",
    "FSE-SY": "us-ofac-fse",
    "NS-PLC": "us-ofac-plc",
    "UKRAINE-EO13662": _SSI,
}
"""Programmes that are of one list alone."""
_OF_THE_SDN: Final = frozenset({"EO13645", "IRAN-CON-ARMS-EO", "SDGT", "SYRIA"})
"""Programmes that nobody is under for the menu-based list."""
_NOT_KNOWN: Final = frozenset({"IRAN"})
"""Of the list under Executive Order 13599, which ended in 2018."""
_DIRECTIVE: Final = "Executive Order 14024 Directive Information"
_BLOCKED: Final = "Section 11 of Executive Order 14024"
"""The warning to those who deal with the blocked, which stands in no other entry."""
_MENU_LISTED: Final = re.compile(r"Listing Date \(EO [^)]*\):? (\d{2} [A-Z][a-z]{2} \d{4})")
_CMIC_DATES: Final = re.compile(
    rf"({'|'.join(map(re.escape, cmic.DATES))}):? (\d{{2}} [A-Z][a-z]{{2}} \d{{4}})"
)


def listed(full: str, programmes: Sequence[str], remarks: str) -> Placed:
    """Where an entry stands."""
    by_list: dict[str, list[str]] = {}
    others = []
    for one in programmes:
        if list_id := _LISTS.get(one):
            by_list.setdefault(list_id, []).append(one)
        elif one not in _OF_THE_SDN | _NOT_KNOWN:
            others.append(one)
    beside_ssi = _SSI in by_list and _DIRECTIVE in remarks and _BLOCKED not in remarks
    if others and (not by_list or beside_ssi):
        by_list[_MENU] = others
    elsewhere = () if by_list else tuple(programmes)
    return [_listing(one, full, some, remarks) for one, some in by_list.items()], elsewhere


def _listing(list_id: str, full: str, programmes: Sequence[str], remarks: str) -> Listing:
    under = joined(programmes, PROGRAM)
    if list_id in (cmic.CMIC, cmic.CCMC):
        return cmic.listing(list_id, full, under, cmic.found(_CMIC_DATES.findall(remarks)))
    since = _MENU_LISTED.search(remarks) if list_id == _MENU else None
    return Listing(
        list_id, name_as_listed=full, program=under, effective=spelled(since[1]) if since else None
    )


CONSOLIDATED: Final = Source(
    name="ofac-consolidated-csv",
    title="OFAC's consolidated non-SDN file",
    publisher=PUBLISHER,
    url=f"{EXPORTS}CONS_PRIM.CSV",
    also=(f"{EXPORTS}CONS_ALT.CSV", f"{EXPORTS}CONS_ADD.CSV"),
    scheme=SCHEME,
    lists=frozenset({*_LISTS.values(), _MENU}),
    pieces=pieces,
    entity=reader_of(listed),
    role=role,
)
