"""An entry as OFAC's Sanctions List Service writes it in XML: alike in whole files and in deltas.
Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from events.sources import cmic
from events.sources.cmic import CCMC, CMIC
from events.sources.countries import country
from events.sources.dating import is_a_date
from events.sources.entity import Entity, Listing, Own
from events.sources.identifiers import SCHEMES
from events.sources.ofac import KINDS, joined, once
from events.sources.source import Piece, Unreadable
from events.sources.text import MOST, name, quote, said, short
from events.sources.xml import Element, Found, fields, gathered, local

SDN: Final = "us-ofac-sdn"
LISTS: Final = {
    "CAPTA List": "us-ofac-capta",
    "FSE List": "us-ofac-fse",
    "Non-SDN CCMC List": CCMC,
    "Non-SDN CMIC List": CMIC,
    "Non-SDN Menu-Based Sanctions List": "us-ofac-mbs",
    "Non-SDN Palestinian Legislative Council List": "us-ofac-plc",
    "SDN List": SDN,
    "Sectoral Sanctions Identifications List": "us-ofac-ssi",
}
"""As OFAC names its lists."""
WRAPPER: Final = "Consolidated List"
"""All lists but the SDN: a file, not a list."""
_LONGEST_NUMBER: Final = 20
_OWN: Final = {
    "us-ofac-capta": ("561-Related", "CISADA"),
    "us-ofac-fse": ("FSE-", "Executive Order 13608"),
    CCMC: ("CCMC-",),
    CMIC: ("CMIC-", "Executive Order 14032"),
    "us-ofac-plc": ("NS-PLC", "General License 4 Under EO 13224"),
    "us-ofac-ssi": ("UKRAINE-EO13662", "Executive Order 13662"),
}
"""How the programmes and authorities begin that are of one list alone. The format ties neither to a
list: those of the others are what is left."""
LISTED: Final = cmic.LISTED[CMIC]
_NUMBERS: Final = frozenset({"Equity Ticker", "ISIN", "SWIFT/BIC"})
"""The features that are identifiers."""
_DOCUMENTS: Final = frozenset(
    {
        "Business Registration Number",
        "C.R. No.",
        "Commercial Registry Number",
        "Company Number",
        "D-U-N-S Number",
        "Legal Entity Number",
        "Public Registration Number",
        "Registration ID",
        "Registration Number",
        "Tax ID No.",
        "Unified Social Credit Code (USCC)",
        "V.A.T. Number",
    }
)
"""The documents that are; the others are quoted."""
_PERIOD: Final = ("fromDateBegin", "toDateEnd", "isApproximate")


def day(text: str) -> str | None:
    """The day of a date or a time as the format writes them; None where it is none."""
    found = text.strip()[:10]
    return found if len(found) == 10 and is_a_date(found) else None


class Raw:
    """An entry as it is written: equal where it is written alike, of the same lists. Its element is
    there until the next one is read."""

    __slots__ = ("digest", "element", "lists")

    def __init__(self, found: Found, lists: frozenset[str]) -> None:
        self.digest = found.digest
        self.lists = lists
        self.element: Element = found.element

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and (self.digest, self.lists) == (other.digest, other.lists)

    def __hash__(self) -> int:
        return hash(self.digest)


def entity(piece: Piece) -> Entity:
    """An entry, read. Raises `Unreadable`."""
    raw = written(piece)
    return read(raw.element, piece.key, piece.line, raw.lists)


def written(piece: Piece) -> Raw:
    """An entry as it is written. Raises `Unreadable` where it was let go."""
    if not isinstance(piece.raw, Raw) or piece.raw.element is None:
        raise Unreadable("entity", "is no longer there")
    return piece.raw


def numbered(key: str) -> None:
    """Raises `Unreadable` where an entry's number is none."""
    if not (key.isascii() and key.isdecimal() and len(key) <= _LONGEST_NUMBER):
        raise Unreadable("entity/@id", f"{key[:100]!r} is no number")


class Told:
    """What the parts of an `entity` say, gathered."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.primary: str | None = None
        """The name that it is listed by."""
        self.names: list[str] = []
        """The others, and the other written forms of that one."""
        self.lists: dict[str, str | None] = {}
        """By their names, since when."""
        self.programmes: list[str] = []
        self.authorities: list[str] = []
        self.countries: list[str] = []
        self.registered: str | None = None
        """The nationality of registration."""
        self.identifiers: dict[tuple[str, str], None] = {}
        self.websites: list[str] = []
        self.issuers: list[str] = []
        self.dates: dict[str, str] = {}
        """By the name of the feature."""
        self.beside: list[tuple[str, str]] = []
        """What is not modelled, by its name."""

    def take(self, element: Element) -> "Told":
        """Read an `entity`."""
        for part in element:
            if reader := _PARTS.get(local(part)):
                reader(self, part)
        return self


def read(element: Element, key: str, line: int, covered: frozenset[str]) -> Entity:
    """An `entity` of a file with those lists. Raises `Unreadable`."""
    numbered(key)
    told = Told().take(element)
    full = name(told.primary or next(iter(told.names), None), "formattedFullName")
    kind = told.kind or "unknown"
    return Entity(
        key,
        full,
        kind,
        tuple(listings(told, full, covered)),
        once([*told.names, *told.issuers], full),
        next(filter(None, map(country, [*told.countries, told.registered])), None),
        tuple(told.identifiers)[:MOST],
        short(told.websites[0], "Website") if told.websites else None,
        ""
        if kind == "person"
        else quote([*told.beside, *(("Website", w) for w in told.websites[1:])]),
        elsewhere=tuple(one for one in told.lists if one not in LISTS and one != WRAPPER),
        line=line,
    )


def listings(told: Told, full: str, covered: frozenset[str]) -> Iterator[Listing]:
    """Its places on the lists that are asked for."""
    on = [LISTS[one] for one in told.lists if one in LISTS]
    for named, published in told.lists.items():
        list_id = LISTS.get(named)
        if list_id is None or list_id not in covered:
            continue
        cmic = list_id == CMIC
        yield Listing(
            list_id,
            full,
            joined(of_list(told.programmes, list_id, on), "sanctionsProgram"),
            joined(of_list(told.authorities, list_id, on), "legalAuthority"),
            (told.dates.get(LISTED) if cmic else None) or published,
            restrictions=stages(told.dates) if cmic else None,
        )


def of_list(said_of_all: Iterable[str], list_id: str, on: Iterable[str]) -> list[str]:
    """Which of an entry's programmes or authorities belong to one of the lists that it is on."""
    some = list(said_of_all)
    own = [one for one in some if one.startswith(_OWN.get(list_id, ("\0",)))]
    others = tuple(begin for one in on for begin in _OWN.get(one, ()))
    return own or [one for one in some if not one.startswith(others)]


def stages(dates: dict[str, str]) -> tuple[Own, ...] | None:
    """What an entry says for itself of when it forbids what; None where it says nothing."""
    found = tuple((kind, dates[one], None) for one, kind in cmic.STAGES.items() if one in dates)
    return found or None


# --- the parts of an entity ---------------------------------------------------------------------


def _general(told: Told, part: Element) -> None:
    found = fields(part)
    told.kind = KINDS.get(found.get("entityType", "").strip().lower(), told.kind)
    if remarks := found.get("remarks"):
        told.beside.append(("remarks", remarks))
    if title := found.get("title"):
        told.beside.append(("title", title))


def _lists(told: Told, part: Element) -> None:
    for one in part:
        if named := said(one.text):
            told.lists[named] = day(one.get("datePublished") or "")


def _texts(of: Callable[[Told], list[str]]) -> Callable[[Told, Element], None]:
    def read_them(told: Told, part: Element) -> None:
        of(told).extend(text for one in part if (text := said(one.text)))

    return read_them


def _types(told: Told, part: Element) -> None:
    told.beside.append(("sanctions", ", ".join(one.text or "" for one in part)))


def names_of(element: Element) -> Iterator[tuple[bool, str]]:
    """The written forms of the names in an element, and whether each is the first form of the
    entry's first name."""
    firsts: list[bool] = []
    for one in element.iter("{*}name", "{*}isPrimary", "{*}formattedFullName"):
        tag = local(one)
        if tag == "name":
            firsts = []
        elif tag == "isPrimary":
            firsts = [*firsts[:1], one.text == "true"]
        elif full := said(one.text):
            yield firsts == [True, True], full


def _names(told: Told, part: Element) -> None:
    for first, full in names_of(part):
        if first and told.primary is None:
            told.primary = full
        else:
            told.names.append(full)


def _addresses(told: Told, part: Element) -> None:
    for found in gathered(part, "address", "country"):
        if named := said(found.get("country")):
            told.countries.append(named)


def features(told: Told, part: Element) -> None:
    """Take what is in `features`."""
    for found in gathered(part, "feature", "type", "value", *_PERIOD):
        kind, value = (said(found.get("type")) or "").rstrip(" :-"), said(found.get("value"))
        if value is None:
            continue
        if kind in _NUMBERS:
            told.identifiers[SCHEMES[kind], name(value, kind)] = None
        elif kind == "Website":
            told.websites.append(value)
        elif kind == "Issuer Name":
            told.issuers.append(value)
        elif (kind == LISTED or kind in cmic.STAGES) and (date := _date(found)):
            told.dates[kind] = date
        else:
            if kind == "Nationality of Registration":
                told.registered = value
            told.beside.append((kind, value))


def _date(found: Mapping[str, str]) -> str | None:
    """The day of a feature; None where it is only roughly told."""
    first, last, roughly = (found.get(one, "") for one in _PERIOD)
    return None if roughly == "true" or (last and last != first) else day(first)


def documents(told: Told, part: Element) -> None:
    """Take what is in `identityDocuments`."""
    for found in gathered(part, "identityDocument", "type", "documentNumber", "issuingCountry"):
        kind, number = said(found.get("type")) or "", said(found.get("documentNumber"))
        if number is None:
            continue
        if kind in _DOCUMENTS:
            told.identifiers[SCHEMES[kind], name(number, kind)] = None
        else:
            issuer = said(found.get("issuingCountry"))
            told.beside.append((kind, f"{number} ({issuer})" if issuer else number))


def _relationships(told: Told, part: Element) -> None:
    for found in gathered(part, "relationship", "type", "relatedEntity"):
        told.beside.append((found.get("type", ""), found.get("relatedEntity", "")))


_PARTS: Final[dict[str, Callable[[Told, Element], None]]] = {
    "addresses": _addresses,
    "features": features,
    "generalInfo": _general,
    "identityDocuments": documents,
    "legalAuthorities": _texts(lambda told: told.authorities),
    "names": _names,
    "relationships": _relationships,
    "sanctionsLists": _lists,
    "sanctionsPrograms": _texts(lambda told: told.programmes),
    "sanctionsTypes": _types,
}
