"""Which companies somebody's holdings may be: by identifier, or by name, with how sure.

An identifier that is one company's in the whole world decides. Another one nearly does where one
company alone has it, as registers share and reuse numbers. A name alone never decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from events.identity import GLOBAL
from projections.likeness import POSSIBLE, STRONG, Alike, Names

How = Literal["exact", "strong", "possible"]
By = Literal["isin", "lei", "company", "identifier", "reference", "name", "alias"]

MOST_MATCHES: Final = 10
"""So many matches of a holding are told, the surest first."""
_SURE: Final[Mapping[How, int]] = {"exact": 0, "strong": 1, "possible": 2}
_SHARED: Final = POSSIBLE
_ALONE: Final = 0.95
"""An identifier that is not global, and that one company alone has."""


class Holding(NamedTuple):
    """What somebody says of a company: "" where nothing."""

    name: str = ""
    isin: str = ""
    lei: str = ""
    ticker: str = ""
    identifier: str = ""
    company: str = ""
    """An id of ours, or a name."""
    country: str = ""
    """ISO 3166-1 alpha-2. It decides nothing: of matches as sure, those of the country come
    first."""


class Match(NamedTuple):
    """A company that a holding may be, why, and how sure that is."""

    company: str
    how: How
    by: By
    score: float
    matched: str
    """The identifier or the name that matched, as it is known."""


class Known(NamedTuple):
    """A company as it is described."""

    company: str
    described: Mapping[str, Any]
    """As `Description.shown`."""


class Index:
    """The companies of a log, to be found by what is said of them."""

    def __init__(self, companies: Iterable[Known] = ()) -> None:
        self._names = Names()
        self._known: dict[str, list[int]] = {}
        self._described: dict[str, Mapping[str, Any]] = {}
        self._texts: list[tuple[str, str, By]] = []
        self._former: dict[str, str] = {}
        self._values: dict[str, dict[tuple[str, str], str]] = {}
        self._references: dict[str, dict[str, str]] = {}
        for one in companies:
            self.put(one)

    def __len__(self) -> int:
        return len(self._known)

    def put(self, known: Known) -> None:
        """Take a company in, or what it is now."""
        company, described = known
        self.drop(company)
        numbers = self._known[company] = []
        self._described[company] = described
        for text, by in _names(company, described):
            numbers.append(self._names.add(text))
            self._texts.append((company, text, by))
        for scheme, value in _identifiers(described):
            self._values.setdefault(plain(value), {})[company, scheme] = value
        for former in described["former_ids"]:
            self._former[former] = company

    def drop(self, company: str) -> None:
        """Forget a company: it counts for another now."""
        if company not in self._known:
            return
        for number in self._known.pop(company):
            self._names.drop(number, self._texts[number][1])
        described = self._described.pop(company)
        for scheme, value in _identifiers(described):
            self._values[plain(value)].pop((company, scheme), None)
        for former in described["former_ids"]:
            if self._former.get(former) == company:
                del self._former[former]

    def refers(self, scheme: str, key: str, company: str) -> None:
        """A source's own id of a company."""
        self._references.setdefault(plain(key), {})[company] = f"{scheme}:{key}"
        self._references.setdefault(plain(f"{scheme}:{key}"), {})[company] = f"{scheme}:{key}"

    def described(self, company: str) -> Mapping[str, Any]:
        """Who a company is, as `Description.shown`."""
        return self._described[company]

    def country(self, company: str) -> str | None:
        """Where a company is."""
        found: str | None = self._described[company]["country"]
        return found

    def present(self, company: str) -> str | None:
        """The company of this id, or of one that was merged into it."""
        return company if company in self._known else self._former.get(company)

    def find(self, holding: Holding, least: float = POSSIBLE) -> list[Match]:
        """The companies that a holding may be, the surest first, each once."""
        best: dict[str, Match] = {}
        for match in self._all(holding, least):
            known = best.get(match.company)
            if known is None or _rank(match) < _rank(known):
                best[match.company] = match

        def order(match: Match) -> tuple[int, float, bool, int]:
            elsewhere = self.country(match.company) not in (None, holding.country)
            return (*_rank(match), bool(holding.country) and elsewhere, places[match.company])

        places = {company: place for place, company in enumerate(best)}
        return sorted(best.values(), key=order)

    def _all(self, holding: Holding, least: float) -> Iterator[Match]:
        for field in ("isin", "lei", "ticker", "identifier"):
            if text := getattr(holding, field):
                yield from self._by_value(text, field)
        if holding.identifier:
            yield from self._by_id(holding.identifier)
            yield from self._by_reference(holding.identifier)
        names = [holding.name] if holding.name else []
        if holding.company:
            found = list(self._by_id(holding.company))
            yield from found
            if not (found or names):
                names = [holding.company]
        for name in names:
            yield from self.by_name(name, least)

    def _by_value(self, text: str, field: str) -> Iterator[Match]:
        asked = plain(text)
        having = [
            (company, scheme, value)
            for (company, scheme), value in self._values.get(asked, {}).items()
            if field in ("identifier", scheme)
        ]
        alone = len({company for company, *_ in having}) == 1
        for company, scheme, value in having:
            if scheme in GLOBAL:
                yield Match(company, "exact", "lei" if scheme == "lei" else "isin", 1.0, value)
            else:
                yield Match(company, *_shared("identifier", alone=alone), f"{scheme}:{value}")

    def _by_id(self, text: str) -> Iterator[Match]:
        if found := self.present(text.strip()):
            yield Match(found, "exact", "company", 1.0, text.strip())

    def _by_reference(self, text: str) -> Iterator[Match]:
        having = {
            present: reference
            for company, reference in self._references.get(plain(text), {}).items()
            if (present := self.present(company))
        }
        alone = len(having) == 1
        for company, reference in having.items():
            yield Match(company, *_shared("reference", alone=alone), reference)

    def by_name(self, text: str, least: float = POSSIBLE) -> Iterator[Match]:
        """The companies that have a name like this one: each of their names by itself."""
        for alike in self._names.like(text, least):
            company, known, by = self._texts[alike.number]
            yield Match(company, strength(alike), by, alike.score, known)


def strength(alike: Alike) -> How:
    """How sure a name alone makes a match."""
    return "strong" if alike.whole and alike.score >= STRONG else "possible"


def plain(value: str) -> str:
    """An identifier without case, blanks and hyphens."""
    return value.casefold().replace(" ", "").replace("-", "")


def _shared(by: By, *, alone: bool) -> tuple[How, By, float]:
    return ("strong", by, _ALONE) if alone else ("possible", by, _SHARED)


def _rank(match: Match) -> tuple[int, float]:
    return _SURE[match.how], -match.score


def _names(company: str, described: Mapping[str, Any]) -> Iterator[tuple[str, By]]:
    """Where nobody has said a company's name, or it could not be folded, its id stands for it."""
    yield described["name"] or company, "name"
    for alias in described["aliases"]:
        yield alias, "alias"


def _identifiers(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in described["identifiers"]:
        yield one["scheme"].casefold(), one["value"]
